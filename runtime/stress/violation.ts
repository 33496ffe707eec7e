/**
 * Failed checks in the record of a run: what failed, what was found, and what its finder was doing at that moment, since
 * that thread may have ended when the host looks.
 *
 * ## Ordering
 *
 *   A1  detail: its plain words, then `ready` (atomic store).
 *   B1  host: `ready` (atomic load), then the plain words.
 *
 * Offsets are constants, as those of record.ts are.
 */
import type { Atomic, Plain } from '../shared-memory/struct.ts';
import { ldText, stText } from '../shared-memory/text.ts';
import { addA, ld, ldA, st, stA, type Mem } from '../shared-memory/word.ts';
import {
  CHECKS,
  LEFTOVERS,
  MOST_VALUES,
  VALUE_NAMES,
  VALUES,
  type Check,
  type Unit,
  type Values,
} from './checks.ts';

/** Details kept; later violations are only counted. */
export const MOST_DETAILS = 64;
const NAME_BYTES = 32;

// ---- words of a detail
const READY = 0 as Atomic;
const CHECK = 1 as Plain;
const CPU = 2 as Plain;
const LINE = 3 as Plain;
const CONTEXT = 4 as Plain;
const HANDLE = 5 as Plain;
const PRIORITY = 6 as Plain;
const CRIT = 7 as Plain;
const OPERATION = 8 as Plain;
const NAME = 9;
const VALUE = NAME + NAME_BYTES / 4;
/** Words of all details. */
export const DETAILS_WORDS = MOST_DETAILS * 32;
const DETAIL_WORDS = 32;

if (VALUE + 2 * MOST_VALUES > DETAIL_WORDS) throw new Error('a detail is one line of 32 words');

const CONTEXTS = ['thread', 'ipi', 'idle'] as const;

/** Who finds that a check failed, at that moment. */
export interface Finder {
  readonly cpu: number;
  /** In a thread; in an IPI function on top of it; or in one on an idle cpu. */
  readonly context: (typeof CONTEXTS)[number];
  /** The thread that is current on the cpu. */
  readonly handle: number;
  readonly name: string;
  readonly priority: number;
  /** Critical sections that it is in. */
  readonly crit: number;
}

/** Where the details of a record lie, and how it counts its violations. */
export interface DetailPlace {
  readonly count: Atomic;
  readonly details: number;
}

/** Notes a failed check; good in any context. @param operation - number of the thread's operation, or -1 */
export function putViolation(
  m: Mem,
  place: DetailPlace,
  check: Check,
  finder: Finder,
  line: number,
  operation: number,
  values: Values,
): void {
  const number = addA(m, 0, place.count, 1);
  if (number >= MOST_DETAILS) return;
  const base = place.details + number * DETAIL_WORDS;
  st(
    m,
    base,
    CHECK,
    CHECKS.findIndex(([name]) => name === check),
  );
  st(m, base, CPU, finder.cpu);
  st(m, base, LINE, line);
  st(m, base, CONTEXT, CONTEXTS.indexOf(finder.context));
  st(m, base, HANDLE, finder.handle);
  st(m, base, PRIORITY, finder.priority);
  st(m, base, CRIT, finder.crit);
  st(m, base, OPERATION, operation);
  stText(m, m.byteOffset / 4 + base + NAME, NAME_BYTES, finder.name);
  VALUE_NAMES.filter((name) => values[name] !== undefined)
    .slice(0, MOST_VALUES)
    .forEach((name, i) => {
      m[base + VALUE + 2 * i] = 1 + VALUE_NAMES.indexOf(name);
      m[base + VALUE + 2 * i + 1] = values[name] as number;
    });
  stA(m, base, READY, 1); // A1
}

/** A value of a failed check. */
export interface FoundValue {
  /** `expected`, `found`, `waited`, … */
  readonly name: string;
  /** A number; for a thread of a suite, what was left, and yes or no its text; for a word its hexadecimal digits. */
  readonly value: number | string;
  /** Microseconds; without it a count or a name. */
  readonly unit?: 'us';
}

/** One failed check, as the host reads it. */
export interface Violation extends Finder {
  readonly check: Check;
  /** Suite and number of the thread that found it; empty when it is no thread of a suite. */
  readonly who: string;
  /** Its operation; empty when there is none. */
  readonly operation: string;
  readonly values: readonly FoundValue[];
}

/** What the record says of its lines. */
export interface LineNames {
  /** Suite and number. */
  who(line: number): string;
  operation(line: number, operation: number): string;
}

function shownValue(unit: Unit, value: number, names: LineNames): number | string {
  if (unit === 'hex') return `0x${(value >>> 0).toString(16)}`;
  if (unit === 'no-yes') return value === 0 ? 'no' : 'yes';
  if (unit === 'line') return names.who(value) || 'nobody';
  if (unit === 'leftover') return LEFTOVERS[value] ?? '?';
  return value;
}

function valuesAt(m: Mem, base: number, names: LineNames): FoundValue[] {
  const found: FoundValue[] = [];
  for (let at = base + VALUE; at < base + VALUE + 2 * MOST_VALUES; at += 2) {
    const name = VALUE_NAMES[(m[at] as number) - 1];
    if (name === undefined) break;
    const [label, unit] = VALUES[name];
    const value = shownValue(unit, m[at + 1] as number, names);
    found.push({ name: label, value, ...(unit === 'us' ? { unit } : {}) });
  }
  return found;
}

/** Detail `number`, or undefined while it is being written or was not kept. */
export function getViolation(
  m: Mem,
  { details }: DetailPlace,
  number: number,
  names: LineNames,
): Violation | undefined {
  if (number >= MOST_DETAILS) return undefined;
  const base = details + number * DETAIL_WORDS;
  if (ldA(m, base, READY) === 0) return undefined; // B1
  const line = ld(m, base, LINE);
  return {
    check: (CHECKS[ld(m, base, CHECK)] ?? CHECKS[0])[0],
    cpu: ld(m, base, CPU),
    context: CONTEXTS[ld(m, base, CONTEXT)] ?? 'thread',
    handle: ld(m, base, HANDLE),
    name: ldText(m, m.byteOffset / 4 + base + NAME, NAME_BYTES),
    priority: ld(m, base, PRIORITY),
    crit: ld(m, base, CRIT),
    who: names.who(line),
    operation: names.operation(line, ld(m, base, OPERATION)),
    values: valuesAt(m, base, names),
  };
}
