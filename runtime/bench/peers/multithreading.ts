/** multithreading: a function is sent as text; it imports the tasks, which the worker keeps. */
import { Script } from 'node:vm';
import type * as Multithreading from 'multithreading';
import { load, moduleUrl, type Pool } from './pool.ts';

/**
 * The library takes the place in the source that called it from the stack, where it overlooks every line that has
 * node_modules, or its own file names, in it: so also all of an installed lwkt. A script of another name is found.
 */
const SOURCE = `(spawn, move, url, task, argument) =>
  spawn(move(url, task, argument), async (url, task, argument) => (await import(url)).TASKS[task](argument))`;

export async function startMultithreading(workers: number): Promise<Pool> {
  const library = await load<typeof Multithreading>('multithreading');
  library.initRuntime({ maxWorkers: workers });
  const call = new Script(SOURCE, { filename: '/lwkt/pool' }).runInThisContext() as (...args: unknown[]) => {
    join(): Promise<{ ok: true; value: never } | { ok: false; error: unknown }>;
  };
  const url = moduleUrl('tasks').href;
  return {
    run: async (task, argument) => {
      const result = await call(library.spawn, library.move, url, task, argument).join();
      if (!result.ok) throw result.error;
      return result.value;
    },
    stop: () => Promise.resolve(library.shutdown()),
  };
}
