/**
 * The record of a run: a named region that the threads write and the host reads while they run, also when no cpu
 * answers any more.
 *
 * ## Words
 *
 *   word         written by      mode     meaning
 *   stop         host            atomic   the threads end
 *   pause        host, threads   atomic   the threads wait; set by who finds the first failed check, too
 *   live         threads         atomic   threads of each suite that have not ended
 *   violations   threads         atomic   how many checks failed; it also numbers the details
 *   detail       its finder      plain    what failed; `ready` (atomic) is stored last: violation.ts
 *   line         its thread      plain    what one thread did; 64-bit counters
 *
 * Offsets are constants of this file and no struct(): a cpu attaches to its arena before it loads this.
 */
import type { Atomic, Plain } from '../shared-memory/struct.ts';
import { addA, count, ld, ldA, ldCount, raise, st, stA, type Mem } from '../shared-memory/word.ts';
import type { Check, Values } from './checks.ts';
import { SUITE_NAMES, operationNames, suiteIndex, type SuiteName } from './suites.ts';
import {
  DETAILS_WORDS,
  getViolation,
  putViolation,
  type DetailPlace,
  type Finder,
  type Violation,
} from './violation.ts';

/** Name of the region. */
export const RECORD = 'lwkt.stress';

const LINE_WORDS = 64;
const MOST_OPERATIONS = 28;

const STOP = 0 as Atomic;
const PAUSE = 1 as Atomic;
const LIVE = 8 as Atomic;
const VIOLATIONS = 32 as Atomic;
const DETAILS = 64;
const LINES = DETAILS + DETAILS_WORDS;

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

const PLACE: DetailPlace = { count: VIOLATIONS, details: DETAILS };

/**
 * Notes a failed check; good in any context. The first one makes the threads pause, so that they are still there when
 * the host writes its dump.
 *
 * @param line - of the thread that found it, or 0
 */
export function violation(m: Mem, check: Check, finder: Finder, line: number, values: Values): void {
  if (ldA(m, 0, VIOLATIONS) === 0) setPause(m, true);
  putViolation(m, PLACE, check, finder, line, line === 0 ? -1 : ld(m, line, OPERATION), values);
}

/** How many checks failed so far. */
export function violations(m: Mem): number {
  return ldA(m, 0, VIOLATIONS);
}

/** Detail `number`, or undefined while it is being written or was not kept. */
export function violationAt(m: Mem, number: number, threadsOfSuite: number): Violation | undefined {
  const nth = (line: number): number => (line < LINES ? -1 : (line - LINES) / LINE_WORDS);
  const suiteOf = (line: number): SuiteName | undefined =>
    SUITE_NAMES[Math.floor(nth(line) / threadsOfSuite)];
  return getViolation(m, PLACE, number, {
    who: (line) => (suiteOf(line) === undefined ? '' : `${suiteOf(line)}.${nth(line) % threadsOfSuite}`),
    operation: (line, operation) => {
      const suite = suiteOf(line);
      return suite === undefined ? '' : (operationNames(suite)[operation] ?? '');
    },
  });
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
