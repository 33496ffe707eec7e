/**
 * A single-producer single-consumer ring of fixed-size records in shared memory.
 *
 * One ring carries IPIs from one corner of the machine, the source, to one other, the target. The matrix of
 * rings is the whole interconnect; nothing else ever moves work between cpus.
 *
 * ## Words
 *
 *   word         written by   mode     meaning
 *   windex       source       atomic   records ever written; lies beside the target's doorbell
 *   written      source       plain    the source's own copy of windex
 *   rindexSeen   source       plain    source's last look at rindex
 *   rindex       target       atomic   records taken, as far as the source has been told
 *   xindex       target       atomic   records whose function has returned, as far as the source has been told
 *   slots        source       plain    record n lives in slot n mod size
 *
 *   Indices run freely and wrap at 2^32. Compare them by `(a - b) | 0`, never by `<`.
 *
 * ## Invariants
 *
 *   I1  Neither rindex nor xindex is ever ahead of windex, and windex - rindex <= size.
 *   I2  A slot is written only while its record is outside rindex .. windex - 1.
 *   I3  xindex never passes a record whose function is still running, even if that function drains this same
 *       ring (kept by ipiq.ts, which alone writes xindex).
 *
 * ## Ordering
 *
 *   A1  push: slot words (plain), then windex (atomic store).
 *   B1  take: windex (atomic load), then slot words (plain).
 *       Who sees windex = n sees every word of record n - 1.
 *   A2  take: slot words read (plain), then rindex (atomic store).
 *   B2  push: rindex (atomic load), then slot words (plain).
 *       No slot is overwritten before it has been read.
 *
 * ## Cost
 *
 *   push: one atomic store, plus one atomic load when the ring looks full from here.
 *
 * ## Rejected
 *
 *   One empty slot to tell full from empty: costs a slot, and free-running indices tell it for free.
 *   Loading both indices on each call: two more atomic loads, 7 ns each where measured.
 *
 * ## Not promised
 *
 *   Waking anybody. A ring never notifies; that is the doorbell's part (doorbell.ts, pair A1/B1).
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
const { ld, ldA, ldHint, ldOwn, st, stA } = wordModule;

/** Words of one record: function, three arguments. */
export const SLOT_WORDS = 4;

export const Ring = struct('Ring', {
  // ---- source's line
  written: plain(),
  rindexSeen: plain(),
  _target: line(),
  // ---- target's line
  rindex: atomic(),
  xindex: atomic(),
  _slots: line(),
  // ---- records, size x SLOT_WORDS, written by the source
  slots: plain(),
});

const { written: WRITTEN, rindexSeen: RINDEX_SEEN, rindex: RINDEX, xindex: XINDEX, slots: SLOTS } = Ring;
const WINDEX = 0 as Atomic;

/** Where the words of one ring lie. */
export interface RingRef {
  /** Word offset of the ring's own words. */
  readonly base: number;
  /** Word offset of its write index. */
  readonly windex: number;
  /** Slots, a power of two. */
  readonly size: number;
}

/** Words of a ring of `size` records, in whole lines. */
export function ringWords(size: number): number {
  return Math.ceil((SLOTS + size * SLOT_WORDS) / 32) * 32;
}

/**
 * Appends one record; false when the ring is full, and then nothing was written.
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
  m[slot] = func;
  m[slot + 1] = arg0;
  m[slot + 2] = arg1;
  m[slot + 3] = arg2;
  st(m, base, WRITTEN, (w + 1) | 0);
  stA(m, ring.windex, WINDEX, (w + 1) | 0); // A1
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

/** Records ever written, for the target. */
export function ringWritten(m: Mem, ring: RingRef): number {
  return ldA(m, ring.windex, WINDEX); // B1
}

/** Records taken, as the target published it. */
export function ringTaken(m: Mem, ring: RingRef): number {
  return ldOwn(m, ring.base, RINDEX);
}

/** Word offset of record `index`. */
export function ringSlot(ring: RingRef, index: number): number {
  return ring.base + SLOTS + (index & (ring.size - 1)) * SLOT_WORDS;
}

/** Gives the slots below `index` back to the source. */
export function ringRelease(m: Mem, ring: RingRef, index: number): void {
  stA(m, ring.base, RINDEX, index); // A2
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

/** Sets both indices of an unused ring: for tests of the wrap at 2^32. */
export function ringPreset(m: Mem, ring: RingRef, index: number): void {
  st(m, ring.base, WRITTEN, index);
  st(m, ring.base, RINDEX_SEEN, index);
  stA(m, ring.windex, WINDEX, index);
  stA(m, ring.base, RINDEX, index);
  stA(m, ring.base, XINDEX, index);
}
