/** workerpool, with a script of its own and worker threads. */
import { fileURLToPath } from 'node:url';
import type * as Workerpool from 'workerpool';
import { load, moduleUrl, type Pool } from './pool.ts';

export async function startWorkerpool(workers: number): Promise<Pool> {
  const { default: workerpool } = await load<{ default: typeof Workerpool }>('workerpool');
  const pool = workerpool.pool(fileURLToPath(moduleUrl('workerpool-worker')), {
    workerType: 'thread',
    minWorkers: workers,
    maxWorkers: workers,
  });
  return {
    run: async (task, argument) => (await pool.exec(task, [argument])) as never,
    stop: async () => {
      await pool.terminate(true);
    },
  };
}
