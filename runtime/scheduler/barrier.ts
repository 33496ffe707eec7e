/**
 * Barriers: threads wait until so many have come, again and again.
 *
 * ## Words
 *
 *   state   the round in the upper 16 bits, how many have come in the lower ones
 *
 * ## Ordering
 *
 *   B1  last: the round is bumped (atomic), then all are woken. The waiter's half is in waiting.ts, A1.
 *
 * Source: POSIX pthread_barrier_wait.
 */
import { LwktError } from '../base/errors.ts';
import type { Barrier } from '../base/ids.ts';
import { wmesgCode } from '../base/wmesg.ts';
import { Sync } from '../shared-memory/layout/sync.ts';
import { casA, ldA } from '../shared-memory/word.ts';
import { arm, disarm, type Blocking } from './blocking.ts';
import { cpu } from './globaldata.ts';
import { isSync, makeSync, notSync, syncCode } from './sync-object.ts';
import { wakeAll } from './tsleep.ts';
import { untimely } from './untimely.ts';
import { identOf, waitUntil } from './waiting.ts';

const { state: S_STATE, extra: S_EXTRA } = Sync;
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

/** Counts the thread; the round that it came in, and whether it is the last. */
function come(b: Barrier): { round: number; last: boolean } {
  const { m } = cpu;
  const parties = ldA(m, b, S_EXTRA);
  for (;;) {
    const now = ldA(m, b, S_STATE);
    const round = roundOf(now);
    const last = cameOf(now) + 1 === parties;
    const then = last ? ((round + 1) << 16) | 0 : now + 1;
    if (casA(m, b, S_STATE, now, then) === now) return { round, last }; // B1
  }
}

/** A killed thread has not come after all, if its round is not over. */
function leave(b: Barrier, round: number): void {
  const { m } = cpu;
  for (;;) {
    const now = ldA(m, b, S_STATE);
    if (roundOf(now) !== round || casA(m, b, S_STATE, now, now - 1) === now) return;
  }
}

function* waitBody(b: Barrier): Generator<unknown, boolean, unknown> {
  disarm();
  const { m } = cpu;
  const { round, last } = come(b);
  if (last) {
    wakeAll(identOf(b));
    return true;
  }
  let over = false;
  try {
    over = yield* waitUntil(
      { ref: b, ident: identOf(b), wmesg: WMESG_BARRIER },
      Infinity,
      () => roundOf(ldA(m, b, S_STATE)) !== round,
    );
  } finally {
    if (!over) leave(b, round);
  }
  return false;
}

/**
 * Waits until all have come.
 *
 * Context: thread; blocks.
 *
 * @returns true for the one that came last
 * @throws LwktError ERR_LWKT_OPTION for what is no barrier
 */
export function barrierWait(b: Barrier): Blocking<boolean> {
  if (cpu.untimely) return untimely(() => barrierWait(b));
  if (!isSync(b, BARRIER)) throw notSync('barrierWait()', 'barrier', b);
  arm('barrierWait()');
  return waitBody(b);
}
