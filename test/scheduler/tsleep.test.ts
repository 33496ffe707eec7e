import test from 'ava';
import { PROC_RUN, PROC_SLEEP } from '../../runtime/base/proc.ts';
import { IPI } from '../../runtime/base/protocol.ts';
import {
  curthread,
  join,
  kill,
  lwktSchedule,
  lwktYield,
  safepoint,
  spawn,
  tsleep,
  tsleepInterlock,
  wakeup,
  wakeupOne,
  type Td,
} from '../../runtime/lwkt.ts';
import { cpu } from '../../runtime/scheduler/globaldata.ts';
import { refOf } from '../../runtime/scheduler/thread.ts';
import { Machine, SLEEP_SLOTS } from '../../runtime/shared-memory/layout/machine.ts';
import { Thread } from '../../runtime/shared-memory/layout/thread.ts';
import { ld, stA } from '../../runtime/shared-memory/word.ts';
import type { Atomic } from '../../runtime/shared-memory/struct.ts';
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
  takeSent,
} from '../helpers/one-cpu.ts';

bootOneCpu({ ncpus: 4 });
checkLeaks(test);
const { m } = cpu;
const IDENT = 4711;
const log: unknown[] = [];
test.beforeEach(() => {
  log.length = 0;
});

/** Cpus that may have sleepers, over all slots. */
function mask(): number {
  let bits = 0;
  for (let i = 0; i < 2 * SLEEP_SLOTS; i++) bits |= m[Machine.sleepers + i] as number;
  return bits;
}

/** Says that these cpus may have sleepers on any number. */
function pretend(bits: number): void {
  for (let i = 0; i < SLEEP_SLOTS; i++) stA(m, 0, (Machine.sleepers + 2 * i) as Atomic, bits);
}

test.afterEach((t) => {
  t.is(mask(), 0, 'no sleeper is announced');
});

function sleeper(n: number, ident = IDENT, timeoutMs = Infinity): Td<boolean> {
  return child(function* sleeps() {
    const woken = yield* tsleep(ident, { timeoutMs });
    log.push(n);
    return woken;
  });
}

test.serial(
  'tsleep smoke: wakeup wakes all that sleep on the number, in their order, and nobody else',
  (t) => {
    run(function* () {
      const threads = [sleeper(1), sleeper(2), sleeper(3)];
      const other = sleeper(9, IDENT + 1);
      yield* lwktYield();
      t.is(mask(), 1);
      wakeup(IDENT);
      yield* giveWay();
      t.deepEqual(log, [1, 2, 3]);
      for (const td of threads) t.true(yield* join(td));
      t.is(mask(), 1);
      wakeup(IDENT + 1);
      t.true(yield* join(other));
    });
  },
);

test.serial('tsleep: wakeupOne wakes the first', (t) => {
  run(function* () {
    const threads = [sleeper(1), sleeper(2)];
    yield* lwktYield();
    wakeupOne(IDENT);
    yield* giveWay();
    t.deepEqual(log, [1]);
    wakeupOne(IDENT);
    for (const td of threads) yield* join(td);
    wakeupOne(IDENT);
    wakeup(IDENT);
    t.deepEqual(log, [1, 2]);
  });
});

test.serial('tsleep: the time ends it', (t) => {
  run(function* () {
    t.false(yield* tsleep(IDENT, { timeoutMs: 1 }));
    const td = sleeper(1, IDENT, 10_000);
    yield* lwktYield();
    wakeup(IDENT);
    t.true(yield* join(td));
  });
});

test.serial('tsleep lost wake-up: what comes between interlock and sleep ends the sleep at once', (t) => {
  run(function* () {
    tsleepInterlock(IDENT);
    t.is(mask(), 1);
    wakeup(IDENT);
    t.is(mask(), 0);
    t.true(yield* tsleep(IDENT, { interlocked: true, timeoutMs: 10_000 }));
    // Not interlocked: that wake-up was for others.
    tsleepInterlock(IDENT);
    wakeup(IDENT);
    t.false(yield* tsleep(IDENT, { timeoutMs: 1 }));
    // For another number: neither.
    tsleepInterlock(IDENT);
    wakeup(IDENT);
    t.false(yield* tsleep(IDENT + 1, { interlocked: true, timeoutMs: 1 }));
  });
});

test.serial('tsleep: an interlock without a sleep ends with the thread, or with the next one', (t) => {
  run(function* () {
    const td = child(function* forgets() {
      tsleepInterlock(IDENT);
      tsleepInterlock(IDENT + 1);
      yield* lwktYield();
    });
    yield* join(td);
    t.is(mask(), 0);
  });
});

test.serial('tsleep: scheduling a sleeper does not wake it; killing does', (t) => {
  run(function* () {
    const td = sleeper(1);
    yield* lwktYield();
    lwktSchedule(td);
    yield* giveWay();
    t.deepEqual(log, []);
    kill(td);
    t.is((yield* failure(td)).code, 'ERR_LWKT_KILLED');
  });
});

test.serial('tsleep: a process sleeps with its thread and runs when that is woken, however', (t) => {
  run(function* () {
    for (const how of ['wakeup', 'clock', 'kill']) {
      const td = spawn(
        define(function* sleeps() {
          const self = refOf(curthread(), 'test');
          try {
            yield* tsleep(IDENT, how === 'clock' ? { timeoutMs: 1 } : {});
          } finally {
            log.push(ld(m, self, Thread.procStat));
          }
        }),
        [],
        { proc: 7 },
      );
      yield* lwktYield();
      t.is(ld(m, refOf(td, 'test'), Thread.procStat), PROC_SLEEP, how);
      if (how === 'wakeup') wakeup(IDENT);
      if (how === 'kill') {
        kill(td);
        yield* failure(td);
      } else yield* join(td);
    }
    t.deepEqual(log, [PROC_RUN, PROC_RUN, PROC_RUN]);
  });
});

test.serial('wakeup: asks only cpus that may have sleepers', (t) => {
  run(function* () {
    wakeup(IDENT);
    t.deepEqual(takeSent(1), []);
    pretend(0b1010);
    wakeup(IDENT);
    t.deepEqual(takeSent(1), [[IPI.wakeup, IDENT, 0, 0]]);
    t.deepEqual(takeSent(2), []);
    t.deepEqual(takeSent(3), [[IPI.wakeup, IDENT, 0, 0]]);
    pretend(0);
    yield* lwktYield();
  });
});

test.serial('wakeupOne: goes from cpu to cpu until one has a sleeper', (t) => {
  run(function* () {
    pretend(0b1100);
    wakeupOne(IDENT);
    // Cpus 1, 2 and 3 are left; 2 is the first that may have one, with 3 left after it.
    t.deepEqual(takeSent(2), [[IPI.wakeup, IDENT, 2, 0]]);
    t.deepEqual(takeSent(3), []);
    // Cpu 3 found none and asks this one, the last: nobody.
    sendFromOutside(IPI.wakeup, IDENT, 1);
    safepoint();
    t.deepEqual(takeSent(2), []);
    pretend(0);
    const td = sleeper(1);
    yield* lwktYield();
    sendFromOutside(IPI.wakeup, IDENT, 1);
    t.true(yield* join(td));
  });
});

test.serial('tsleep: what is no number, and a negative time, are refused', (t) => {
  run(function* () {
    for (const ident of [0, 1.5, 2 ** 31, NaN]) {
      t.throws(() => tsleep(ident), { code: 'ERR_LWKT_OPTION' });
      t.throws(() => wakeup(ident), { code: 'ERR_LWKT_OPTION' });
      t.throws(() => wakeupOne(ident), { code: 'ERR_LWKT_OPTION' });
      t.throws(() => tsleepInterlock(ident), { code: 'ERR_LWKT_OPTION' });
    }
    t.throws(() => tsleep(1, { timeoutMs: -1 }), { code: 'ERR_LWKT_OPTION' });
    yield* lwktYield();
  });
  t.throws(() => tsleepInterlock(1), { code: 'ERR_LWKT_CONTEXT' });
});

test.serial('panic tsleep: the thread of a sleeping process is woken, not scheduled', (t) => {
  const { message } = panicOf(function* () {
    const td = spawn(
      define(function* sleeps() {
        yield* tsleep(IDENT);
      }),
      [],
      { proc: 7 },
    );
    yield* lwktYield();
    try {
      lwktSchedule(td);
    } finally {
      wakeup(IDENT);
    }
  });
  t.regex(message, /SCHED PANIC: .* target \d+ 'sleeps.*' \(process 7, sleep\)/);
});
