/**
 * The doors to shared words. Besides doorbell.ts, which sleeps and wakes, this is the only file that names
 * `Atomics`.
 *
 * Plain doors compile to one load or store. Atomic doors are sequentially consistent, as JavaScript has
 * nothing weaker; they also order the plain accesses around them.
 */

import type { Atomic, Plain } from './struct.ts';

/** The words of one machine's arena. */
export type Mem = Int32Array<ArrayBufferLike>;

/** Reads a plain word. */
export function ld(m: Mem, base: number, field: Plain): number {
  return m[base + field] as number;
}

/** Writes a plain word. */
export function st(m: Mem, base: number, field: Plain, value: number): void {
  m[base + field] = value;
}

/** Plain read of an atomic word by its only writer: exact and cheap. */
export function ldOwn(m: Mem, base: number, field: Atomic): number {
  return m[base + field] as number;
}

/** Plain write of an atomic word that nobody else can see yet. */
export function stInit(m: Mem, base: number, field: Atomic, value: number): void {
  m[base + field] = value;
}

/** Plain read of an atomic word that others write: may be stale, so it never decides a loop alone. */
export function ldHint(m: Mem, base: number, field: Atomic): number {
  return m[base + field] as number;
}

export function ldA(m: Mem, base: number, field: Atomic): number {
  return Atomics.load(m, base + field);
}

export function stA(m: Mem, base: number, field: Atomic, value: number): void {
  Atomics.store(m, base + field, value);
}

/** @returns the value before */
export function addA(m: Mem, base: number, field: Atomic, value: number): number {
  return Atomics.add(m, base + field, value);
}

/** @returns the value before */
export function orA(m: Mem, base: number, field: Atomic, value: number): number {
  return Atomics.or(m, base + field, value);
}

/** @returns the value before */
export function andA(m: Mem, base: number, field: Atomic, value: number): number {
  return Atomics.and(m, base + field, value);
}

/** @returns the value before */
export function xchgA(m: Mem, base: number, field: Atomic, value: number): number {
  return Atomics.exchange(m, base + field, value);
}

/** @returns the value before: `expected` means that `value` was stored */
export function casA(m: Mem, base: number, field: Atomic, expected: number, value: number): number {
  return Atomics.compareExchange(m, base + field, expected, value);
}

/** Tells the core that it spins. */
export function pause(): void {
  Atomics.pause();
}

/** Adds one to a 64-bit counter in two plain words (low, high) with one writer. */
export function count(m: Mem, base: number, field: Plain): void {
  const low = ((m[base + field] as number) + 1) | 0;
  m[base + field] = low;
  if (low === 0) m[base + field + 1] = ((m[base + field + 1] as number) + 1) | 0;
}

/** Raises a counter that is a maximum, of 32 bits, with one writer. */
export function raise(m: Mem, base: number, field: Plain, value: number): void {
  if (value > (m[base + field] as number)) m[base + field] = value;
}

/** Reads a 64-bit counter of another cpu; re-reads while the high word moves. */
export function ldCount(m: Mem, base: number, field: Plain): number {
  for (;;) {
    const high = m[base + field + 1] as number;
    const low = m[base + field] as number;
    if ((m[base + field + 1] as number) === high) return high * 4_294_967_296 + (low >>> 0);
  }
}
