/** The host's eye on a running machine: new violations, progress, what stands still. */
import type { SuiteName } from './suites.ts';
import {
  liveThreads,
  MOST_DETAILS,
  readLines,
  totalOperations,
  violationAt,
  violations,
  type ThreadLine,
  type Violation,
} from './record.ts';
import type { StressPlan } from './plan.ts';

/** So many stall times may one thread do nothing while others do. */
const STARVED_STALLS = 4;

/** Watches one record. */
export class Watch {
  readonly record: Int32Array;
  readonly #perSuite: number;
  readonly #stallMs: number;
  #told = 0;
  #progress = -1;
  #progressAt = 0;
  #lookedAt = 0;
  readonly #threads = new Map<string, { total: number; at: number }>();

  constructor(record: Int32Array, plan: StressPlan) {
    this.record = record;
    this.#perSuite = plan.cpus * plan.threads;
    this.#stallMs = plan.stallMs;
  }

  /** Operations so far. */
  get operations(): number {
    return totalOperations(this.record, this.#perSuite);
  }

  /** Failed checks so far. */
  get violations(): number {
    return violations(this.record);
  }

  /** Violations that were not told yet; those beyond the details are only in the count. */
  newViolations(): Violation[] {
    const found: Violation[] = [];
    const end = Math.min(this.violations, MOST_DETAILS);
    for (; this.#told < end; this.#told++) {
      const detail = violationAt(this.record, this.#told, this.#perSuite);
      if (detail === undefined) break;
      found.push(detail);
    }
    return found;
  }

  lines(suite: SuiteName): ThreadLine[] {
    return readLines(this.record, suite, this.#perSuite);
  }

  /** Threads of these suites that have not ended. */
  live(suites: readonly SuiteName[]): number {
    return suites.reduce((sum, suite) => sum + liveThreads(this.record, suite), 0);
  }

  /** Forgets what stood still, after a pause or between phases. */
  refresh(now: number): void {
    this.#lookedAt = now;
    this.#progress = -1;
    this.#progressAt = now;
    this.#threads.clear();
  }

  /** True when nothing at all has moved for the stall time. */
  standsStill(suites: readonly SuiteName[], now: number): boolean {
    // The host itself was stopped, and with it perhaps the cpus: that says nothing of them.
    if (now - this.#lookedAt > this.#stallMs / 4) this.refresh(now);
    this.#lookedAt = now;
    const progress = this.operations * 1000 - this.live(suites);
    if (progress !== this.#progress) {
      this.#progress = progress;
      this.#progressAt = now;
    }
    return now - this.#progressAt > this.#stallMs;
  }

  /** Threads that have done nothing for long although they should. */
  starved(suites: readonly SuiteName[], now: number): ThreadLine[] {
    const found: ThreadLine[] = [];
    for (const line of suites.flatMap((suite) => this.lines(suite))) {
      if (line.state === 'ended') continue;
      const key = `${line.suite}.${line.index}`;
      const known = this.#threads.get(key);
      if (known === undefined || known.total !== line.total)
        this.#threads.set(key, { total: line.total, at: now });
      else if (now - known.at > STARVED_STALLS * this.#stallMs) found.push(line);
    }
    return found;
  }
}
