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
import { withLock } from './lock.ts';
import { ld, st } from './word.ts';

const { slabLock: LOCK, slabFree: FREE, slabFreeCount: FREE_COUNT, slabFresh: FRESH } = Machine;
const { threadq: THREADQ, WORDS } = Thread;

/**
 * Takes up to `want` slots.
 *
 * @param self - corner that asks
 * @param take - called with the word offset of each, under the lock
 * @returns how many were taken; 0 when the slab is used up
 */
export function slabTake(arena: Arena, self: number, want: number, take: (ref: number) => void): number {
  const { m, map } = arena;
  return withLock(m, LOCK, self, () => {
    let n = 0;
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
      take(ref);
    }
    return n;
  });
}

/** Gives slots back: `next` yields one after the other, 0 when there are no more. */
export function slabGive(arena: Arena, self: number, next: () => number): void {
  const { m } = arena;
  withLock(m, LOCK, self, () => {
    for (let ref = next(); ref !== 0; ref = next()) {
      st(m, ref, THREADQ, ld(m, 0, FREE));
      st(m, 0, FREE, ref);
      st(m, 0, FREE_COUNT, ld(m, 0, FREE_COUNT) + 1);
    }
  });
}
