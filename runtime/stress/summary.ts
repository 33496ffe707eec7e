/** What a run has done, in figures and in lines. */
import type { MachineStats } from '../observe/stats.ts';
import { CHECKS } from './checks.ts';
import type { ThreadLine } from './record.ts';
import { operationNames, type SuiteName } from './suites.ts';
import type { FoundValue, Violation } from './violation.ts';

/** One suite's figures. */
export interface SuiteSummary {
  readonly suite: SuiteName;
  readonly operations: number;
  /** By operation. */
  readonly counts: Readonly<Record<string, number>>;
  /** Operations of the thread that did least, and of the one that did most. */
  readonly least: number;
  readonly most: number;
  /** Least over most. */
  readonly fairness: number;
  /** Longest wait of any thread, microseconds. */
  readonly longestWaitUs: number;
}

export function summarise(suite: SuiteName, lines: readonly ThreadLine[]): SuiteSummary {
  const totals = lines.map(({ total }) => total);
  const least = totals.reduce((a, b) => Math.min(a, b), Infinity);
  const most = totals.reduce((a, b) => Math.max(a, b), 0);
  const names = operationNames(suite);
  return {
    suite,
    operations: totals.reduce((a, b) => a + b, 0),
    counts: Object.fromEntries(
      names.map((name, i) => [name, lines.reduce((sum, { counts }) => sum + (counts[i] ?? 0), 0)]),
    ),
    least,
    most,
    fairness: most === 0 ? 0 : Math.round((least / most) * 1000) / 1000,
    longestWaitUs: lines.reduce((a, { longestUs }) => Math.max(a, longestUs), 0),
  };
}

function shown(n: number): string {
  return n.toLocaleString('en-US');
}

/** A time in microseconds, for people. */
export function shownUs(us: number): string {
  if (us < 1000) return `${us} us`;
  return us < 1e6 ? `${(us / 1000).toFixed(1)} ms` : `${(us / 1e6).toFixed(2)} s`;
}

/** How long somebody has waited, and how long is too long; milliseconds. */
export function waitedText(ms: number, boundMs: number): string {
  return `waited ${shownUs(Math.round(ms * 1000))}, bound ${shownUs(boundMs * 1000)}`;
}

export function summaryLine(s: SuiteSummary): string {
  const counts = Object.entries(s.counts)
    .map(([name, n]) => `${name} ${shown(n)}`)
    .join(', ');
  return (
    `${s.suite}: ${shown(s.operations)} operations (${counts}); a thread ${shown(s.least)} .. ${shown(s.most)}, ` +
    `fairness ${s.fairness.toFixed(2)}; longest wait ${shownUs(s.longestWaitUs)}`
  );
}

/** The line that marks a failed check. */
export function violationLine(found: Violation): string {
  const { check, cpu, who, values } = found;
  const meaning = CHECKS.find(([name]) => name === check)?.[1] ?? '';
  const thread = who === '' ? '' : ` by ${who}`;
  const text = values.map(shownValue).join(', ');
  return `!!! ${check}: ${meaning} (found on cpu ${cpu}${thread}${text === '' ? '' : `: ${text}`}; ${finderText(found)})`;
}

function shownValue({ name, value, unit }: FoundValue): string {
  return `${name} ${unit === 'us' ? shownUs(Number(value)) : value}`;
}

/** What the finder was doing. */
function finderText({ context, handle, name, priority, crit, operation }: Violation): string {
  const where = { thread: 'in', ipi: 'in an IPI on top of', idle: 'in an IPI on the idle' }[context];
  return [
    `${where} thread ${handle} '${name}', priority ${priority}`,
    ...(operation === '' ? [] : [`operation ${operation}`]),
    ...(crit === 0 ? [] : [`critical sections ${crit}`]),
  ].join(', ');
}

/** What happens between two looks. */
export interface Interval {
  readonly seconds: number;
  readonly phase: string;
  readonly perSecond: number;
  /** By the cpu that threads began on. */
  readonly cpus: readonly number[];
  /** Waits for tokens and the MP lock, full rings, in the interval, a second. */
  readonly contention: number;
  readonly fairness: number;
  readonly longestWaitUs: number;
  readonly errors: number;
}

/** What had to wait for others so far. */
export function contention({ total }: MachineStats): number {
  return total['lwkt.token_requests'] + total['lwkt.mplock_contention'] + total['lwkt.ipiq_fifofull'];
}

export function intervalLine(i: Interval): string {
  const cpus = i.cpus.map((n) => shown(Math.round(n))).join(' ');
  return (
    `${i.seconds.toFixed(0).padStart(5)} s  ${i.phase}  ${shown(Math.round(i.perSecond))} op/s [${cpus}]  ` +
    `contention ${shown(Math.round(i.contention))}/s  fairness ${i.fairness.toFixed(2)}  ` +
    `longest wait ${shownUs(i.longestWaitUs)}  errors ${i.errors}`
  );
}
