import test from 'ava';
import { MachinePanic } from '../../runtime/base/panic.ts';
import {
  getMplock,
  ipiFunc,
  join,
  lwktBlock,
  lwktGetToken,
  lwktRegetToken,
  lwktRelToken,
  lwktSchedule,
  lwktSendIpiq,
  lwktSignal,
  lwktSwitch,
  lwktYield,
  relMplock,
  sleep,
  spawn,
  token,
  until,
  waitGen,
  waitQueue,
} from '../../runtime/lwkt.ts';
import { thrownBy } from '../helpers/eventually.ts';
import { bootOneCpu, child, define, failure, checkLeaks, run, runWithLoop } from '../helpers/one-cpu.ts';

bootOneCpu();
checkLeaks(test);

const tok = token('blocking');
const queue = waitQueue('blocking queue');
const quick = define(function* quick() {
  return 1;
});
const blockInIpi = ipiFunc(function blockInIpi() {
  lwktYield();
});

/** Every blocking function, called as a thread would call it by mistake. */
const CALLS: Readonly<Record<string, () => unknown>> = {
  'lwktYield()': () => lwktYield(),
  'lwktSwitch()': () => lwktSwitch(),
  'sleep()': () => sleep(1),
  'until()': () => until(Promise.resolve(1)),
  'lwktGetToken()': () => lwktGetToken(tok),
  'lwktBlock()': () => lwktBlock(queue, 0),
  'lwktSignal()': () => lwktSignal(queue),
};

for (const [name, call] of Object.entries(CALLS)) {
  test.serial(`blocking: ${name} without yield* is named when the thread ends`, (t) => {
    run(function* () {
      const error = yield* failure(
        child(function* forgets() {
          call();
        }),
      );
      t.is(error.code, 'ERR_LWKT_YIELD');
      t.true(error.message.startsWith(`${name} was called without yield*`), error.message);
    });
  });

  test.serial(`blocking: ${name} without yield* is named by the next blocking call`, (t) => {
    run(function* () {
      const error = yield* failure(
        child(function* forgets() {
          call();
          yield* lwktYield();
          t.fail();
        }),
      );
      t.is(error.code, 'ERR_LWKT_YIELD');
      t.regex(error.message, new RegExp(`^${name.replace('()', '\\(\\)')} was called`));
    });
  });

  test.serial(`blocking: ${name} with a plain yield is named`, (t) => {
    run(function* () {
      const error = yield* failure(
        child(function* plainly() {
          yield call();
          t.fail();
        }),
      );
      t.is(error.code, 'ERR_LWKT_YIELD');
      t.true(error.message.startsWith(`${name} was called without yield*`), error.message);
    });
  });
}

test.serial('blocking: join() and lwktRegetToken() without yield* are named', (t) => {
  run(function* () {
    const td = spawn(quick);
    const forgot = yield* failure(
      child(function* forgets() {
        join(td);
      }),
    );
    t.regex(forgot.message, /^join\(\) was called without yield\*/);
    t.is(yield* join(td), 1);
    const reget = yield* failure(
      child(function* forgets() {
        yield* lwktGetToken(tok);
        lwktRegetToken(tok);
        lwktRelToken(tok);
      }),
    );
    t.regex(reget.message, /^lwktRegetToken\(\) was called without yield\*/);
  });
});

test.serial('blocking: a release that fails for want of a yield* before it names that', (t) => {
  run(function* () {
    const ends = function* (body: () => void): Generator<unknown, string, unknown> {
      const td = child(function* forgets() {
        body();
      });
      return (yield* failure(td)).message;
    };
    t.regex(
      yield* ends(() => {
        lwktGetToken(tok);
        lwktRelToken(tok);
      }),
      /^lwktGetToken\(\) was called without yield\*/,
    );
    t.regex(
      yield* ends(() => {
        getMplock();
        relMplock();
      }),
      /^getMplock\(\) was called without yield\*/,
    );
  });
});

test.serial('blocking: a thread that yields a plain value is told, and may go on', (t) => {
  run(function* () {
    const td = child(function* plain() {
      try {
        yield 5;
      } catch (error) {
        return (error as Error).message;
      }
      return 'not told';
    });
    t.regex(yield* join(td), /yielded a plain value/);
  });
});

test.serial('blocking: a forgotten yield* of one thread is not blamed on another', (t) => {
  run(function* () {
    const bad = child(function* bad() {
      lwktYield();
      throw new RangeError('own error');
    });
    const good = child(function* good() {
      yield* lwktYield();
      return 'good';
    });
    t.is((yield* failure(bad)).message, 'own error');
    t.is(yield* join(good), 'good');
  });
});

test.serial('blocking: outside of a thread the call is refused and named', async (t) => {
  for (const [name, call] of Object.entries(CALLS)) {
    const error = thrownBy(call);
    t.is(error.code, 'ERR_LWKT_CONTEXT', name);
    t.true(error.message.startsWith(name), error.message);
  }
  const error = await runWithLoop(function* () {
    return yield* until(Promise.resolve().then(() => thrownBy(() => lwktYield())));
  });
  t.is(error.code, 'ERR_LWKT_CONTEXT');
});

test.serial('blocking panic: a blocking call in an IPI function stops the machine and is named', (t) => {
  const panic = t.throws(
    () =>
      run(function* () {
        lwktSendIpiq(0, blockInIpi);
        yield* lwktYield();
      }),
    { instanceOf: MachinePanic },
  );
  t.regex(panic?.message ?? '', /cannot switch from within an interrupt: lwktYield\(\)/);
});

test.serial('blocking: a wake-up too many blocks again, for every kind of wait', async (t) => {
  await runWithLoop(function* () {
    let release = (): void => {};
    const promise = new Promise<string>((resolve) => {
      release = () => resolve('settled');
    });
    const done: string[] = [];
    const waiter = (name: string, body: () => Generator<unknown, unknown, unknown>): number =>
      child(function* waits() {
        yield* body();
        done.push(name);
      });
    const blocked = child(function* blocked() {
      yield* lwktBlock(queue, waitGen(queue));
    });
    const start = performance.now();
    let slept = 0;
    const waiters = [
      waiter('sleep', function* () {
        yield* sleep(30);
        slept = performance.now() - start;
      }),
      waiter('until', function* () {
        t.is(yield* until(promise), 'settled');
      }),
      waiter('waitq', function* () {
        yield* lwktBlock(queue, waitGen(queue));
      }),
      waiter('join', function* () {
        yield* join(blocked);
      }),
    ];
    for (let i = 0; i < 20; i++) {
      for (const td of waiters) lwktSchedule(td);
      yield* lwktYield();
      // On a busy computer the sleep may be over by now.
      t.deepEqual(
        done.filter((name) => name !== 'sleep'),
        [],
      );
    }
    yield* join(waiters[0] as number);
    t.true(slept >= 30, `slept ${slept} ms of 30`);
    t.deepEqual(done, ['sleep']);
    release();
    yield* join(waiters[1] as number);
    t.deepEqual(done, ['sleep', 'until']);
    t.is(yield* lwktSignal(queue), 2);
    yield* join(waiters[2] as number);
    yield* join(waiters[3] as number);
    t.deepEqual(done, ['sleep', 'until', 'waitq', 'join']);
  });
});
