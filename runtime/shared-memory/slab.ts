/**
 * The slab of thread descriptors: a global free list that cpus draw on in batches.
 *
 * Each cpu keeps a cache of free slots (globaldata tdfreeq), so that creating a thread touches no shared word;
 * the slab holds the rest, under one lock. Slots never used are handed out in order, which keeps the memory of a
 * small machine small.
 *
 * Seed: thread_zone, and the per-cpu cache of lwkt_alloc_thread.
 */
import { Machine } from './layout/machine.ts';
import { Thread } from './layout/thread.ts';
import type { Arena } from './arena.ts';
import { breakLock, tryWithLock, withLock } from './lock.ts';
import { ld, st, stInit } from './word.ts';

const { slabLock: LOCK, slabFree: FREE, slabFreeCount: FREE_COUNT, slabFresh: FRESH } = Machine;
const { threadq: THREADQ, cpu: CPU, WORDS } = Thread;

/** The lock was not to be had without sleeping: the host tries again in a later turn. */
export const BUSY = -1;

/**
 * Takes up to `want` slots.
 *
 * @param self - corner that asks
 * @param take - called with the word offset of each, under the lock
 * @returns how many were taken; 0 when the slab is used up; for the host also BUSY
 */
export function slabTake(arena: Arena, self: number, want: number, take: (ref: number) => void): number {
  const { m, map } = arena;
  let n = 0;
  const body = (): void => {
    for (; n < want; n++) {
      let ref = ld(m, 0, FREE);
      if (ref !== 0) {
        st(m, 0, FREE, ld(m, ref, THREADQ));
        st(m, 0, FREE_COUNT, ld(m, 0, FREE_COUNT) - 1);
      } else {
        const slot = ld(m, 0, FRESH);
        if (slot >= map.slots) break;
        st(m, 0, FRESH, slot + 1);
        ref = map.slab + slot * WORDS;
      }
      // Not in use, it belongs to who took it: never to a cpu that died before (survive.ts). The host stores it itself.
      if (self !== map.ncpus) stInit(m, ref, CPU, self);
      take(ref);
    }
  };
  if (self !== map.ncpus) withLock(m, LOCK, self, body);
  else if (!tryWithLock(m, LOCK, self, body)) return BUSY;
  return n;
}

/**
 * Gives slots back: `next` yields one after the other, 0 when there are no more. The host does so in a later turn of
 * its event loop when the lock is not to be had now.
 */
export function slabGive(arena: Arena, self: number, next: () => number): void {
  const { m, map } = arena;
  const body = (): void => {
    for (let ref = next(); ref !== 0; ref = next()) {
      // A cpu may die between any two stores: the list is whole after each.
      st(m, ref, THREADQ, ld(m, 0, FREE));
      st(m, 0, FREE, ref);
      st(m, 0, FREE_COUNT, ld(m, 0, FREE_COUNT) + 1);
    }
  };
  if (self !== map.ncpus) withLock(m, LOCK, self, body);
  else if (!tryWithLock(m, LOCK, self, body)) setImmediate(slabGive, arena, self, next);
}

/**
 * Takes the slab's lock from a cpu that died with it. The list is whole after each store of its users, so only its
 * length may be wrong; a slot that was just being taken or given is lost.
 */
export function mendSlab(arena: Arena, dead: number): boolean {
  const { m, map } = arena;
  return breakLock(m, LOCK, dead, map.ncpus, () => {
    let n = 0;
    for (let ref = ld(m, 0, FREE); ref !== 0 && n < map.slots; ref = ld(m, ref, THREADQ)) n++;
    st(m, 0, FREE_COUNT, n);
  });
}
