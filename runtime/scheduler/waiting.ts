/**
 * Waiting for a synchronisation object: announce, try, sleep, and try again.
 *
 * ## Invariants
 *
 *   I1  A thread counts in the object's `waiters` for as long as it may sleep on it.
 *   I2  A thread that gives up wakes another one: the wake-up that it may have had is not lost.
 *
 * ## Ordering
 *
 *   A1  wait: counted in `waiters` and announced as a sleeper (both atomic), then the object is tried.
 *       Each file that releases has the other half, B1: the state is changed (atomic), then `waiters` is loaded, and
 *       sleepers are woken. One of the two sees the other: mutex.ts, pair B1.
 */
import { nowNs } from '../base/clock.ts';
import { LwktError } from '../base/errors.ts';
import { Sync } from '../shared-memory/layout/sync.ts';
import { addA } from '../shared-memory/word.ts';
import { disarm, done, type Step } from './blocking.ts';
import { cpu } from './globaldata.ts';
import { announce, dropSleeper, sleepOn, wakeFirst } from './tsleep.ts';

const { waiters: S_WAITERS } = Sync;

/** What threads wait for, and how. */
export interface Wanted {
  /** The object. */
  readonly ref: number;
  /** What they sleep on: minus a word offset, so that it is no program's number. */
  readonly ident: number;
  /** A code of wmesg.ts. */
  readonly wmesg: number;
  /** Counts a waiter; default in Sync.waiters. */
  readonly come?: () => void;
  /** Counts one waiter less; how many are left. */
  readonly go?: () => number;
}

/** What threads sleep on for an object; `which` tells several kinds of waiters apart. Context: any; never blocks. */
export function identOf(ref: number, which = 0): number {
  return -(ref + which);
}

/**
 * Tries until it succeeds or the time is over; sleeps between.
 *
 * Context: thread; blocks.
 *
 * @param attempt - takes the object if it can; told how often it was tried before
 * @returns whether it succeeded
 */
export function* waitUntil(
  { ref, ident, wmesg, come, go }: Wanted,
  timeoutMs: number,
  attempt: (tries: number) => boolean,
): Generator<unknown, boolean, unknown> {
  disarm();
  const { m } = cpu;
  const end = timeoutMs === Infinity ? Infinity : nowNs() + timeoutMs * 1e6;
  let got = false;
  if (come === undefined)
    addA(m, ref, S_WAITERS, 1); // A1
  else come();
  try {
    for (let tries = 0; ; tries++) {
      announce(ident);
      got = attempt(tries);
      if (got) break;
      const leftMs = end === Infinity ? Infinity : (end - nowNs()) / 1e6;
      if (leftMs <= 0) break;
      yield* sleepOn(wmesg, ident, leftMs);
    }
  } finally {
    dropSleeper(cpu.curthread);
    const left = go === undefined ? addA(m, ref, S_WAITERS, -1) - 1 : go();
    if (!got && left !== 0) wakeFirst(ident); // I2
  }
  return got;
}

const readyIterator = {
  [Symbol.iterator]: () => readyIterator,
  next(): Step<boolean> {
    disarm();
    return done(true);
  },
};

/** What a blocking function returns when it has what it wants at once. Context: thread; never blocks. */
export function ready(): typeof readyIterator {
  return readyIterator;
}

/** Checks a time limit. Context: any; never blocks. @throws LwktError ERR_LWKT_OPTION */
export function checkTimeout(what: string, timeoutMs: number): void {
  if (timeoutMs >= 0) return;
  throw new LwktError('ERR_LWKT_OPTION', `${what}: a timeout of ${String(timeoutMs)} ms; use 0 or more`);
}
