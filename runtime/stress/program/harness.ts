/**
 * What the threads of all suites share: the loop that does operations by chance, and the means to note what was
 * found.
 *
 * Everything a thread knows is in its state, plain data, since its function starts again on another cpu after a move.
 */
import { nowNs } from '../../base/clock.ts';
import {
  curthread,
  lwktYield,
  movePoint,
  mutex,
  ncpus,
  safepoint,
  shared,
  sleep,
  type KThread,
  type Td,
} from '../../lwkt.ts';
import type { Check, Values } from '../checks.ts';
import type { StressPlan } from '../plan.ts';
import { below, chance, drawHold, pick, type Chance } from '../random.ts';
import {
  addLive,
  beginLine,
  countOperation,
  endLine,
  handleAt,
  isPaused,
  isStopped,
  lineOf,
  noteOperation,
  noteWait,
  RECORD,
  recordWords,
  violation,
} from '../record.ts';
import { defaultWeights, operationNames, SUITES, type OperationName, type SuiteName } from '../suites.ts';
import { finder } from './kernel-words.ts';

/** What a thread of a suite is, and where it stands. Goes along when the thread moves. */
export interface ThreadState {
  readonly plan: StressPlan;
  readonly suite: SuiteName;
  /** Number within the suite. */
  readonly index: number;
  readonly chance: Chance;
  /** What the thread counts for the end of the phase. */
  readonly tally: number[];
  /** False until it has run for the first time. */
  begun: boolean;
}

/** What an operation gets. */
export interface Torture {
  readonly plan: StressPlan;
  readonly state: ThreadState;
  readonly suite: SuiteName;
  readonly index: number;
  /** Its line in the record: never 0, different for every thread, so it also serves as a name in canaries. */
  readonly line: number;
  readonly tally: number[];
  readonly next: (n: number) => number;
}

/** A pause in milliseconds between looks while the run is paused. */
const PAUSED_MS = 2;
/** One in so many holds is a long one. */
const LONG_HOLD_ONE_IN = 1000;
/** One in so many chances to do wrong on purpose is taken. */
const BUSTED_ONE_IN = 4;
/** How often something is leaked on each cpu in a phase, numbers that are leaked at a time; how long an unfair thread sleeps. */
const MOST_LEAKS = 128;
const LEAK_WORDS = 32_768;
const BUSTED_SLEEP_MS = 50;
/** From here on a hold looks at the clock; below it counts. */
const CLOCK_FROM_NS = 300;
const NS_PER_TURN = 2;

/** One operation. */
export type Operation = (t: Torture) => Generator<unknown, void, unknown>;

/** The operations of a suite, complete. */
export type Operations<S extends SuiteName> = Readonly<Record<OperationName<S>, Operation>>;

/** The threads of a suite. */
export interface SuiteProgram {
  readonly body: KThread<[ThreadState], readonly number[]>;
  /** On every cpu, before anything else: finds the suite's regions, tokens and queues. */
  bind(plan: StressPlan): void;
  /** Before its threads are made. */
  prepare?(plan: StressPlan): Generator<unknown, void, unknown>;
  /** After its threads have ended; `tallies` is what they returned. */
  finish?(plan: StressPlan, tallies: readonly (readonly number[])[]): Generator<unknown, void, unknown>;
}

let recordWordsMade: Int32Array | undefined;
let perSuite = 0;

/** The record of this run; once per cpu with the plan, then without. Per cpu. */
export function record(plan?: StressPlan): Int32Array {
  if (recordWordsMade === undefined) {
    if (plan === undefined) throw new Error('the record is made by the first thread with a plan');
    perSuite = plan.threads * plan.cpus;
    recordWordsMade = shared.i32(RECORD, recordWords(perSuite));
  }
  return recordWordsMade;
}

/**
 * Notes a failed check; any context.
 *
 * @param line - of the thread that found it, or 0
 * @param values - what was found, by name
 */
export function failed(check: Check, line: number, values: Values = {}): void {
  violation(record(), check, finder(), line, values);
}

/**
 * True now and then when the plan wants this check to fail: the caller then does wrong on purpose. So every check is
 * seen to find what it is for.
 */
export function busted(t: Torture, check: Check): boolean {
  return t.plan.busted === check && t.next(BUSTED_ONE_IN) === 0;
}

/** Notes how long the thread has waited since `from`. */
export function waited(t: Torture, from: number): void {
  noteWait(record(), t.line, nowNs() - from);
}

/** A wait with a limit has ended without success: too early when the limit is not over. */
export function gaveUp(t: Torture, from: number, ms: number): void {
  const waitedUs = Math.round((nowNs() - from) / 1000);
  if (waitedUs < Math.floor(ms * 1000))
    failed('timeout', t.line, { waitedUs, boundUs: Math.round(ms * 1000) });
}

/** The handle of a thread of the suite while it runs, else 0; a hint. */
export function handleOfThread(suite: SuiteName, index: number): Td {
  return handleAt(record(), lineOf(suite, index, perSuite));
}

/** True when the phase is over. */
export function stopped(): boolean {
  return isStopped(record());
}

/** Whose result the optimiser must not drop. */
let sink = 0;

/** Keeps the cpu busy without an interrupt point. */
export function busy(ns: number): void {
  if (ns < CLOCK_FROM_NS) {
    for (let i = ns / NS_PER_TURN; i > 0; i--) sink = (sink + i) | 0;
    return;
  }
  const end = nowNs() + ns;
  while (nowNs() < end) sink = (sink + 1) | 0;
}

/** Holds what the thread has for a time drawn from the plan. */
export function hold(t: Torture): void {
  const { longHoldMs, hold: parts } = t.plan;
  const long = longHoldMs !== 0 && t.next(LONG_HOLD_ONE_IN) === 0;
  busy(long ? longHoldMs * 1e6 : drawHold(t.state.chance, parts));
}

/** A cpu by chance. */
export function anyCpu(t: Torture): number {
  return t.next(ncpus());
}

/** Switches away in one of the ways there are. */
export function* switchAway(t: Torture): Generator<unknown, void, unknown> {
  if (t.next(3) === 0) yield* sleep(t.next(20) / 100);
  else yield* lwktYield();
}

/** Words that every thread has to count in: one for each token, mutex and spinlock of the plan, and one rwlock. */
export function tallyWords({ tokens }: StressPlan): number {
  return 3 * tokens;
}

/** The state that a thread starts with. */
export function threadState(plan: StressPlan, suite: SuiteName, index: number, tally: number): ThreadState {
  const salt = operationNames(suite).length * 1009 + suite.length;
  return {
    plan,
    suite,
    index,
    chance: chance(plan.seed, salt, index),
    tally: Array.from({ length: tally }, () => 0),
    begun: false,
  };
}

/** The weights in force. */
export function weightsOf(plan: StressPlan, suite: SuiteName): number[] {
  const defaults = defaultWeights(suite);
  return operationNames(suite).map((name, i) => plan.weights[`${suite}.${name}`] ?? (defaults[i] as number));
}

/** What the operations of a thread get. */
export function tortureOf(suite: SuiteName, state: ThreadState): Torture {
  const { plan, index, tally } = state;
  record(plan);
  return {
    plan,
    state,
    suite,
    index,
    line: lineOf(suite, index, perSuite),
    tally,
    next: (n) => below(state.chance, n),
  };
}

/** Wrong on purpose: what any suite can do to its threads. */
function* bustAny(t: Torture): Generator<unknown, void, unknown> {
  if (busted(t, 'threw')) throw new Error('busted on purpose');
  if (busted(t, 'left')) mutex();
  if (leak.length < mayLeak && busted(t, 'memory'))
    leak.push(Array.from({ length: LEAK_WORDS }, (_, i) => i / 2));
  if (busted(t, 'fairness') && t.index === 0) yield* sleep(BUSTED_SLEEP_MS);
  if (busted(t, 'progress') && t.index === 0) yield* sleep(Infinity);
}

/** What is leaked on purpose. Per cpu. */
const leak: number[][] = [];
let mayLeak = 0;

/** A phase begins on this cpu: more may be leaked, so that it is not all in use when memory is measured first. */
export function beginPhase(): void {
  mayLeak += MOST_LEAKS;
}

/**
 * Does operations until the phase is over.
 *
 * @param over - for threads that have to stay for others; default: when the phase is over
 * @param weights - default: the plan's
 */
export function* torture<S extends SuiteName>(
  suite: S,
  state: ThreadState,
  operations: Operations<S>,
  over: () => boolean = stopped,
  weights: readonly number[] = weightsOf(state.plan, suite),
): Generator<unknown, readonly number[], unknown> {
  const { plan, tally } = state;
  const m = record(plan);
  const t = tortureOf(suite, state);
  const { line } = t;
  const list = operationNames(suite).map((name) => operations[name as OperationName<S>]);
  const moves = plan.shuffleMs !== 0 && SUITES[suite].movable;
  beginLine(m, line, curthread());
  state.begun = true;
  let ended = false;
  try {
    while (!over()) {
      if (isPaused(m) && !isStopped(m)) {
        yield* sleep(PAUSED_MS);
        continue;
      }
      const operation = pick(state.chance, weights);
      noteOperation(m, line, operation);
      yield* (list[operation] as Operation)(t);
      if (plan.busted !== '') yield* bustAny(t);
      countOperation(m, line, operation);
      if (moves) yield* movePoint(state);
      if (safepoint()) yield* lwktYield();
    }
    ended = true;
    return tally;
  } finally {
    // A move drops the generator without running this; so whoever comes here ends.
    if (!ended) failed('threw', line);
    endLine(m, line);
    addLive(m, suite, -1);
  }
}
