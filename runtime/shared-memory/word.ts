/**
 * The doors to shared words. Besides doorbell.ts, which sleeps and wakes, this is the only file that names
 * `Atomics`.
 *
 * Plain doors compile to one load or store. Atomic doors are sequentially consistent, as JavaScript has
 * nothing weaker; they also order the plain accesses around them. On a cpu they are WebAssembly's instructions,
 * which cost a third (wasm.ts); elsewhere, and on any other memory, they are Atomics.
 */

import type { Atomic, Plain } from './struct.ts';
import type { AtomicOps } from './wasm.ts';

/** The words of one machine's arena. */
export type Mem = Int32Array<ArrayBufferLike>;

/** The memory whose atomic doors are WebAssembly instructions; those of any other are Atomics. */
let bound: Mem = new Int32Array(0);
let { load, store, add, or, and, xchg, cas }: AtomicOps = {
  load: unbound,
  store: unbound,
  add: unbound,
  or: unbound,
  and: unbound,
  xchg: unbound,
  cas: unbound,
};

function unbound(): never {
  throw new Error('no memory is bound');
}

/**
 * Makes the atomic doors of one memory cheap: for the arena of a cpu, which is the only one its worker touches.
 *
 * @param m - the words of the memory that `ops` works on; another array over the same memory goes on with Atomics
 */
export function bindDoors(m: Mem, ops: AtomicOps): void {
  ({ load, store, add, or, and, xchg, cas } = ops);
  bound = m;
}

/** Lets all doors be Atomics again: for tests that watch those. */
export function unbindDoors(): void {
  bound = new Int32Array(0);
}

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
  return m === bound ? load((base + field) << 2) : Atomics.load(m, base + field);
}

export function stA(m: Mem, base: number, field: Atomic, value: number): void {
  if (m === bound) store((base + field) << 2, value);
  else Atomics.store(m, base + field, value);
}

/** @returns the value before */
export function addA(m: Mem, base: number, field: Atomic, value: number): number {
  return m === bound ? add((base + field) << 2, value) : Atomics.add(m, base + field, value);
}

/** @returns the value before */
export function orA(m: Mem, base: number, field: Atomic, value: number): number {
  return m === bound ? or((base + field) << 2, value) : Atomics.or(m, base + field, value);
}

/** @returns the value before */
export function andA(m: Mem, base: number, field: Atomic, value: number): number {
  return m === bound ? and((base + field) << 2, value) : Atomics.and(m, base + field, value);
}

/** @returns the value before */
export function xchgA(m: Mem, base: number, field: Atomic, value: number): number {
  return m === bound ? xchg((base + field) << 2, value) : Atomics.exchange(m, base + field, value);
}

/** @returns the value before: `expected` means that `value` was stored */
export function casA(m: Mem, base: number, field: Atomic, expected: number, value: number): number {
  return m === bound
    ? cas((base + field) << 2, expected, value)
    : Atomics.compareExchange(m, base + field, expected, value);
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
