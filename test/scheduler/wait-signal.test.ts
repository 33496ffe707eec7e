/** What a signal does in its call, when the queue is here and free. */
import test from 'ava';
import { join, lwktBlock, lwktSignal, lwktYield, spawn, waitGen, waitQueue } from '../../runtime/lwkt.ts';
import { cpu } from '../../runtime/scheduler/globaldata.ts';
import { tunable } from '../../runtime/shared-memory/layout/sysctl.ts';
import { stA } from '../../runtime/shared-memory/word.ts';
import { bootOneCpu, checkLeaks, child, define, end, giveWay, run } from '../helpers/one-cpu.ts';

bootOneCpu();
checkLeaks(test);

test.serial('signal: an error leaves no call behind that waits for its yield*', (t) => {
  run(function* () {
    const none = -500 as never;
    try {
      yield* lwktSignal(none);
      t.fail('there is no such queue');
    } catch (error) {
      t.true(error instanceof RangeError, String(error));
    }
    yield* lwktYield();
  });
});

for (const [most, woken] of [
  [1.5, 1],
  [0.5, 0],
  [2.9, 2],
  [NaN, 0],
  [-3, 0],
  [Infinity, 3],
] as const) {
  test.serial(`signal: ${most} of three wakes ${woken}, and says so`, (t) => {
    const w = waitQueue(`signal ${most}`);
    run(function* () {
      let awake = 0;
      const tds = [1, 2, 3].map(() =>
        child(function* waiter() {
          yield* lwktBlock(w, waitGen(w));
          awake++;
        }),
      );
      yield* giveWay();
      t.is(yield* lwktSignal(w, most), woken);
      yield* giveWay();
      t.is(awake, woken);
      yield* lwktSignal(w);
      for (const td of tds) yield* join(td);
    });
  });
}

test.serial('signal: an interrupt thread that it wakes runs at once, with chaos as it was', (t) => {
  const w = waitQueue('signal chaos');
  const seen: boolean[] = [];
  const sysctl = cpu.arena.map.sysctl;
  run(function* () {
    const td = spawn(
      define(function* interrupt() {
        for (;;) {
          yield* lwktBlock(w, waitGen(w));
          seen.push(cpu.untimely);
        }
      }),
      [],
      { interrupt: true },
    );
    yield* giveWay();
    t.is(yield* lwktSignal(w), 1);
    t.deepEqual(seen, [false], 'before the signal returns');
    // So seldom that it never switches, and on all the same.
    stA(cpu.m, sysctl, tunable('lwkt.untimely_switch'), 1_000_000);
    cpu.untimely = true;
    t.is(yield* lwktSignal(w), 1);
    cpu.untimely = false;
    stA(cpu.m, sysctl, tunable('lwkt.untimely_switch'), 0);
    yield* end(td);
  });
  t.deepEqual(seen, [false, true]);
});
