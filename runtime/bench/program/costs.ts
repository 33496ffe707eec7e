/** The program of a machine whose costs are measured: every function that the host asks for by name. */
export { ipiCalls, ipiStream, wakes } from './calling.ts';
export { idlers } from './idling.ts';
export { grains } from './grains.ts';
export { files, mandelbrot, wipe } from './jobs.ts';
export { fight, lockAlone, tokensInTurn, tokensOnce } from './locking.ts';
export { crowds, handOffs } from './signalling.ts';
export { spawnOther, spawnOwn } from './spawning.ts';
export { switches } from './switching.ts';
