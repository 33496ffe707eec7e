import test from 'ava';
import {
  acquired,
  barrier,
  barrierWait,
  condition,
  conditionBroadcast,
  conditionSignal,
  conditionWait,
  curthread,
  destroy,
  join,
  kill,
  locked,
  lwktSchedule,
  lwktYield,
  movePoint,
  mutex,
  mutexLock,
  mutexTryLock,
  mutexUnlock,
  once,
  onceRun,
  readLocked,
  rwlock,
  rwlockRead,
  rwlockTryRead,
  rwlockTryWrite,
  rwlockUnlock,
  rwlockWrite,
  semaphore,
  semaphorePost,
  semaphoreTryWait,
  semaphoreWait,
  sleep,
  spawn,
  spinLock,
  spinlock,
  spinTryLock,
  spinUnlock,
  writeLocked,
  type Blocking,
  type Td,
} from '../../runtime/lwkt.ts';
import { TDPRI_CRIT } from '../../runtime/base/params.ts';
import { cpu } from '../../runtime/scheduler/globaldata.ts';
import { refOf } from '../../runtime/scheduler/thread.ts';
import { wakeAll } from '../../runtime/scheduler/tsleep.ts';
import { identOf } from '../../runtime/scheduler/waiting.ts';
import { Machine } from '../../runtime/shared-memory/layout/machine.ts';
import { RWLOCK_READERS, Sync, SYNC_KINDS } from '../../runtime/shared-memory/layout/sync.ts';
import { Thread } from '../../runtime/shared-memory/layout/thread.ts';
import { ld, ldA, st, stA } from '../../runtime/shared-memory/word.ts';
import {
  bootOneCpu,
  checkLeaks,
  child,
  define,
  failure,
  giveWay,
  run,
  watchCounters,
} from '../helpers/one-cpu.ts';

bootOneCpu();
checkLeaks(test);
const { m } = cpu;
const RWLOCK = SYNC_KINDS.indexOf('rwlock');
const BARRIER = SYNC_KINDS.indexOf('barrier');
const log: unknown[] = [];
test.beforeEach(() => {
  log.length = 0;
});

/** What is left in an object when nobody uses it. */
function idle(ref: number): boolean {
  // `next` is the phase of an rwlock above its readers, and counts the rounds of a barrier.
  const kind = ldA(m, ref, Sync.kind);
  const next = ldA(m, ref, Sync.next) & (kind === RWLOCK ? RWLOCK_READERS : kind === BARRIER ? 0 : -1);
  return ldA(m, ref, Sync.waiters) === 0 && next === 0 && ld(m, ref, Sync.poisoned) === 0;
}

/** A thread that takes something, notes its number, and gives it back. */
function taker(n: unknown, take: () => Blocking<unknown>, give: () => void): Td {
  return child(function* takes() {
    const got = yield* take();
    log.push(n, got);
    give();
  });
}

// ---- all of them

test.serial('sync: an anonymous object is made and destroyed; a destroyed one is refused by all', (t) => {
  run(function* () {
    const used = ld(m, 0, Machine.messageUsed);
    const made = [mutex(), spinlock(), semaphore(1), condition(), barrier(2), once(), rwlock()] as const;
    t.is(new Set(made).size, 7);
    t.true(ld(m, 0, Machine.messageUsed) > used);
    for (const ref of made) destroy(ref);
    t.is(ld(m, 0, Machine.messageUsed), used);
    const [mu, spin, sem, cond, bar, on, rw] = made;
    for (const use of [
      () => mutexLock(mu),
      () => mutexTryLock(mu),
      () => mutexUnlock(mu),
      () => spinLock(spin),
      () => spinTryLock(spin),
      () => spinUnlock(spin),
      () => semaphoreWait(sem),
      () => semaphoreTryWait(sem),
      () => semaphorePost(sem),
      () => conditionSignal(cond),
      () => conditionBroadcast(cond),
      () => conditionWait(cond, mu),
      () => barrierWait(bar),
      () => onceRun(on, function* () {}),
      () => rwlockRead(rw),
      () => rwlockTryRead(rw),
      () => rwlockWrite(rw),
      () => rwlockTryWrite(rw),
      () => rwlockUnlock(rw),
      () => destroy(mu),
    ]) {
      t.throws(use, { code: 'ERR_LWKT_OPTION', message: /was destroyed, or never made|destroyed already/ });
    }
    yield* lwktYield();
  });
});

test.serial('sync: an object of another kind, and what is no number, are refused with what they are', (t) => {
  run(function* () {
    const sem = semaphore(1, 'a semaphore');
    t.throws(() => mutexLock(sem as number), {
      code: 'ERR_LWKT_OPTION',
      message: /is no mutex: it is a semaphore/,
    });
    t.throws(() => mutexLock('x' as never), { code: 'ERR_LWKT_OPTION' });
    t.throws(() => mutexLock(-1), { code: 'ERR_LWKT_OPTION' });
    t.throws(() => mutex(5 as never), { code: 'ERR_LWKT_SYMBOL' });
    yield* lwktYield();
  });
});

test.serial('sync: a name is one object, of one kind and shape', (t) => {
  run(function* () {
    t.is(mutex('shared'), mutex('shared'));
    const [asLock, asMutex]: number[] = [rwlock('shared'), mutex('shared')];
    t.not(asLock, asMutex);
    t.is(semaphore(3, 'three'), semaphore(3, 'three'));
    t.throws(() => semaphore(4, 'three'), { code: 'ERR_LWKT_SYMBOL' });
    barrier(2, 'two');
    t.throws(() => barrier(3, 'two'), { code: 'ERR_LWKT_SYMBOL' });
    t.throws(() => destroy(mutex('shared')), { code: 'ERR_LWKT_OPTION', message: /has a name/ });
    yield* lwktYield();
  });
});

test.serial('sync: what is held or waited for is not destroyed', (t) => {
  run(function* () {
    const mu = mutex();
    yield* mutexLock(mu);
    t.throws(() => destroy(mu), { code: 'ERR_LWKT_CONTEXT', message: /is held/ });
    mutexUnlock(mu);
    destroy(mu);
    const sem = semaphore(0);
    const td = taker(
      1,
      () => semaphoreWait(sem),
      () => {},
    );
    yield* lwktYield();
    t.throws(() => destroy(sem), { code: 'ERR_LWKT_CONTEXT', message: /waited for by 1 thread/ });
    semaphorePost(sem);
    yield* join(td);
    destroy(sem);
  });
});

// ---- mutex

test.serial('rwlock: one that was written under is destroyed; one with readers in wait is not', (t) => {
  run(function* () {
    const rw = rwlock();
    // An unlock of a writer begins a phase: its number shares the word of the waiting readers.
    yield* rwlockWrite(rw);
    rwlockUnlock(rw);
    yield* rwlockWrite(rw);
    const reader = child(function* reader() {
      yield* rwlockRead(rw);
      rwlockUnlock(rw);
    });
    yield* lwktYield();
    t.throws(() => destroy(rw), { code: 'ERR_LWKT_CONTEXT', message: /is held/ });
    rwlockUnlock(rw);
    // Invited, and not yet in.
    t.throws(() => destroy(rw), { code: 'ERR_LWKT_CONTEXT', message: /waited for by 1 thread/ });
    yield* join(reader);
    destroy(rw);
  });
});

test.serial('mutex smoke: held over a block; others wait, and get it in their order', (t) => {
  run(function* () {
    const mu = mutex('smoke');
    yield* mutexLock(mu);
    const threads = [1, 2, 3].map((n) =>
      taker(
        n,
        () => mutexLock(mu),
        () => mutexUnlock(mu),
      ),
    );
    yield* sleep(1);
    t.deepEqual(log, [], 'blocking does not lose it');
    t.is(ldA(m, mu, Sync.waiters), 3);
    mutexUnlock(mu);
    for (const td of threads) yield* join(td);
    t.deepEqual(log, [1, true, 2, true, 3, true]);
    t.true(idle(mu));
  });
});

test.serial('mutex: a waiter that came too late once is next; newcomers do not overtake it again', (t) => {
  run(function* () {
    const mu = mutex('handoff');
    const waits = taker(
      'waiter',
      () => mutexLock(mu),
      () => mutexUnlock(mu),
    );
    yield* mutexLock(mu);
    yield* lwktYield();
    // Free for a moment: the waiter is woken, and this thread is quicker.
    mutexUnlock(mu);
    yield* mutexLock(mu);
    yield* giveWay();
    t.deepEqual(log, [], 'overtaken once');
    t.not(ldA(m, mu, Sync.next), 0, 'asks to be next');
    mutexUnlock(mu);
    t.false(mutexTryLock(mu), 'handed over');
    yield* join(waits);
    t.deepEqual(log, ['waiter', true]);
    t.true(idle(mu));
  });
});

test.serial('mutex: a wake-up in vain waits on; the time ends the wait', (t) => {
  run(function* () {
    const mu = mutex('timed');
    yield* mutexLock(mu);
    const waits = taker(
      'timed',
      () => mutexLock(mu, { timeoutMs: 2 }),
      () => {},
    );
    yield* lwktYield();
    lwktSchedule(waits);
    yield* giveWay();
    t.deepEqual(log, []);
    yield* join(waits);
    t.deepEqual(log, ['timed', false]);
    t.true(idle(mu));
    mutexUnlock(mu);
    t.throws(() => mutexLock(mu, { timeoutMs: -1 }), { code: 'ERR_LWKT_OPTION' });
    yield* lwktYield();
  });
});

test.serial('mutex: locking twice, unlocking what another holds, are refused', (t) => {
  run(function* () {
    const mu = mutex('refuse');
    yield* mutexLock(mu);
    t.throws(() => mutexLock(mu), { code: 'ERR_LWKT_CONTEXT', message: /holds this mutex already/ });
    t.false(mutexTryLock(mu));
    const holder = curthread();
    const other = child(function* other() {
      mutexUnlock(mu);
      yield* lwktYield();
    });
    const error = yield* failure(other);
    t.is(error.code, 'ERR_LWKT_CONTEXT');
    t.regex(error.message, new RegExp(`does not hold this mutex: thread ${holder} does`));
    mutexUnlock(mu);
    t.throws(() => mutexUnlock(mu), { code: 'ERR_LWKT_CONTEXT', message: /nobody holds it/ });
  });
});

test.serial('mutex: a guard unlocks at the end of its block, also by an error', (t) => {
  run(function* () {
    const mu = mutex('guard');
    const td = child(function* fails() {
      using _ = yield* locked(mu);
      t.false(mutexTryLock(mu));
      yield* lwktYield();
      throw new Error('inside');
    });
    t.is((yield* failure(td)).message, 'inside');
    t.true(mutexTryLock(mu));
    mutexUnlock(mu);
  });
});

test.serial('mutex: a holder that ends leaves it poisoned; the next is told, and may take it', (t) => {
  run(function* () {
    const mu = mutex('poison');
    const td = child(function* holds() {
      yield* mutexLock(mu);
      yield* sleep(Infinity);
    });
    const waits = child(function* waits() {
      yield* mutexLock(mu);
    });
    yield* lwktYield();
    kill(td);
    yield* failure(td);
    t.is((yield* failure(waits)).code, 'ERR_LWKT_POISONED', 'the one who waits');
    t.throws(() => mutexTryLock(mu), { code: 'ERR_LWKT_POISONED' });
    t.is(
      (yield* failure(
        taker(
          1,
          () => mutexLock(mu),
          () => {},
        ),
      )).code,
      'ERR_LWKT_POISONED',
    );
    t.true(yield* mutexLock(mu, { poisoned: true }));
    mutexUnlock(mu);
    t.true(yield* mutexLock(mu), 'clean again');
    mutexUnlock(mu);
    t.true(idle(mu));
  });
});

test.serial('mutex: a thread that returns with one is told; a killed waiter leaves nothing', (t) => {
  run(function* () {
    const mu = mutex('untidy');
    const td = child(function* forgets() {
      yield* mutexLock(mu);
    });
    const error = yield* failure(td);
    t.is(error.code, 'ERR_LWKT_CONTEXT');
    t.regex(error.message, /a mutex, spinlock or rwlock in hand/);
    t.true(yield* mutexLock(mu, { poisoned: true }));
    const waits = taker(
      1,
      () => mutexLock(mu),
      () => mutexUnlock(mu),
    );
    yield* lwktYield();
    kill(waits);
    yield* failure(waits);
    t.true(idle(mu));
    mutexUnlock(mu);
  });
});

test.serial('mutex: a killed waiter that it was handed to passes it on', (t) => {
  run(function* () {
    const mu = mutex('handed to the dead');
    yield* mutexLock(mu);
    const first = taker(
      1,
      () => mutexLock(mu),
      () => mutexUnlock(mu),
    );
    const second = taker(
      2,
      () => mutexLock(mu),
      () => mutexUnlock(mu),
    );
    yield* lwktYield();
    mutexUnlock(mu);
    yield* mutexLock(mu);
    yield* giveWay();
    t.is(ldA(m, mu, Sync.next), first);
    mutexUnlock(mu);
    t.is(ldA(m, mu, Sync.state), first, 'handed over');
    kill(first);
    t.is((yield* failure(first)).code, 'ERR_LWKT_KILLED');
    yield* join(second);
    t.deepEqual(log, [2, true]);
    t.true(idle(mu));
  });
});

test.serial('mutex: several at once are unlocked in any order', (t) => {
  run(function* () {
    const all = [mutex(), mutex(), mutex()];
    for (const mu of all) yield* mutexLock(mu);
    const [a = 0, b = 0, c = 0] = all;
    for (const mu of [b, a, c]) mutexUnlock(mu);
    t.is(ld(m, cpu.curthread, Thread.heldSync), 0);
    for (const mu of all) destroy(mu);
  });
});

test.serial('mutex: contention is counted; a free one is locked without', (t) => {
  run(function* () {
    const mu = mutex('counted');
    const moved = watchCounters('lwkt.mutex_contention', 'lwkt.switch_count');
    for (let i = 0; i < 100; i++) {
      yield* mutexLock(mu);
      mutexUnlock(mu);
    }
    t.deepEqual(moved(), [0, 0]);
    yield* mutexLock(mu);
    const td = taker(
      1,
      () => mutexLock(mu),
      () => mutexUnlock(mu),
    );
    yield* lwktYield();
    mutexUnlock(mu);
    yield* join(td);
    t.is(moved()[0], 1);
  });
});

test.serial('sync: outside of a thread it is refused', (t) => {
  const mu = mutex('outside');
  t.throws(() => mutexLock(mu), { code: 'ERR_LWKT_CONTEXT' });
  t.throws(() => mutexTryLock(mu), { code: 'ERR_LWKT_CONTEXT' });
  t.true(idle(mu));
  t.is(ldA(m, mu, Sync.state), 0);
});

test.serial('sync: a thread with a lock in hand does not move', (t) => {
  const holds = define(
    function* holds(_state: number) {
      const mu = mutex('moves');
      yield* mutexLock(mu);
      try {
        yield* movePoint(1);
      } finally {
        mutexUnlock(mu);
      }
    },
    { movable: true },
  );
  run(function* () {
    t.regex(
      (yield* failure(spawn(holds, [1]))).message,
      /has a mutex, spinlock or rwlock: release it before/,
    );
  });
});

// ---- spinlock

test.serial('spinlock smoke: a critical section while it is held; another thread waits', (t) => {
  run(function* () {
    const spin = spinlock('spin');
    yield* spinLock(spin);
    t.is(ld(m, cpu.curthread, Thread.pri) >= TDPRI_CRIT, true);
    t.throws(() => spinLock(spin), { code: 'ERR_LWKT_CONTEXT' });
    spinUnlock(spin);
    t.is(ld(m, cpu.curthread, Thread.pri) >= TDPRI_CRIT, false);
    t.throws(() => spinUnlock(spin), { code: 'ERR_LWKT_CONTEXT' });
    // Another cpu has it.
    stA(m, spin, Sync.state, 77);
    t.false(spinTryLock(spin));
    t.is(ld(m, cpu.curthread, Thread.pri) >= TDPRI_CRIT, false);
    const waits = taker(
      1,
      () => spinLock(spin),
      () => spinUnlock(spin),
    );
    yield* giveWay();
    t.deepEqual(log, [], 'its cpu runs others');
    stA(m, spin, Sync.state, 0);
    yield* join(waits);
    t.deepEqual(log, [1, true]);
  });
});

test.serial('spinlock: a thread that ends with one frees it', (t) => {
  run(function* () {
    const spin = spinlock('left');
    const td = child(function* forgets() {
      yield* spinLock(spin);
    });
    t.is((yield* failure(td)).code, 'ERR_LWKT_CONTEXT');
    t.true(spinTryLock(spin));
    spinUnlock(spin);
  });
});

// ---- semaphore

test.serial('semaphore smoke: units go out and come back', (t) => {
  run(function* () {
    const sem = semaphore(2, 'units');
    t.true(yield* semaphoreWait(sem));
    t.true(semaphoreTryWait(sem));
    t.false(semaphoreTryWait(sem));
    t.false(yield* semaphoreWait(sem, 1));
    const threads = [1, 2, 3].map((n) =>
      taker(
        n,
        () => semaphoreWait(sem),
        () => {},
      ),
    );
    yield* lwktYield();
    semaphorePost(sem);
    yield* giveWay();
    t.deepEqual(log, [1, true]);
    semaphorePost(sem, 2);
    for (const td of threads) yield* join(td);
    t.deepEqual(log, [1, true, 2, true, 3, true]);
    t.is(ldA(m, sem, Sync.state), 0);
    semaphorePost(sem, 2);
    t.true(idle(sem));
  });
});

test.serial('semaphore: a killed waiter that was woken passes it on', (t) => {
  run(function* () {
    const sem = semaphore(0, 'killed');
    const [first, second] = [1, 2].map((n) =>
      taker(
        n,
        () => semaphoreWait(sem),
        () => {},
      ),
    ) as [Td, Td];
    yield* lwktYield();
    semaphorePost(sem);
    kill(first);
    yield* failure(first);
    yield* join(second);
    t.deepEqual(log, [2, true]);
    t.true(idle(sem));
  });
});

test.serial('semaphore: a guard gives its unit back; limits are refused', (t) => {
  run(function* () {
    const sem = semaphore(1, 'guarded');
    {
      using _ = yield* acquired(sem);
      t.false(semaphoreTryWait(sem));
    }
    t.true(semaphoreTryWait(sem));
    semaphorePost(sem);
    for (const n of [-1, 1.5, 2 ** 30]) t.throws(() => semaphore(n), { code: 'ERR_LWKT_OPTION' });
    for (const n of [0, -1, 1.5, 2 ** 30 - 1])
      t.throws(() => semaphorePost(sem, n), { code: 'ERR_LWKT_OPTION' });
    t.is(ldA(m, sem, Sync.state), 1);
  });
});

// ---- condition

test.serial('condition smoke: waits unlocked, wakes one or all, holds the mutex after', (t) => {
  run(function* () {
    const mu = mutex('cond');
    const cond = condition('cond');
    const threads = [1, 2, 3].map((n) =>
      child(function* waits() {
        yield* mutexLock(mu);
        log.push(n, yield* conditionWait(cond, mu));
        mutexUnlock(mu);
      }),
    );
    yield* giveWay();
    t.true(mutexTryLock(mu), 'unlocked while they wait');
    conditionSignal(cond);
    mutexUnlock(mu);
    yield* giveWay();
    t.deepEqual(log, [1, true]);
    conditionBroadcast(cond);
    for (const td of threads) yield* join(td);
    t.deepEqual(log, [1, true, 2, true, 3, true]);
    conditionSignal(cond);
    t.true(idle(cond));
  });
});

test.serial(
  'condition: the time ends the wait; a signal that came between is not lost; no mutex, no wait',
  (t) => {
    run(function* () {
      const mu = mutex('cond timed');
      const cond = condition('cond timed');
      t.throws(() => conditionWait(cond, mu), {
        code: 'ERR_LWKT_CONTEXT',
        message: /does not hold this mutex/,
      });
      yield* mutexLock(mu);
      t.false(yield* conditionWait(cond, mu, 1));
      t.throws(() => mutexLock(mu), { code: 'ERR_LWKT_CONTEXT' }, 'held again');
      mutexUnlock(mu);
      t.true(idle(cond));
    });
  },
);

test.serial(
  'condition: a killed waiter holds the mutex in its finally blocks, and passes its signal on',
  (t) => {
    run(function* () {
      const mu = mutex('cond killed');
      const cond = condition('cond killed');
      const wait = (n: number): Td =>
        child(function* waits() {
          yield* mutexLock(mu);
          try {
            yield* conditionWait(cond, mu);
            log.push(n);
          } finally {
            mutexUnlock(mu);
          }
        });
      const [first, second] = [wait(1), wait(2)];
      yield* giveWay();
      conditionSignal(cond);
      kill(first);
      t.is((yield* failure(first)).code, 'ERR_LWKT_KILLED');
      yield* join(second);
      t.deepEqual(log, [2]);
      t.true(idle(cond) && idle(mu));
    });
  },
);

test.serial('regress condition: a waiter that is killed and was not signalled wakes nobody', (t) => {
  run(function* () {
    const mu = mutex('cond not signalled');
    const cond = condition('cond not signalled');
    let over = false;
    const wait = (): Td =>
      child(function* waits() {
        yield* mutexLock(mu);
        try {
          yield* conditionWait(cond, mu);
          over = true;
        } finally {
          mutexUnlock(mu);
        }
      });
    const [first, second] = [wait(), wait()];
    yield* giveWay();
    kill(first);
    t.is((yield* failure(first)).code, 'ERR_LWKT_KILLED');
    yield* giveWay();
    t.false(over);
    conditionSignal(cond);
    yield* join(second);
    t.true(idle(cond) && idle(mu));
  });
});

// ---- barrier

test.serial('regress condition: a killed waiter that has to wait for the mutex ends all the same', (t) => {
  run(function* () {
    const mu = mutex('ends all the same');
    const cond = condition('ends all the same');
    let rounds = 0;
    const waiter = child(function* waiter(): Generator<unknown, void, unknown> {
      yield* mutexLock(mu);
      try {
        for (; rounds < 10; rounds++) yield* conditionWait(cond, mu);
      } finally {
        mutexUnlock(mu);
      }
    });
    yield* lwktYield();
    yield* mutexLock(mu);
    kill(waiter);
    yield* lwktYield();
    mutexUnlock(mu);
    t.is((yield* failure(waiter)).code, 'ERR_LWKT_KILLED');
    t.is(rounds, 0);
    t.true(mutexTryLock(mu));
    mutexUnlock(mu);
  });
});

test.serial(
  'regress condition: killed while it locks again, a waiter sleeps until the mutex is free',
  (t) => {
    run(function* () {
      const mu = mutex('looks once');
      const cond = condition('looks once');
      const waiter = child(function* waiter() {
        yield* mutexLock(mu);
        try {
          yield* conditionWait(cond, mu);
          yield* sleep(Infinity);
        } finally {
          mutexUnlock(mu);
        }
      });
      yield* lwktYield();
      yield* mutexLock(mu);
      conditionSignal(cond);
      yield* giveWay();
      kill(waiter);
      yield* giveWay();
      // Were it more urgent than the thread that has the mutex, that one would never run again.
      const switches = ld(m, refOf(waiter, 'test'), Thread.switches);
      yield* giveWay(20);
      t.is(ld(m, refOf(waiter, 'test'), Thread.switches), switches);
      mutexUnlock(mu);
      t.is((yield* failure(waiter)).code, 'ERR_LWKT_KILLED');
      t.true(mutexTryLock(mu));
      mutexUnlock(mu);
    });
  },
);

test.serial('barrier smoke: nobody passes before all have come; one is told that it was last; again', (t) => {
  run(function* () {
    const b = barrier(3, 'round');
    const threads = [1, 2, 3].map((n) =>
      child(function* comes() {
        let last = 0;
        for (let round = 0; round < 3; round++) {
          for (let i = 0; i < n; i++) yield* lwktYield();
          log.push(round);
          if (yield* barrierWait(b)) last++;
        }
        return last;
      }),
    );
    let last = 0;
    for (const td of threads) last += yield* join(td);
    t.deepEqual(log, [0, 0, 0, 1, 1, 1, 2, 2, 2]);
    t.is(last, 3);
    t.true(idle(b));
  });
});

test.serial('barrier: a killed thread has not come; limits are refused', (t) => {
  run(function* () {
    const b = barrier(2, 'killed');
    const dead = child(function* dead() {
      yield* barrierWait(b);
    });
    yield* lwktYield();
    kill(dead);
    yield* failure(dead);
    t.is(ldA(m, b, Sync.state), 0);
    const comes = child(function* comes() {
      return yield* barrierWait(b);
    });
    yield* giveWay();
    t.true(yield* barrierWait(b));
    t.false(yield* join(comes));
    for (const n of [0, -1, 1.5, 65_536]) t.throws(() => barrier(n), { code: 'ERR_LWKT_OPTION' });
  });
});

test.serial('barrier: its round wraps', (t) => {
  run(function* () {
    const b = barrier(1, 'wrap');
    for (const round of [0x7ffe, 0xfffe]) {
      stA(m, b, Sync.state, round << 16);
      for (let i = 0; i < 3; i++) t.true(yield* barrierWait(b));
    }
    t.is(ldA(m, b, Sync.state) & 0xffff, 0);
  });
});

test.serial('regress barrier: a thread that did not run for 65,536 rounds goes on all the same', (t) => {
  run(function* () {
    const b = barrier(2, 'slept through');
    const slow = child(function* slow() {
      return yield* barrierWait(b);
    });
    yield* lwktYield();
    // Others came and went; the number of its round is there again, and nobody has come yet.
    stA(m, b, Sync.state, 0);
    stA(m, b, Sync.next, 0x1_0000);
    wakeAll(identOf(b));
    t.false(yield* join(slow));
    t.is(ldA(m, b, Sync.state), 0, 'it is not counted in this round');
  });
});

// ---- once

test.serial('once smoke: the first does it, others wait for it and go on', (t) => {
  run(function* () {
    const o = once('smoke');
    const threads = [1, 2, 3].map((n) =>
      child(function* does() {
        const did = yield* onceRun(o, function* body() {
          log.push('begins');
          yield* sleep(1);
          log.push('ends');
        });
        log.push(n, did);
      }),
    );
    for (const td of threads) yield* join(td);
    t.deepEqual(log, ['begins', 'ends', 1, true, 2, false, 3, false]);
    t.true(idle(o));
  });
});

test.serial('once: if the first fails or is killed, the next one does it', (t) => {
  run(function* () {
    const o = once('fails');
    const bad = child(function* bad() {
      yield* onceRun(o, function* body() {
        yield* lwktYield();
        throw new Error('no');
      });
    });
    const dead = child(function* dead() {
      yield* onceRun(o, function* body() {
        log.push('dead tries');
        yield* sleep(Infinity);
      });
    });
    const good = child(function* good() {
      return yield* onceRun(o, function* body() {
        log.push('done');
        yield* lwktYield();
      });
    });
    t.is((yield* failure(bad)).message, 'no');
    yield* giveWay();
    kill(dead);
    yield* failure(dead);
    t.true(yield* join(good));
    t.deepEqual(log, ['dead tries', 'done']);
  });
});

// ---- rwlock

test.serial('rwlock smoke: readers together, a writer alone', (t) => {
  run(function* () {
    const rw = rwlock('smoke');
    yield* rwlockRead(rw);
    const reader = taker(
      'reader',
      () => rwlockRead(rw),
      () => rwlockUnlock(rw),
    );
    yield* join(reader);
    const writer = taker(
      'writer',
      () => rwlockWrite(rw),
      () => rwlockUnlock(rw),
    );
    yield* lwktYield();
    t.deepEqual(log, ['reader', true]);
    rwlockUnlock(rw);
    yield* join(writer);
    t.deepEqual(log, ['reader', true, 'writer', true]);
    t.is(ldA(m, rw, Sync.state), 0);
    t.true(idle(rw));
  });
});

test.serial(
  'rwlock fairness: a waiting writer keeps new readers out; its unlock lets those in before the next writer',
  (t) => {
    run(function* () {
      const rw = rwlock('fair');
      yield* rwlockRead(rw);
      const take = (n: string, lock: () => Blocking<unknown>): Td =>
        child(function* takes() {
          yield* lock();
          log.push(n);
          yield* lwktYield();
          rwlockUnlock(rw);
        });
      const threads = [
        take('writer 1', () => rwlockWrite(rw)),
        take('reader 1', () => rwlockRead(rw)),
        take('writer 2', () => rwlockWrite(rw)),
        take('reader 2', () => rwlockRead(rw)),
      ];
      yield* giveWay();
      t.false(rwlockTryRead(rw));
      t.deepEqual(log, []);
      rwlockUnlock(rw);
      for (const td of threads) yield* join(td);
      t.deepEqual(log, ['writer 1', 'reader 1', 'reader 2', 'writer 2']);
      t.true(idle(rw));
    });
  },
);

test.serial('rwlock: times, tries, guards', (t) => {
  run(function* () {
    const rw = rwlock('tries');
    const holder = child(function* holder() {
      using _ = yield* writeLocked(rw);
      yield* sleep(Infinity);
    });
    yield* lwktYield();
    t.false(rwlockTryRead(rw));
    t.false(rwlockTryWrite(rw));
    t.false(yield* rwlockRead(rw, 1));
    t.false(yield* rwlockWrite(rw, { timeoutMs: 1 }));
    kill(holder);
    yield* failure(holder);
    // The guard unlocked it: not poisoned.
    {
      using _ = yield* readLocked(rw);
      t.true(rwlockTryRead(rw));
      t.throws(() => rwlockWrite(rw), { code: 'ERR_LWKT_CONTEXT' });
      rwlockUnlock(rw);
    }
    t.true(rwlockTryWrite(rw));
    t.throws(() => rwlockRead(rw), { code: 'ERR_LWKT_CONTEXT' });
    rwlockUnlock(rw);
    t.throws(() => rwlockUnlock(rw), { code: 'ERR_LWKT_CONTEXT' });
    t.true(idle(rw));
  });
});

test.serial('rwlock: a writer that ends poisons it, a reader that ends does not', (t) => {
  run(function* () {
    const rw = rwlock('ends');
    const reader = child(function* reader() {
      yield* rwlockRead(rw);
      yield* rwlockRead(rw);
      yield* sleep(Infinity);
    });
    yield* lwktYield();
    kill(reader);
    yield* failure(reader);
    t.is(ldA(m, rw, Sync.state), 0);
    const writer = child(function* writer() {
      yield* rwlockWrite(rw);
      yield* sleep(Infinity);
    });
    yield* lwktYield();
    kill(writer);
    yield* failure(writer);
    t.throws(() => rwlockTryWrite(rw), { code: 'ERR_LWKT_POISONED' });
    t.is(
      (yield* failure(
        taker(
          1,
          () => rwlockWrite(rw),
          () => {},
        ),
      )).code,
      'ERR_LWKT_POISONED',
    );
    t.true(yield* rwlockWrite(rw, { poisoned: true }));
    rwlockUnlock(rw);
    t.true(idle(rw));
    t.is(ldA(m, rw, Sync.state), 0);
  });
});

test.serial('rwlock: readers that give up let the writer have its turn', (t) => {
  run(function* () {
    const rw = rwlock('gives up');
    yield* rwlockWrite(rw);
    const reader = taker(
      'reader',
      () => rwlockRead(rw),
      () => rwlockUnlock(rw),
    );
    const writer = taker(
      'writer',
      () => rwlockWrite(rw),
      () => rwlockUnlock(rw),
    );
    yield* lwktYield();
    // The unlock makes it the readers' turn; the only one is killed before it runs.
    rwlockUnlock(rw);
    kill(reader);
    yield* failure(reader);
    yield* join(writer);
    t.deepEqual(log, ['writer', true]);
    st(m, rw, Sync.poisoned, 0);
  });
});

test.serial(
  'regress rwlock: a writer that got in between the invitation and its guests goes back out',
  (t) => {
    run(function* () {
      const rw = rwlock('in between');
      yield* rwlockWrite(rw);
      const reader = taker(
        'reader',
        () => rwlockRead(rw),
        () => rwlockUnlock(rw),
      );
      yield* lwktYield();
      // This writer has looked for guests and found none; before it stores, the first one unlocks and invites.
      rwlockUnlock(rw);
      t.is(ldA(m, rw, Sync.extra), 1);
      let looks = 0;
      const { load } = Atomics;
      Object.assign(Atomics, {
        load(words: Int32Array, at: number) {
          return at === rw + Sync.extra && looks++ === 0 ? 0 : load(words, at);
        },
      });
      try {
        t.false(rwlockTryWrite(rw));
      } finally {
        Object.assign(Atomics, { load });
      }
      t.is(looks, 2, 'it looked again');
      t.is(ldA(m, rw, Sync.state), 0);
      yield* join(reader);
      t.true(rwlockTryWrite(rw));
      rwlockUnlock(rw);
    });
  },
);
