import test from 'ava';
import { TDPRI_KERN_DAEMON, TDPRI_SOFT_NORM } from '../../runtime/base/params.ts';
import {
  curthread,
  join,
  lwktDeschedule,
  lwktDescheduleSelf,
  lwktSchedule,
  lwktScheduleSelf,
  lwktSetPri,
  lwktSetPriSelf,
  lwktSwitch,
  lwktYield,
  needResched,
  safepoint,
  spawn,
} from '../../runtime/lwkt.ts';
import { bootOneCpu, child, define, checkLeaks, run } from '../helpers/one-cpu.ts';

bootOneCpu();
checkLeaks(test);

/** Runs threads of one letter each; each writes its letter `rounds` times and yields between. */
function letters(priorities: Readonly<Record<string, number>>, rounds: number): string {
  let text = '';
  const letter = define(function* letter(char: string) {
    for (let i = 0; i < rounds; i++) {
      text += char;
      yield* lwktYield();
    }
  });
  run(function* () {
    const threads = Object.entries(priorities).map(([char, priority]) => spawn(letter, [char], { priority }));
    for (const td of threads) yield* join(td);
  });
  return text;
}

test.serial('switch smoke: a thread runs to its end', (t) => {
  t.is(
    run(function* () {
      yield* lwktYield();
      return 42;
    }),
    42,
  );
});

test.serial('switch: threads of one priority take turns at each yield', (t) => {
  t.is(letters({ a: 12, b: 12, c: 12 }, 3), 'abcabcabc');
});

test.serial('switch: the more urgent thread runs first, whatever the order of creation', (t) => {
  t.is(letters({ a: 6, b: 10, c: 8 }, 2), 'bbccaa');
});

test.serial('switch: a yield of the only thread comes back at once', (t) => {
  t.notThrows(() =>
    run(function* () {
      for (let i = 0; i < 1000; i++) yield* lwktYield();
    }),
  );
});

test.serial('switch: a yield gives way to an equal thread that was spawned before it', (t) => {
  run(function* () {
    let ran = false;
    const td = child(function* equal() {
      ran = true;
    });
    yield* lwktYield();
    const before = ran;
    yield* join(td);
    t.true(before);
  });
});

test.serial(
  'safepoint: a thread that became runnable while its equal computes gets its turn by the clock',
  (t) => {
    run(function* () {
      const seen = { ran: false };
      const td = child(function* equal() {
        seen.ran = true;
      });
      const start = performance.now();
      // Far beyond a tick; the loop ends so that the test does.
      while (!seen.ran && performance.now() - start < 1000) {
        if (safepoint()) yield* lwktYield();
      }
      const inTime = seen.ran;
      yield* join(td);
      t.true(inTime);
    });
  },
);

test.serial('switch: a spawned thread of higher priority waits for the safepoint of its parent', (t) => {
  const order = run(function* () {
    const seen: string[] = [];
    const td = spawn(
      define(function* urgent() {
        seen.push('urgent');
      }),
      [],
      { priority: TDPRI_SOFT_NORM },
    );
    seen.push('parent');
    t.true(safepoint());
    yield* lwktYield();
    seen.push('after');
    yield* join(td);
    return seen;
  });
  t.deepEqual(order, ['parent', 'urgent', 'after']);
});

test.serial('switch: a thread that lowers itself gives way at its next safepoint', (t) => {
  const order = run(function* () {
    const seen: string[] = [];
    const td = child(function* other() {
      seen.push('other');
    });
    lwktSetPriSelf(TDPRI_KERN_DAEMON - 2);
    t.true(safepoint());
    yield* lwktYield();
    seen.push('lowered');
    yield* join(td);
    return seen;
  });
  t.deepEqual(order, ['other', 'lowered']);
});

test.serial('switch: raising a waiting thread lets it run before its equals', (t) => {
  const order = run(function* () {
    const seen: string[] = [];
    const noting = (name: string): number =>
      child(function* named() {
        seen.push(name);
      });
    const threads = ['a', 'b', 'c'].map(noting);
    lwktSetPri(threads[2] as number, TDPRI_SOFT_NORM);
    for (const td of threads) yield* join(td);
    return seen;
  });
  t.deepEqual(order, ['c', 'a', 'b']);
});

test.serial('switch: a descheduled thread stays away until it is scheduled', (t) => {
  run(function* () {
    let rounds = 0;
    const td = child(function* stopped() {
      rounds++;
      lwktDescheduleSelf();
      yield* lwktSwitch();
      rounds++;
    });
    for (let i = 0; i < 10; i++) yield* lwktYield();
    t.is(rounds, 1);
    lwktSchedule(td);
    yield* join(td);
    t.is(rounds, 2);
  });
});

test.serial('switch: a runnable thread can be taken off its queue by another', (t) => {
  run(function* () {
    let ran = false;
    const td = child(function* stopped() {
      ran = true;
    });
    lwktDeschedule(td);
    for (let i = 0; i < 10; i++) yield* lwktYield();
    t.false(ran);
    lwktSchedule(td);
    yield* join(td);
    t.true(ran);
  });
});

test.serial('switch: scheduling oneself undoes descheduling oneself', (t) => {
  t.is(
    run(function* () {
      lwktDescheduleSelf();
      lwktScheduleSelf();
      yield* lwktSwitch();
      return 'back';
    }),
    'back',
  );
});

test.serial('switch: scheduling a running thread changes nothing', (t) => {
  t.is(
    run(function* () {
      lwktSchedule(curthread());
      lwktSchedule(curthread());
      yield* lwktYield();
      return 'once';
    }),
    'once',
  );
});

test.serial('safepoint: tells when a resched was asked for', (t) => {
  run(function* () {
    needResched();
    t.true(safepoint());
    yield* lwktYield();
    t.false(safepoint());
  });
});

test.serial('safepoint: long loops of equals take turns by the clock', (t) => {
  const switches = run(function* () {
    let last = -1;
    let changes = 0;
    const loop = define(function* loop(me: number) {
      // Ends when each has seen the other run in between, several times.
      while (changes < 10) {
        if (last !== me) changes++;
        last = me;
        if (safepoint()) yield* lwktYield();
      }
    });
    const threads = [spawn(loop, [0]), spawn(loop, [1])];
    for (const td of threads) yield* join(td);
    return changes;
  });
  t.true(switches >= 10);
});

test.serial('switch stress: 10,000 threads of all priorities end', (t) => {
  const sum = run(function* () {
    let total = 0;
    const add = define(function* add(n: number) {
      yield* lwktYield();
      total += n;
    });
    for (let batch = 0; batch < 250; batch++) {
      const threads = Array.from({ length: 40 }, (_, i) => spawn(add, [i], { priority: 1 + (i % 31) }));
      for (const td of threads) yield* join(td);
    }
    return total;
  });
  t.is(sum, 250 * 780);
});

for (const priority of [0, 32, 1.5, NaN, -1]) {
  test.serial(`setpri: ${priority} is refused with the limits`, (t) => {
    run(function* () {
      t.throws(() => lwktSetPriSelf(priority), { code: 'ERR_LWKT_OPTION', message: /1 \.\. 31/ });
      yield* lwktYield();
    });
  });
}
