/** A pool of workers, whoever made it. */
import type { TASKS } from './tasks.ts';

export type TaskName = keyof typeof TASKS;

/** A pool that has started. */
export interface Pool {
  run<T extends TaskName>(
    task: T,
    argument: Parameters<(typeof TASKS)[T]>[0],
  ): Promise<ReturnType<(typeof TASKS)[T]>>;
  stop(): Promise<void>;
}

/** Starts a pool of so many workers. Throws when its package is not there. */
export type StartPool = (workers: number) => Promise<Pool>;

/** The URL of a module of this folder, whatever it was compiled to. */
export function moduleUrl(name: string): URL {
  return new URL(`./${name}.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);
}

/**
 * Loads the package of a peer.
 *
 * @throws Error with what to install when it is not there
 */
export async function load<T>(name: string): Promise<T> {
  try {
    return (await import(name)) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new Error(`the package is not installed: npm install ${name}`, { cause: error });
  }
}
