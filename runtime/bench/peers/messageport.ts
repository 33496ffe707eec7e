/** Workers and postMessage, and nothing else: what one would write by hand. Tasks are dealt out in turn. */
import { Worker } from 'node:worker_threads';
import { moduleUrl, type Pool } from './pool.ts';

/** A task on its way to a worker. */
export type Posted = readonly [id: number, task: string, argument: unknown];
/** Its result on the way back. */
export type Answered = readonly [id: number, result: unknown];

export function startMessagePort(workers: number): Promise<Pool> {
  const waiting = new Map<number, (result: never) => void>();
  const all = Array.from({ length: workers }, () =>
    new Worker(moduleUrl('messageport-worker')).on('message', ([id, result]: Answered) => {
      waiting.get(id)?.(result as never);
      waiting.delete(id);
    }),
  );
  let next = 0;
  return Promise.resolve({
    run: (task, argument) => {
      const id = next++;
      all[id % workers]?.postMessage([id, task, argument] satisfies Posted);
      return new Promise((resolve) => waiting.set(id, resolve));
    },
    stop: async () => {
      await Promise.all(all.map((worker) => worker.terminate()));
    },
  });
}

/** Posts `n` messages one way, which the worker counts; nanoseconds a message. */
export async function postStream(n: number): Promise<number> {
  const worker = new Worker(moduleUrl('messageport-worker'));
  const answer = (): Promise<Answered> =>
    new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  try {
    worker.postMessage([0, 'add', 0] satisfies Posted);
    await answer();
    const start = performance.now();
    for (let i = 0; i < n; i++) worker.postMessage([0, 'count', i] satisfies Posted);
    worker.postMessage([0, 'counted', 0] satisfies Posted);
    const [, counted] = await answer();
    const took = performance.now() - start;
    if (counted !== n) throw new Error(`${String(counted)} of ${n} messages arrived`);
    return (took * 1e6) / n;
  } finally {
    await worker.terminate();
  }
}
