/**
 * One run: boots a machine with the stress program, lets it go from phase to phase, looks at it all the while, and
 * comes to a verdict.
 *
 * The host decides by what it sees in the record, never by what a cpu answers: a machine that hangs or panics ends in
 * a verdict as one that works.
 */
import { boot, type Machine } from '../machine/machine.ts';
import { CHAOS, SHAKEN } from './chaos.ts';
import { suitesOf } from './options.ts';
import type { PhaseReport, StressPlan } from './plan.ts';
import { setPause, setStop, type Violation } from './record.ts';
import { contention, summarise, type Interval, type SuiteSummary } from './summary.ts';
import type { SuiteName } from './suites.ts';
import { Watch } from './watch.ts';

/** How a run ended, and what it found. */
export interface StressResult {
  readonly verdict: 'SUCCESS' | 'FAILURE' | 'INTERRUPTED';
  /** Why it failed; empty if it did not. */
  readonly reasons: readonly string[];
  readonly violations: number;
  readonly details: readonly Violation[];
  readonly suites: readonly SuiteSummary[];
  readonly operations: number;
  readonly seconds: number;
  /** MiB, when the first phase began and when the last one had ended. */
  readonly memory: { readonly rss: readonly [number, number]; readonly heap: readonly [number, number] };
  /** Threads and cpus as they were when it failed. */
  readonly dump: readonly string[];
}

/** What the run tells while it runs. */
export interface StressEvents {
  violation(violation: Violation): void;
  trouble(text: string): void;
  interval(interval: Interval): void;
}

/** Milliseconds between two looks; between two changes of tunables. */
const LOOK_MS = 50;
const SHAKE_MS = 300;
/** Milliseconds that the machine has to look what is left when all threads have ended. */
const CLOSE_MS = 120_000;
const MIB = 1_048_576;
const MOST_DUMPED = 40;

const PROGRAM = new URL(`./program/main.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

/** One phase: suites that run at the same time. */
interface Phase {
  readonly name: string;
  readonly suites: readonly SuiteName[];
  readonly ms: number;
}

function phasesOf(plan: StressPlan): Phase[] {
  const suites = suitesOf(plan);
  if (suites.length === 1) return [{ name: plan.suite, suites, ms: plan.durationMs }];
  const ms = plan.durationMs / (suites.length + 1);
  return [...suites.map((suite) => ({ name: suite, suites: [suite], ms })), { name: 'together', suites, ms }];
}

class Run {
  readonly #plan: StressPlan;
  readonly #intervalMs: number;
  readonly #failFast: boolean;
  readonly #events: StressEvents;
  readonly #interrupted: AbortSignal;
  readonly #reasons: string[] = [];
  readonly #details: Violation[] = [];
  readonly #began = performance.now();
  #dump: string[] = [];

  constructor(plan: StressPlan, settings: StressSettings, events: StressEvents) {
    this.#plan = plan;
    this.#intervalMs = settings.intervalMs;
    this.#failFast = settings.failFast;
    this.#interrupted = settings.interrupted;
    this.#events = events;
  }

  async run(): Promise<StressResult> {
    const { cpus, ring, chaos, seed, tokens } = this.#plan;
    const machine = await boot({
      program: PROGRAM,
      cpus,
      ring,
      names: 256 + 8 * tokens,
      sysctl: { 'lwkt.untimely_switch': CHAOS[chaos]?.untimely ?? 0, 'lwkt.untimely_seed': seed },
      output: 'stderr',
    });
    machine.on('fault', (fault) => this.#fail(fault.message, machine));
    machine.on('threadFailed', (error) => this.#fail(`a detached thread failed: ${String(error)}`, machine));
    let watch: Watch | undefined;
    const before = { rss: 0, heap: 0 };
    const after = { rss: 0, heap: 0 };
    try {
      const record = (await machine.spawn('stressRecord', [this.#plan], { cpu: 0 })) as Int32Array;
      watch = new Watch(record, this.#plan);
      before.heap = await heapMib(machine);
      before.rss = rssMib();
      for (const phase of phasesOf(this.#plan)) {
        if (this.#over()) break;
        await this.#phase(machine, watch, phase);
      }
      after.rss = rssMib();
      if (this.#reasons.length === 0) {
        after.heap = await heapMib(machine);
        await this.#nothingRuns(machine);
      }
    } catch (error) {
      // What it rejects with after a fault is that fault.
      if (this.#reasons.length === 0)
        this.#fail(error instanceof Error ? error.message : String(error), machine);
    }
    const found = watch;
    if (found !== undefined) this.#look(found);
    const left = await machine.stop();
    if (this.#reasons.length === 0 && left.leftovers.length !== 0) {
      this.#fail(`threads are left: ${left.leftovers.map(({ name }) => name).join(', ')}`, machine);
    }
    return this.#result(found, before, after);
  }

  #result(
    watch: Watch | undefined,
    before: { rss: number; heap: number },
    after: { rss: number; heap: number },
  ): StressResult {
    const count = watch?.violations ?? 0;
    const failed = count !== 0 || this.#reasons.length !== 0;
    const suites =
      watch === undefined ? [] : suitesOf(this.#plan).map((suite) => summarise(suite, watch.lines(suite)));
    return {
      verdict: failed ? 'FAILURE' : this.#interrupted.aborted ? 'INTERRUPTED' : 'SUCCESS',
      reasons: this.#reasons,
      violations: count,
      details: this.#details,
      suites: suites.filter(({ operations }) => operations !== 0),
      operations: watch?.operations ?? 0,
      seconds: Math.round((performance.now() - this.#began) / 100) / 10,
      memory: { rss: [before.rss, after.rss], heap: [before.heap, after.heap] },
      dump: this.#dump,
    };
  }

  #over(): boolean {
    return this.#reasons.length !== 0 || this.#interrupted.aborted;
  }

  #fail(reason: string, machine: Machine): void {
    if (this.#reasons.includes(reason)) return;
    this.#reasons.push(reason);
    this.#events.trouble(reason);
    if (this.#dump.length === 0) this.#dump = dumpOf(machine);
  }

  /** Tells new violations. */
  #look(watch: Watch): void {
    for (const violation of watch.newViolations()) {
      this.#details.push(violation);
      this.#events.violation(violation);
    }
  }

  async #phase(machine: Machine, watch: Watch, phase: Phase): Promise<void> {
    setStop(watch.record, false);
    setPause(watch.record, false);
    let report: PhaseReport | undefined;
    const ended = machine.spawn('stressPhase', [this.#plan, phase.suites], { cpu: 0 }).then(
      (value) => (report = value as PhaseReport),
      (error: unknown) => this.#fail(error instanceof Error ? error.message : String(error), machine),
    );
    const done = (): boolean => report !== undefined || this.#reasons.length !== 0;
    const begin = performance.now();
    watch.refresh(begin);
    const trouble = new Trouble(this.#plan, machine, watch, begin);
    const pace = new Pace(watch, machine, phase, begin - this.#began);
    while (!done() && !this.#over() && performance.now() - begin < phase.ms) {
      await turn(Math.min(LOOK_MS, phase.ms - (performance.now() - begin)));
      const now = performance.now();
      trouble.make(now);
      this.#look(watch);
      if (now - pace.last >= this.#intervalMs) this.#events.interval(pace.next(now));
      if (this.#failFast && watch.violations !== 0) break;
      this.#checkProgress(machine, watch, phase.suites, now);
    }
    setPause(watch.record, false);
    setStop(watch.record, true);
    const stopped = performance.now();
    watch.refresh(stopped);
    // The phase's promise ends the wait at once; the timer only looks for what stands still.
    while (!done()) {
      await Promise.race([ended, turn(LOOK_MS)]);
      const now = performance.now();
      this.#look(watch);
      if (watch.live(phase.suites) !== 0) this.#checkProgress(machine, watch, phase.suites, now);
      else if (now - stopped > CLOSE_MS) this.#fail(`${phase.name}: the phase did not close`, machine);
    }
    this.#events.interval(pace.next(performance.now()));
    trouble.end();
    for (const error of report?.errors ?? []) this.#fail(`a thread failed: ${error}`, machine);
    for (const [what, n] of Object.entries(report?.left ?? {}))
      this.#fail(`left behind: ${what} ${n}`, machine);
    if (this.#failFast && watch.violations !== 0) this.#fail('stopped at the first failed check', machine);
  }

  #checkProgress(machine: Machine, watch: Watch, suites: readonly SuiteName[], now: number): void {
    if (watch.standsStill(suites, now)) {
      this.#fail(`nothing has moved for ${this.#plan.stallMs} ms`, machine);
      return;
    }
    const [first, ...more] = watch.starved(suites, now);
    if (first === undefined) return;
    const others = more.length === 0 ? '' : ` and ${more.length} more`;
    this.#fail(
      `thread ${first.suite}.${first.index}${others} stands in '${first.operation}' while others go on`,
      machine,
    );
  }

  /** All threads have ended, and the machine knows it. */
  async #nothingRuns(machine: Machine): Promise<void> {
    const end = performance.now() + this.#plan.stallMs;
    const threads = (): number =>
      machine.stats().cpus.reduce((sum, cpu) => sum + cpu.threads + cpu.promises, 0);
    while (threads() !== 0 && performance.now() < end) await turn(1);
    if (threads() !== 0) this.#fail(`${threads()} threads or promises are left`, machine);
  }
}

/** The host's part of the trouble: pauses, and tunables that change. */
class Trouble {
  readonly #plan: StressPlan;
  readonly #machine: Machine;
  readonly #watch: Watch;
  #shaken = 0;
  #shookAt: number;
  #paused = false;
  #pausedAt: number;

  constructor(plan: StressPlan, machine: Machine, watch: Watch, now: number) {
    this.#plan = plan;
    this.#machine = machine;
    this.#watch = watch;
    this.#shookAt = now;
    this.#pausedAt = now;
  }

  make(now: number): void {
    const { stutterMs, chaos, seed } = this.#plan;
    if (stutterMs !== 0 && now - this.#pausedAt > stutterMs) {
      this.#paused = !this.#paused;
      this.#pausedAt = now;
      setPause(this.#watch.record, this.#paused);
    }
    if (this.#paused) this.#watch.refresh(now);
    if (CHAOS[chaos]?.shake !== true || now - this.#shookAt < SHAKE_MS) return;
    this.#shookAt = now;
    const n = this.#shaken++ + (seed % 97);
    const [name, values] = SHAKEN[n % SHAKEN.length] ?? SHAKEN[0] ?? ['', []];
    this.#machine.sysctl.set(name, values[Math.floor(n / SHAKEN.length) % values.length] ?? 0);
  }

  end(): void {
    if (this.#shaken === 0) return;
    for (const [name, [initial = 0]] of SHAKEN) this.#machine.sysctl.set(name, initial);
  }
}

/** Speeds between two looks. */
class Pace {
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

function turn(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function rssMib(): number {
  return Math.round(process.memoryUsage.rss() / MIB);
}

/** Live JavaScript objects of all cpus, after a collection. */
async function heapMib(machine: Machine): Promise<number> {
  const heaps = await machine.heaps({ collect: true });
  return Math.round((heaps.reduce((sum, { used }) => sum + used, 0) / MIB) * 10) / 10;
}

/** Threads and cpus as they are now, for people. */
function dumpOf(machine: Machine): string[] {
  const { state, cpus } = machine.stats();
  const threads = machine.ps();
  return [
    `machine ${state}`,
    ...cpus.map((c) => `  cpu ${c.cpu}: ${c.state}, ${c.threads} threads, ${c.runnable} runnable`),
    ...threads
      .slice(0, MOST_DUMPED)
      .map(
        (td) =>
          `  ${td.name.padEnd(16)} cpu ${td.cpu} ${td.state.padEnd(6)} ${td.wmesg.padEnd(7)} ${String(td.wait).padStart(8)} priority ${td.priority} crit ${td.crit} switches ${td.switches}`,
      ),
    ...(threads.length > MOST_DUMPED ? [`  and ${threads.length - MOST_DUMPED} more`] : []),
  ];
}

/** How to run, apart from the plan. */
export interface StressSettings {
  readonly intervalMs: number;
  /** End at the first failed check. */
  readonly failFast: boolean;
  /** Ends the run early, with what there is. */
  readonly interrupted: AbortSignal;
}

/**
 * Runs a plan to its verdict.
 *
 * @throws LwktError when the machine does not boot
 */
export function runStress(
  plan: StressPlan,
  settings: StressSettings,
  events: StressEvents,
): Promise<StressResult> {
  return new Run(plan, settings, events).run();
}
