/**
 * The record of a run: a named region that the threads write and the host reads while they run, also when no cpu
 * answers any more.
 *
 * ## Words
 *
 *   word         written by      mode     meaning
 *   stop, pause  host            atomic   the threads end, or wait
 *   live         threads         atomic   threads of each suite that have not ended
 *   violations   threads         atomic   how many checks failed; it also numbers the details
 *   detail       its finder      plain    what failed; `ready` (atomic) is stored last
 *   line         its thread      plain    what one thread did; 64-bit counters
 *
 * ## Ordering
 *
 *   A1  detail: its plain words, then `ready` (atomic store).
 *   B1  host: `ready` (atomic load), then the plain words.
 *
 * Offsets are constants of this file and no struct(): a cpu attaches to its arena before it loads this.
 */
import type { Atomic, Plain } from '../shared-memory/struct.ts';
import { addA, count, ld, ldA, ldCount, raise, st, stA, type Mem } from '../shared-memory/word.ts';
import { SUITE_NAMES, operationNames, suiteIndex, type SuiteName } from './suites.ts';

/** Name of the region. */
export const RECORD = 'lwkt.stress';

/** What a check can find: name, meaning, suites that --busted makes it fail in (none: any). The order is part of the layout. */
export const CHECKS = [
  ['exclusion', 'two threads were inside at once', ['tokens']],
  ['canary', 'what a thread wrote inside was changed by another', ['tokens']],
  ['lost-update', 'the sum of all sections is not what the threads counted', ['tokens']],
  ['generation', 'a generation did not move, or moved back, or said nothing of another holder', ['tokens']],
  ['ipi-order', 'an IPI ran out of order, twice or never', ['ipiq']],
  ['ipi-target', 'an IPI ran on the wrong cpu', ['ipiq']],
  ['ipi-data', 'an IPI came with other words than were sent', ['ipiq']],
  ['ipi-memory-in', 'an IPI did not see what was written before it was sent', ['ipiq']],
  ['ipi-memory-out', 'what an IPI wrote was not seen after waiting for it', ['ipiq']],
  ['ipi-count', 'more or fewer IPIs ran than were sent', ['ipiq']],
  ['ipi-crit', 'an IPI function ran outside of any critical section', ['ipiq']],
  ['mp-count', 'the MP lock and the count of its thread disagree', ['mplock']],
  ['fifo', 'a thread was woken before one that had waited longer, or without a signal', ['waitq']],
  ['woken', 'a signal woke another number of threads than waited', ['waitq']],
  ['timeout', 'a wait ended before its time, or without its reason', ['waitq']],
  ['preempt', 'an interrupt thread did not run at once', ['preempt']],
  ['crit', 'an interrupt thread ran inside a critical section', ['preempt']],
  [
    'resched',
    'a more urgent thread was not told of at the next safepoint, or not picked by the next switch',
    ['preempt'],
  ],
  ['release', 'a release hook ran though its thread only returned to whom it preempted', ['preempt']],
  ['priority', 'a less urgent interrupt thread ran on top of a more urgent one', ['preempt']],
  ['result', 'a thread ended with the result of another, or with the wrong error', ['threads']],
  ['placement', 'a thread ran on another cpu than it was made for', ['threads']],
  ['thread-count', 'threads were lost, or ran twice', ['threads']],
  ['readers', 'a reader was inside with a writer, or saw its work half done', ['sync']],
  ['units', 'a semaphore let in more threads than it has units, or units were lost', ['sync']],
  ['queue-item', 'an item of a queue was lost, or taken twice', ['sync']],
  ['barrier', 'a barrier opened before all had come, or for another number of last ones', ['sync']],
  ['once', 'something was done twice, or not yet done when it was over', ['sync']],
  ['poison', 'a lock whose holder failed did not say so, or one said so whose holder did not', ['sync']],
  ['refs', 'references to a thread were lost, or counted twice', ['threads']],
  ['threw', 'a thread of the suite ended by an error', []],
  ['left', 'something was left behind at the end', []],
  // ---- found by the host
  ['progress', 'a thread, or all of them, did nothing for too long', []],
  ['fairness', 'threads of a suite did too differently much', []],
  ['memory', 'memory grew over the run', []],
] as const;

export type Check = (typeof CHECKS)[number][0];

/** Details kept; later violations are only counted. */
export const MOST_DETAILS = 64;
const DETAIL_WORDS = 8;
const LINE_WORDS = 64;
const MOST_OPERATIONS = 28;

const STOP = 0 as Atomic;
const PAUSE = 1 as Atomic;
const LIVE = 8 as Atomic;
const VIOLATIONS = 32 as Atomic;
const DETAILS = 64;
const LINES = DETAILS + MOST_DETAILS * DETAIL_WORDS;

// ---- words of a detail
const READY = 0 as Atomic;
const CHECK = 1 as Plain;
const CPU = 2 as Plain;
const WHO = 3 as Plain;
const VALUES = 4;
const DETAIL_VALUES = 4;

// ---- words of a line
const HANDLE = 0 as Plain;
const LONGEST = 1 as Plain;
const STATE = 2 as Plain;
const OPERATION = 3 as Plain;
const TOTAL = 4 as Plain;
const COUNTS = 8;

/** Length of the region for so many threads of each suite. */
export function recordWords(threadsOfSuite: number): number {
  return LINES + SUITE_NAMES.length * threadsOfSuite * LINE_WORDS;
}

/** Offset of a thread's line. */
export function lineOf(suite: SuiteName, index: number, threadsOfSuite: number): number {
  return LINES + (suiteIndex(suite) * threadsOfSuite + index) * LINE_WORDS;
}

export function setStop(m: Mem, stop: boolean): void {
  stA(m, 0, STOP, stop ? 1 : 0);
}

export function isStopped(m: Mem): boolean {
  return ldA(m, 0, STOP) !== 0;
}

export function setPause(m: Mem, on: boolean): void {
  stA(m, 0, PAUSE, on ? 1 : 0);
}

export function isPaused(m: Mem): boolean {
  return ldA(m, 0, PAUSE) !== 0;
}

function liveWord(suite: SuiteName): Atomic {
  return (LIVE + suiteIndex(suite)) as Atomic;
}

/** Threads of a suite that have not ended. */
export function liveThreads(m: Mem, suite: SuiteName): number {
  return ldA(m, 0, liveWord(suite));
}

export function addLive(m: Mem, suite: SuiteName, n: number): void {
  addA(m, 0, liveWord(suite), n);
}

/** Notes a failed check; good in any context. `who` is a line, or 0. */
export function violation(
  m: Mem,
  check: Check,
  cpu: number,
  who: number,
  ...values: readonly number[]
): void {
  const number = addA(m, 0, VIOLATIONS, 1);
  if (number >= MOST_DETAILS) return;
  const base = DETAILS + number * DETAIL_WORDS;
  st(
    m,
    base,
    CHECK,
    CHECKS.findIndex(([name]) => name === check),
  );
  st(m, base, CPU, cpu);
  st(m, base, WHO, who);
  for (let i = 0; i < DETAIL_VALUES; i++) m[base + VALUES + i] = values[i] ?? 0;
  stA(m, base, READY, 1); // A1
}

/** One failed check, as the host reads it. */
export interface Violation {
  readonly check: Check;
  readonly cpu: number;
  /** Suite and number of the thread; empty when no thread of a suite found it. */
  readonly who: string;
  readonly values: readonly number[];
}

/** How many checks failed so far. */
export function violations(m: Mem): number {
  return ldA(m, 0, VIOLATIONS);
}

/** Detail `number`, or undefined while it is being written or was not kept. */
export function violationAt(m: Mem, number: number, threadsOfSuite: number): Violation | undefined {
  if (number >= MOST_DETAILS) return undefined;
  const base = DETAILS + number * DETAIL_WORDS;
  if (ldA(m, base, READY) === 0) return undefined; // B1
  const line = ld(m, base, WHO);
  const nth = line === 0 ? -1 : (line - LINES) / LINE_WORDS;
  return {
    check: (CHECKS[ld(m, base, CHECK)] ?? CHECKS[0])[0],
    cpu: ld(m, base, CPU),
    who: nth < 0 ? '' : `${SUITE_NAMES[Math.floor(nth / threadsOfSuite)] ?? '?'}.${nth % threadsOfSuite}`,
    values: [...m.subarray(base + VALUES, base + VALUES + DETAIL_VALUES)],
  };
}

// ---- a thread's line

/** A thread begins, or goes on after a move. */
export function beginLine(m: Mem, line: number, handle: number): void {
  st(m, line, HANDLE, handle);
  st(m, line, STATE, 1);
}

export function endLine(m: Mem, line: number): void {
  st(m, line, STATE, 2);
  st(m, line, HANDLE, 0);
}

/** Its handle while it runs, else 0; a hint. */
export function handleAt(m: Mem, line: number): number {
  return ld(m, line, HANDLE);
}

export function noteOperation(m: Mem, line: number, operation: number): void {
  st(m, line, OPERATION, operation);
}

/** Counts one operation. */
export function countOperation(m: Mem, line: number, operation: number): void {
  count(m, line, TOTAL);
  count(m, line, (COUNTS + 2 * operation) as Plain);
}

/** Notes how long a thread waited. */
export function noteWait(m: Mem, line: number, ns: number): void {
  raise(m, line, LONGEST, Math.min(0x7fff_ffff, Math.round(ns / 1000)));
}

/** What one thread has done so far. */
export interface ThreadLine {
  readonly suite: SuiteName;
  readonly index: number;
  readonly state: 'unused' | 'running' | 'ended';
  readonly handle: number;
  readonly operation: string;
  readonly total: number;
  readonly counts: readonly number[];
  readonly longestUs: number;
}

/** The lines of a suite. */
export function readLines(m: Mem, suite: SuiteName, threadsOfSuite: number): ThreadLine[] {
  const names = operationNames(suite);
  return Array.from({ length: threadsOfSuite }, (_, index) => {
    const line = lineOf(suite, index, threadsOfSuite);
    return {
      suite,
      index,
      state: (['unused', 'running', 'ended'] as const)[ld(m, line, STATE)] ?? 'unused',
      handle: ld(m, line, HANDLE),
      operation: names[ld(m, line, OPERATION)] ?? '?',
      total: ldCount(m, line, TOTAL),
      counts: names.slice(0, MOST_OPERATIONS).map((__, i) => ldCount(m, line, (COUNTS + 2 * i) as Plain)),
      longestUs: ld(m, line, LONGEST),
    };
  });
}

/** All operations of all threads of all suites. */
export function totalOperations(m: Mem, threadsOfSuite: number): number {
  let total = 0;
  for (let i = 0; i < SUITE_NAMES.length * threadsOfSuite; i++)
    total += ldCount(m, LINES + i * LINE_WORDS, TOTAL);
  return total;
}
