/** Monotonic time of this thread in nanoseconds, as a number (exact below 2^53, some 104 days). */
export function nowNs(): number {
  return performance.now() * 1e6;
}
