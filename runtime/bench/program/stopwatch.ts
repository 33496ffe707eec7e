/** Time of a loop within a thread. */

/** Nanoseconds of each of `n` operations since `start`, which is of performance.now(). */
export function perOne(start: number, n: number): number {
  return ((performance.now() - start) * 1e6) / n;
}

/** Throws when a result is not what it must be: what was measured was something else. */
export function expect(what: string, found: number, expected: number): void {
  if (found !== expected) throw new Error(`${what}: ${found}, not ${expected}`);
}
