/** A worker that exposes the tasks by Comlink. */
import { parentPort } from 'node:worker_threads';
import type * as Comlink from 'comlink';
import { load } from './pool.ts';
import { TASKS } from './tasks.ts';

const { expose } = await load<typeof Comlink>('comlink');
const { default: adapt } = await load<{ default: (port: unknown) => Comlink.Endpoint }>(
  'comlink/dist/esm/node-adapter.mjs',
);
expose(TASKS, adapt(parentPort));
