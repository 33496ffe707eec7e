/**
 * A cpu's doorbell: one word that says why it should look up, and that it sleeps on.
 *
 * Whoever wants a cpu's attention sets a bit in its bell. A cpu that computes looks at the word with one plain load; a
 * cpu that sleeps has the ASLEEP bit there, and only then does the ringer pay for a notify; an idle cpu that is awake
 * has the POLLING bit there and looks at its rings themselves, so that who sends an IPI only reads the word: no line
 * but the record's moves.
 *
 * ## Words
 *
 *   word   written by        mode     meaning
 *   bell   ringers, target   atomic   pending bits; ASLEEP while the target sleeps on it; POLLING while it polls
 *
 * ## Ordering
 *
 *   A1  ring: the work is published (ring slot, state word) before its bit is set (atomic or).
 *   B1  answer: the bits are taken (atomic exchange) before the work is looked for.
 *       Who takes a bit sees the work. A bit found set is not set again: the target has yet to take it.
 *   A2  sleep: ASLEEP is stored only over a bell of zero (compare-and-swap), then the wait begins on ASLEEP.
 *   B2  ring: the old value returned by the or tells of ASLEEP; the bell no longer equals ASLEEP, so a wait
 *       that begins after the or returns at once, and one that began before is notified.
 *   A3  ring for an IPI: the record is published (atomic store), then the bell is loaded (atomic); POLLING there, or
 *       the own bit, ends the matter.
 *   B3  answer: POLLING is taken off (atomic exchange), then every ring is looked at (atomic loads).
 *       One of the two sees the other: a sender that found POLLING had published before the exchange, so the look
 *       behind the exchange finds the record; one that loads after it finds no POLLING, and sets its bit.
 *
 * ## Rejected
 *
 *   A separate sleep flag, or polling flag: one more atomic on every ring, and a second Dekker pair to argue about.
 *   Notify always: 25 ns when nobody waits, 8 to 12 µs when somebody does, on every IPI.
 *   Setting the bit of an idle cpu that is awake: three more transfers of the bell's line for each IPI.
 */

import type { Atomic } from './struct.ts';
import type { Mem } from './word.ts';
import * as wordModule from './word.ts';

// An import is read through its module's cell at every use; a constant of this file is folded into the code.
const { casA, ldA, ldHint, orA, xchgA } = wordModule;

/** The target sleeps on its bell. */
export const BELL_ASLEEP = 1 << 31;
/** The machine's state changed: halt or panic. */
export const BELL_STATE = 1 << 30;
/** A control message waits on the cpu's port. */
export const BELL_CONTROL = 1 << 29;
/** The MP lock was released and this cpu had asked for it. */
export const BELL_MPLOCK = 1 << 28;
/** The host has seen no look at the clock for a while: time has passed that the cpu may not have noticed. */
export const BELL_CLOCK = 1 << 26;
/** The host has written to its ring. */
export const BELL_HOST = 1 << 27;
/** The target is idle and looks at its rings by itself. */
export const BELL_POLLING = 1 << 25;
/** Bits that name sources of IPIs: source n rings bit n mod 24. */
export const BELL_SOURCES = 24;
export const BELL_IPI = (1 << BELL_SOURCES) - 1;

const BELL = 0 as Atomic;

/** The bit of an IPI source. Beyond 24 cpus a bit stands for several sources, told apart by their rings. */
export function sourceBit(source: number): number {
  return 1 << (source % BELL_SOURCES);
}

/**
 * Sets `bits` in a bell and wakes its cpu if it sleeps.
 *
 * @param bell - word offset of the bell
 * @returns true if the cpu slept and was notified
 */
export function ringBell(m: Mem, bell: number, bits: number): boolean {
  if ((ldA(m, bell, BELL) & bits) === bits) return false;
  return setBits(m, bell, bits);
}

function setBits(m: Mem, bell: number, bits: number): boolean {
  const old = orA(m, bell, BELL, bits); // A1
  if ((old & BELL_ASLEEP) === 0) return false;
  Atomics.notify(m as Int32Array<SharedArrayBuffer>, bell); // B2
  return true;
}

/**
 * Like {@link ringBell} for a record on a ring, which a target that polls finds by itself.
 *
 * @param bit - of the source
 * @returns true if the cpu slept and was notified
 */
export function ringBellForIpi(m: Mem, bell: number, bit: number): boolean {
  if ((ldA(m, bell, BELL) & (bit | BELL_POLLING)) !== 0) return false; // A3
  return setBits(m, bell, bit);
}

/** Says that this cpu looks at its rings from now on; false when its bell is rung already. */
export function startPolling(m: Mem, bell: number): boolean {
  return casA(m, bell, BELL, 0, BELL_POLLING) === 0;
}

/** True as long as nothing else is in one's own bell; a plain look. */
export function stillPolling(m: Mem, bell: number): boolean {
  return ldHint(m, bell, BELL) === BELL_POLLING;
}

/** Takes all bits of one's own bell; with POLLING among them every ring is to be looked at. */
export function answerBell(m: Mem, bell: number): number {
  return xchgA(m, bell, BELL, 0) & ~BELL_ASLEEP; // B1, B3
}

/** True when something waits; an atomic look. */
export function bellPending(m: Mem, bell: number): boolean {
  return ldA(m, bell, BELL) !== 0;
}

/**
 * Sleeps on one's own bell until it is rung or the time is over; returns at once when it is already rung.
 *
 * @param timeoutMs - milliseconds, Infinity for no limit
 */
export function sleepOnBell(m: Mem, bell: number, timeoutMs: number): void {
  if (casA(m, bell, BELL, 0, BELL_ASLEEP) !== 0) return; // A2
  Atomics.wait(m as Int32Array<SharedArrayBuffer>, bell, BELL_ASLEEP, timeoutMs);
  casA(m, bell, BELL, BELL_ASLEEP, 0);
}

/**
 * Like {@link sleepOnBell}, for a cpu or host that must keep its event loop turning.
 *
 * @returns a promise that settles when the bell is rung or the time is over, or undefined if it is rung already.
 *   End the sleep with {@link endSleep} when something else ended it first.
 */
export function sleepOnBellAsync(m: Mem, bell: number, timeoutMs: number): Promise<unknown> | undefined {
  if (casA(m, bell, BELL, 0, BELL_ASLEEP) !== 0) return undefined; // A2
  const words = m as Int32Array<SharedArrayBuffer>;
  const wait = Atomics.waitAsync(words, bell, BELL_ASLEEP, timeoutMs);
  return wait.async ? wait.value : undefined;
}

/** Clears ASLEEP after an asynchronous sleep and releases its waiter. */
export function endSleep(m: Mem, bell: number): void {
  if (casA(m, bell, BELL, BELL_ASLEEP, 0) === BELL_ASLEEP) {
    Atomics.notify(m as Int32Array<SharedArrayBuffer>, bell);
  }
}
