/** A Piscina pool of two workers, as its users make it. */
import { Piscina } from 'piscina';

/** Starts the pool. */
export function startPool(): Piscina {
  return new Piscina({
    filename: new URL('../workers/tasks.ts', import.meta.url).href,
    minThreads: 2,
    maxThreads: 2,
    concurrentTasksPerWorker: 1,
    idleTimeout: Infinity,
  });
}
