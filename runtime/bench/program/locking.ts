/** Tokens, the MP lock and the synchronisation objects: taken alone, and fought over by all cpus. */
import {
  getMplock,
  join,
  kthread,
  locked,
  lwktGetToken,
  lwktRelToken,
  lwktYield,
  mutex,
  mutexLock,
  mutexUnlock,
  relMplock,
  rwlock,
  rwlockRead,
  rwlockUnlock,
  rwlockWrite,
  safepoint,
  semaphore,
  semaphorePost,
  semaphoreWait,
  shared,
  sleep,
  spawn,
  spinLock,
  spinlock,
  spinUnlock,
  token,
} from '../../lwkt.ts';
import { SECTION, type Fight, type Fought, type LockName } from '../plan/fight.ts';
import { expect, perOne } from './stopwatch.ts';

const tok = token('bench');
const mu = mutex('bench');
const spin = spinlock('bench');
const sem = semaphore(1, 'bench');
const rw = rwlock('bench');
const value = shared.i32('bench value', 1);
const stop = shared.i32('bench stop', 1);
const sections = shared.f64('bench sections', 64);

type Body = Generator<unknown, void, unknown>;

/**
 * Takes and releases a lock `n` times. One loop for each, since a loop over functions would measure calls of
 * functions.
 */
const ALONE: Readonly<Record<LockName, (n: number) => Body>> = {
  *token(n) {
    for (let i = 0; i < n; i++) {
      yield* lwktGetToken(tok);
      value[0] = i;
      lwktRelToken(tok);
    }
  },
  *mplock(n) {
    for (let i = 0; i < n; i++) {
      yield* getMplock();
      value[0] = i;
      relMplock();
    }
  },
  *mutex(n) {
    for (let i = 0; i < n; i++) {
      yield* mutexLock(mu);
      value[0] = i;
      mutexUnlock(mu);
    }
  },
  *guard(n) {
    for (let i = 0; i < n; i++) {
      using _ = yield* locked(mu);
      value[0] = i;
    }
  },
  *spinlock(n) {
    for (let i = 0; i < n; i++) {
      yield* spinLock(spin);
      value[0] = i;
      spinUnlock(spin);
    }
  },
  *semaphore(n) {
    for (let i = 0; i < n; i++) {
      yield* semaphoreWait(sem);
      value[0] = i;
      semaphorePost(sem);
    }
  },
  *'rwlock-read'(n) {
    for (let i = 0; i < n; i++) {
      yield* rwlockRead(rw);
      value[0] = i;
      rwlockUnlock(rw);
    }
  },
  *'rwlock-write'(n) {
    for (let i = 0; i < n; i++) {
      yield* rwlockWrite(rw);
      value[0] = i;
      rwlockUnlock(rw);
    }
  },
};

/** One lock by one thread: take, one store, release. */
export const lockAlone = kthread(function* benchLockAlone(lock: LockName, total: number) {
  const start = performance.now();
  yield* ALONE[lock](total);
  const took = perOne(start, total);
  expect('the last store', value[0] ?? NaN, total - 1);
  return took;
});

function section(): void {
  for (let i = 0; i < SECTION; i++) value[0] += 1;
}

/** Whose result the optimiser must not drop. */
let spent = 0;

function think(increments: number): void {
  for (let i = 0; i < increments; i++) spent = (spent + i) | 0;
}

/** Sections until told to stop; how many. A plain look at the word will do: the calls between make it be read again. */
const FIGHTS: Readonly<Partial<Record<LockName, (pause: number) => Generator<unknown, number, unknown>>>> = {
  *token(pause) {
    let n = 0;
    for (; stop[0] === 0; n++) {
      yield* lwktGetToken(tok);
      section();
      lwktRelToken(tok);
      think(pause);
      if (safepoint()) yield* lwktYield();
    }
    return n;
  },
  *mplock(pause) {
    let n = 0;
    for (; stop[0] === 0; n++) {
      yield* getMplock();
      section();
      relMplock();
      think(pause);
      if (safepoint()) yield* lwktYield();
    }
    return n;
  },
  *mutex(pause) {
    let n = 0;
    for (; stop[0] === 0; n++) {
      yield* mutexLock(mu);
      section();
      mutexUnlock(mu);
      think(pause);
      if (safepoint()) yield* lwktYield();
    }
    return n;
  },
};

const fighter = kthread(function* benchFighter(lock: LockName, pause: number, index: number) {
  const body = FIGHTS[lock];
  if (body === undefined) throw new Error(`nobody fights over a ${lock}`);
  sections[index] = yield* body(pause);
});

/** A thread of each cpu takes one lock for sections of some 50 ns; nanoseconds a section, all together. */
export const fight = kthread(function* benchFight({ lock, cpus, ms, pause }: Fight) {
  stop[0] = 0;
  value[0] = 0;
  const start = performance.now();
  const all = Array.from({ length: cpus }, (_, cpu) => spawn(fighter, [lock, pause, cpu], { cpu }));
  yield* sleep(ms);
  stop[0] = 1;
  for (const td of all) yield* join(td);
  const took = performance.now() - start;
  const counts = sections.subarray(0, cpus);
  const total = counts.reduce((sum, n) => sum + n, 0);
  expect('increments', value[0] ?? NaN, (total * SECTION) | 0);
  const fought: Fought = { ns: (took * 1e6) / total, fairness: Math.min(...counts) / Math.max(...counts) };
  return fought;
});

/** Takes and releases each of `n` tokens in turn, `total` times in all. */
export const tokensInTurn = kthread(function* benchTokensInTurn(n: number, total: number) {
  const all = Array.from({ length: n }, (_, i) => token(`bench ${i}`));
  const rounds = Math.ceil(total / n);
  let taken = 0;
  for (const one of all) {
    yield* lwktGetToken(one);
    lwktRelToken(one);
  }
  const start = performance.now();
  for (let round = 0; round < rounds; round++) {
    for (const one of all) {
      yield* lwktGetToken(one);
      taken++;
      lwktRelToken(one);
    }
  }
  const took = perOne(start, taken);
  expect('tokens taken', taken, rounds * n);
  return took;
});

/** The same once, without having had any before: wherever they were. */
export const tokensOnce = kthread(function* benchTokensOnce(n: number) {
  const all = Array.from({ length: n }, (_, i) => token(`bench ${i}`));
  const start = performance.now();
  for (const one of all) {
    yield* lwktGetToken(one);
    lwktRelToken(one);
  }
  return perOne(start, n);
});
