/**
 * Conditions: waiting, with a mutex unlocked meanwhile, until another thread says that something has changed.
 *
 * A wait ends by a signal, a broadcast or the time; and on a machine that outlives its cpus (`offline`) by the death
 * of any of them, since a signal may have died with it: then it counts as woken. What one waits for may have changed
 * again by the time the mutex is locked, so look again in any case.
 *
 * ## Ordering and words
 *
 *   B1  signal: the caller has changed what others wait for, under the mutex; then `waiters` is loaded. The waiter is
 *       counted and announced before it unlocks the mutex: waiting.ts, A1.
 *
 *   extra     its life: a number that no other condition without a name has had, 0 for one with a name. See tsleep.ts.
 *
 * Source: Hoare 1974, Mesa; POSIX pthread_cond_wait.
 */
import type { Condition, Mutex } from '../base/ids.ts';
import { wmesgCode } from '../base/wmesg.ts';
import { MAXCPU } from '../base/params.ts';
import { Sync } from '../shared-memory/layout/sync.ts';
import { addA, ldA, ldHint } from '../shared-memory/word.ts';
import { arm, disarm, type Blocking } from './blocking.ts';
import { cpu, requireCpu } from './globaldata.ts';
import { holdsMutex, mutexUnlock, relock } from './mutex.ts';
import { isSync, makeSync, notHolder, notSync, syncCode } from './sync-object.ts';
import { announce, dropSleeper, sleepOn, wakeAll, wakeFirst } from './tsleep.ts';
import { beginCleanup, endCleanup } from './thread.ts';
import { untimely } from './untimely.ts';
import { checkTimeout, identOf } from './waiting.ts';

const { extra: S_LIFE, state: S_STATE, waiters: S_WAITERS } = Sync;
const CONDITION = syncCode('condition');
const WMESG_CONDITION = wmesgCode('condition');

/**
 * A condition.
 *
 * Context: boot | thread; never blocks.
 *
 * @param name - without one, end it with destroy()
 * @throws LwktError ERR_LWKT_SYMBOL, ERR_LWKT_MEMORY, ERR_LWKT_MESSAGES
 */
export function condition(name?: string): Condition {
  const { id } = requireCpu('condition()');
  return makeSync('condition', name, 0, name === undefined ? (++lives * MAXCPU + id) | 0 : 0);
}

/** Conditions without a name that were made here. Per cpu. */
let lives = 0;

function lifeOf(cond: Condition): number {
  return ldHint(cpu.m, cond, S_LIFE);
}

function* waitBody(cond: Condition, mu: Mutex, timeoutMs: number): Generator<unknown, boolean, unknown> {
  disarm();
  const { m } = cpu;
  const ident = identOf(cond);
  const life = lifeOf(cond);
  let woken = false;
  let finished = false;
  addA(m, cond, S_WAITERS, 1);
  const sleep = announce(ident, life);
  mutexUnlock(mu);
  try {
    woken = yield* sleepOn(WMESG_CONDITION, ident, timeoutMs);
    finished = true;
  } finally {
    dropSleeper(cpu.curthread);
    addA(m, cond, S_WAITERS, -1);
    // Killed: a signal that it had is another one's.
    if (!finished && sleep.woken && ldA(m, cond, S_WAITERS) !== 0) wakeFirst(ident, life);
    const begun = beginCleanup();
    yield* relock(mu);
    endCleanup(begun);
  }
  return woken;
}

/**
 * Unlocks the mutex, waits for a signal, and locks it again.
 *
 * Context: thread; blocks.
 *
 * @param mu - held by the current thread
 * @param timeoutMs - longest wait for the signal; locking again may take longer
 * @returns true when it was woken, also by the death of a cpu; false when the time was over. The mutex is held either
 *   way.
 * @throws LwktError ERR_LWKT_CONTEXT when the thread does not hold the mutex; ERR_LWKT_OPTION
 */
export function conditionWait(cond: Condition, mu: Mutex, timeoutMs = Infinity): Blocking<boolean> {
  if (cpu.untimely) return untimely(() => conditionWait(cond, mu, timeoutMs));
  if (!isSync(cond, CONDITION)) throw notSync('conditionWait()', 'condition', cond);
  if (!holdsMutex(mu)) throw notHolder('conditionWait()', 'mutex', ldHint(cpu.m, mu, S_STATE));
  checkTimeout('conditionWait()', timeoutMs);
  arm('conditionWait()');
  return waitBody(cond, mu, timeoutMs);
}

/** Wakes one thread that waits. Context: thread | ipi | idle; never blocks. @throws LwktError ERR_LWKT_OPTION */
export function conditionSignal(cond: Condition): void {
  if (!isSync(cond, CONDITION)) throw notSync('conditionSignal()', 'condition', cond);
  if (ldA(cpu.m, cond, S_WAITERS) !== 0) wakeFirst(identOf(cond), lifeOf(cond)); // B1
}

/** Wakes all threads that wait. Context: thread | ipi | idle; never blocks. @throws LwktError ERR_LWKT_OPTION */
export function conditionBroadcast(cond: Condition): void {
  if (!isSync(cond, CONDITION)) throw notSync('conditionBroadcast()', 'condition', cond);
  if (ldA(cpu.m, cond, S_WAITERS) !== 0) wakeAll(identOf(cond), lifeOf(cond));
}
