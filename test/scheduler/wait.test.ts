import test, { type ExecutionContext } from 'ava';
import type { Td } from '../../runtime/base/ids.ts';
import {
  join,
  lwktBlock,
  lwktSchedule,
  lwktSignal,
  lwktYield,
  safepoint,
  sleep,
  waitGen,
  waitQueue,
} from '../../runtime/lwkt.ts';
import { cpu } from '../../runtime/scheduler/globaldata.ts';
import { IPI } from '../../runtime/base/protocol.ts';
import { refOf } from '../../runtime/scheduler/thread.ts';
import { Thread } from '../../runtime/shared-memory/layout/thread.ts';
import { Wait } from '../../runtime/shared-memory/layout/token.ts';
import { tunable } from '../../runtime/shared-memory/layout/sysctl.ts';
import { ld, stA } from '../../runtime/shared-memory/word.ts';
import { bootOneCpu, child, checkLeaks, run, giveWay, sendFromOutside } from '../helpers/one-cpu.ts';

bootOneCpu();
checkLeaks(test);

const w = waitQueue('w');

function waiting(): number {
  return cpu.m[w + Wait.count] as number;
}

test.afterEach((t) => {
  t.is(waiting(), 0);
});

/** A test of both strategies: the queue's token comes to the thread, or the thread asks the token's owner. */
function both(title: string, body: (t: ExecutionContext) => void): void {
  for (const [message, by] of ['token', 'message'].entries()) {
    test.serial(`${title} (by ${by})`, (t) => {
      const at = tunable('lwkt.waitq_message');
      stA(cpu.m, cpu.arena.map.sysctl, at, message);
      body(t);
      stA(cpu.m, cpu.arena.map.sysctl, at, 0);
    });
  }
}

/** Threads that wait on the queue and note their number when they go on. */
function waiters(n: number, order: number[], timeoutMs?: number): Td<number>[] {
  return Array.from({ length: n }, (_, i) =>
    child(function* waits() {
      const gen = yield* lwktBlock(w, waitGen(w), timeoutMs);
      order.push(i);
      return gen;
    }),
  );
}

both('wait: what a queue writes leaves its name alone, and the names and words of others', (t) => {
  const names = ['w', 'a queue with a longer name, of several words', 'x'];
  const queues = names.map((name) => waitQueue(name));
  run(function* () {
    const tds = queues.map((queue) =>
      child(function* waitsOn() {
        yield* lwktBlock(queue, waitGen(queue));
      }),
    );
    yield* giveWay();
    t.deepEqual(
      names.map((name) => waitQueue(name)),
      queues,
    );
    for (const queue of queues) t.is(yield* lwktSignal(queue), 1);
    for (const td of tds) yield* join(td);
  });
});

both('wait blocks and resumes: a signal wakes whoever waits', (t) => {
  run(function* () {
    const order: number[] = [];
    const [td] = waiters(1, order);
    const before = waitGen(w);
    yield* giveWay();
    t.is(waiting(), 1);
    t.deepEqual(order, []);
    t.is(yield* lwktSignal(w), 1);
    t.is(yield* join(td as Td<number>), before + 1);
  });
});

both('wait empty: a signal that nobody waits for wakes nobody and moves the generation', (t) => {
  run(function* () {
    const before = waitGen(w);
    t.is(yield* lwktSignal(w), 0);
    t.is(waitGen(w), before + 1);
  });
});

test.serial('wait: a name is one queue, with words of its own', (t) => {
  const first = waitQueue('own words') as number;
  t.is(waitQueue('own words'), first);
  t.true((waitQueue('next words') as number) >= first + Wait.WORDS);
});

both('wait signalled before it blocks: is not lost', (t) => {
  run(function* () {
    const gen = waitGen(w);
    yield* lwktSignal(w);
    t.is(yield* lwktBlock(w, gen), gen + 1);
  });
});

both('wait order: threads go on first come first', (t) => {
  run(function* () {
    const order: number[] = [];
    const threads = waiters(6, order);
    yield* giveWay();
    t.is(waiting(), 6);
    t.is(yield* lwktSignal(w), 6);
    for (const td of threads) yield* join(td);
    t.deepEqual(order, [0, 1, 2, 3, 4, 5]);
  });
});

both('wait: a signal wakes as many as it is told, from the front', (t) => {
  run(function* () {
    const order: number[] = [];
    const threads = waiters(5, order);
    yield* giveWay();
    t.is(yield* lwktSignal(w, 2), 2);
    t.is(waiting(), 3);
    yield* join(threads[1] as Td);
    t.deepEqual(order, [0, 1]);
    t.is(yield* lwktSignal(w, 0), 0);
    t.is(waiting(), 3);
    t.is(yield* lwktSignal(w, 100), 3);
    for (const td of [threads[0], ...threads.slice(2)]) yield* join(td as Td);
    t.deepEqual(order, [0, 1, 2, 3, 4]);
  });
});

both('wait: the time ends it, with the generation as it was', (t) => {
  run(function* () {
    const gen = waitGen(w);
    const start = performance.now();
    t.is(yield* lwktBlock(w, gen, 10), gen);
    t.true(performance.now() - start >= 10);
    t.is(waiting(), 0);
    t.is(yield* lwktBlock(w, gen, 0), gen);
  });
});

both('wait: a signal before the time ends the wait, and the timer does no harm after', (t) => {
  run(function* () {
    const order: number[] = [];
    const before = waitGen(w);
    const [td] = waiters(1, order, 20);
    yield* giveWay();
    yield* lwktSignal(w);
    t.is(yield* join(td as Td<number>), before + 1);
    // Its slot is used again while the old timer is due.
    const slept = child(function* sleeps() {
      const start = performance.now();
      yield* sleep(40);
      return performance.now() - start;
    });
    t.true((yield* join(slept)) >= 40);
  });
});

both('wait: of several, the one whose time is over leaves, and the order of the others stays', (t) => {
  run(function* () {
    const order: string[] = [];
    const make = (name: string, ms?: number): Td =>
      child(function* waits() {
        yield* lwktBlock(w, waitGen(w), ms);
        order.push(name);
      });
    const threads = [make('a'), make('b', 5), make('c')];
    yield* join(threads[1] as Td);
    t.is(waiting(), 2);
    yield* lwktSignal(w, 1);
    yield* lwktSignal(w, 1);
    yield* join(threads[0] as Td);
    yield* join(threads[2] as Td);
    t.deepEqual(order, ['b', 'a', 'c']);
  });
});

both('wait: scheduling a waiting thread neither wakes it nor moves it in the queue', (t) => {
  run(function* () {
    const order: number[] = [];
    const threads = waiters(3, order);
    yield* giveWay();
    for (let i = 0; i < 10; i++) {
      lwktSchedule(threads[0] as Td);
      lwktSchedule(threads[2] as Td);
      yield* giveWay();
    }
    t.is(waiting(), 3);
    yield* lwktSignal(w);
    for (const td of threads) yield* join(td);
    t.deepEqual(order, [0, 1, 2]);
  });
});

both('regress wait: an answer to an earlier wait does not end a later one', (t) => {
  run(function* () {
    const td = child(function* waits() {
      const gen = waitGen(w);
      const first = yield* lwktBlock(w, gen, 1);
      return [first, yield* lwktBlock(w, first)];
    });
    yield* giveWay();
    const seq = ld(cpu.m, refOf(td, 'test'), Thread.waitSeq);
    yield* sleep(5);
    t.is(waiting(), 1, 'its time was over, and it waits again');
    // A signal of another cpu was on its way when the time ended the first wait.
    sendFromOutside(IPI.unblocked, td, seq, 4711);
    safepoint();
    yield* giveWay();
    t.is(waiting(), 1);
    yield* lwktSignal(w);
    const [, second] = yield* join(td);
    t.is(second, waitGen(w));
  });
});

both('wait: a negative time is refused', (t) => {
  run(function* () {
    t.throws(() => lwktBlock(w, 0, -1), { code: 'ERR_LWKT_OPTION' });
    t.throws(() => lwktBlock(w, 0, NaN), { code: 'ERR_LWKT_OPTION' });
    yield* lwktYield();
  });
});

both('wait stress: 2,000 items pass from producer to consumers, none lost', (t) => {
  run(function* () {
    const queue: number[] = [];
    let over = false;
    let taken = 0;
    const consumers = Array.from({ length: 3 }, () =>
      child(function* consumes() {
        for (;;) {
          const gen = waitGen(w);
          const item = queue.shift();
          if (item !== undefined) taken += item;
          else if (over) return;
          else yield* lwktBlock(w, gen);
        }
      }),
    );
    for (let i = 1; i <= 2000; i++) {
      queue.push(i);
      yield* lwktSignal(w, 1);
      if (i % 7 === 0) yield* lwktYield();
    }
    over = true;
    yield* lwktSignal(w);
    for (const td of consumers) yield* join(td);
    t.is(taken, 2_001_000);
  });
});
