/**
 * A short mutual exclusion between cpus and host, for the slow paths of the arena's own tables.
 *
 * The word holds 0 free, 1 held, 2 held and somebody may sleep (Drepper, "Futexes Are Tricky", mutex 2). The
 * owner is kept beside it, so that a cpu that dies inside can be named. No user code runs while it is held.
 */

import { atomic, struct } from './struct.ts';
import { casA, pause, stA, xchgA, type Mem } from './word.ts';

export const Lock = struct('Lock', {
  state: atomic(),
  /** Cpu number + 1 of the holder. */
  owner: atomic(),
});

const { state: STATE, owner: OWNER } = Lock;

/** Spins before the first sleep. */
const SPINS = 100;

/** Runs `body` with the lock held. Never nests. */
export function withLock<T>(m: Mem, lock: number, self: number, body: () => T): T {
  acquire(m, lock);
  stA(m, lock, OWNER, self + 1);
  try {
    return body();
  } finally {
    stA(m, lock, OWNER, 0);
    if (xchgA(m, lock, STATE, 0) === 2) Atomics.notify(m as Int32Array<SharedArrayBuffer>, lock + STATE, 1);
  }
}

function acquire(m: Mem, lock: number): void {
  for (let i = 0; i < SPINS; i++) {
    if (casA(m, lock, STATE, 0, 1) === 0) return;
    pause();
  }
  while (xchgA(m, lock, STATE, 2) !== 0) {
    Atomics.wait(m as Int32Array<SharedArrayBuffer>, lock + STATE, 2);
  }
}
