/** The host's eye on a running machine: new violations, progress, what stands still. */
import type { SuiteName } from './suites.ts';
import {
  liveThreads,
  readLines,
  totalOperations,
  violationAt,
  violations,
  type ThreadLine,
} from './record.ts';
import type { StressPlan } from './plan.ts';
import { MOST_DETAILS, type Violation } from './violation.ts';

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

  /** Milliseconds in which nothing at all has moved. */
  stillMs(suites: readonly SuiteName[], now: number): number {
    // The host itself was stopped, and with it perhaps the cpus: that says nothing of them.
    if (now - this.#lookedAt > this.#stallMs / 4) this.refresh(now);
    this.#lookedAt = now;
    const progress = this.operations * 1000 - this.live(suites);
    if (progress !== this.#progress) {
      this.#progress = progress;
      this.#progressAt = now;
    }
    return now - this.#progressAt;
  }

  /** Milliseconds that one thread may do nothing while others do something. */
  get starvedMs(): number {
    return STARVED_STALLS * this.#stallMs;
  }

  /** Threads that have done nothing for longer, although they should, and for how long. */
  starved(suites: readonly SuiteName[], now: number): { readonly line: ThreadLine; readonly ms: number }[] {
    const found: { line: ThreadLine; ms: number }[] = [];
    for (const line of suites.flatMap((suite) => this.lines(suite))) {
      if (line.state === 'ended') continue;
      const key = `${line.suite}.${line.index}`;
      const known = this.#threads.get(key);
      if (known === undefined || known.total !== line.total)
        this.#threads.set(key, { total: line.total, at: now });
      else if (now - known.at > this.starvedMs) found.push({ line, ms: now - known.at });
    }
    return found;
  }
}
