/** Tasks of a chosen size, a thread for each, on all cpus. */
import { join, kthread, lwktSetPriSelf, spawn, TDPRI_SOFT_NORM, type Td } from '../../lwkt.ts';
import { grain, GRAIN_FLIGHT, GRAIN_SEEDS, grainSum } from '../plan/grain.ts';
import { expect, perOne } from './stopwatch.ts';

const one = kthread(function* benchGrain(steps: number, seed: number) {
  return grain(steps, seed);
});

/** So many tasks from one thread, some of them under way at any time; nanoseconds of each. */
export const grains = kthread(function* benchGrains(steps: number, n: number) {
  // Who hands out goes before what it has handed out.
  lwktSetPriSelf(TDPRI_SOFT_NORM);
  const all = new Array<Td<number> | undefined>(GRAIN_FLIGHT);
  let sum = 0;
  const start = performance.now();
  for (let i = 0; i < n + GRAIN_FLIGHT; i++) {
    const slot = i % GRAIN_FLIGHT;
    const td = all[slot];
    if (td !== undefined) sum += yield* join(td);
    all[slot] = i < n ? spawn(one, [steps, i % GRAIN_SEEDS], { cpu: 'spread' }) : undefined;
  }
  const took = perOne(start, n);
  expect('sum of results', sum, grainSum(steps, n));
  return took;
});
