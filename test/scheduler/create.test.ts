import test from 'ava';
import { TDF_EXITED, TDPRI_MAX } from '../../runtime/base/params.ts';
import type { Td } from '../../runtime/base/ids.ts';
import {
  critEnter,
  curthread,
  join,
  kthread,
  lwktGetToken,
  lwktTryToken,
  lwktRelToken,
  lwktYield,
  LwktError,
  spawn,
  token,
  type KThread,
} from '../../runtime/lwkt.ts';
import { cpu } from '../../runtime/scheduler/globaldata.ts';
import { HOST } from '../../runtime/base/protocol.ts';
import { ringOf } from '../../runtime/shared-memory/layout/memory-map.ts';
import { headFunc, ringSlot, ringTaken, ringWritten } from '../../runtime/shared-memory/ring.ts';
import { endDescriptor } from '../../runtime/shared-memory/descriptor.ts';
import { Thread } from '../../runtime/shared-memory/layout/thread.ts';
import { ld, ldA, st, stA } from '../../runtime/shared-memory/word.ts';
import { takeValue } from '../../runtime/shared-memory/value.ts';
import { commOf, refOf, tryRefOf } from '../../runtime/scheduler/thread.ts';
import { bootOneCpu, child, define, failure, checkLeaks, run, giveWay } from '../helpers/one-cpu.ts';

const THREADS = 40;
bootOneCpu({ threads: THREADS });
checkLeaks(test);

const tok = token('create');

test.serial('join: gives what the thread returned', (t) => {
  run(function* () {
    const date = new Date(0);
    for (const value of [1, -0, NaN, 'text', 5n, null, undefined, true, { a: [1, { b: date }] }, [1, 2]]) {
      const back = yield* join(
        child(function* returns() {
          yield* lwktYield();
          return value;
        }),
      );
      t.deepEqual(back, value);
    }
  });
});

test.serial('join done at once: a thread that has ended is joined without a switch', (t) => {
  run(function* () {
    const td = child(function* quick() {
      return 7;
    });
    yield* giveWay();
    let others = 0;
    const other = child(function* other() {
      others++;
    });
    t.is(yield* join(td), 7);
    t.is(others, 0);
    yield* join(other);
  });
});

test.serial('join: arguments and results are copies, also on one cpu', (t) => {
  run(function* () {
    const list = [1, 2, 3];
    const back = yield* join(
      child(function* changes(given: number[]) {
        given.push(4);
        return given;
      }, list),
    );
    t.deepEqual(list, [1, 2, 3]);
    t.deepEqual(back, [1, 2, 3, 4]);
    let kept: number[] = [];
    const result = yield* join(
      child(function* keeps() {
        kept = [1];
        return kept;
      }),
    );
    result.push(2);
    t.deepEqual(kept, [1]);
  });
});

test.serial('spawn: arguments arrive in order and kind', (t) => {
  run(function* () {
    const args = [1, 'two', 3n, null, undefined, { four: 4 }] as unknown[];
    const td = child(
      function* shows(...given: unknown[]) {
        return given;
      },
      ...args,
    );
    t.deepEqual(yield* join(td), args);
    const one = child(function* shows(...given: unknown[]) {
      return given;
    }, 5);
    t.deepEqual(yield* join(one), [5]);
    for (const numbers of [[], [-0], [1, 2], [-0, 1], [2 ** 31, 1], [1.5, 2, -0, NaN]]) {
      const shows = child(
        function* shows(...given: unknown[]) {
          return given;
        },
        ...numbers,
      );
      t.deepEqual(yield* join(shows), numbers);
    }
  });
});

test.serial('join: throws what the thread threw, with code and cause', (t) => {
  run(function* () {
    const cause = new RangeError('underneath');
    const error = yield* failure(
      child(function* fails() {
        yield* lwktYield();
        throw Object.assign(new TypeError('above', { cause }), { code: 'ERR_ABOVE' });
      }),
    );
    t.is(error.message, 'above');
    t.is(error.name, 'TypeError');
    t.is(error.code, 'ERR_ABOVE');
    t.is((error.cause as Error).message, 'underneath');
  });
});

test.serial('join: throws what a thread threw before its first yield', (t) => {
  run(function* () {
    const td = child(function* fails(): Generator<unknown, void, unknown> {
      throw new Error('at once');
    });
    t.is((yield* failure(td)).message, 'at once');
  });
});

test.serial('join: a thread is joined once', (t) => {
  run(function* () {
    const td = child(function* waits() {
      for (let i = 0; i < 20; i++) yield* lwktYield();
      return 1;
    });
    const first = child(function* joins() {
      return yield* join(td);
    });
    yield* giveWay(2);
    const second = yield* failure(
      child(function* joins() {
        return yield* join(td);
      }),
    );
    t.is(second.code, 'ERR_LWKT_JOINED');
    t.is(yield* join(first), 1);
    const third = t.throws(() => join(td), { instanceOf: LwktError });
    t.is(third?.code, 'ERR_LWKT_NO_THREAD');
  });
});

test.serial('join: a thread does not wait for itself', (t) => {
  run(function* () {
    t.throws(() => join(curthread()), { code: 'ERR_LWKT_CONTEXT', message: /would wait for itself/ });
    yield* lwktYield();
  });
});

for (const handle of [0, -1, 1.5, NaN, 0x7fff_ffff, '5' as unknown as number]) {
  test.serial(`join: ${typeof handle} ${handle} is refused as no thread`, (t) => {
    run(function* () {
      t.throws(() => join(handle as Td), { code: 'ERR_LWKT_NO_THREAD' });
      yield* lwktYield();
    });
  });
}

test.serial('handle: one kept too long is noticed, when its slot is in use again', (t) => {
  run(function* () {
    const quick = define(function* quick() {
      return 1;
    });
    const old = spawn(quick);
    yield* join(old);
    const now: Td[] = [];
    for (let i = 0; i < THREADS; i++) now.push(spawn(quick));
    t.false(now.includes(old));
    t.throws(() => join(old), { code: 'ERR_LWKT_NO_THREAD' });
    for (const td of now) yield* join(td);
  });
});

test.serial('exit: a token in hand is an error, and the token is free again', (t) => {
  run(function* () {
    const error = yield* failure(
      child(function* keeps() {
        yield* lwktGetToken(tok);
      }),
    );
    t.is(error.code, 'ERR_LWKT_CONTEXT');
    t.regex(error.message, /returned with 1 token in hand/);
    t.true(lwktTryToken(tok));
    lwktRelToken(tok);
  });
});

test.serial('exit: a thread that throws lets its tokens go, and its own error counts', (t) => {
  run(function* () {
    const error = yield* failure(
      child(function* throws() {
        yield* lwktGetToken(tok);
        throw new RangeError('own');
      }),
    );
    t.is(error.message, 'own');
    t.true(lwktTryToken(tok));
    lwktRelToken(tok);
  });
});

test.serial('exit: an open critical section is an error, and does not outlive the thread', (t) => {
  run(function* () {
    const error = yield* failure(
      child(function* keeps() {
        critEnter();
      }),
    );
    t.is(error.code, 'ERR_LWKT_CONTEXT');
    t.regex(error.message, /open critical section/);
    t.is(
      yield* join(
        child(function* next() {
          return 1;
        }),
      ),
      1,
    );
  });
});

test.serial('detached: a thread that ends well leaves nothing', (t) => {
  run(function* () {
    let ran = 0;
    const body = define(function* detached() {
      ran++;
    });
    for (let i = 0; i < 10; i++) spawn(body, [], { detached: true });
    yield* giveWay();
    t.is(ran, 10);
  });
});

test.serial('detached: nobody can join it', (t) => {
  run(function* () {
    const td = spawn(
      define(function* detached() {
        yield* lwktYield();
      }),
      [],
      { detached: true },
    );
    t.throws(() => join(td), { code: 'ERR_LWKT_JOINED', message: /spawned detached/ });
    yield* giveWay();
    t.throws(() => join(td), { code: 'ERR_LWKT_NO_THREAD' });
  });
});

test.serial('detached thread that fails: the host is told, with its handle', (t) => {
  const { m, arena, id, ncpus } = cpu;
  const ring = ringOf(arena.map, id, ncpus);
  const before = ringTaken(m, ring);
  t.is(ringWritten(m, ring), before);
  const handle = run(function* () {
    const td = spawn(
      define(function* detached() {
        throw new Error('nobody waits');
      }) as KThread<[], void>,
      [],
      { detached: true },
    );
    yield* giveWay();
    return td;
  });
  t.is(ringWritten(m, ring), before + 1);
  const slot = ringSlot(ring, before);
  t.deepEqual([headFunc(m[slot] as number), m[slot + 1]], [HOST.failed, handle]);
  // Played: the host takes it.
  t.throws(() => takeValue(arena, ncpus, tryRefOf(handle)), { message: 'nobody waits' });
});

test.serial('spawn: the name is the function’s, or what was asked for, cut at 16 bytes', (t) => {
  run(function* () {
    const body = define(function* shows() {
      return commOf(tryRefOf(curthread()));
    });
    t.regex(yield* join(spawn(body)), /^shows\.\d+$/);
    t.is(yield* join(spawn(body, [], { name: 'a name of more than sixteen bytes' })), 'a name of more t');
    t.regex(yield* join(spawn(body)), /^shows\.\d+$/);
  });
});

test.serial('spawn: bad options are refused with the limits, and leave no thread', (t) => {
  run(function* () {
    const body = define(function* nothing() {});
    const bad = (options: object, message: RegExp): void => {
      t.throws(() => spawn(body, [], options), { code: 'ERR_LWKT_OPTION', message });
    };
    for (const where of [2, -1, 0.5, NaN, '0']) bad({ cpu: where }, /this machine has 0 \.\. 1/);
    for (const priority of [0, TDPRI_MAX + 1, 1.5]) bad({ priority }, /1 \.\. 31/);
    const loose = spawn as (kt: unknown, args?: unknown) => Td;
    t.throws(() => loose({}), { code: 'ERR_LWKT_OPTION' });
    t.throws(() => loose(undefined), { code: 'ERR_LWKT_OPTION' });
    t.throws(() => loose(body, 5), { code: 'ERR_LWKT_OPTION' });
    yield* lwktYield();
  });
});

test.serial('spawn: an argument that cannot be cloned is named, and no thread is lost', (t) => {
  run(function* () {
    const body = define(function* takes(value: unknown) {
      return value;
    });
    for (let i = 0; i < 3 * THREADS; i++) {
      const error = t.throws(() => spawn(body, [{ bad: () => 1 }]), { instanceOf: LwktError });
      t.is(error?.code, 'ERR_LWKT_CLONE');
      t.regex(error?.message ?? '', /^argument 1 of 'takes\.\d+' cannot be cloned/);
    }
    yield* lwktYield();
  });
});

test.serial('join: a result that cannot be cloned is an error that names the thread', (t) => {
  run(function* () {
    const error = yield* failure(
      child(function* returns() {
        return () => 1;
      }),
    );
    t.is(error.code, 'ERR_LWKT_CLONE');
    t.regex(error.message, /result of thread 'returns\.\d+' cannot be cloned/);
  });
});

test.serial(
  'spawn full: too many threads is an error with limit and way out; all are there again after',
  (t) => {
    run(function* () {
      const body = define(function* waits() {
        yield* lwktYield();
        return 1;
      });
      for (let round = 0; round < 3; round++) {
        const threads: Td<number>[] = [];
        const error = t.throws(
          () => {
            for (;;) threads.push(spawn(body));
          },
          { instanceOf: LwktError },
        );
        t.is(error?.code, 'ERR_LWKT_THREADS');
        t.regex(error?.message ?? '', new RegExp(`all ${THREADS} threads .*raise threads`, 's'));
        t.true(threads.length >= THREADS - 1);
        let sum = 0;
        for (const td of threads) sum += yield* join(td);
        t.is(sum, threads.length);
      }
    });
  },
);

test.serial('kthread: what is no generator function, has no name or a name twice is refused', (t) => {
  const loose = kthread as (run: unknown) => unknown;
  const refused = (value: unknown, message: RegExp): void => {
    t.throws(() => loose(value), { code: 'ERR_LWKT_REGISTER', message });
  };
  refused(() => 1, /needs a generator function.*Function/);
  refused(async function* generates() {
    yield 1;
  }, /AsyncGeneratorFunction 'generates'/);
  refused(undefined, /not undefined/);
  refused(function* () {}, /needs a function with a name/);
  kthread(function* twice() {});
  refused(function* twice() {}, /'twice' is registered twice/);
});

test.serial('spawn stress: a tree of threads joins to its root', (t) => {
  const tree: KThread<[number], number> = define(function* node(
    depth: number,
  ): Generator<unknown, number, unknown> {
    if (depth === 0) return 1;
    const left = spawn(tree, [depth - 1]);
    const right = spawn(tree, [depth - 1]);
    return (yield* join(left)) + (yield* join(right));
  });
  t.is(
    run(function* () {
      return yield* join(spawn(tree, [4]));
    }),
    16,
  );
});

test.serial(
  'regress join: of a thread that another cpu frees in this very moment is refused, not forgotten',
  (t) => {
    run(function* () {
      // Cpu 1 has taken the result and frees the descriptor: the flags are stored, the generation is not yet.
      const td = child(function* quick() {
        yield* lwktYield();
      });
      const ref = refOf(td, 'test');
      yield* giveWay();
      const { m } = cpu;
      st(m, ref, Thread.joiner, 1 << 31);
      const flags = ld(m, ref, Thread.flags);
      const gen = ldA(m, ref, Thread.gen);
      const joiner = child(function* joiner() {
        const stored: number[] = [];
        const { store } = Atomics;
        Object.assign(Atomics, {
          store(words: Int32Array, at: number, value: number) {
            // Between the two stores of endDescriptor.
            if (at === ref + Thread.gen) stored.push(ld(m, ref, Thread.flags));
            return store(words, at, value);
          },
        });
        endDescriptor(cpu.arena, ref);
        Object.assign(Atomics, { store });
        t.deepEqual(stored, [TDF_EXITED], 'it says ended, not on its way');
        stA(m, ref, Thread.gen, gen);
        yield* join(td);
      });
      t.is((yield* failure(joiner)).code, 'ERR_LWKT_JOINED');
      st(m, ref, Thread.flags, flags);
      st(m, ref, Thread.joiner, 0);
      yield* join(td);
    });
  },
);
