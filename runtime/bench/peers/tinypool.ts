/** tinypool, as Piscina: its fork for few dependencies. */
import type * as Tiny from 'tinypool';
import { load, moduleUrl, type Pool } from './pool.ts';

export async function startTinypool(workers: number): Promise<Pool> {
  const { Tinypool } = await load<typeof Tiny>('tinypool');
  const pool = new Tinypool({
    filename: moduleUrl('tasks').href,
    minThreads: workers,
    maxThreads: workers,
    idleTimeout: 2 ** 30,
    useAtomics: true,
  });
  return {
    run: (task, argument) => pool.run(argument, { name: task }),
    stop: () => pool.destroy(),
  };
}
