/**
 * Waiting for room in a ring: who sleeps has said so, whoever makes room tells it, and nothing that comes between is
 * lost. The test plays cpu 1, at the very instructions between which it could go wrong.
 */
import test from 'ava';
import { ipiFunc, safepoint } from '../../runtime/lwkt.ts';
import { IPI } from '../../runtime/base/protocol.ts';
import { cpu } from '../../runtime/scheduler/globaldata.ts';
import { sendIpi, waitIpi } from '../../runtime/scheduler/ipiq.ts';
import { BELL_ASLEEP, answerBell, ringBell, sourceBit } from '../../runtime/shared-memory/doorbell.ts';
import { globaldataOf, ringOf } from '../../runtime/shared-memory/layout/memory-map.ts';
import {
  Ring,
  ringComplete,
  ringPush,
  ringRelease,
  ringSeq,
  ringWant,
} from '../../runtime/shared-memory/ring.ts';
import { ldA, stA } from '../../runtime/shared-memory/word.ts';
import { bootOneCpu, checkLeaks, run } from '../helpers/one-cpu.ts';

bootOneCpu({ ringSize: 2 });
checkLeaks(test);

const { m, arena, gd } = cpu;
const outgoing = ringOf(arena.map, 0, 1);
const incoming = ringOf(arena.map, 1, 0);
const otherBell = globaldataOf(arena.map, 1);
const WANTED = outgoing.base + Ring.wanted;

/** Cpu 1 takes all that it was sent; true when it finds that cpu 0 is to be told. */
function takeAll(): boolean {
  return ringRelease(m, outgoing, ringSeq(m, outgoing));
}

function ring(): void {
  ringBell(m, gd, sourceBit(1));
}

const { wait, store, load, compareExchange } = Atomics;
/** How often cpu 0 went to sleep. */
let sleeps = 0;
/** What cpu 1 does while cpu 0 sleeps. */
let whileAsleep = (): void => {};

test.beforeEach(() => {
  sleeps = 0;
  Atomics.wait = ((words: Int32Array, index: number, value: number) => {
    if (words.length !== m.length || index !== gd || value !== BELL_ASLEEP)
      throw new Error('the test knows of no other sleep');
    sleeps++;
    whileAsleep();
    return 'ok';
  }) as typeof wait;
  takeAll();
  stA(m, outgoing.base, Ring.wanted, 0);
  while (ringPush(m, outgoing, IPI.wake, 0, 0, 0));
});

test.afterEach.always(() => {
  Object.assign(Atomics, { wait, store, load, compareExchange });
  ringComplete(m, outgoing, ringSeq(m, outgoing));
  answerBell(m, otherBell);
});

test.serial('room: who sleeps for it has said so, and goes on when it is told', (t) => {
  whileAsleep = () => {
    t.is(ldA(m, outgoing.base, Ring.wanted), 1, 'announced before it sleeps');
    t.true(takeAll(), 'cpu 1 is told to tell');
    ring();
  };
  run(function* () {
    sendIpi(1, IPI.wake, 0, 0, 0);
  });
  t.is(sleeps, 1);
  t.is(ldA(m, outgoing.base, Ring.wanted), 0);
});

for (const [when, before] of [
  ['just before it is announced', true],
  ['just after it is announced', false],
] as const) {
  test.serial(`room: what is made ${when} is not slept on`, (t) => {
    let made = 0;
    Atomics.store = ((words: Int32Array, index: number, value: number) => {
      const announces = index === WANTED && value === 1 && made === 0;
      const make = (): void => {
        made++;
        const told = takeAll();
        t.is(told, !before, 'told only of what was announced');
        if (told) ring();
      };
      if (announces && before) make();
      const result = store(words, index, value);
      if (announces && !before) make();
      return result;
    }) as typeof store;
    run(function* () {
      sendIpi(1, IPI.wake, 0, 0, 0);
    });
    t.is(made, 1);
    t.is(sleeps, 0);
  });
}

test.serial('room: what is made behind the last look ends the sleep before it begins', (t) => {
  let made = 0;
  Atomics.compareExchange = ((words: Int32Array, index: number, expected: number, value: number) => {
    if (index === gd && value === BELL_ASLEEP && made++ === 0) {
      t.true(takeAll());
      ring();
    }
    return compareExchange(words, index, expected, value);
  }) as typeof compareExchange;
  run(function* () {
    sendIpi(1, IPI.wake, 0, 0, 0);
  });
  t.is(made, 1);
  t.is(sleeps, 0);
});

test.serial('room: who announces while room is being made finds it, or is told', (t) => {
  let pushed: boolean | undefined;
  Atomics.load = ((words: Int32Array, index: number) => {
    const value = load(words, index);
    if (index === WANTED && pushed === undefined) {
      // Cpu 1 has looked; cpu 0 comes now.
      ringWant(m, outgoing);
      pushed = ringPush(m, outgoing, IPI.wake, 0, 0, 0);
    }
    return value;
  }) as typeof load;
  const told = takeAll();
  t.is(pushed, true);
  t.false(told);
});

test.serial('room: who waits for completion and finds no room for its echo is told of room too', (t) => {
  const seq = ringSeq(m, outgoing);
  whileAsleep = () => {
    if (sleeps === 1) {
      t.true(takeAll(), 'no echo lies there, so room is what it waits for');
      ring();
      return;
    }
    t.is(ringSeq(m, outgoing), (seq + 1) | 0, 'now its echo does');
    ringComplete(m, outgoing, seq);
    ring();
  };
  run(function* () {
    waitIpi(1, seq);
  });
  t.is(sleeps, 2);
});

test.serial('room: a target that sleeps is rung when only passive IPIs fill the ring', (t) => {
  const seq = ringSeq(m, outgoing);
  answerBell(m, otherBell);
  whileAsleep = () => {
    t.is(answerBell(m, otherBell), sourceBit(0), 'who waits for completion rings');
    takeAll();
    ringComplete(m, outgoing, seq);
    ring();
  };
  run(function* () {
    waitIpi(1, seq);
  });
  t.is(sleeps, 1);
});

test.serial('room: passive IPIs that a function sends during the wait are rung for', (t) => {
  const refill = ipiFunc(function refill() {
    while (ringPush(m, outgoing, IPI.wake, 0, 0, 0));
  });
  whileAsleep = () => {
    t.is(answerBell(m, otherBell), sourceBit(0), `before sleep ${sleeps}`);
    takeAll();
    // Cpu 0 runs this before it looks for room, which is gone then.
    if (sleeps === 1) t.true(ringPush(m, incoming, refill.id, 0, 0, 0));
    ring();
  };
  run(function* () {
    sendIpi(1, IPI.wake, 0, 0, 0);
  });
  t.is(sleeps, 2);
});

test.serial('room: a drain rings who wants room, and nobody else', (t) => {
  run(function* () {
    t.true(ringPush(m, incoming, IPI.wake, 0, 0, 0));
    ring();
    safepoint();
    t.is(ldA(m, otherBell, 0 as never), 0, 'nobody wanted room');
    while (ringPush(m, incoming, IPI.wake, 0, 0, 0));
    ringWant(m, incoming);
    ring();
    safepoint();
  });
  t.is(answerBell(m, otherBell), sourceBit(0));
});
