/** Monotonic time since the process began, in nanoseconds as a number (exact below 2^53, some 104 days). */
export function nowNs(): number {
  return performance.timeOrigin === 0 ? 0 : performance.now() * 1e6;
}
