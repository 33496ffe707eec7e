import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import test from 'ava';
import { fc, testProp } from '@fast-check/ava';
import {
  cancelTimer,
  fireTimers,
  nextDeadline,
  setTimer,
  type Timer,
} from '../../runtime/scheduler/timer.ts';
import { random, seedOf } from '../helpers/seed.ts';

test.afterEach(() => {
  fireTimers(Number.MAX_VALUE);
});

test.serial('timer empty: no deadline, nothing fires', (t) => {
  t.is(nextDeadline(), Infinity);
  fireTimers(1e300);
  t.pass();
});

test.serial('timer smoke: fires at its time, once, not before', (t) => {
  let fired = 0;
  const timer = setTimer(100, () => fired++);
  fireTimers(99);
  t.is(fired, 0);
  t.true(timer.live);
  fireTimers(100);
  fireTimers(200);
  t.is(fired, 1);
  t.false(timer.live);
});

test.serial('timer: a cancelled timer does not fire, and is no deadline', (t) => {
  const timer = setTimer(100, () => t.fail());
  cancelTimer(timer);
  t.is(nextDeadline(), Infinity);
  fireTimers(200);
  t.pass();
});

test.serial('timer: a timer set while timers fire, already due, fires in the same turn', (t) => {
  const order: string[] = [];
  setTimer(10, () => {
    order.push('a');
    setTimer(5, () => order.push('c'));
  });
  setTimer(11, () => order.push('b'));
  fireTimers(20);
  t.deepEqual(order.toSorted(), ['a', 'b', 'c']);
});

test.serial('timer: one that cancels another keeps it from firing', (t) => {
  const order: string[] = [];
  const second = setTimer(11, () => order.push('second'));
  setTimer(10, () => {
    order.push('first');
    cancelTimer(second);
  });
  fireTimers(20);
  t.deepEqual(order, ['first']);
});

testProp.serial(
  'timer order: by time, then by the order they were set, as a sorted model',
  [
    fc.array(
      fc.oneof(
        fc.record({ set: fc.integer({ min: 0, max: 50 }) }),
        fc.record({ cancel: fc.nat(40) }),
        fc.record({ fire: fc.integer({ min: 0, max: 60 }) }),
      ),
      { minLength: 1, maxLength: 150 },
    ),
  ],
  (t, commands) => {
    fireTimers(Number.MAX_VALUE);
    let fired: number[] = [];
    let model: { id: number; when: number; timer: Timer }[] = [];
    let next = 0;
    for (const command of commands) {
      if ('set' in command) {
        const id = next++;
        model.push({ id, when: command.set, timer: setTimer(command.set, () => fired.push(id)) });
      } else if ('cancel' in command) {
        const [gone] = model.splice(command.cancel, 1);
        if (gone !== undefined) cancelTimer(gone.timer);
      } else {
        fired = [];
        fireTimers(command.fire);
        const due = model
          .filter(({ when }) => when <= command.fire)
          .toSorted((a, b) => a.when - b.when || a.id - b.id);
        model = model.filter(({ when }) => when > command.fire);
        t.deepEqual(
          fired,
          due.map(({ id }) => id),
        );
      }
      t.is(nextDeadline(), Math.min(Infinity, ...model.map(({ when }) => when)));
    }
  },
);

test.serial('timer stress: 100,000 timers fire in order', (t) => {
  let last = -1;
  let fired = 0;
  for (let i = 0; i < 100_000; i++) {
    const when = (i * 7919) % 100_003;
    setTimer(when, () => {
      if (when < last) t.fail();
      last = when;
      fired++;
    });
  }
  fireTimers(50_000);
  fireTimers(100_003);
  t.is(fired, 100_000);
});

test.serial('timer stress: whatever is cancelled, the others fire in order', (t) => {
  const next = random(seedOf(t));
  const fired: number[] = [];
  const timers = Array.from({ length: 20_000 }, () => {
    const when = next(5000);
    return { when, timer: setTimer(when, () => fired.push(when)) };
  });
  // Four of five, some twice, in no order; those that fire early meanwhile.
  const cancelled = new Set<number>();
  while (cancelled.size < 16_000) {
    const at = next(timers.length);
    const { timer } = timers[at] as (typeof timers)[number];
    if (!timer.live && !cancelled.has(at)) continue;
    cancelTimer(timer);
    cancelled.add(at);
    if (cancelled.size === 8000) fireTimers(200);
  }
  fireTimers(5000);
  t.deepEqual(
    fired,
    fired.toSorted((a, b) => a - b),
  );
  t.is(fired.length, timers.length - cancelled.size);
});

test.serial('timer leak: cancelled timers of a far future do not pile up', async (t) => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const refs: WeakRef<object>[] = [];
  // An early timer that stays: the cancelled ones never come to the top of the heap.
  setTimer(1, () => {});
  (() => {
    for (let i = 0; i < 20_000; i++) {
      const held = { i };
      refs.push(new WeakRef(held));
      cancelTimer(setTimer(1e15 + i, () => void held.i));
    }
  })();
  // A weak reference keeps its object until the end of the turn that made it.
  await turn();
  gc();
  const kept = refs.filter((ref) => ref.deref() !== undefined).length;
  t.true(kept < 10_000, `${kept} of 20000 cancelled timers are still in memory`);
});
