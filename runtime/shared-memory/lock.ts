/**
 * A short mutual exclusion between cpus and host, for the slow paths of the arena's own tables. No user code runs
 * while it is held, and it never nests.
 *
 * ## Words
 *
 *   state   written by all   atomic   0 free; else the holder's corner + 1, and a bit when somebody may sleep
 *
 * The holder is in the word that is taken: a cpu that dies between any two instructions either has not got the lock or
 * is named by it. So the host can break what a dead cpu holds, after mending what the lock guards (`breakLock`).
 *
 * The host never sleeps here: the holder might be a cpu that is dead, and only the host's event loop can learn that.
 *
 * Source: Drepper, "Futexes Are Tricky", mutex 2; the robust futexes of Linux.
 */

import { atomic, struct } from './struct.ts';
import { casA, ldA, pause, xchgA, type Mem } from './word.ts';

export const Lock = struct('Lock', {
  /** Corner + 1 of the holder, with SLEEPERS when somebody may sleep. */
  state: atomic(),
});

const { state: STATE } = Lock;

const SLEEPERS = 1 << 30;

/** Spins before the first sleep. */
const SPINS = 100;

/** Runs `body` with the lock held; waits for it. For cpus. */
export function withLock<T>(m: Mem, lock: number, self: number, body: () => T): T {
  acquire(m, lock, self + 1);
  return run(m, lock, body);
}

/**
 * Runs `body` with the lock held, if that can be had without sleeping. For the host.
 *
 * @returns false when another corner has it: try again in a later turn of the event loop
 */
export function tryWithLock(m: Mem, lock: number, self: number, body: () => void): boolean {
  if (!spinFor(m, lock, self + 1)) return false;
  run(m, lock, body);
  return true;
}

function run<T>(m: Mem, lock: number, body: () => T): T {
  try {
    return body();
  } finally {
    release(m, lock);
  }
}

function spinFor(m: Mem, lock: number, me: number): boolean {
  for (let i = 0; i < SPINS; i++) {
    if (casA(m, lock, STATE, 0, me) === 0) return true;
    pause();
  }
  return false;
}

function acquire(m: Mem, lock: number, me: number): void {
  if (spinFor(m, lock, me)) return;
  for (;;) {
    const now = ldA(m, lock, STATE);
    if (now === 0) {
      // Others may sleep still: whoever releases next must look.
      if (casA(m, lock, STATE, 0, me | SLEEPERS) === 0) return;
    } else if ((now & SLEEPERS) !== 0 || casA(m, lock, STATE, now, now | SLEEPERS) === now) {
      Atomics.wait(m as Int32Array<SharedArrayBuffer>, lock + STATE, now | SLEEPERS);
    }
  }
}

function release(m: Mem, lock: number): void {
  if ((xchgA(m, lock, STATE, 0) & SLEEPERS) !== 0) {
    Atomics.notify(m as Int32Array<SharedArrayBuffer>, lock + STATE, 1);
  }
}

/**
 * Takes a lock from a cpu that died with it, mends what it guards, and lets it go.
 *
 * @param dead - the cpu
 * @param self - the host's corner
 * @param mend - runs with the lock held
 * @returns whether the dead cpu had it
 */
export function breakLock(m: Mem, lock: number, dead: number, self: number, mend: () => void): boolean {
  for (;;) {
    const now = ldA(m, lock, STATE);
    if ((now & ~SLEEPERS) !== dead + 1) return false;
    if (casA(m, lock, STATE, now, (self + 1) | (now & SLEEPERS)) === now) break;
  }
  run(m, lock, mend);
  return true;
}
