import test from 'ava';
import { PROC_RUN, PROC_SLEEP } from '../../runtime/base/proc.ts';
import { IPI } from '../../runtime/base/protocol.ts';
import { TDPRI_CRIT, TDF_RUNQ } from '../../runtime/base/params.ts';
import {
  critEnter,
  curthread,
  destroy,
  getMplock,
  join,
  lwktDeschedule,
  lwktDescheduleSelf,
  lwktExit,
  lwktGetToken,
  lwktSchedule,
  lwktScheduleSelf,
  lwktSetComm,
  lwktSetPri,
  lwktSetPriSelf,
  lwktSwitch,
  lwktYield,
  lwktYieldQuick,
  mutex,
  mutexLock,
  mutexUnlock,
  relMplock,
  safepoint,
  spawn,
  TDPRI_KERN_DAEMON,
  token,
  tsleep,
  wakeup,
} from '../../runtime/lwkt.ts';
import { cpu } from '../../runtime/scheduler/globaldata.ts';
import { tick } from '../../runtime/scheduler/poll.ts';
import { commOf, refOf } from '../../runtime/scheduler/thread.ts';
import { tunable } from '../../runtime/shared-memory/layout/sysctl.ts';
import { Thread } from '../../runtime/shared-memory/layout/thread.ts';
import { ld, st, stA } from '../../runtime/shared-memory/word.ts';
import {
  bootOneCpu,
  checkLeaks,
  child,
  define,
  failure,
  giveWay,
  panicOf,
  run,
  sendFromOutside,
  watchCounters,
} from '../helpers/one-cpu.ts';

bootOneCpu();
checkLeaks(test);
const { m } = cpu;
const log: string[] = [];
test.beforeEach(() => {
  log.length = 0;
});
const loops = define(function* loops(name: string, times: number) {
  for (let i = 0; i < times; i++) {
    log.push(name);
    yield* lwktYield();
  }
});

test.serial('schedule smoke: a descheduled thread runs no more until it is scheduled', (t) => {
  run(function* () {
    const td = spawn(loops, ['a', 4]);
    yield* lwktYield();
    lwktDeschedule(td);
    lwktDeschedule(td);
    yield* giveWay();
    t.deepEqual(log, ['a']);
    lwktSchedule(td);
    lwktSchedule(td);
    yield* join(td);
    t.is(log.length, 4);
  });
});

test.serial(
  'schedule: a thread that descheduled itself runs on until it switches; scheduling itself undoes it',
  (t) => {
    run(function* () {
      lwktDescheduleSelf();
      t.is(ld(m, refOf(curthread(), 'test'), Thread.flags) & TDF_RUNQ, 0);
      lwktScheduleSelf();
      yield* lwktSwitch();
      log.push('back');
      t.deepEqual(log, ['back']);
    });
  },
);

/** Stops the current thread as another cpu does. */
function stopFromOutside(): void {
  sendFromOutside(IPI.deschedule, curthread());
  safepoint();
}

test.serial(
  'regress schedule: stopped from another cpu while it runs, a thread does not come back by giving way',
  (t) => {
    run(function* () {
      const td = child(function* runs() {
        for (let round = 0; round < 3; round++) {
          stopFromOutside();
          log.push(`round ${round}`);
          yield* lwktYield();
        }
      });
      for (let round = 0; round < 3; round++) {
        yield* giveWay();
        t.deepEqual(
          log,
          Array.from({ length: round + 1 }, (_, i) => `round ${i}`),
        );
        lwktSchedule(td);
      }
      yield* join(td);
    });
  },
);

test.serial(
  'schedule: stopped and scheduled while it runs, a thread gives way as ever, also after it stopped itself',
  (t) => {
    run(function* () {
      const td = child(function* runs() {
        stopFromOutside();
        lwktSchedule(curthread());
        yield* lwktYield();
        lwktDescheduleSelf();
        yield* lwktYield();
        return 'through';
      });
      yield* giveWay();
      t.is(yield* join(td), 'through');
    });
  },
);

test.serial(
  'schedule: stopped from another cpu while it runs, a thread still wakes from what it waits for',
  (t) => {
    run(function* () {
      const td = child(function* runs() {
        stopFromOutside();
        yield* tsleep(5);
        yield* lwktYield();
        return 'through';
      });
      yield* giveWay();
      wakeup(5);
      t.is(yield* join(td), 'through');
    });
  },
);

test.serial(
  'schedule: stopped from another cpu, a thread that runs alone is told by its next safepoint',
  (t) => {
    run(function* () {
      const td = child(function* runs() {
        // With nobody else to run, only the stop itself says that it should give way.
        lwktSetPriSelf(TDPRI_KERN_DAEMON + 1);
        cpu.resched = false;
        sendFromOutside(IPI.deschedule, curthread());
        log.push(`told ${safepoint()}`);
        yield* lwktYield();
        log.push('again');
      });
      yield* giveWay();
      t.deepEqual(log, ['told true']);
      lwktSchedule(td);
      yield* join(td);
    });
  },
);

test.serial('regress schedule: a thread that exits is not stopped, nor one that was stopped before', (t) => {
  run(function* () {
    for (const before of [true, false]) {
      const td = child(function* exits() {
        if (before) stopFromOutside();
        try {
          yield* lwktExit();
        } finally {
          if (!before) stopFromOutside();
          yield* lwktYield();
          log.push('finally');
        }
      });
      yield* giveWay();
      yield* join(td);
    }
    t.deepEqual(log, ['finally', 'finally']);
  });
});

test.serial(
  'regress chaos: a thread that was stopped is not switched away from before its next switch',
  (t) => {
    run(function* () {
      const mu = mutex();
      const untimely = (every: number): void => {
        stA(m, cpu.arena.map.sysctl, tunable('lwkt.untimely_switch'), every);
        cpu.untimely = every !== 0;
      };
      for (const stop of [stopFromOutside, lwktDescheduleSelf]) {
        const td = child(function* runs() {
          stop();
          untimely(1);
          yield* mutexLock(mu);
          untimely(0);
          mutexUnlock(mu);
          log.push('locked');
          yield* lwktSwitch();
        });
        yield* giveWay();
        t.deepEqual(log.splice(0), ['locked']);
        lwktSchedule(td);
        yield* join(td);
      }
      destroy(mu);
    });
  },
);

test.serial('schedule: lwktSetComm names a thread', (t) => {
  run(function* () {
    const td = spawn(loops, ['a', 1]);
    lwktSetComm(td, 'a name that is far too long');
    t.is(commOf(refOf(td, 'test')), 'a name that is f');
    yield* join(td);
    t.throws(() => lwktSetComm(td, 'late'), { code: 'ERR_LWKT_NO_THREAD' });
  });
});

test.serial('schedule: priorities out of range are refused with the range', (t) => {
  run(function* () {
    for (const pri of [-1, 0, 32, 1.5, NaN]) {
      t.throws(() => lwktSetPriSelf(pri), {
        code: 'ERR_LWKT_OPTION',
        message: /is not a whole number of 1 \.\. 31/,
      });
    }
    lwktSetPriSelf(31);
    critEnter();
    lwktSetPri(curthread(), 12);
    t.is(ld(m, refOf(curthread(), 'test'), Thread.pri), TDPRI_CRIT + 12, 'critical sections are kept');
    st(m, refOf(curthread(), 'test'), Thread.pri, 12);
    yield* lwktYield();
  });
});

test.serial('schedule: a thread of a process carries it', (t) => {
  run(function* () {
    const td = spawn(loops, ['p', 1], { proc: 7 });
    t.is(ld(m, refOf(td, 'test'), Thread.proc), 7);
    t.is(ld(m, refOf(td, 'test'), Thread.procStat), PROC_RUN);
    yield* join(td);
    for (const proc of [-1, 1.5, 2 ** 31]) {
      t.throws(() => spawn(loops, ['p', 1], { proc }), { code: 'ERR_LWKT_OPTION' });
    }
  });
});

for (const [name, call] of [
  ['lwkt_schedule_self', lwktScheduleSelf],
  ['lwkt_deschedule_self', lwktDescheduleSelf],
] as const) {
  test.serial(`panic schedule: ${name} of a thread that is on a wait queue names itself`, (t) => {
    const { message } = panicOf(function* () {
      st(m, refOf(curthread(), 'test'), Thread.waitOn, 4711);
      try {
        call();
      } finally {
        st(m, refOf(curthread(), 'test'), Thread.waitOn, 0);
      }
      yield* lwktYield();
    });
    t.regex(
      message,
      new RegExp(`^${name}\\(\\): td_wait not NULL! thread \\d+ 'main.*' is on wait queue 4711`),
    );
  });
}

test.serial(
  'panic schedule: a thread of a sleeping process is not scheduled from outside; the message names both (D16)',
  (t) => {
    const { message } = panicOf(function* () {
      const td = spawn(loops, ['p', 1], { proc: 7, stopped: true, name: 'sleeper' });
      st(m, refOf(td, 'test'), Thread.procStat, PROC_SLEEP);
      lwktSchedule(td);
      yield* lwktYield();
    });
    t.regex(
      message,
      /SCHED PANIC: schedule curtd = \d+ 'main.*' \(process 0, none\) target \d+ 'sleeper' \(process 7, sleep\)/,
    );
  },
);

test.serial('panic schedule: a thread of a sleeping process does not schedule itself', (t) => {
  const { message } = panicOf(function* () {
    const self = refOf(curthread(), 'test');
    st(m, self, Thread.proc, 9);
    st(m, self, Thread.procStat, PROC_SLEEP);
    lwktScheduleSelf();
    yield* lwktYield();
  });
  t.regex(message, /SCHED SELF PANIC: process 9 of thread \d+ 'main.*' sleeps/);
});

test.serial('panic crit: too many critical sections, by themselves', (t) => {
  const { message } = panicOf(function* () {
    yield* lwktYield();
    for (;;) critEnter();
  });
  t.regex(
    message,
    /too HIGH! td_pri 2028, limit 2000: thread \d+ 'main.*' on cpu 0 is in 63 critical sections/,
  );
});

test.serial('panic crit: too many critical sections, by tokens', (t) => {
  const { message } = panicOf(function* () {
    const tok = token('too high');
    for (;;) yield* lwktGetToken(tok);
  });
  t.regex(message, /too HIGH! td_pri 2028, limit 2000/);
});

test.serial('panic switch: a thread that is to run is in no critical section', (t) => {
  const { message } = panicOf(function* () {
    const td = spawn(loops, ['a', 1]);
    st(m, refOf(td, 'test'), Thread.pri, 12);
    yield* lwktYield();
  });
  t.regex(message, /priority problem in lwkt_switch: td_pri 12 of 'loops.*' on cpu 0/);
});

// ---- chaos

function chaos(one: number, seed = 1): void {
  stA(m, cpu.arena.map.sysctl, tunable('lwkt.untimely_switch'), one);
  stA(m, cpu.arena.map.sysctl, tunable('lwkt.untimely_seed'), seed);
  tick();
}

/** The order in which two threads with calls that need not wait come by. */
function order(one: number, seed: number): string {
  run(function* () {
    chaos(one, seed);
    const tick2 = define(function* ticks(name: string) {
      for (let i = 0; i < 40; i++) {
        yield* getMplock();
        log.push(name);
        relMplock();
      }
    });
    const threads = [spawn(tick2, ['a']), spawn(tick2, ['b'])];
    for (const td of threads) yield* join(td);
    chaos(0);
  });
  return log.splice(0).join('');
}

test.serial('untimely: switches before one in so many blocking calls, by the seed, and counts them', (t) => {
  const moved = watchCounters('lwkt.untimely_switches');
  t.is(order(0, 1), 'a'.repeat(40) + 'b'.repeat(40), 'off');
  t.deepEqual(moved(), [0]);
  const first = order(3, 1);
  t.regex(first, /^a+b+a+b/, 'on: they interleave');
  const [n] = moved() as [number];
  t.true(n > 5 && n < 60, `${n} switches for about 80 calls, one in three`);
  t.not(order(3, 2), first, 'another seed, another order');
});

test.serial('untimely: a result and an error come through', (t) => {
  run(function* () {
    chaos(1);
    const td = spawn(
      define(function* gives() {
        yield* lwktYield();
        return 5;
      }),
    );
    t.is(yield* join(td), 5);
    t.is((yield* failure(td)).code, 'ERR_LWKT_NO_THREAD');
    chaos(0);
  });
});

test.serial('yield quick: lets interrupts in, switches to nobody; with chaos it does', (t) => {
  run(function* () {
    const other = child(function* other() {
      log.push('other');
      yield* lwktYield();
    });
    yield* lwktYieldQuick();
    t.deepEqual(log, []);
    chaos(1);
    yield* lwktYieldQuick();
    t.deepEqual(log, ['other']);
    chaos(0);
    yield* join(other);
  });
});
