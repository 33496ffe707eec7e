/**
 * A single-producer single-consumer ring of fixed-size records in shared memory.
 *
 * One ring carries IPIs from one corner of the machine, the source, to one other, the target. The matrix of
 * rings is the whole interconnect; nothing else ever moves work between cpus.
 *
 * ## Words
 *
 *   word         written by   mode     meaning
 *   windex       source       atomic   records ever written
 *   rindexSeen   source       plain    source's last look at rindex
 *   rindex       target       atomic   records ever taken
 *   xindex       target       atomic   records whose function has returned
 *   slots        source       plain    record n lives in slot n mod size
 *
 *   Indices run freely and wrap at 2^32. Compare them by `(a - b) | 0`, never by `<`.
 *
 * ## Invariants
 *
 *   I1  xindex, rindex, windex are in this order, and windex - rindex <= size.
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
  windex: atomic(),
  rindexSeen: plain(),
  _target: line(),
  // ---- target's line
  rindex: atomic(),
  xindex: atomic(),
  _slots: line(),
  // ---- records, size x SLOT_WORDS, written by the source
  slots: plain(),
});

const { windex: WINDEX, rindexSeen: RINDEX_SEEN, rindex: RINDEX, xindex: XINDEX, slots: SLOTS } = Ring;

/** Words of a ring of `size` records, in whole lines. */
export function ringWords(size: number): number {
  return Math.ceil((SLOTS + size * SLOT_WORDS) / 32) * 32;
}

/**
 * Appends one record; false when the ring is full, and then nothing was written.
 *
 * @param size - slots of the ring, a power of two
 */
export function ringPush(
  m: Mem,
  ring: number,
  size: number,
  func: number,
  arg0: number,
  arg1: number,
  arg2: number,
): boolean {
  const w = ldOwn(m, ring, WINDEX);
  if (((w - ld(m, ring, RINDEX_SEEN)) | 0) >= size) {
    const r = ldA(m, ring, RINDEX); // B2
    st(m, ring, RINDEX_SEEN, r);
    if (((w - r) | 0) >= size) return false;
  }
  const slot = ring + SLOTS + (w & (size - 1)) * SLOT_WORDS;
  m[slot] = func;
  m[slot + 1] = arg0;
  m[slot + 2] = arg1;
  m[slot + 3] = arg2;
  stA(m, ring, WINDEX, (w + 1) | 0); // A1
  return true;
}

/** Records ever written, for the source: the sequence number of its last push. */
export function ringSeq(m: Mem, ring: number): number {
  return ldOwn(m, ring, WINDEX);
}

/** Records ever written, for the target. */
export function ringWritten(m: Mem, ring: number): number {
  return ldA(m, ring, WINDEX); // B1
}

/** Records ever taken, for the target. */
export function ringTaken(m: Mem, ring: number): number {
  return ldOwn(m, ring, RINDEX);
}

/** Word offset of record `index`. */
export function ringSlot(ring: number, size: number, index: number): number {
  return ring + SLOTS + (index & (size - 1)) * SLOT_WORDS;
}

/** Gives the slots below `index` back to the source. */
export function ringRelease(m: Mem, ring: number, index: number): void {
  stA(m, ring, RINDEX, index); // A2
}

/** Says that every function below `index` has returned. */
export function ringComplete(m: Mem, ring: number, index: number): void {
  stA(m, ring, XINDEX, index);
}

/** Like {@link ringCompleted}, by a plain look: may be late, so a loop needs the other one too. */
export function ringCompletedHint(m: Mem, ring: number, seq: number): boolean {
  return ((ldHint(m, ring, XINDEX) - seq) | 0) >= 0;
}

/** True when the function of record `seq - 1` has returned. */
export function ringCompleted(m: Mem, ring: number, seq: number): boolean {
  return ((ldA(m, ring, XINDEX) - seq) | 0) >= 0;
}

/** Records written and not yet taken; a hint for watchers. */
export function ringFill(m: Mem, ring: number): number {
  return (ldA(m, ring, WINDEX) - ldA(m, ring, RINDEX)) | 0;
}
