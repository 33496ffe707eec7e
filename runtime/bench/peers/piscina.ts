/** Piscina, with what its documentation recommends for speed: its faster queue, atomics, workers that stay. */
import type * as Pis from 'piscina';
import { load, moduleUrl, type Pool } from './pool.ts';

export async function startPiscina(workers: number): Promise<Pool> {
  const { Piscina, FixedQueue } = await load<typeof Pis>('piscina');
  const pool = new Piscina({
    filename: moduleUrl('tasks').href,
    minThreads: workers,
    maxThreads: workers,
    idleTimeout: Infinity,
    atomics: 'sync',
    taskQueue: new FixedQueue(),
  });
  return {
    run: (task, argument) => pool.run(argument, { name: task }),
    stop: () => pool.destroy(),
  };
}
