import test from 'ava';
import { BELL_MPLOCK, ringBell } from '../../runtime/shared-memory/doorbell.ts';
import {
  getMplock,
  join,
  kill,
  kthreadCreate,
  lwktCreate,
  lwktYield,
  mpcount,
  mpLockHeld,
  relMplock,
  safepoint,
  sleep,
  spawn,
  tryMplock,
} from '../../runtime/lwkt.ts';
import { cpu, globaldataFind } from '../../runtime/scheduler/globaldata.ts';
import { Machine } from '../../runtime/shared-memory/layout/machine.ts';
import { counter, Globaldata } from '../../runtime/shared-memory/layout/globaldata.ts';
import { tunable } from '../../runtime/shared-memory/layout/sysctl.ts';
import { ld, ldA, orA, stA } from '../../runtime/shared-memory/word.ts';
import { tick } from '../../runtime/scheduler/poll.ts';
import {
  bootOneCpu,
  checkLeaks,
  child,
  define,
  failure,
  giveWay,
  panicOf,
  run,
  runWithLoop,
  watchCounters,
} from '../helpers/one-cpu.ts';

bootOneCpu();
checkLeaks(test);
const { m } = cpu;

const lock = (): number => ldA(m, 0, Machine.mplock);
const setLock = (value: number): void => stA(m, 0, Machine.mplock, value);
const asked = (): number => ldA(m, 0, Machine.mplockReqLow);
const bellOf1 = (): number => ldA(m, globaldataFind(1), Globaldata.bell) & BELL_MPLOCK;

/** Plays cpu 1: releases the lock and rings whoever asked. */
function releaseFromOutside(): void {
  setLock(0);
  if ((asked() & 1) !== 0) ringBell(m, cpu.gd, BELL_MPLOCK);
}

test.afterEach.always(() => {
  setLock(0);
  stA(m, 0, Machine.mplockReqLow, 0);
  stA(m, globaldataFind(1), Globaldata.bell, 0);
  stA(m, cpu.arena.map.sysctl, tunable('lwkt.mplock_quantum_us'), 100);
});

test.serial('mplock smoke: gets nest, the last release lets it go', (t) => {
  run(function* () {
    t.is(lock(), 0);
    yield* getMplock();
    t.is(lock(), 1);
    yield* getMplock();
    t.true(tryMplock());
    t.is(mpcount(), 3);
    relMplock();
    relMplock();
    t.true(mpLockHeld());
    relMplock();
    t.false(mpLockHeld());
    t.is(lock(), 0);
  });
});

test.serial('mplock: a thread that blocks loses it and has it again when it runs', (t) => {
  run(function* () {
    const other = child(function* other() {
      t.is(mpcount(), 0);
      t.is(lock(), 0, 'the switch let it go');
      yield* lwktYield();
    });
    yield* getMplock();
    yield* join(other);
    t.is(mpcount(), 1);
    t.is(lock(), 1);
    relMplock();
  });
});

test.serial(
  'mplock: while another cpu has it, threads that do not want it run, also less urgent ones',
  (t) => {
    run(function* () {
      const order: string[] = [];
      setLock(2);
      const wants = child(function* wants() {
        order.push('asks');
        yield* getMplock();
        order.push('has');
        relMplock();
      });
      const low = spawn(
        define(function* low() {
          order.push('low');
          yield* lwktYield();
        }),
        [],
        { priority: 6 },
      );
      yield* join(low);
      t.deepEqual(order, ['asks', 'low']);
      t.is(asked(), 1, 'the request stands');
      t.false(safepoint());
      releaseFromOutside();
      t.true(safepoint(), 'the bell asks for a switch');
      yield* join(wants);
      t.deepEqual(order, ['asks', 'low', 'has']);
      t.is(asked(), 0);
    });
  },
);

test.serial('mplock: a thread made by lwktCreate enters with it, and may end with it', (t) => {
  run(function* () {
    const seen: unknown[] = [];
    const { error } = console;
    console.error = (line: string) => seen.push(line);
    try {
      const made = lwktCreate(
        define(function* seedling(word: string) {
          seen.push(word, mpcount(), lock());
          yield* lwktYield();
          seen.push(mpcount(), lock());
        }),
        ['hello'],
        { name: 'seedling' },
      );
      yield* giveWay();
      t.deepEqual(seen, ['hello', 1, 1, 1, 1, `kthread ${made} seedling has exited`]);
      t.is(lock(), 0);
    } finally {
      console.error = error;
    }
  });
});

test.serial('mplock: kthreadCreate is lwktCreate under its later name', (t) => {
  run(function* () {
    const seen: unknown[] = [];
    const { error } = console;
    console.error = (line: string) => seen.push(line);
    try {
      const made = kthreadCreate(
        define(function* later() {
          seen.push(mpcount());
          yield* lwktYield();
        }),
        [],
        'later',
      );
      yield* giveWay();
      t.deepEqual(seen, [1, `kthread ${made} later has exited`]);
    } finally {
      console.error = error;
    }
  });
});

test.serial('mplock: a thread of spawn that ends with it gets an error', (t) => {
  run(function* () {
    const careless = child(function* careless() {
      yield* getMplock();
    });
    const error = yield* failure(careless);
    t.is(error.code, 'ERR_LWKT_CONTEXT');
    t.regex(error.message, /the MP lock: pair getMplock with relMplock/);
    yield* lwktYield();
    t.is(lock(), 0);
  });
});

test.serial('mplock: tryMplock fails while another cpu has it', (t) => {
  run(function* () {
    setLock(2);
    t.false(tryMplock());
    t.is(mpcount(), 0);
    setLock(0);
    t.true(tryMplock());
    relMplock();
    yield* lwktYield();
  });
});

test.serial('mplock: relMplock without it is refused', (t) => {
  run(function* () {
    t.throws(() => relMplock(), { code: 'ERR_LWKT_CONTEXT', message: /has no MP lock to release/ });
    yield* lwktYield();
  });
});

test.serial('mplock: outside of a thread it is refused', (t) => {
  t.throws(() => tryMplock(), { code: 'ERR_LWKT_CONTEXT' });
  t.throws(() => getMplock(), { code: 'ERR_LWKT_CONTEXT' });
  t.throws(() => mpcount(), { code: 'ERR_LWKT_CONTEXT' });
});

test.serial('mplock: a release rings the next cpu that asked', (t) => {
  run(function* () {
    yield* getMplock();
    orA(m, 0, Machine.mplockReqLow, 2);
    t.is(bellOf1(), 0);
    relMplock();
    t.is(lock(), 0);
    t.not(bellOf1(), 0);
  });
});

test.serial(
  'mplock: after a quantum the lock is kept for the cpu that waits, and nobody else takes it',
  (t) => {
    run(function* () {
      stA(m, cpu.arena.map.sysctl, tunable('lwkt.mplock_quantum_us'), 0);
      yield* getMplock();
      orA(m, 0, Machine.mplockReqLow, 2);
      tick(); // begins to count
      tick(); // a quantum of 0 is over
      const other = child(function* other() {
        t.is(lock(), -2, 'kept for cpu 1');
        t.not(bellOf1(), 0);
        t.false(tryMplock());
        // Cpu 1 takes it, uses it, lets it go.
        setLock(2);
        stA(m, 0, Machine.mplockReqLow, asked() & ~2);
        releaseFromOutside();
        yield* lwktYield();
      });
      t.true(safepoint());
      yield* lwktYield();
      t.is(lock(), 1);
      t.is(asked(), 0);
      relMplock();
      yield* join(other);
    });
  },
);

test.serial('mplock: what is kept for a cpu that wants it no longer goes on to the next', (t) => {
  run(function* () {
    setLock(-1);
    orA(m, 0, Machine.mplockReqLow, 2);
    ringBell(m, cpu.gd, BELL_MPLOCK);
    t.true(safepoint());
    yield* lwktYield();
    t.is(lock(), 0);
    t.not(bellOf1(), 0, 'cpu 1 is told');
  });
});

test.serial('mplock: what is kept for this cpu is taken by the thread that waited', (t) => {
  run(function* () {
    setLock(2);
    const waits = child(function* waits() {
      yield* getMplock();
      t.is(lock(), 1);
      relMplock();
    });
    yield* lwktYield();
    t.is(asked(), 1);
    setLock(-1);
    ringBell(m, cpu.gd, BELL_MPLOCK);
    yield* join(waits);
    t.is(asked(), 0);
  });
});

test.serial('mplock: gets, contention and the longest wait are counted', (t) => {
  run(function* () {
    const moved = watchCounters('lwkt.mplock_gets', 'lwkt.mplock_contention');
    yield* getMplock();
    yield* getMplock();
    relMplock();
    relMplock();
    setLock(2);
    const waits = child(function* waits() {
      yield* getMplock();
      relMplock();
    });
    yield* sleep(2);
    releaseFromOutside();
    yield* join(waits);
    t.deepEqual(moved(), [2, 1]);
    t.true(ld(m, cpu.gd, counter('lwkt.mplock_longest_us')) >= 1000, 'two milliseconds were waited');
  });
});

test.serial('mplock: a killed waiter ends without it', (t) => {
  run(function* () {
    setLock(2);
    const waits = child(function* waits() {
      try {
        yield* getMplock();
      } finally {
        t.is(mpcount(), 0);
      }
    });
    yield* lwktYield();
    kill(waits);
    t.is((yield* failure(waits)).code, 'ERR_LWKT_KILLED');
    t.is(lock(), 2);
  });
});

test.serial('mplock: a killed holder lets it go', (t) => {
  run(function* () {
    const holds = child(function* holds() {
      yield* getMplock();
      yield* sleep(Infinity);
    });
    yield* lwktYield();
    kill(holds);
    t.is((yield* failure(holds)).code, 'ERR_LWKT_KILLED');
    yield* lwktYield();
    t.is(lock(), 0);
  });
});

test.serial('mplock: an event loop turn lets it go', async (t) => {
  await runWithLoop(function* () {
    yield* getMplock();
    setImmediate(() => t.is(lock(), 0));
    cpu.turn = true;
    cpu.resched = true;
    yield* lwktYield();
    t.is(lock(), 1);
    relMplock();
  });
});

test.serial('panic mplock: the switch finds the lock word of another', (t) => {
  const { message } = panicOf(function* () {
    yield* getMplock();
    setLock(2);
    yield* lwktYield();
  });
  t.regex(
    message,
    /lwkt_switch: MP lock not held: cpu 0 switches to thread \d+ 'main.*' with mpcount 1, the lock says 2/,
  );
});

test.serial('panic mplock: released by a cpu that lost it', (t) => {
  const { message } = panicOf(function* () {
    yield* getMplock();
    cpu.mpHeld = false;
    relMplock();
  });
  t.regex(message, /rel_mplock: cpu 0 does not hold the MP lock, thread \d+ 'main.*' has mpcount 1/);
});

test.serial('panic mplock: the word says otherwise', (t) => {
  const { message } = panicOf(function* () {
    yield* getMplock();
    setLock(3);
    relMplock();
  });
  t.regex(message, /cpu_rel_mplock: cpu 0 does not hold the MP lock: the lock says 3/);
});
