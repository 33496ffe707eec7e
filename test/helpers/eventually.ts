/** Waiting in tests: for a condition or a promise, with a deadline that only tells a hang from slowness. */
import { setImmediate as turn } from 'node:timers/promises';

/** Longest wait: far beyond what any test takes on a loaded machine of two cores. */
export const DEADLINE_MS = 60_000;

/**
 * Waits until `check` gives something other than false, null or undefined.
 *
 * @param what - for the error
 */
export async function eventually<T>(
  what: string,
  check: () => T | false | null | undefined,
  ms = DEADLINE_MS,
): Promise<T> {
  const end = performance.now() + ms;
  for (;;) {
    const found = check();
    if (found !== false && found !== null && found !== undefined) return found;
    if (performance.now() > end) throw new Error(`${what}: not within ${ms} ms`);
    await turn();
  }
}

/**
 * The promise, or an error when it does not settle in time.
 *
 * @param what - for the error
 * @param look - adds what can be seen to the error
 */
export async function within<T>(
  what: string,
  promise: Promise<T>,
  ms = DEADLINE_MS,
  look?: () => string,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`${what}: not within ${ms} ms${look === undefined ? '' : `\n${look()}`}`));
    }, ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What a promise rejects with. */
export async function errorOf(promise: Promise<unknown>): Promise<Error & { code?: unknown }> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
    throw new Error('rejected with something that is no Error', { cause: error });
  }
  throw new Error('the promise was fulfilled');
}

/** What a call throws. */
export function thrownBy(run: () => unknown): Error & { code?: unknown } {
  try {
    run();
  } catch (error) {
    if (error instanceof Error) return error;
    throw new Error('threw something that is no Error', { cause: error });
  }
  throw new Error('did not throw');
}
