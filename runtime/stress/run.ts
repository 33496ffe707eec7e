/**
 * One run: boots a machine with the stress program, lets it go from phase to phase, looks at it all the while, and
 * comes to a verdict.
 *
 * The host decides by what it sees in the record, never by what a cpu answers: a machine that hangs or panics ends in
 * a verdict as one that works.
 */
import { within } from '../base/within.ts';
import { boot, type Machine } from '../machine/machine.ts';
import { CHAOS } from './chaos.ts';
import { SECONDARY_CHECKS, type Check } from './checks.ts';
import { measureMemory, memoryGrowth, type MemoryUse } from './memory.ts';
import { suitesOf } from './options.ts';
import { Pace } from './pace.ts';
import { phasesOf, type Phase } from './phases.ts';
import type { PhaseReport, StressPlan } from './plan.ts';
import { setPause, setStop } from './record.ts';
import { threadsOf } from './scene.ts';
import { summarise, waitedText, type Interval, type SuiteSummary } from './summary.ts';
import type { SuiteName } from './suites.ts';
import { Trouble } from './trouble.ts';
import type { Violation } from './violation.ts';
import { Watch } from './watch.ts';

/** How a run ended, and what it found. */
export interface StressResult {
  readonly verdict: 'SUCCESS' | 'FAILURE' | 'INTERRUPTED';
  /** Why it failed; empty if it did not. */
  readonly reasons: readonly string[];
  /** The checks that failed, each once. */
  readonly checks: readonly Check[];
  readonly violations: number;
  readonly details: readonly Violation[];
  readonly suites: readonly SuiteSummary[];
  readonly operations: number;
  readonly seconds: number;
  /** When the warm-up had ended and when the last phase had; what was not reached is left out. */
  readonly memory: { readonly before?: MemoryUse; readonly after?: MemoryUse };
  /** The dump of the machine as it was when the first check failed; none if none did. */
  readonly dump?: { readonly path: string; readonly error?: string };
  /** Threads and cpus at that time. */
  readonly threads: readonly string[];
}

/** What the run tells while it runs. */
export interface StressEvents {
  /** A check of the threads failed. */
  violation(violation: Violation): void;
  /** The run fails, for another reason or another check. */
  trouble(text: string): void;
  /** What may explain trouble, and is none by itself. */
  notice(text: string): void;
  interval(interval: Interval): void;
}

/** How to run, apart from the plan. */
export interface StressSettings {
  readonly intervalMs: number;
  /** End at the first failed check. */
  readonly failFast: boolean;
  /** Where the dump goes if a check fails; no dump without. */
  readonly dump?: string;
  /** Ends the run early, with what there is. */
  readonly interrupted: AbortSignal;
}

/** The reason of a run that was to end at the first failed check. */
export const STOPPED_EARLY = 'stopped at the first failed check';

/** Milliseconds between two looks. */
const LOOK_MS = 50;
/** Milliseconds that the machine has to look what is left when all threads have ended, where no check has failed. */
const CLOSE_MS = 120_000;
/** Milliseconds that a machine has to stop where the run was to end at the first failed check, and one has failed. */
const FAILED_STOP_MS = 200;
const MOST_NOTICES = 20;
const MIB = 1_048_576;
/** Bytes of message space that the state of one thread takes on its way, and threads that operations make beside. */
const STATE_BYTES = 4096;
const CHILDREN = 32_768;

const PROGRAM = new URL(`./program/main.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

class Run {
  readonly #plan: StressPlan;
  readonly #settings: StressSettings;
  readonly #events: StressEvents;
  readonly #reasons: string[] = [];
  readonly #checks = new Set<Check>();
  readonly #details: Violation[] = [];
  readonly #began = performance.now();
  #before: MemoryUse | undefined;
  #after: MemoryUse | undefined;
  #notices = 0;
  #threads: string[] = [];
  #dumping: Promise<StressResult['dump']> | undefined;

  constructor(plan: StressPlan, settings: StressSettings, events: StressEvents) {
    this.#plan = plan;
    this.#settings = settings;
    this.#events = events;
  }

  async run(): Promise<StressResult> {
    const machine = await this.#boot();
    let watch: Watch | undefined;
    try {
      const record = await this.#record(machine);
      if (record !== undefined) watch = new Watch(record, this.#plan);
      for (const phase of phasesOf(this.#plan)) {
        if (this.#over() || watch === undefined) break;
        const arena = await this.#phase(machine, watch, phase);
        if (arena === undefined || this.#reasons.length !== 0) continue;
        this.#after = await measureMemory(machine, arena);
        this.#before ??= this.#after;
      }
      if (this.#reasons.length === 0 && watch !== undefined) {
        this.#checkFigures(machine, watch);
        await this.#nothingRuns(machine);
      }
    } catch (error) {
      // What it rejects with after a fault is that fault.
      if (this.#reasons.length === 0)
        this.#fail(error instanceof Error ? error.message : String(error), machine);
    }
    if (watch !== undefined) this.#look(machine, watch);
    const dump = await this.#dumping;
    const left = await this.#stop(machine);
    if (this.#reasons.length === 0 && left.length !== 0)
      this.#fail(`threads are left: ${left.join(', ')}`, machine);
    return this.#result(watch, dump ?? (await this.#dumping));
  }

  /** The record, from the first thread; nobody watches that one. */
  async #record(machine: Machine): Promise<Int32Array | undefined> {
    const { stallMs } = this.#plan;
    const made = machine.spawn('stressRecord', [this.#plan], { cpu: 0 }) as Promise<Int32Array>;
    const record = await within(made, stallMs);
    if (record === undefined)
      this.#fail(`the first thread has not ended: ${waitedText(stallMs, stallMs)}`, machine, 'progress');
    return record;
  }

  /** Stops the machine; the names of threads that it had left. */
  async #stop(machine: Machine): Promise<readonly string[]> {
    const stopped = machine.stop().then(({ leftovers }) => leftovers.map(({ name }) => name));
    // Cpus that hang are given up in the background.
    const hurried = this.#settings.failFast && this.#reasons.length !== 0;
    return hurried ? ((await within(stopped, FAILED_STOP_MS)) ?? []) : stopped;
  }

  async #boot(): Promise<Machine> {
    const { cpus, threads, ring, chaos, seed, tokens } = this.#plan;
    const most = suitesOf(this.#plan).length * cpus * threads;
    const machine = await boot({
      program: PROGRAM,
      cpus,
      ring,
      names: 256 + 8 * tokens,
      threads: most + CHILDREN,
      messages: 16 * MIB + most * STATE_BYTES,
      sysctl: { 'lwkt.untimely_switch': CHAOS[chaos]?.untimely ?? 0, 'lwkt.untimely_seed': seed },
      output: 'stderr',
    });
    machine.on('fault', (fault) => this.#fail(fault.message, machine));
    machine.on('threadFailed', (error) => this.#fail(`a detached thread failed: ${String(error)}`, machine));
    machine.on('deadlock', (sentence) => this.#notice(sentence));
    machine.on('stall', ({ cpu, ms, thread, stack }) =>
      this.#notice(`cpu ${cpu} has reached no safepoint for ${ms} ms in ${thread} ${stack[0] ?? ''}`),
    );
    return machine;
  }

  #notice(text: string): void {
    if (this.#notices++ < MOST_NOTICES) this.#events.notice(text);
  }

  #result(watch: Watch | undefined, dump: StressResult['dump']): StressResult {
    const count = watch?.violations ?? 0;
    const failed = count !== 0 || this.#reasons.length !== 0;
    const suites =
      watch === undefined ? [] : suitesOf(this.#plan).map((suite) => summarise(suite, watch.lines(suite)));
    return {
      verdict: failed ? 'FAILURE' : this.#settings.interrupted.aborted ? 'INTERRUPTED' : 'SUCCESS',
      reasons: this.#reasons,
      checks: [...this.#checks],
      violations: count,
      details: this.#details,
      suites: suites.filter(({ operations }) => operations !== 0),
      operations: watch?.operations ?? 0,
      seconds: Math.round((performance.now() - this.#began) / 100) / 10,
      memory: {
        ...(this.#before === undefined ? {} : { before: this.#before }),
        ...(this.#after === undefined || this.#after === this.#before ? {} : { after: this.#after }),
      },
      ...(dump === undefined ? {} : { dump }),
      threads: this.#threads,
    };
  }

  #over(): boolean {
    return this.#reasons.length !== 0 || this.#settings.interrupted.aborted;
  }

  /** The run fails: by a check of the host, or by what needs none. */
  #fail(reason: string, machine: Machine, check?: Check): void {
    const text = check === undefined ? reason : `${check}: ${reason}`;
    if (this.#reasons.includes(text)) return;
    this.#reasons.push(text);
    if (check !== undefined) this.#checks.add(check);
    this.#events.trouble(text);
    this.#keep(machine);
  }

  /** Keeps the machine as it is at the first failure. */
  #keep(machine: Machine): void {
    if (this.#threads.length !== 0) return;
    this.#threads = threadsOf(machine);
    const { dump: path } = this.#settings;
    if (path === undefined) return;
    this.#dumping = machine.dump(path).then(
      () => ({ path }),
      (error: unknown) => ({ path, error: error instanceof Error ? error.message : String(error) }),
    );
  }

  /** Tells new violations. */
  #look(machine: Machine, watch: Watch): void {
    const found = watch.newViolations();
    for (const violation of found) {
      this.#details.push(violation);
      this.#checks.add(violation.check);
      this.#events.violation(violation);
      this.#keep(machine);
    }
    if (found.length !== 0) void this.#resume(watch);
  }

  /** Lets the threads go on that the first violation has made pause, once the machine is in its file. */
  async #resume(watch: Watch): Promise<void> {
    await this.#dumping;
    setPause(watch.record, false);
    watch.refresh(performance.now());
  }

  /** The run is to end now: at a check that tells more than that a thread was ended by something else. */
  #enough(): boolean {
    return this.#settings.failFast && this.#details.some(({ check }) => !SECONDARY_CHECKS.has(check));
  }

  /** Lets the suites of a phase run; what the arena has in use after, if the machine could tell. */
  async #phase(machine: Machine, watch: Watch, phase: Phase): Promise<PhaseReport['arena'] | undefined> {
    setStop(watch.record, false);
    setPause(watch.record, false);
    let report: PhaseReport | undefined;
    const ended = machine.spawn('stressPhase', [this.#plan, phase.suites], { cpu: 0 }).then(
      (value) => (report = value as PhaseReport),
      // Of a run that has failed it only says that its machine was stopped.
      (error: unknown) => {
        if (this.#reasons.length === 0)
          this.#fail(error instanceof Error ? error.message : String(error), machine);
      },
    );
    const done = (): boolean => report !== undefined || this.#reasons.length !== 0;
    const { intervalMs } = this.#settings;
    const begin = performance.now();
    watch.refresh(begin);
    const trouble = new Trouble(this.#plan, machine, watch, begin);
    const pace = new Pace(watch, machine, phase, begin - this.#began);
    while (!done() && !this.#over() && performance.now() - begin < phase.ms) {
      await turn(Math.min(LOOK_MS, Math.max(0, phase.ms - (performance.now() - begin))));
      const now = performance.now();
      trouble.make(now);
      this.#look(machine, watch);
      if (now - pace.last >= intervalMs) this.#events.interval(pace.next(now));
      if (this.#settings.failFast && watch.violations !== 0) break;
      this.#checkProgress(machine, watch, phase.suites, now);
    }
    // Its threads are in the dump only while they live.
    await this.#dumping;
    setPause(watch.record, false);
    setStop(watch.record, true);
    const stopped = performance.now();
    watch.refresh(stopped);
    // A machine that fails already may well be unable to close.
    const closeMs = (): number => (watch.violations === 0 ? CLOSE_MS : this.#plan.stallMs);
    // The phase's promise ends the wait at once; the timer only looks for what stands still.
    while (!done() && !this.#enough()) {
      await within(ended, LOOK_MS);
      const now = performance.now();
      this.#look(machine, watch);
      if (watch.live(phase.suites) !== 0) this.#checkProgress(machine, watch, phase.suites, now);
      else if (now - stopped > closeMs())
        this.#fail(
          `${phase.name}: the phase did not close: ${waitedText(now - stopped, closeMs())}`,
          machine,
          'progress',
        );
    }
    this.#events.interval(pace.next(performance.now()));
    trouble.end();
    for (const error of report?.errors ?? []) this.#fail(`a thread failed: ${error}`, machine);
    for (const [what, n] of Object.entries(report?.left ?? {}))
      this.#fail(`left behind: ${what} ${n}`, machine);
    if (this.#settings.failFast && watch.violations !== 0) this.#fail(STOPPED_EARLY, machine);
    return report?.arena;
  }

  #checkProgress(machine: Machine, watch: Watch, suites: readonly SuiteName[], now: number): void {
    const { stallMs } = this.#plan;
    const still = watch.stillMs(suites, now);
    if (still > stallMs) {
      this.#fail(`nothing has moved: ${waitedText(still, stallMs)}`, machine, 'progress');
      return;
    }
    const starved = watch.starved(suites, now);
    const [first] = starved;
    if (first === undefined) return;
    const { line, ms } = first;
    const others = starved.length === 1 ? '' : ` and ${starved.length - 1} more`;
    this.#fail(
      `thread ${line.suite}.${line.index}${others} stands in '${line.operation}' while others go on: ${waitedText(ms, watch.starvedMs)}`,
      machine,
      'progress',
    );
  }

  /** What only the figures of the whole run tell. */
  #checkFigures(machine: Machine, watch: Watch): void {
    const { fairness: least, cpus } = this.#plan;
    for (const suite of suitesOf(this.#plan)) {
      const { fairness } = summarise(suite, watch.lines(suite));
      if (fairness < least) {
        this.#fail(
          `suite ${suite}: least over most is ${fairness}, expected at least ${least}`,
          machine,
          'fairness',
        );
      }
    }
    if (this.#before === undefined || this.#after === undefined) return;
    for (const text of memoryGrowth(this.#before, this.#after, cpus)) this.#fail(text, machine, 'memory');
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

function turn(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
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
