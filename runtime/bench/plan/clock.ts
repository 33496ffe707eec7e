/**
 * The clock of latencies: nanoseconds since V8 started in this process, the same on every cpu.
 *
 * performance.now() is the cheapest clock there is, 37 ns and more, and counts single nanoseconds; wasm has none, and a
 * thread that does nothing but write the time costs a core. It counts from a time of its own for each worker, by
 * contract; what Node tells of its start is one moment for all of them, so the difference is common.
 * commonClock() shows that it is.
 */

/** Nanoseconds of performance.now() at the moment that all workers share. */
const ORIGIN = performance.nodeTiming.v8Start * 1e6;

/** What this worker's performance.now() says at the common beginning, in nanoseconds. */
export function origin(): number {
  return ORIGIN;
}

/** Nanoseconds, from the same moment on every cpu. */
export function clock(): number {
  return performance.now() * 1e6 - ORIGIN;
}

const LOOKS = 2000;

/** What one cpu finds out about its clock. */
export interface ClockReport {
  /** Nanoseconds that one look costs: the median of pairs. */
  readonly cost: number;
  /** Smallest difference of two such costs: what the clock can tell apart. */
  readonly step: number;
  /** process.hrtime minus this clock lies between: the monotonic clock of the kernel is common to all threads. */
  readonly between: readonly [number, number];
}

/** Looks at this worker's clock from all sides; takes less than 10 ms. */
export function clockReport(): ClockReport {
  const steps = new Float64Array(LOOKS);
  let low = -Infinity;
  let high = Infinity;
  // Twice: the first time is for the compiler.
  for (let turn = 0; turn < 2; turn++) {
    for (let i = 0; i < LOOKS; i++) {
      const before = clock();
      steps[i] = clock() - before;
      const from = Number(process.hrtime.bigint());
      const here = clock();
      const to = Number(process.hrtime.bigint());
      low = Math.max(low, from - here);
      high = Math.min(high, to - here);
    }
  }
  steps.sort();
  // Half a nanosecond is a rounding.
  const differences = Array.from(steps.subarray(1), (ns, i) => ns - (steps[i] as number)).filter(
    (ns) => ns > 0.5,
  );
  const step = differences.length === 0 ? 0 : Math.min(...differences);
  return { cost: steps[LOOKS >> 1] ?? 0, step, between: [low, high] };
}

/** Nanoseconds that floats and roundings may be off. */
const SLACK = 2;

/** True if the clocks of all reports can be one: there is a difference to the kernel's clock that suits all. */
export function commonClock(reports: readonly ClockReport[]): boolean {
  const low = Math.max(...reports.map(({ between }) => between[0]));
  const high = Math.min(...reports.map(({ between }) => between[1]));
  return low <= high + SLACK;
}
