/** An interrupt thread that becomes runnable while nobody runs, and no doorbell is left to say so. */
import test from 'ava';
import { IPI } from '../../runtime/base/protocol.ts';
import {
  curthread,
  join,
  lwktDescheduleSelf,
  lwktSwitch,
  lwktYield,
  spawn,
  until,
  type Td,
} from '../../runtime/lwkt.ts';
import { nowNs } from '../../runtime/base/clock.ts';
import { cpu } from '../../runtime/scheduler/globaldata.ts';
import { wakeHandle } from '../../runtime/scheduler/schedule.ts';
import { cancelTimer, setTimer, type Timer } from '../../runtime/scheduler/timer.ts';
import { ringOf } from '../../runtime/shared-memory/layout/memory-map.ts';
import { ringPush } from '../../runtime/shared-memory/ring.ts';
import { bootOneCpu, checkLeaks, define, run, runWithLoop } from '../helpers/one-cpu.ts';

bootOneCpu();
checkLeaks(test);

/** Wakes a thread long after it should have been, and tells that it had to. */
function alarm(handle: Td): { timer: Timer; rang: boolean } {
  const state = { rang: false } as { timer: Timer; rang: boolean };
  state.timer = setTimer(nowNs() + 5e9, () => {
    state.rang = true;
    wakeHandle(handle);
  });
  return state;
}

test.serial('regress idle: an interrupt thread woken by a passive IPI is not slept on', (t) => {
  run(function* () {
    const main = curthread();
    const driver = spawn(
      define(function* driver() {
        lwktDescheduleSelf();
        yield* lwktSwitch();
        wakeHandle(main);
      }),
      [],
      { interrupt: true },
    );
    yield* lwktYield();
    const watch = alarm(driver);
    // Cpu 1 sends without ringing: the look before the sleep finds it.
    ringPush(cpu.m, ringOf(cpu.arena.map, 1, 0), IPI.schedule, driver, 0, 0);
    lwktDescheduleSelf();
    yield* lwktSwitch();
    cancelTimer(watch.timer);
    yield* join(driver);
    t.false(watch.rang, 'the cpu slept until the alarm');
  });
});

test.serial('regress idle: an interrupt thread goes on when its promise settles', async (t) => {
  await runWithLoop(function* () {
    const settled = (): Promise<string> => new Promise((resolve) => setImmediate(() => resolve('settled')));
    const driver = spawn(
      define(function* driver() {
        const watch = alarm(curthread());
        const value = yield* until(settled());
        cancelTimer(watch.timer);
        return { value, rang: watch.rang };
      }),
      [],
      { interrupt: true },
    );
    t.deepEqual(yield* join(driver), { value: 'settled', rang: false });
  });
});
