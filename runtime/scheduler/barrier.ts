/**
 * Barriers: threads wait until so many have come, again and again.
 *
 * ## Words
 *
 *   state   the round in the upper 16 bits, how many have come in the lower ones
 *   next    rounds that are over, in all 32 bits; bumped after the round in `state`
 *
 * ## Ordering
 *
 *   B1  last: the round is bumped (atomic), then all are woken. The waiter's half is in waiting.ts, A1.
 *
 * A thread that was woken may not run for so long that its round's number comes again, after 65,536 rounds. `next` tells:
 * while its round lasts, only those who ended earlier rounds may yet bump it, one for each cpu at most.
 *
 * Source: POSIX pthread_barrier_wait.
 */
import { LwktError } from '../base/errors.ts';
import type { Barrier } from '../base/ids.ts';
import { MAXCPU } from '../base/params.ts';
import { wmesgCode } from '../base/wmesg.ts';
import { Sync } from '../shared-memory/layout/sync.ts';
import { addA, casA, ldA } from '../shared-memory/word.ts';
import { arm, disarm, type Blocking } from './blocking.ts';
import { cpu } from './globaldata.ts';
import { isPoisoned, isSync, makeSync, notSync, syncCode } from './sync-object.ts';
import { wakeAll } from './tsleep.ts';
import { untimely } from './untimely.ts';
import { identOf, waitUntil } from './waiting.ts';

const { state: S_STATE, next: S_NEXT, extra: S_EXTRA } = Sync;
const BARRIER = syncCode('barrier');
const WMESG_BARRIER = wmesgCode('barrier');
/** Most threads of one barrier. */
const MOST = 0xffff;

/**
 * A barrier.
 *
 * Context: boot | thread; never blocks.
 *
 * @param parties - how many threads it waits for, 1 .. 65,535; the same wherever the name is used
 * @param name - without one, end it with destroy()
 * @throws LwktError ERR_LWKT_OPTION, ERR_LWKT_SYMBOL, ERR_LWKT_MEMORY, ERR_LWKT_MESSAGES
 */
export function barrier(parties: number, name?: string): Barrier {
  if (!Number.isInteger(parties) || parties < 1 || parties > MOST) {
    throw new LwktError(
      'ERR_LWKT_OPTION',
      `barrier(): ${String(parties)} is not a whole number of 1 .. ${MOST}`,
    );
  }
  return makeSync('barrier', name, 0, parties);
}

const roundOf = (state: number): number => state >>> 16;
const cameOf = (state: number): number => state & MOST;

/** How a thread came: in which round, after how many, and whether it was the last. */
interface Came {
  readonly round: number;
  readonly rounds: number;
  readonly last: boolean;
}

/** Counts the thread. */
function come(b: Barrier): Came {
  const { m } = cpu;
  const parties = ldA(m, b, S_EXTRA);
  const rounds = ldA(m, b, S_NEXT);
  for (;;) {
    const now = ldA(m, b, S_STATE);
    const round = roundOf(now);
    const last = cameOf(now) + 1 === parties;
    const then = last ? ((round + 1) << 16) | 0 : now + 1;
    if (casA(m, b, S_STATE, now, then) !== now) continue; // B1
    if (last) addA(m, b, S_NEXT, 1);
    return { round, rounds, last };
  }
}

/** True when the round that a thread came in is over. */
function isOver(b: Barrier, { round, rounds }: Came): boolean {
  const { m } = cpu;
  return roundOf(ldA(m, b, S_STATE)) !== round || ((ldA(m, b, S_NEXT) - rounds) | 0) > MAXCPU;
}

/** A killed thread has not come after all, if its round is not over. */
function leave(b: Barrier, came: Came): void {
  const { m } = cpu;
  for (;;) {
    const now = ldA(m, b, S_STATE);
    if (isOver(b, came) || casA(m, b, S_STATE, now, now - 1) === now) return;
  }
}

function broken(): LwktError {
  return new LwktError(
    'ERR_LWKT_POISONED',
    'barrierWait(): a cpu died with a thread that had come to this barrier, so it can never be complete: make another one',
  );
}

function* waitBody(b: Barrier): Generator<unknown, boolean, unknown> {
  disarm();
  if (isPoisoned(b)) throw broken();
  const came = come(b);
  if (came.last) {
    wakeAll(identOf(b));
    return true;
  }
  let over = false;
  try {
    over = yield* waitUntil(
      { ref: b, ident: identOf(b), wmesg: WMESG_BARRIER },
      Infinity,
      () => isOver(b, came) || isPoisoned(b),
    );
  } finally {
    if (!over) leave(b, came);
  }
  if (isPoisoned(b)) throw broken();
  return false;
}

/**
 * Waits until all have come.
 *
 * Context: thread; blocks.
 *
 * @returns true for the one that came last
 * @throws LwktError ERR_LWKT_OPTION for what is no barrier; ERR_LWKT_POISONED when a cpu died with one that had come
 */
export function barrierWait(b: Barrier): Blocking<boolean> {
  if (cpu.untimely) return untimely(() => barrierWait(b));
  if (!isSync(b, BARRIER)) throw notSync('barrierWait()', 'barrier', b);
  arm('barrierWait()');
  return waitBody(b);
}
