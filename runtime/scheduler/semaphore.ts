/**
 * Counting semaphores: units that are taken and given back, by whatever thread.
 *
 * ## Ordering
 *
 *   B1  post: the units are added (atomic), then `waiters` is loaded. The waiter's half is in waiting.ts, A1.
 *
 * Source: Dijkstra 1965; POSIX sem_wait.
 */
import { LwktError } from '../base/errors.ts';
import type { Semaphore } from '../base/ids.ts';
import { wmesgCode } from '../base/wmesg.ts';
import { Sync } from '../shared-memory/layout/sync.ts';
import { casA, ldA } from '../shared-memory/word.ts';
import { arm, disarm, type Blocking } from './blocking.ts';
import { cpu } from './globaldata.ts';
import { isSync, makeSync, notSync, requireThread, syncCode } from './sync-object.ts';
import { wakeAll, wakeFirst } from './tsleep.ts';
import { untimely } from './untimely.ts';
import { checkTimeout, identOf, ready, waitUntil } from './waiting.ts';

const { state: S_STATE, waiters: S_WAITERS } = Sync;
const SEMAPHORE = syncCode('semaphore');
const WMESG_SEMAPHORE = wmesgCode('semaphore');
/** Most units. */
const MOST = 0x3fff_ffff;

function checkUnits(what: string, n: number, least: number): void {
  if (Number.isInteger(n) && n >= least && n <= MOST) return;
  throw new LwktError(
    'ERR_LWKT_OPTION',
    `${what}: ${String(n)} is not a whole number of ${least} .. ${MOST}`,
  );
}

/**
 * A semaphore.
 *
 * Context: boot | thread; never blocks.
 *
 * @param units - how many it has at first; the same wherever the name is used
 * @param name - without one, end it with destroy()
 * @throws LwktError ERR_LWKT_OPTION, ERR_LWKT_SYMBOL, ERR_LWKT_MEMORY, ERR_LWKT_MESSAGES
 */
export function semaphore(units: number, name?: string): Semaphore {
  checkUnits('semaphore()', units, 0);
  return makeSync('semaphore', name, units);
}

function take(sem: Semaphore): boolean {
  const { m } = cpu;
  for (let units = ldA(m, sem, S_STATE); units > 0; units = ldA(m, sem, S_STATE)) {
    if (casA(m, sem, S_STATE, units, units - 1) === units) return true;
  }
  return false;
}

/**
 * Takes a unit; waits while there is none.
 *
 * Context: thread; blocks.
 *
 * @returns true when it has one, false when the time was over
 * @throws LwktError ERR_LWKT_OPTION for what is no semaphore, or a negative time
 */
export function semaphoreWait(sem: Semaphore, timeoutMs = Infinity): Blocking<boolean> {
  if (cpu.untimely) return untimely(() => semaphoreWait(sem, timeoutMs));
  if (!isSync(sem, SEMAPHORE)) throw notSync('semaphoreWait()', 'semaphore', sem);
  checkTimeout('semaphoreWait()', timeoutMs);
  arm('semaphoreWait()');
  if (take(sem)) return ready();
  return waitUntil({ ref: sem, ident: identOf(sem), wmesg: WMESG_SEMAPHORE }, timeoutMs, () => take(sem));
}

/** Takes a unit if there is one. Context: thread; never blocks. @throws LwktError ERR_LWKT_OPTION, ERR_LWKT_CONTEXT */
export function semaphoreTryWait(sem: Semaphore): boolean {
  if (!isSync(sem, SEMAPHORE)) throw notSync('semaphoreTryWait()', 'semaphore', sem);
  requireThread('semaphoreTryWait()');
  return take(sem);
}

/**
 * Gives units back, or adds new ones, and wakes as many threads.
 *
 * Context: thread | ipi | idle; never blocks.
 *
 * @param units - 1 or more
 * @throws LwktError ERR_LWKT_OPTION for what is no semaphore, or when it would have more than 1,073,741,823 units
 */
export function semaphorePost(sem: Semaphore, units = 1): void {
  if (!isSync(sem, SEMAPHORE)) throw notSync('semaphorePost()', 'semaphore', sem);
  checkUnits('semaphorePost()', units, 1);
  const { m } = cpu;
  for (;;) {
    const now = ldA(m, sem, S_STATE);
    if (now > MOST - units) {
      throw new LwktError(
        'ERR_LWKT_OPTION',
        `semaphorePost(): ${now} units and ${units} are more than ${MOST}`,
      );
    }
    if (casA(m, sem, S_STATE, now, now + units) === now) break; // B1
  }
  const waiting = ldA(m, sem, S_WAITERS);
  if (waiting === 0) return;
  if (units >= waiting) wakeAll(identOf(sem));
  else for (let i = 0; i < units; i++) wakeFirst(identOf(sem));
}

/** A unit in hand; given back at the end of the block. */
class Unit implements Disposable {
  readonly #sem: Semaphore;

  constructor(sem: Semaphore) {
    this.#sem = sem;
  }

  [Symbol.dispose](): void {
    semaphorePost(this.#sem);
  }
}

function* acquiredBody(sem: Semaphore): Generator<unknown, Disposable, unknown> {
  disarm();
  yield* semaphoreWait(sem);
  return new Unit(sem);
}

/** Takes a unit for the rest of the block: `using _ = yield* acquired(sem)`. Context: thread; blocks. */
export function acquired(sem: Semaphore): Blocking<Disposable> {
  arm('acquired()');
  return acquiredBody(sem);
}
