import test from 'ava';
import { join, lwktYield, sleep } from '../../runtime/lwkt.ts';
import { bootOneCpu, child, checkLeaks, run } from '../helpers/one-cpu.ts';

bootOneCpu();
checkLeaks(test);

for (const ms of [0, 0.3, 1, 12.5]) {
  test.serial(`sleep blocks and resumes: ${ms} ms last at least that`, (t) => {
    run(function* () {
      const start = performance.now();
      yield* sleep(ms);
      t.true(performance.now() - start >= ms);
    });
  });
}

test.serial('sleep: the shorter one ends first', (t) => {
  run(function* () {
    const order: number[] = [];
    const threads = [30, 10, 20].map((ms) =>
      child(function* sleeps() {
        yield* sleep(ms);
        order.push(ms);
      }),
    );
    for (const td of threads) yield* join(td);
    t.deepEqual(order, [10, 20, 30]);
  });
});

test.serial('sleep: ends while other threads never stop running', (t) => {
  run(function* () {
    const seen = { over: false };
    const busy = child(function* busy() {
      while (!seen.over) yield* lwktYield();
    });
    yield* sleep(5);
    seen.over = true;
    yield* join(busy);
    t.pass();
  });
});

for (const ms of [-1, NaN, -Infinity]) {
  test.serial(`sleep: ${ms} ms are refused`, (t) => {
    run(function* () {
      t.throws(() => sleep(ms), { code: 'ERR_LWKT_OPTION' });
      yield* lwktYield();
    });
  });
}

test.serial('sleep stress: 300 threads sleep 5 times each and all end', (t) => {
  run(function* () {
    let rounds = 0;
    for (let batch = 0; batch < 6; batch++) {
      const threads = Array.from({ length: 50 }, (_, i) =>
        child(function* sleeps() {
          for (let k = 0; k < 5; k++) {
            yield* sleep((i * 7 + k) % 5);
            rounds++;
          }
        }),
      );
      for (const td of threads) yield* join(td);
    }
    t.is(rounds, 1500);
  });
});
