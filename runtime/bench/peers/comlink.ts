/** Comlink: each worker exposes the tasks; calls are dealt out in turn. */
import { Worker } from 'node:worker_threads';
import type * as Comlink from 'comlink';
import { load, moduleUrl, type Pool } from './pool.ts';
import type { TASKS } from './tasks.ts';

type Adapter = { default: (worker: unknown) => Comlink.Endpoint };

export async function startComlink(workers: number): Promise<Pool> {
  const { wrap } = await load<typeof Comlink>('comlink');
  const { default: adapt } = await load<Adapter>('comlink/dist/esm/node-adapter.mjs');
  const all = Array.from({ length: workers }, () => new Worker(moduleUrl('comlink-worker')));
  const remotes = all.map((worker) => wrap<typeof TASKS>(adapt(worker)));
  let turn = 0;
  return {
    run: (task, argument) => {
      const remote = remotes[turn++ % workers] as Comlink.Remote<typeof TASKS>;
      return (remote[task] as unknown as (a: unknown) => Promise<never>)(argument);
    },
    stop: async () => {
      await Promise.all(all.map((worker) => worker.terminate()));
    },
  };
}
