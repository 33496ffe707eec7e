import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { join, lwktYield, sleep, until } from '../../runtime/lwkt.ts';
import { bootOneCpu, child, failure, checkLeaks, runWithLoop, giveWay } from '../helpers/one-cpu.ts';

bootOneCpu();
checkLeaks(test);

test.serial('until blocks and resumes: gives what the promise fulfils with', async (t) => {
  const object = { same: true };
  t.is(
    await runWithLoop(function* () {
      return yield* until(delay(3, object));
    }),
    object,
  );
});

test.serial('until: a promise settled before, a thenable and a plain value are as good', async (t) => {
  await runWithLoop(function* () {
    t.is(yield* until(Promise.resolve(1)), 1);
    // oxlint-disable-next-line unicorn/no-thenable
    t.is(yield* until({ then: (resolve: (value: number) => void) => resolve(2) } as PromiseLike<number>), 2);
    t.is(yield* until(3), 3);
    t.is(yield* until(undefined), undefined);
  });
});

test.serial('until: throws what the promise rejects with, the very object', async (t) => {
  await runWithLoop(function* () {
    const reason = new RangeError('rejected');
    try {
      yield* until(Promise.reject(reason));
      t.fail();
    } catch (error) {
      t.is(error, reason);
    }
    const td = child(function* fails() {
      yield* until(delay(1).then(() => Promise.reject(reason)));
    });
    t.is((yield* failure(td)).message, 'rejected');
  });
});

test.serial('until: a thenable that throws is a rejection', async (t) => {
  await runWithLoop(function* () {
    const td = child(function* fails() {
      const bad = {
        // oxlint-disable-next-line unicorn/no-thenable
        then(): void {
          throw new Error('bad thenable');
        },
      };
      yield* until(bad as unknown as Promise<void>);
    });
    t.is((yield* failure(td)).message, 'bad thenable');
  });
});

test.serial('until: other threads run while one waits', async (t) => {
  await runWithLoop(function* () {
    let rounds = 0;
    const seen = { over: false };
    const busy = child(function* busy() {
      while (!seen.over) {
        rounds++;
        yield* lwktYield();
      }
    });
    yield* until(delay(10));
    seen.over = true;
    yield* join(busy);
    t.true(rounds > 0);
  });
});

test.serial('until: many promises and sleeps together all end', async (t) => {
  await runWithLoop(function* () {
    let ended = 0;
    const threads = Array.from({ length: 30 }, (_, i) =>
      child(function* waits() {
        for (let k = 0; k < 3; k++) {
          if ((i + k) % 2 === 0) yield* until(delay((i * 3) % 7));
          else yield* sleep((i * 5) % 7);
        }
        ended++;
      }),
    );
    for (const td of threads) yield* join(td);
    t.is(ended, 30);
  });
});

test.serial('until: timers of threads fire while promises are outstanding that never settle', async (t) => {
  await runWithLoop(function* () {
    let release = (): void => {};
    const never = new Promise<void>((resolve) => {
      release = resolve;
    });
    const stuck = child(function* stuck() {
      yield* until(never);
    });
    yield* giveWay();
    const start = performance.now();
    yield* sleep(15);
    t.true(performance.now() - start >= 15);
    release();
    yield* join(stuck);
  });
});
