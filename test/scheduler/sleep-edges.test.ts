/** What must not reach a sleeper: a wake-up of its next sleep, one meant for another number, one for a cpu it left. */
import test from 'ava';
import type { Condition } from '../../runtime/base/ids.ts';
import { IPI } from '../../runtime/base/protocol.ts';
import { wmesgCode } from '../../runtime/base/wmesg.ts';
import {
  condition,
  conditionBroadcast,
  conditionSignal,
  conditionWait,
  curthread,
  destroy,
  join,
  kill,
  lwktDeschedule,
  lwktSchedule,
  lwktSwitch,
  lwktYield,
  movePoint,
  mutex,
  mutexLock,
  mutexUnlock,
  safepoint,
  sleep,
  spawn,
  tsleep,
  tsleepInterlock,
  wakeup,
  wakeupOne,
  type Td,
} from '../../runtime/lwkt.ts';
import { cpu } from '../../runtime/scheduler/globaldata.ts';
import { refOf } from '../../runtime/scheduler/thread.ts';
import { identOf } from '../../runtime/scheduler/waiting.ts';
import { takeValue } from '../../runtime/shared-memory/value.ts';
import { Globaldata } from '../../runtime/shared-memory/layout/globaldata.ts';
import { Sync } from '../../runtime/shared-memory/layout/sync.ts';
import { Thread } from '../../runtime/shared-memory/layout/thread.ts';
import { ld, ldA, stA } from '../../runtime/shared-memory/word.ts';
import {
  bootOneCpu,
  checkLeaks,
  child,
  define,
  end,
  failure,
  giveWay,
  run,
  sendFromOutside,
  takeSent,
} from '../helpers/one-cpu.ts';

bootOneCpu();
checkLeaks(test);
const { m, gd } = cpu;
const IDENT = 99;
const log: string[] = [];
test.beforeEach(() => {
  log.length = 0;
});

function interrupt(body: () => Generator<unknown, void, unknown>): Td {
  return spawn(define(body), [], { interrupt: true });
}

test.serial(
  'regress wakeup: an interrupt thread that sleeps again at once is woken once for each call',
  (t) => {
    run(function* () {
      let times = 0;
      const driver = interrupt(function* driver() {
        for (;;) {
          yield* tsleep(IDENT);
          // Without a bound, a wake-up that finds it again and again would hang the test instead of failing it.
          if (++times > 10) return;
        }
      });
      const plain = child(function* plain() {
        yield* tsleep(IDENT);
        log.push('plain');
      });
      yield* lwktYield();
      wakeup(IDENT);
      t.is(times, 1);
      yield* join(plain);
      wakeupOne(IDENT);
      t.is(times, 2);
      yield* end(driver);
    });
  },
);

test.serial('regress condition: a broadcast wakes an interrupt thread that waits again once', (t) => {
  run(function* () {
    const mu = mutex('broadcast');
    const cond = condition('broadcast');
    let times = 0;
    const driver = interrupt(function* driver() {
      yield* mutexLock(mu);
      while (++times < 10) yield* conditionWait(cond, mu);
    });
    yield* lwktYield();
    conditionBroadcast(cond);
    t.is(times, 2);
    yield* end(driver);
  });
});

test.serial('regress wakeup: a sleeper that ends on top of another one is woken no more', (t) => {
  run(function* () {
    const first = interrupt(function* first() {
      yield* tsleep(IDENT);
      kill(second);
    });
    const second = interrupt(function* second() {
      yield* tsleep(IDENT);
      log.push('never');
    });
    yield* lwktYield();
    wakeup(IDENT);
    yield* join(first);
    t.is((yield* failure(second)).code, 'ERR_LWKT_KILLED');
    t.deepEqual(log, []);
  });
});

test.serial('regress mutex: a hand-over that comes late does not end another wait', (t) => {
  run(function* () {
    const mu = mutex('late');
    const slept = child(function* slept() {
      return yield* tsleep(IDENT, { timeoutMs: 5 });
    });
    yield* lwktYield();
    // The unlock of another cpu handed the mutex to this thread, which found that out by itself and went on.
    sendFromOutside(IPI.rouse, slept, identOf(mu));
    safepoint();
    t.false(yield* join(slept), 'nobody called wakeup()');
  });
});

test.serial('regress mutex: a hand-over ends the wait for that mutex, from any cpu', (t) => {
  run(function* () {
    const mu = mutex('handed');
    yield* mutexLock(mu);
    const waits = child(function* waits() {
      yield* mutexLock(mu);
      log.push('got');
      mutexUnlock(mu);
    });
    yield* giveWay();
    // Plays cpu 1, which held it and hands it over.
    mutexUnlock(mu);
    stA(m, mu, Sync.state, waits);
    sendFromOutside(IPI.rouse, waits, identOf(mu));
    yield* join(waits);
    t.deepEqual(log, ['got']);
  });
});

test.serial(
  'regress condition: killed while it locks again, a thread holds the mutex in its finally blocks',
  (t) => {
    run(function* () {
      const mu = mutex('relock');
      const cond = condition('relock');
      const waits = child(function* waits() {
        yield* mutexLock(mu);
        try {
          yield* conditionWait(cond, mu);
        } finally {
          log.push('finally');
          mutexUnlock(mu);
        }
      });
      yield* lwktYield();
      yield* mutexLock(mu);
      conditionSignal(cond);
      yield* giveWay();
      // Woken, and now waiting for the mutex.
      kill(waits);
      yield* giveWay();
      t.deepEqual(log, [], 'not before it has the mutex');
      mutexUnlock(mu);
      t.is((yield* failure(waits)).code, 'ERR_LWKT_KILLED');
      t.deepEqual(log, ['finally']);
    });
  },
);

test.serial(
  'regress move: a thread that announced a sleep and moved is no sleeper of this cpu any more',
  (t) => {
    run(function* () {
      const mover = define(
        function* mover(n: number) {
          tsleepInterlock(IDENT);
          sendFromOutside(IPI.acquire, curthread(), 0, 1);
          safepoint();
          yield* movePoint(n);
        },
        { movable: true },
      );
      const moved = (spawn as (kt: typeof mover, args: [number], options: object) => Td)(mover, [1], {
        detached: true,
      });
      yield* lwktYield();
      t.deepEqual(
        takeSent(1).map(([func]) => func),
        [IPI.adopt, IPI.acquired],
      );
      takeValue(cpu.arena, 1, refOf(moved, 'test'));
      const runnable = ld(m, gd, Globaldata.nrun);
      wakeup(IDENT);
      t.is(ld(m, gd, Globaldata.nrun), runnable, 'no thread of another cpu on this run queue');
    });
  },
);

test.serial('regress deschedule: a killed thread ends all the same', (t) => {
  run(function* () {
    const td = child(function* victim() {
      yield* sleep(10_000);
    });
    yield* lwktYield();
    kill(td);
    const runnable = ld(m, gd, Globaldata.nrun);
    lwktDeschedule(td);
    t.is(ld(m, gd, Globaldata.nrun), runnable, 'stays on its run queue');
    t.is((yield* failure(td)).code, 'ERR_LWKT_KILLED');
  });
});

test.serial(
  'regress deschedule: nor is one stopped that is killed and runs its finally blocks this moment',
  (t) => {
    run(function* () {
      let through = false;
      const td = child(function* victim() {
        try {
          yield* sleep(10_000);
        } finally {
          sendFromOutside(IPI.deschedule, curthread());
          safepoint();
          yield* lwktSwitch();
          through = true;
        }
      });
      yield* lwktYield();
      kill(td);
      for (let i = 0; i < 4; i++) yield* lwktYield();
      t.true(through);
      lwktSchedule(td);
      t.is((yield* failure(td)).code, 'ERR_LWKT_KILLED');
    });
  },
);

test.serial(
  'regress condition: a wake-up of one that was destroyed does not end a wait for the next',
  (t) => {
    run(function* () {
      const mu = mutex();
      const wait = (cond: Condition): Td<boolean> =>
        child(function* waits() {
          yield* mutexLock(mu);
          try {
            return yield* conditionWait(cond, mu);
          } finally {
            mutexUnlock(mu);
          }
        });
      const first = condition();
      const life = ldA(m, first, Sync.extra);
      destroy(first);
      const second = condition();
      t.is(second, first, 'in the same words');
      const td = wait(second);
      yield* giveWay();
      // The signal and the broadcast of the first, a wake-up for a mutex that lay there, one handed to the thread.
      sendFromOutside(IPI.wakeup, identOf(first), 1, life);
      sendFromOutside(IPI.wakeup, identOf(first), 0, life);
      sendFromOutside(IPI.wakeup, identOf(first), 0, 0);
      sendFromOutside(IPI.rouse, td, identOf(first));
      safepoint();
      yield* giveWay();
      t.is(ld(m, refOf(td, 'test'), Thread.wmesg), wmesgCode('condition'), 'waits still');
      conditionSignal(second);
      t.true(yield* join(td));
      const other = wait(second);
      yield* giveWay();
      sendFromOutside(IPI.wakeup, identOf(second), 1, ldA(m, second, Sync.extra));
      safepoint();
      t.true(yield* join(other), 'its own wake-up from another cpu');
      destroy(second);
      destroy(mu);
    });
  },
);
