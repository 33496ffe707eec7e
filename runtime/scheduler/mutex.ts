/**
 * Mutexes: held by a thread until it unlocks, also while it blocks. What a token is not: a token is lost by blocking.
 *
 * Owned by compare-and-swap, so no cpu has to be asked; a thread that waits sleeps, its cpu runs others.
 *
 * ## Invariants
 *
 *   I1  `state` is the holder's handle, or minus a cpu + 1 that mends it, or 0. From 0 anybody takes it; from a holder only that one moves it.
 *   I2  Who has slept and come too late asks to be next; the next unlock then hands the mutex over to it, so that a
 *       waiter loses to newcomers a bounded number of times.
 *   I3  A waiter that asked to be next leaves only by taking its wish back, or with the mutex.
 *
 * ## Ordering
 *
 *   B1  unlock: `state` is stored as 0 (atomic), then `waiters` is loaded. The waiter's half is in waiting.ts, A1.
 *   A2  hand over: the wish is taken (its sign changes, by compare-and-swap), then `state` is stored.
 *   B2  leave: the wish is taken back by compare-and-swap; whoever comes second finds it taken, and so the waiter
 *       knows that the mutex is coming. The waiter clears what was taken.
 *
 *   A cpu may die with a mutex, or between A2's two stores. Whoever waits finds the lost holder, puts its own mark in its
 *   place (by compare-and-swap, so one does), poisons the mutex and releases it; that ends a handing over too.
 *
 * ## Rejected
 *
 *   First come first served for all: every unlock is then a switch or an IPI, however short the sections.
 *
 * Seed: the wish for tokens that act like mutexes, in front of lwkt_gettoken. Source: the handoff of Linux
 * kernel/locking/mutex.c.
 */
import type { Mutex, ThreadRef } from '../base/ids.ts';
import { wmesgCode } from '../base/wmesg.ts';
import * as syncLayoutModule from '../shared-memory/layout/sync.ts';
import * as wordModule from '../shared-memory/word.ts';
import type { Blocking } from './blocking.ts';
import * as blockingModule from './blocking.ts';
import { hasDied, isLost } from './dead.ts';
import * as globaldataModule from './globaldata.ts';
import * as syncObjectModule from './sync-object.ts';
import * as threadModule from './thread.ts';
import { rouse, wakeFirst } from './tsleep.ts';
import { untimely } from './untimely.ts';
import * as waitingModule from './waiting.ts';

// An import is read through its module's cell at every use; a constant of this file is folded into the code.
const { Sync } = syncLayoutModule;
const { casA, count, ld, ldA, ldHint, pause, stA } = wordModule;
const { arm, disarm, readyWith } = blockingModule;
const { counterField, cpu } = globaldataModule;
const {
  heldAlready,
  hold,
  isPoisoned,
  isSync,
  makeSync,
  notHolder,
  notSync,
  poisonedError,
  requireThread,
  setPoisoned,
  syncCode,
  unhold,
} = syncObjectModule;
const { handleOf } = threadModule;
const { checkTimeout, identOf, ready, waitUntil } = waitingModule;

const { state: S_STATE, waiters: S_WAITERS, next: S_NEXT, poisoned: S_POISONED } = Sync;
const MUTEX = syncCode('mutex');
const WMESG_MUTEX = wmesgCode('mutex');
const CONTENTION = counterField('lwkt.mutex_contention');

/** How to lock. */
export interface LockOptions {
  /** Longest wait in milliseconds; default no limit. */
  readonly timeoutMs?: number;
  /** Take it also when its last holder ended without unlocking it, and clear that mark. */
  readonly poisoned?: boolean;
}

const PLAIN: LockOptions = {};

/**
 * The mutex of a name, or a new one without.
 *
 * Context: boot | thread; never blocks.
 *
 * @param name - 1 to 1024 bytes; without one, end it with destroy()
 * @throws LwktError ERR_LWKT_SYMBOL, ERR_LWKT_MEMORY; ERR_LWKT_MESSAGES for one without a name
 */
export function mutex(name?: string): Mutex {
  return makeSync('mutex', name);
}

function take(mu: Mutex): boolean {
  if (casA(cpu.m, mu, S_STATE, 0, handleOf(cpu.curthread)) !== 0) return false;
  hold(mu);
  return true;
}

function* lockSlow(mu: Mutex, timeoutMs: number, poisoned: boolean): Generator<unknown, boolean, unknown> {
  const { m } = cpu;
  const me: number = handleOf(cpu.curthread);
  count(m, cpu.gd, CONTENTION);
  let asked = false;
  let finished = false;
  let got = false;
  const attempt = (tries: number): boolean => {
    bereave(mu);
    if (ldA(m, mu, S_STATE) === me || casA(m, mu, S_STATE, 0, me) === 0) return true;
    if (tries === 0 || asked) return false;
    // Too late once: be the next (I2). It may have become free just before.
    asked = casA(m, mu, S_NEXT, 0, me) === 0;
    return asked && casA(m, mu, S_STATE, 0, me) === 0;
  };
  try {
    got = yield* waitUntil({ ref: mu, ident: identOf(mu), wmesg: WMESG_MUTEX }, timeoutMs, attempt);
    finished = true;
  } finally {
    const next = asked ? casA(m, mu, S_NEXT, me, 0) : me; // B2
    if (next !== me) {
      // An unlock has taken the wish: the mutex is this thread's, or will be in a moment.
      while (ldA(m, mu, S_STATE) !== me) {
        bereave(mu);
        pause();
      }
      got = true;
    }
    casA(m, mu, S_NEXT, -me, 0);
    // Killed, and it has come all the same: on to the next.
    if (!finished && got) release(mu);
  }
  if (got) hold(mu);
  if (got && !poisoned) refusePoisoned(mu);
  return got;
}

function refusePoisoned(mu: Mutex): void {
  if (!isPoisoned(mu)) return;
  unhold(mu, cpu.curthread);
  release(mu);
  throw poisonedError('mutexLock()', 'mutex');
}

/**
 * Locks a mutex. Other threads of the cpu run while it waits.
 *
 * Context: thread; blocks.
 *
 * @param mu - from mutex()
 * @returns true when it is locked, false when the time was over
 * @throws LwktError ERR_LWKT_CONTEXT when the thread holds it already; ERR_LWKT_POISONED when its last holder ended
 *   without unlocking it; ERR_LWKT_OPTION for what is no mutex
 */
export function mutexLock(mu: Mutex, options: LockOptions = PLAIN): Blocking<boolean> {
  if (cpu.untimely) return untimely(() => mutexLock(mu, options));
  if (!isSync(mu, MUTEX)) throw notSync('mutexLock()', 'mutex', mu);
  if (options !== PLAIN) checkTimeout('mutexLock()', options.timeoutMs ?? Infinity);
  arm('mutexLock()');
  if (take(mu)) {
    if (ld(cpu.m, mu, S_POISONED) !== 0) acceptOrRefuse(mu, options);
    return ready();
  }
  const { timeoutMs = Infinity, poisoned = false } = options;
  return lockChecked(mu, timeoutMs, poisoned);
}

function acceptOrRefuse(mu: Mutex, { poisoned = false }: LockOptions): void {
  if (poisoned) {
    setPoisoned(mu, false);
    return;
  }
  disarm();
  refusePoisoned(mu);
}

function lockChecked(mu: Mutex, timeoutMs: number, poisoned: boolean): Blocking<boolean> {
  disarm();
  if (holdsMutex(mu)) throw heldAlready('mutexLock()', 'mutex');
  arm('mutexLock()');
  return lockAndClear(mu, timeoutMs, poisoned);
}

function* lockAndClear(
  mu: Mutex,
  timeoutMs: number,
  poisoned: boolean,
): Generator<unknown, boolean, unknown> {
  const got = yield* lockSlow(mu, timeoutMs, poisoned);
  if (got && poisoned) setPoisoned(mu, false);
  return got;
}

/**
 * Locks again what a condition unlocked, poisoned or not. In a clean-up (thread.ts), so that no kill cuts it short, and the
 * thread's finally blocks find the mutex locked.
 *
 * Context: thread; blocks.
 */
export function* relock(mu: Mutex): Generator<unknown, void, unknown> {
  if (!take(mu)) yield* lockSlow(mu, Infinity, true);
}

/**
 * Locks a mutex if that needs no waiting.
 *
 * Context: thread; never blocks.
 *
 * @returns whether it is locked now
 * @throws LwktError ERR_LWKT_POISONED, ERR_LWKT_OPTION; ERR_LWKT_CONTEXT outside a thread
 */
export function mutexTryLock(mu: Mutex, options: LockOptions = PLAIN): boolean {
  if (!isSync(mu, MUTEX)) throw notSync('mutexTryLock()', 'mutex', mu);
  requireThread('mutexTryLock()');
  if (!take(mu)) {
    bereave(mu);
    if (!take(mu)) return false;
  }
  if (!isPoisoned(mu)) return true;
  if (options.poisoned === true) setPoisoned(mu, false);
  else refusePoisoned(mu);
  return true;
}

/**
 * Unlocks a mutex, and hands it over or wakes a waiter.
 *
 * Context: thread; never blocks.
 *
 * @throws LwktError ERR_LWKT_CONTEXT when the current thread does not hold it; ERR_LWKT_OPTION for what is no mutex
 */
export function mutexUnlock(mu: Mutex): void {
  if (!holdsMutex(mu)) {
    if (!isSync(mu, MUTEX)) throw notSync('mutexUnlock()', 'mutex', mu);
    throw notHolder('mutexUnlock()', 'mutex', ldHint(cpu.m, mu, S_STATE));
  }
  unhold(mu, cpu.curthread);
  release(mu);
}

/** True when the current thread holds a mutex. Context: thread; never blocks. */
export function holdsMutex(mu: Mutex): boolean {
  return isSync(mu, MUTEX) && ldHint(cpu.m, mu, S_STATE) === handleOf(cpu.curthread);
}

function release(mu: Mutex): void {
  const { m } = cpu;
  const next = ldHint(m, mu, S_NEXT);
  if (next !== 0 && handOver(mu)) return;
  stA(m, mu, S_STATE, 0); // B1
  if (ldA(m, mu, S_WAITERS) !== 0) wakeFirst(identOf(mu));
}

/** Hands over to the one that is to be next, if there is one that lives. */
function handOver(mu: Mutex): boolean {
  const { m } = cpu;
  for (;;) {
    const next = ldA(m, mu, S_NEXT);
    if (next === 0) return false;
    // Below zero: the holder before died when it had taken the wish.
    const to = Math.abs(next);
    if (isLost(to)) {
      casA(m, mu, S_NEXT, next, 0);
      continue;
    }
    if (next > 0 && casA(m, mu, S_NEXT, next, -next) !== next) continue;
    stA(m, mu, S_STATE, to); // A2
    rouse(to, identOf(mu));
    return true;
  }
}

/** Takes the mutex from a holder that died with its cpu, and releases it. */
function bereave(mu: Mutex): void {
  const { m, id } = cpu;
  const holder = ldA(m, mu, S_STATE);
  if (holder === 0 || !(holder < 0 ? hasDied(-holder - 1) : isLost(holder))) return;
  if (casA(m, mu, S_STATE, holder, -(id + 1)) !== holder) return;
  setPoisoned(mu, true);
  release(mu);
}

/** A thread ended with a mutex in hand: the next one who wants it is told. Context: thread | idle; never blocks. */
export function abandonMutex(mu: Mutex, td: ThreadRef): void {
  unhold(mu, td);
  setPoisoned(mu, true);
  release(mu);
}

/** A locked mutex; unlocks at the end of the block. */
class Locked implements Disposable {
  readonly #mu: Mutex;

  constructor(mu: Mutex) {
    this.#mu = mu;
  }

  [Symbol.dispose](): void {
    mutexUnlock(this.#mu);
  }
}

function* lockedBody(mu: Mutex): Generator<unknown, Disposable, unknown> {
  disarm();
  yield* mutexLock(mu);
  return new Locked(mu);
}

/**
 * Locks a mutex for the rest of the block: `using _ = yield* locked(mu)`.
 *
 * Context: thread; blocks.
 *
 * @throws LwktError as mutexLock()
 */
export function locked(mu: Mutex): Blocking<Disposable> {
  arm('locked()');
  if (cpu.untimely || !isSync(mu, MUTEX) || isPoisoned(mu) || !take(mu)) return lockedBody(mu);
  return readyWith(new Locked(mu));
}
