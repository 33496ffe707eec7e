/** Speeds of a phase between two looks. */
import type { Machine } from '../machine/machine.ts';
import type { Phase } from './phases.ts';
import { contention, summarise, type Interval } from './summary.ts';
import type { Watch } from './watch.ts';

/** Remembers the last look. */
export class Pace {
  readonly #watch: Watch;
  readonly #machine: Machine;
  readonly #phase: Phase;
  readonly #offset: number;
  readonly #begin = performance.now();
  last = this.#begin;
  #cpus: number[] = [];
  #waits: number;

  constructor(watch: Watch, machine: Machine, phase: Phase, offset: number) {
    this.#watch = watch;
    this.#machine = machine;
    this.#phase = phase;
    this.#offset = offset;
    this.#cpus = this.#perCpu();
    this.#waits = contention(machine.stats());
  }

  #perCpu(): number[] {
    const sums = Array.from({ length: this.#machine.ncpus }, () => 0);
    for (const suite of this.#phase.suites) {
      const lines = this.#watch.lines(suite);
      const each = lines.length / sums.length;
      for (const { index, total } of lines)
        sums[Math.floor(index / each)] = (sums[Math.floor(index / each)] ?? 0) + total;
    }
    return sums;
  }

  next(now: number): Interval {
    const seconds = Math.max(0.001, (now - this.last) / 1000);
    const cpus = this.#perCpu();
    const waits = contention(this.#machine.stats());
    const speeds = cpus.map((n, i) => (n - (this.#cpus[i] ?? 0)) / seconds);
    const lines = this.#phase.suites.flatMap((suite) => this.#watch.lines(suite));
    const interval: Interval = {
      seconds: (this.#offset + now - this.#begin) / 1000,
      phase: this.#phase.name,
      perSecond: speeds.reduce((a, b) => a + b, 0),
      cpus: speeds,
      contention: (waits - this.#waits) / seconds,
      fairness: Math.min(...this.#phase.suites.map((s) => summarise(s, this.#watch.lines(s)).fairness)),
      longestWaitUs: lines.reduce((most, { longestUs }) => Math.max(most, longestUs), 0),
      errors: this.#watch.violations,
    };
    this.last = now;
    this.#cpus = cpus;
    this.#waits = waits;
    return interval;
  }
}
