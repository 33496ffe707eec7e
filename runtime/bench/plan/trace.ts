/**
 * The last events of one cpu, in shared memory: what it did around an IPI that was too slow.
 *
 * One cpu writes; whoever reads does so when the writer has stopped.
 */
import type { Mem } from '../../shared-memory/word.ts';

/** What can happen: name of the event, and of its value. */
export const EVENTS = [
  ['queued', 'IPI'],
  ['acknowledged', 'IPI'],
  ['ran', 'IPI'],
  ['computes', 'ns'],
  ['safepoint', ''],
  ['critical section', 'ns'],
  ['left it', ''],
  ['MP lock', ''],
  ['MP lock released', ''],
  ['allocates', 'objects'],
  ['sleeps', ''],
] as const;

export type EventName = (typeof EVENTS)[number][0];

/** Events kept: a power of two. */
const KEPT = 128;
/** 64-bit floats of an event: time, kind, value. */
const EVENT = 3;
const HEAD = 16;

/** Words of one trace, in whole lines. */
export const TRACE_WORDS = Math.ceil((2 * (HEAD + KEPT * EVENT)) / 32) * 32;

/** One event. */
export interface TraceEvent {
  /** Nanoseconds of clock(). */
  readonly at: number;
  readonly name: EventName;
  readonly value: number;
}

/** The trace of one cpu. */
export class Trace {
  readonly #f: Float64Array;

  constructor(m: Mem, base: number) {
    this.#f = new Float64Array(m.buffer, m.byteOffset + base * 4, HEAD + KEPT * EVENT);
  }

  /** Notes an event. */
  note(at: number, kind: number, value: number): void {
    const f = this.#f;
    const n = f[0] as number;
    const slot = HEAD + (n & (KEPT - 1)) * EVENT;
    f[slot] = at;
    f[slot + 1] = kind;
    f[slot + 2] = value;
    f[0] = n + 1;
  }

  /** The events that are left, oldest first. */
  read(): TraceEvent[] {
    const n = this.#f[0] as number;
    return Array.from({ length: Math.min(n, KEPT) }, (_, i) => {
      const slot = HEAD + ((n - Math.min(n, KEPT) + i) & (KEPT - 1)) * EVENT;
      const [at = 0, kind = 0, value = 0] = this.#f.subarray(slot, slot + EVENT);
      return { at, name: (EVENTS[kind] ?? EVENTS[0])[0], value };
    });
  }
}

/** Number of an event. */
export function eventKind(name: EventName): number {
  return EVENTS.findIndex(([known]) => known === name);
}
