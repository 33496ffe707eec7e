/**
 * Waits for a promise, but not for longer than a time.
 *
 * The timer ends with the wait: one that is left keeps a process alive that has nothing else to do.
 *
 * @param ms - longest wait in milliseconds
 * @returns what the promise gave, or undefined when the time was over first
 * @throws what the promise rejects with; a rejection after the time is ignored
 */
export async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
