import test from 'ava';
import {
  join,
  lwktHold,
  lwktRele,
  lwktWaitFree,
  lwktYield,
  setRelease,
  spawn,
  type Td,
} from '../../runtime/lwkt.ts';
import { cpu } from '../../runtime/scheduler/globaldata.ts';
import { lwktFreeThread, refOf, tryRefOf } from '../../runtime/scheduler/thread.ts';
import { Globaldata } from '../../runtime/shared-memory/layout/globaldata.ts';
import { Thread } from '../../runtime/shared-memory/layout/thread.ts';
import { ld, ldA, st } from '../../runtime/shared-memory/word.ts';
import { bootOneCpu, checkLeaks, child, define, failure, giveWay, panicOf, run } from '../helpers/one-cpu.ts';

bootOneCpu();
checkLeaks(test);
const { m } = cpu;
const quick = define(function* quick(n: number) {
  yield* lwktYield();
  return n;
});
const log: string[] = [];
test.beforeEach(() => {
  log.length = 0;
});

test.serial(
  'refs smoke: a held thread keeps its handle when it was joined, the last release frees it',
  (t) => {
    run(function* () {
      const td = spawn(quick, [4]);
      lwktHold(td);
      lwktHold(td);
      const cached = ld(m, cpu.gd, Globaldata.tdfreecount);
      t.is(yield* join(td), 4);
      const ref = tryRefOf(td);
      t.not(ref, 0, 'joined, and still there');
      lwktRele(td);
      t.not(tryRefOf(td), 0);
      t.is(ld(m, cpu.gd, Globaldata.tdfreecount), cached);
      lwktRele(td);
      t.is(tryRefOf(td), 0);
      t.is(ld(m, cpu.gd, Globaldata.tdfreecount), cached + 1);
      t.is(ldA(m, ref, Thread.refs), 0);
      t.throws(() => lwktRele(td), { code: 'ERR_LWKT_NO_THREAD' });
    });
  },
);

test.serial('refs: a held thread is joined once', (t) => {
  run(function* () {
    const td = spawn(quick, [4]);
    lwktHold(td);
    t.is(yield* join(td), 4);
    const again = child(function* again() {
      yield* join(td);
    });
    t.is((yield* failure(again)).code, 'ERR_LWKT_JOINED');
    lwktRele(td);
    t.is(tryRefOf(td), 0);
  });
});

test.serial('refs: released before the join, the join frees', (t) => {
  run(function* () {
    const td = spawn(quick, [4]);
    lwktHold(td);
    lwktRele(td);
    t.is(yield* join(td), 4);
    t.is(tryRefOf(td), 0);
  });
});

test.serial('refs: lwktWaitFree returns when the last holder lets go, at once when there is none', (t) => {
  run(function* () {
    const td = spawn(quick, [4]);
    yield* lwktWaitFree(td);
    lwktHold(td);
    lwktHold(td);
    const waits = child(function* waits() {
      log.push('waits');
      yield* lwktWaitFree(td);
      log.push('free');
    });
    yield* giveWay();
    lwktRele(td);
    yield* giveWay();
    t.deepEqual(log, ['waits']);
    lwktRele(td);
    yield* join(waits);
    t.deepEqual(log, ['waits', 'free']);
    t.is(yield* join(td), 4);
  });
});

test.serial('refs: lwktWaitFree also returns when the descriptor is gone with the last reference', (t) => {
  run(function* () {
    const td = spawn(quick, [4]);
    lwktHold(td);
    yield* join(td);
    const waits = child(function* waits() {
      yield* lwktWaitFree(td);
      log.push(String(tryRefOf(td)));
    });
    yield* giveWay();
    lwktRele(td);
    yield* join(waits);
    t.deepEqual(log, ['0']);
  });
});

test.serial('refs: one thread waits at a time', (t) => {
  run(function* () {
    const td = spawn(quick, [4]);
    lwktHold(td);
    const wait = (): Td =>
      child(function* waits() {
        yield* lwktWaitFree(td);
      });
    const first = wait();
    yield* lwktYield();
    t.is((yield* failure(wait())).code, 'ERR_LWKT_CONTEXT');
    lwktRele(td);
    yield* join(first);
    yield* join(td);
  });
});

test.serial('panic refs: released once too often', (t) => {
  const { message } = panicOf(function* () {
    const td = spawn(quick, [4]);
    lwktHold(td);
    lwktRele(td);
    lwktRele(td);
    yield* lwktYield();
  });
  t.regex(message, /lwkt_rele: td_refs of thread \d+ 'quick.*' is 0 already: more released than held/);
});

test.serial('panic refs: freeing a thread that did not exit', (t) => {
  const { message } = panicOf(function* () {
    lwktFreeThread(refOf(spawn(quick, [1]), 'test'));
    yield* lwktYield();
  });
  t.regex(message, /lwktFreeThread: did not exit! thread \d+ 'quick.*', flags 0x/);
});

test.serial('panic refs: a free descriptor that did not exit', (t) => {
  const { message } = panicOf(function* () {
    yield* join(spawn(quick, [1]));
    const free = ld(m, cpu.gd, Globaldata.tdfreeq);
    st(m, free, Thread.flags, 1);
    try {
      spawn(quick, [2]);
    } finally {
      st(m, free, Thread.flags, 0);
    }
  });
  t.regex(message, /lwkt_alloc_thread: cached thread \d+ '.*' did not exit: flags 0x1/);
});

// ---- passive release

test.serial(
  'release: the hook runs at each switch away, before the next thread, and not after it was taken away',
  (t) => {
    run(function* () {
      const other = child(function* other() {
        for (let i = 0; i < 3; i++) {
          log.push('other');
          yield* lwktYield();
        }
      });
      setRelease(() => log.push('released'));
      yield* lwktYield();
      log.push('back');
      yield* lwktYield();
      setRelease(undefined);
      yield* lwktYield();
      t.deepEqual(log, ['released', 'other', 'back', 'released', 'other', 'other']);
      yield* join(other);
    });
  },
);

test.serial(
  'release: not when the thread is preempted, nor when it returns to whom it preempted (D13)',
  (t) => {
    run(function* () {
      setRelease(() => log.push('of the thread'));
      const interrupt = spawn(
        define(function* interrupt() {
          setRelease(() => log.push('of the interrupt'));
          log.push('runs');
          yield* lwktYield();
          log.push('runs again');
        }),
        [],
        { interrupt: true },
      );
      t.deepEqual(log, ['runs']);
      yield* join(interrupt);
      t.deepEqual(log, ['runs', 'of the thread', 'runs again']);
      setRelease(undefined);
    });
  },
);

test.serial('release: gone with its thread', (t) => {
  run(function* () {
    const td = child(function* ends() {
      setRelease(() => log.push('released'));
      yield* lwktYield();
    });
    yield* join(td);
    const next = spawn(quick, [1]);
    yield* join(next);
    t.deepEqual(log, ['released']);
  });
});

test.serial('release: refused outside of a thread', (t) => {
  t.throws(() => setRelease(() => {}), { code: 'ERR_LWKT_CONTEXT' });
});

test.serial('panic release: a hook that throws', (t) => {
  const { message } = panicOf(function* () {
    setRelease(() => {
      throw new Error('no');
    });
    yield* lwktYield();
  });
  t.regex(message, /td_release of thread \d+ 'main.*' threw on cpu 0: Error: no/);
});
