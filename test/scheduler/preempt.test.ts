import test from 'ava';
import { TDF_PREEMPT_DONE, TDF_PREEMPT_LOCK, TDPRI_CRIT } from '../../runtime/base/params.ts';
import { IPI } from '../../runtime/base/protocol.ts';
import {
  critEnter,
  critExit,
  getMplock,
  join,
  kill,
  lwktDescheduleSelf,
  lwktGetToken,
  lwktGenToken,
  lwktPreemptedProc,
  lwktRelToken,
  lwktSchedule,
  lwktSwitch,
  lwktYield,
  mpcount,
  mpLockHeld,
  relMplock,
  safepoint,
  sleep,
  spawn,
  token,
  tryMplock,
  type SpawnOptions,
  type Td,
} from '../../runtime/lwkt.ts';
import { cpu } from '../../runtime/scheduler/globaldata.ts';
import { lwktPreempt } from '../../runtime/scheduler/preempt.ts';
import { handleOf, refOf } from '../../runtime/scheduler/thread.ts';
import { Machine } from '../../runtime/shared-memory/layout/machine.ts';
import { Thread } from '../../runtime/shared-memory/layout/thread.ts';
import { ld, st, stA } from '../../runtime/shared-memory/word.ts';
import {
  bootOneCpu,
  checkLeaks,
  child,
  define,
  end,
  failure,
  giveWay,
  panicOf,
  run,
  sendFromOutside,
  watchCounters,
} from '../helpers/one-cpu.ts';

bootOneCpu();
checkLeaks(test);

const log: string[] = [];
test.beforeEach(() => {
  log.length = 0;
});

/** How the counters of preemption moved: hit, miss, weird. */
const watch = (): (() => number[]) =>
  watchCounters('lwkt.preempt_hit', 'lwkt.preempt_miss', 'lwkt.preempt_weird');

/** An interrupt thread that notes each time it is scheduled, and then stops until the next. */
function interruptThread(name: string, options: SpawnOptions = {}, body?: () => void): Td {
  const td = spawn(
    define(function* interrupt() {
      for (;;) {
        lwktDescheduleSelf();
        log.push(name);
        body?.();
        yield* lwktSwitch();
      }
    }),
    [],
    { interrupt: true, stopped: true, ...options },
  );
  return td;
}

test.serial(
  'preempt smoke: an interrupt thread made runnable runs inside the call, the thread goes on after',
  (t) => {
    run(function* () {
      const interrupt = interruptThread('interrupt');
      const moved = watch();
      log.push('before');
      lwktSchedule(interrupt);
      log.push('after');
      lwktSchedule(interrupt);
      log.push('end');
      t.deepEqual(log, ['before', 'interrupt', 'after', 'interrupt', 'end']);
      t.deepEqual(moved(), [2, 0, 0]);
      t.is(ld(cpu.m, cpu.curthread, Thread.flags) & (TDF_PREEMPT_LOCK | TDF_PREEMPT_DONE), 0);
      yield* end(interrupt);
    });
  },
);

test.serial(
  'preempt: an IPI of another cpu makes it preempt at the next safepoint, though it came inside a drain (D5)',
  (t) => {
    run(function* () {
      const interrupt = interruptThread('interrupt');
      const moved = watch();
      sendFromOutside(IPI.schedule, interrupt);
      t.deepEqual(log, []);
      safepoint();
      t.deepEqual(log, ['interrupt']);
      t.deepEqual(moved(), [1, 0, 0]);
      t.is(cpu.reqpri, 0);
      yield* end(interrupt);
    });
  },
);

test.serial('preempt: in a critical section it waits for the last one to end', (t) => {
  run(function* () {
    const interrupt = interruptThread('interrupt');
    const moved = watch();
    critEnter();
    critEnter();
    lwktSchedule(interrupt);
    log.push('in two');
    critExit();
    log.push('in one');
    critExit();
    log.push('out');
    t.deepEqual(log, ['in two', 'in one', 'interrupt', 'out']);
    t.deepEqual(moved(), [1, 1, 0], 'one refusal, then the hit');
    yield* end(interrupt);
  });
});

test.serial('preempt: what is not more urgent waits its turn, and counts a miss', (t) => {
  run(function* () {
    const interrupt = interruptThread('interrupt', { priority: 12 });
    const moved = watch();
    lwktSchedule(interrupt);
    log.push('on');
    t.deepEqual(moved(), [0, 1, 0]);
    yield* giveWay();
    t.deepEqual(log, ['on', 'interrupt']);
    yield* end(interrupt);
  });
});

test.serial(
  'preempt: a more urgent one preempts the preemptor, and each returns to whom it stands on',
  (t) => {
    run(function* () {
      let high = 0 as Td;
      const low = interruptThread('low', { priority: 27 }, () => {
        lwktSchedule(high);
        log.push('low again');
      });
      high = interruptThread('high', { priority: 29 }, () => {
        t.is(handleOf(ld(cpu.m, cpu.curthread, Thread.preempted)), low);
      });
      lwktSchedule(low);
      log.push('thread');
      t.deepEqual(log, ['low', 'high', 'low again', 'thread']);
      yield* end(low, high);
    });
  },
);

test.serial('preempt: pending ones run the most urgent first, equals as they came', (t) => {
  run(function* () {
    const threads = [
      interruptThread('a', { priority: 27 }),
      interruptThread('b', { priority: 29 }),
      interruptThread('c', { priority: 27 }),
    ];
    critEnter();
    for (const td of threads) lwktSchedule(td);
    critExit();
    t.deepEqual(log, ['b', 'a', 'c']);
    yield* end(...threads);
  });
});

test.serial('preempt: one that sleeps by the clock returns at once, and goes on later', (t) => {
  run(function* () {
    const interrupt = spawn(
      define(function* slow() {
        log.push('first half');
        yield* sleep(1);
        log.push('second half');
      }),
      [],
      { interrupt: true, stopped: true },
    );
    lwktSchedule(interrupt);
    log.push('thread');
    yield* join(interrupt);
    t.deepEqual(log, ['first half', 'thread', 'second half']);
  });
});

test.serial('preempt: one that yields goes on at the next switch, before less urgent threads', (t) => {
  run(function* () {
    const interrupt = spawn(
      define(function* twice() {
        log.push('one');
        yield* lwktYield();
        log.push('two');
      }),
      [],
      { interrupt: true, stopped: true },
    );
    lwktSchedule(interrupt);
    log.push('thread');
    t.true(safepoint(), 'a switch is due');
    yield* lwktYield();
    t.deepEqual(log, ['one', 'thread', 'two']);
    yield* join(interrupt);
  });
});

test.serial('preempt: its result, and its error, reach the joiner', (t) => {
  run(function* () {
    const good = spawn(
      define(function* good() {
        yield* lwktYield();
        return 'result';
      }),
      [],
      { interrupt: true },
    );
    t.is(yield* join(good), 'result');
    const bad = spawn(
      define(function* bad(): Generator<unknown, void, unknown> {
        throw new Error('boom');
      }),
      [],
      { interrupt: true },
    );
    t.is((yield* failure(bad)).message, 'boom');
    t.is(ld(cpu.m, cpu.curthread, Thread.flags) & TDF_PREEMPT_LOCK, 0, 'the thread below is free again');
  });
});

test.serial('preempt: not between a blocking call and its yield*', (t) => {
  run(function* () {
    const interrupt = interruptThread('interrupt');
    const nap = sleep(0);
    lwktSchedule(interrupt);
    log.push('armed');
    yield* nap;
    safepoint();
    t.deepEqual(log, ['armed', 'interrupt']);
    yield* end(interrupt);
  });
});

test.serial(
  'preempt: the preempted thread keeps its tokens; an interrupt thread that wants one waits for it',
  (t) => {
    run(function* () {
      const tok = token('kept');
      const interrupt = spawn(
        define(function* wanting() {
          log.push('wants');
          yield* lwktGetToken(tok);
          log.push('has');
          lwktRelToken(tok);
        }),
        [],
        { interrupt: true, stopped: true },
      );
      const gen = yield* lwktGetToken(tok);
      // A held token is a critical section: the preemption waits for its end.
      lwktSchedule(interrupt);
      log.push('holds');
      t.is(yield* lwktGenToken(tok, gen), 0, 'nobody had it');
      lwktRelToken(tok);
      log.push('released');
      yield* join(interrupt);
      t.deepEqual(log, ['holds', 'wants', 'has', 'released']);
    });
  },
);

test.serial('preempt: of itself, and of a frozen thread, is weird', (t) => {
  run(function* () {
    const moved = watch();
    const self = cpu.curthread;
    st(cpu.m, self, Thread.pri, ld(cpu.m, self, Thread.pri) + TDPRI_CRIT);
    cpu.idlethread = self;
    st(cpu.m, self, Thread.pri, ld(cpu.m, self, Thread.pri) - TDPRI_CRIT);
    cpu.idlethread = cpu.arena.map.slab + Thread.WORDS;
    const interrupt = interruptThread('interrupt', {}, () => {
      // From above, at the frozen one: made more urgent for the moment.
      const below = ld(cpu.m, cpu.curthread, Thread.preempted);
      const pri = ld(cpu.m, below, Thread.pri);
      st(cpu.m, below, Thread.pri, TDPRI_CRIT + 31);
      t.false(lwktPreempt(below, 0));
      st(cpu.m, below, Thread.pri, pri);
    });
    lwktSchedule(interrupt);
    t.deepEqual(moved(), [1, 0, 1]);
    yield* end(interrupt);
  });
});

test.serial('preempt: one that already runs below is a miss, not a hit (D14)', (t) => {
  run(function* () {
    let low = 0 as Td;
    const refusals: boolean[] = [];
    const high = interruptThread('high', { priority: 29 }, () => {
      const td = refOf(low, 'test');
      // As if it were not frozen: the one word that says so is `preempted`.
      const flags = ld(cpu.m, td, Thread.flags);
      const pri = ld(cpu.m, td, Thread.pri);
      st(cpu.m, td, Thread.flags, flags & ~TDF_PREEMPT_LOCK);
      st(cpu.m, td, Thread.pri, TDPRI_CRIT + 31);
      refusals.push(lwktPreempt(td, 0));
      st(cpu.m, td, Thread.pri, pri);
      st(cpu.m, td, Thread.flags, flags);
    });
    low = interruptThread('low', { priority: 27 }, () => lwktSchedule(high));
    const moved = watch();
    lwktSchedule(low);
    t.deepEqual(refusals, [false]);
    t.deepEqual(moved(), [2, 1, 0]);
    yield* end(low, high);
  });
});

test.serial('preempt: a thread of another cpu is refused', (t) => {
  run(function* () {
    const interrupt = interruptThread('interrupt');
    const td = refOf(interrupt, 'test');
    const moved = watch();
    stA(cpu.m, td, Thread.cpu, 1);
    t.false(lwktPreempt(td, 0));
    stA(cpu.m, td, Thread.cpu, 0);
    t.deepEqual(moved(), [0, 1, 0]);
    t.deepEqual(log, []);
    yield* end(interrupt);
  });
});

test.serial('preempt: the MP lock of the preempted is inherited, and given back unchanged', (t) => {
  run(function* () {
    const interrupt = interruptThread('interrupt', {}, () => {
      log.push(`${mpcount()} ${mpLockHeld()}`);
      t.true(tryMplock());
      relMplock();
    });
    yield* getMplock();
    yield* getMplock();
    lwktSchedule(interrupt);
    t.deepEqual(log, ['interrupt', '2 true']);
    t.is(mpcount(), 2);
    relMplock();
    relMplock();
    t.false(mpLockHeld());
    lwktSchedule(interrupt);
    t.deepEqual(log.slice(2), ['interrupt', '0 false']);
    yield* end(interrupt);
  });
});

test.serial('preempt: one that wants the MP lock takes it, and lets it go on return', (t) => {
  run(function* () {
    const interrupt = interruptThread('interrupt', {}, () => log.push(String(mpLockHeld())));
    st(cpu.m, refOf(interrupt, 'test'), Thread.mpcount, 1);
    lwktSchedule(interrupt);
    t.deepEqual(log, ['interrupt', 'true']);
    t.false(mpLockHeld());
    const moved = watch();
    // Another cpu has the lock.
    stA(cpu.m, 0, Machine.mplock, 2);
    lwktSchedule(interrupt);
    t.deepEqual(moved(), [0, 1, 0]);
    t.deepEqual(log.length, 2);
    stA(cpu.m, 0, Machine.mplock, 0);
    yield* giveWay();
    t.deepEqual(log.slice(2), ['interrupt', 'true'], 'runs when the lock can be had');
    st(cpu.m, refOf(interrupt, 'test'), Thread.mpcount, 0);
    yield* end(interrupt);
  });
});

test.serial('preempt: lwktPreemptedProc is the process at the bottom', (t) => {
  run(function* () {
    const procs: number[] = [];
    const interrupt = interruptThread('interrupt', {}, () => procs.push(lwktPreemptedProc()));
    const worker = spawn(
      define(function* worker() {
        procs.push(lwktPreemptedProc());
        lwktSchedule(interrupt);
        yield* lwktYield();
      }),
      [],
      { proc: 42 },
    );
    yield* join(worker);
    lwktSchedule(interrupt);
    t.deepEqual(procs, [42, 42, 0]);
    yield* end(interrupt);
  });
});

test.serial('preempt: a killed frozen thread ends when the preemptor has returned', (t) => {
  run(function* () {
    let victim = 0 as Td;
    const interrupt = interruptThread('interrupt', {}, () => kill(victim));
    victim = child(function* frozen() {
      try {
        lwktSchedule(interrupt);
        log.push('on');
        yield* lwktYield();
        log.push('never');
      } finally {
        log.push('finally');
      }
    });
    t.is((yield* failure(victim)).code, 'ERR_LWKT_KILLED');
    t.deepEqual(log, ['interrupt', 'on', 'finally']);
    yield* end(interrupt);
  });
});

test.serial('preempt: up to the highest priority, and back', (t) => {
  run(function* () {
    const threads: Td[] = [];
    for (let priority = 13; priority <= 31; priority++) {
      threads.push(
        interruptThread(String(priority), { priority }, () => {
          const next = threads[priority - 12];
          if (next !== undefined) lwktSchedule(next);
          log.push(`-${priority}`);
        }),
      );
    }
    lwktSchedule(threads[0] as Td);
    const up = Array.from({ length: 19 }, (_, i) => String(13 + i));
    t.deepEqual(log, [...up, ...up.toReversed().map((name) => `-${name}`)]);
    yield* end(...threads);
  });
});

// ---- the assertions

test.serial('panic preempt: a thread that runs already is in no section (BADCRIT0)', (t) => {
  const { message } = panicOf(function* () {
    const interrupt = interruptThread('interrupt');
    st(cpu.m, refOf(interrupt, 'test'), Thread.pri, 28);
    lwktPreempt(refOf(interrupt, 'test'), 0);
    yield* lwktYield();
  });
  t.regex(message, /lwkt_preempt: BADCRIT0 28: thread \d+ 'interrupt/);
});

test.serial('panic preempt: the MP lock held without a count', (t) => {
  const { message } = panicOf(function* () {
    const interrupt = interruptThread('interrupt');
    cpu.mpHeld = true;
    lwktSchedule(interrupt);
    yield* lwktYield();
  });
  t.regex(message, /lwkt_preempt\(\): held and no count: cpu 0, thread \d+ 'main/);
});

test.serial('panic preempt: the preemptor let the inherited MP lock go', (t) => {
  const { message } = panicOf(function* () {
    const interrupt = interruptThread('interrupt', {}, () => {
      cpu.mpHeld = false;
    });
    yield* getMplock();
    lwktSchedule(interrupt);
  });
  t.regex(message, /MPLOCK NOT HELD ON RETURN: \d+ \d+ 1 1/);
});

test.serial('panic preempt: the preemptor released more MP counts than it had', (t) => {
  const { message } = panicOf(function* () {
    const interrupt = interruptThread('interrupt', {}, () => {
      st(cpu.m, cpu.curthread, Thread.mpcount, 0);
    });
    yield* getMplock();
    lwktSchedule(interrupt);
  });
  t.regex(message, /lwkt_switch: mpcount of preemptor \d+ 'interrupt.*' would be -1/);
});

test.serial('panic preempt: the MP lock was let go while the count stayed', (t) => {
  const { message } = panicOf(function* () {
    const interrupt = interruptThread('interrupt', {}, () => {
      const below = ld(cpu.m, cpu.curthread, Thread.preempted);
      const { m } = cpu;
      // Between the look of the switch and the look of lwkt_preempt there is only the mark on the thread below.
      Object.defineProperty(cpu, 'm', {
        configurable: true,
        get() {
          if ((ld(m, below, Thread.flags) & TDF_PREEMPT_DONE) !== 0) cpu.mpHeld = false;
          return m;
        },
      });
    });
    yield* getMplock();
    try {
      lwktSchedule(interrupt);
    } finally {
      Object.defineProperty(cpu, 'm', { configurable: true, writable: true, value: cpu.m });
    }
  });
  t.regex(message, /lwkt_preempt\(\): MP lock was not held through on cpu 0/);
});

test.serial('panic preempt: the count of the preempted thread changed', (t) => {
  const { message } = panicOf(function* () {
    const interrupt = interruptThread('interrupt', {}, () => {
      st(cpu.m, ld(cpu.m, cpu.curthread, Thread.preempted), Thread.mpcount, 2);
    });
    yield* getMplock();
    st(cpu.m, refOf(interrupt, 'test'), Thread.mpcount, 1);
    lwktSchedule(interrupt);
  });
  t.regex(message, /lwkt_preempt\(\): mpcount of thread \d+ 'main.*' changed from 1 to 2/);
});

test.serial('panic preempt: the thread below is not marked as preempted', (t) => {
  const { message } = panicOf(function* () {
    const interrupt = interruptThread('interrupt', {}, () => {
      const below = ld(cpu.m, cpu.curthread, Thread.preempted);
      st(cpu.m, below, Thread.flags, ld(cpu.m, below, Thread.flags) & ~TDF_PREEMPT_LOCK);
    });
    lwktSchedule(interrupt);
    yield* lwktYield();
  });
  t.regex(message, /lwkt_switch: thread \d+ 'main.*' below \d+ 'interrupt.*' lacks PREEMPT_LOCK/);
});

test.serial('panic preempt: the preemptor forgot whom it stood on', (t) => {
  const { message } = panicOf(function* () {
    const interrupt = interruptThread('interrupt', {}, () => {
      st(cpu.m, cpu.curthread, Thread.preempted, 0);
    });
    lwktSchedule(interrupt);
    yield* lwktYield();
  });
  t.regex(message, /lwkt_preempt\(\): thread \d+ 'main.*' came back without PREEMPT_DONE/);
});
