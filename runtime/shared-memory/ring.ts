/**
 * A single-producer single-consumer ring of fixed-size records in shared memory.
 *
 * One ring carries IPIs from one corner of the machine, the source, to one other, the target. The matrix of
 * rings is the whole interconnect; nothing else ever moves work between cpus.
 *
 * ## Words
 *
 *   word         written by   mode     meaning
 *   written      source       plain    records ever written
 *   rindexSeen   source       plain    source's last look at rindex
 *   rindex       target       atomic   records taken, as far as the source has been told
 *   xindex       target       atomic   records whose function has returned, as far as the source has been told
 *   wanted       both         atomic   not 0: the source sleeps until there is room, and is to be told
 *   slots        source       atomic   record n lives in slot n mod size: its head, then three arguments
 *
 *   A head is stamp and function number, 16 bits each. The stamp of record n is 1 + n / size, modulo 2^16: the lap of
 *   the ring that it belongs to. So a slot tells by itself whether it holds the record that the target waits for, and
 *   a record travels in one line. Indices run freely and wrap at 2^32. Compare them by `(a - b) | 0`, never by `<`.
 *
 * ## Invariants
 *
 *   I1  Neither rindex nor xindex is ever ahead of written, and written - rindex <= size.
 *   I2  A slot is written only while its record is outside rindex .. written - 1.
 *   I3  xindex never passes a record whose function is still running, even if that function drains this same
 *       ring (kept by ipiq-drain.ts, which alone writes xindex).
 *   I4  The slot of record n holds the stamp of n - size, or 0 in the first lap, until n is written; that differs from
 *       the stamp of n, since laps are written one after the other and 2^16 divides the number of laps up to 2^32.
 *
 * ## Ordering
 *
 *   A1  push: arguments (plain), then the head (atomic store).
 *   B1  take: head (atomic load), then arguments (plain).
 *       Who finds the stamp of record n sees every word of it.
 *   A2  take: arguments read (plain), then rindex (atomic store).
 *   B2  push: rindex (atomic load), then arguments (plain).
 *       No slot is overwritten before it has been read.
 *   A3  want: wanted (atomic store), then rindex (atomic load, in the push that follows), then the source sleeps.
 *   B3  release: rindex (atomic store), then wanted (atomic load).
 *       One of the two sees the other: the push finds room, or the target that the source waits. The target then clears
 *       `wanted`, rings the source's bell, and waits for nothing in between: what it may have wiped out is a wish for
 *       more of a source that has this ring of its bell still to come, and so looks, and wishes, once more.
 *
 * ## Cost
 *
 *   push: one atomic store, plus one atomic load when the ring looks full from here. One line moves for a record.
 *
 * ## Rejected
 *
 *   A write index beside the slots: two lines move for each record instead of one, and the target waits for both.
 *   One empty slot to tell full from empty: costs a slot, and free-running indices tell it for free.
 *   Loading both indices on each call: two more atomic loads.
 *
 * ## Not promised
 *
 *   Waking anybody. A ring never notifies, it says who is to be told; that is the doorbell's part (doorbell.ts, A1/B1).
 *
 * Seed: lwkt_send_ipiq, lwkt_process_ipiq. Departures: D1 (re-entrant drain), D19 (full test), D23 (fences).
 */

import { panic } from '../base/panic.ts';
import type { Atomic } from './struct.ts';
import * as structModule from './struct.ts';
import type { Mem } from './word.ts';
import * as wordModule from './word.ts';

// An import is read through its module's cell at every use; a constant of this file is folded into the code.
const { atomic, line, plain, struct } = structModule;
const { ld, ldA, ldHint, ldOwn, st, stA, stInit } = wordModule;

/** Words of one record: head, three arguments. */
export const SLOT_WORDS = 4;
/** Bits of a head that name the function; the stamp has the rest. */
const FUNC_BITS = 16;
/** Functions that a ring can name. */
export const MAX_FUNCS = 1 << FUNC_BITS;

export const Ring = struct('Ring', {
  // ---- source's line
  written: plain(),
  rindexSeen: plain(),
  _target: line(),
  // ---- target's line
  rindex: atomic(),
  xindex: atomic(),
  wanted: atomic(),
  _slots: line(),
  // ---- records, size x SLOT_WORDS, written by the source
  slots: atomic(),
});

const {
  written: WRITTEN,
  rindexSeen: RINDEX_SEEN,
  rindex: RINDEX,
  xindex: XINDEX,
  wanted: WANTED,
  slots: SLOTS,
} = Ring;
const HEAD = 0 as Atomic;

/** Where the words of one ring lie. */
export interface RingRef {
  /** Word offset of the ring's own words. */
  readonly base: number;
  /** Slots, a power of two. */
  readonly size: number;
  /** Its logarithm. */
  readonly shift: number;
}

/** A ring of `size` slots, a power of two. */
export function ringRef(base: number, size: number): RingRef {
  return { base, size, shift: 31 - Math.clz32(size) };
}

/** Words of a ring of `size` records, in whole lines. */
export function ringWords(size: number): number {
  return Math.ceil((SLOTS + size * SLOT_WORDS) / 32) * 32;
}

/** Head of record `index` without its function. */
export function ringStamp(ring: RingRef, index: number): number {
  return ((index >>> ring.shift) + 1) << FUNC_BITS;
}

/** True for a head with this stamp. */
export function isStamped(head: number, stamp: number): boolean {
  return ((head ^ stamp) & -MAX_FUNCS) === 0;
}

/** The function number in a head. */
export function headFunc(head: number): number {
  return head & (MAX_FUNCS - 1);
}

/**
 * Appends one record; false when the ring is full, and then nothing was written.
 *
 * @param func - 0 .. 65,535
 */
export function ringPush(
  m: Mem,
  ring: RingRef,
  func: number,
  arg0: number,
  arg1: number,
  arg2: number,
): boolean {
  const { base, size } = ring;
  const w = ld(m, base, WRITTEN);
  if (((w - ld(m, base, RINDEX_SEEN)) | 0) >= size) {
    const r = ldA(m, base, RINDEX); // B2
    st(m, base, RINDEX_SEEN, r);
    const fill = (w - r) | 0;
    if (fill >= size || fill < 0) return checkFill(fill, size);
  }
  const slot = base + SLOTS + (w & (size - 1)) * SLOT_WORDS;
  m[slot + 1] = arg0;
  m[slot + 2] = arg1;
  m[slot + 3] = arg2;
  st(m, base, WRITTEN, (w + 1) | 0);
  stA(m, slot, HEAD, ringStamp(ring, w) | func); // A1
  return true;
}

/** A full ring refuses; one that holds more than it can, or less than nothing, was overwritten. */
function checkFill(fill: number, size: number): false {
  if (fill !== size)
    panic(`lwkt_send_ipiq: ring of ${size} records holds ${fill}: its indices were overwritten`);
  return false;
}

/** Records ever written, for the source: the sequence number of its last push. */
export function ringSeq(m: Mem, ring: RingRef): number {
  return ld(m, ring.base, WRITTEN);
}

/** Function and first argument of the records that are not known to have run, for the source. */
export function ringPending(m: Mem, ring: RingRef): (readonly [func: number, arg0: number])[] {
  const end = ringSeq(m, ring);
  const pending = Math.min((end - ldA(m, ring.base, XINDEX)) | 0, ring.size);
  return Array.from({ length: pending }, (_, i) => {
    const slot = ringSlot(ring, (end - pending + i) | 0);
    return [headFunc(ringHead(m, slot)), m[slot + 1] as number];
  });
}

/** The head that lies in a slot, from {@link ringSlot}: of the record there, or of the one a lap ago. */
export function ringHead(m: Mem, slot: number): number {
  return ldA(m, slot, HEAD); // B1
}

/** Like {@link ringHead}, by a plain look: may be late, so a loop needs the other one too. */
export function ringHeadHint(m: Mem, slot: number): number {
  return ldHint(m, slot, HEAD);
}

/** True when record `index`, the next one to be taken, has been written. */
export function ringHas(m: Mem, ring: RingRef, index: number): boolean {
  return isStamped(ringHead(m, ringSlot(ring, index)), ringStamp(ring, index));
}

/** Records ever written, for the target and for watchers: counts what lies behind the last one told taken. */
export function ringWritten(m: Mem, ring: RingRef): number {
  let index = ldA(m, ring.base, RINDEX);
  for (let n = 0; n < ring.size && ringHas(m, ring, index); n++) index = (index + 1) | 0;
  return index;
}

/** Records taken, as the target published it. */
export function ringTaken(m: Mem, ring: RingRef): number {
  return ldOwn(m, ring.base, RINDEX);
}

/**
 * The first record that may not have run yet, for watchers: the later of what was told taken and what was told run.
 * Room is told in halves of the ring, so most of what lies behind `rindex` has long run.
 */
export function ringUnanswered(m: Mem, ring: RingRef): number {
  const taken = ldA(m, ring.base, RINDEX);
  const returned = ldA(m, ring.base, XINDEX);
  return ((returned - taken) | 0) > 0 ? returned : taken;
}

/** Word offset of record `index`. */
export function ringSlot(ring: RingRef, index: number): number {
  return ring.base + SLOTS + (index & (ring.size - 1)) * SLOT_WORDS;
}

/** Says that the source is about to sleep until there is room; to be followed by one more push. */
export function ringWant(m: Mem, ring: RingRef): void {
  stA(m, ring.base, WANTED, 1); // A3
}

/**
 * Like {@link ringPush}, for a source that is about to sleep until there is room: if this finds none, whoever makes some
 * finds that the source is to be told.
 */
export function ringPushOrWant(
  m: Mem,
  ring: RingRef,
  func: number,
  arg0: number,
  arg1: number,
  arg2: number,
): boolean {
  if (ringPush(m, ring, func, arg0, arg1, arg2)) return true;
  ringWant(m, ring);
  return ringPush(m, ring, func, arg0, arg1, arg2);
}

/**
 * Gives the slots below `index` back to the source.
 *
 * @returns true when the source sleeps until there is room, or is about to: its bell is to be rung
 */
export function ringRelease(m: Mem, ring: RingRef, index: number): boolean {
  stA(m, ring.base, RINDEX, index); // A2, B3
  if (ldA(m, ring.base, WANTED) === 0) return false;
  stA(m, ring.base, WANTED, 0);
  return true;
}

/** Says that every function below `index` has returned. */
export function ringComplete(m: Mem, ring: RingRef, index: number): void {
  stA(m, ring.base, XINDEX, index);
}

/** Like {@link ringCompleted}, by a plain look: may be late, so a loop needs the other one too. */
export function ringCompletedHint(m: Mem, ring: RingRef, seq: number): boolean {
  return ((ldHint(m, ring.base, XINDEX) - seq) | 0) >= 0;
}

/** True when the function of record `seq - 1` has returned. */
export function ringCompleted(m: Mem, ring: RingRef, seq: number): boolean {
  return ((ldA(m, ring.base, XINDEX) - seq) | 0) >= 0;
}

/** Sets the indices of an unused ring, and its slots as they would be then (I4): for tests of the wrap at 2^32. */
export function ringPreset(m: Mem, ring: RingRef, index: number): void {
  st(m, ring.base, WRITTEN, index);
  st(m, ring.base, RINDEX_SEEN, index);
  stA(m, ring.base, RINDEX, index);
  stA(m, ring.base, XINDEX, index);
  for (let n = 1; n <= ring.size; n++) {
    const last = (index - n) | 0;
    stInit(m, ringSlot(ring, last), HEAD, ringStamp(ring, last));
  }
}
