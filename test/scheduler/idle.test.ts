import test from 'ava';
import {
  ipiFunc,
  lwktDescheduleSelf,
  lwktGetToken,
  lwktRelToken,
  lwktSendIpiq,
  lwktSwitch,
  lwktYield,
  safepoint,
  token,
} from '../../runtime/lwkt.ts';
import { nowNs } from '../../runtime/base/clock.ts';
import { IPI } from '../../runtime/base/protocol.ts';
import { cpu } from '../../runtime/scheduler/globaldata.ts';
import { wakeHandle } from '../../runtime/scheduler/schedule.ts';
import { handleOf } from '../../runtime/scheduler/thread.ts';
import { cancelTimer, setTimer } from '../../runtime/scheduler/timer.ts';
import {
  BELL_MPLOCK,
  BELL_POLLING,
  ringBellForIpi,
  sourceBit,
} from '../../runtime/shared-memory/doorbell.ts';
import { Globaldata } from '../../runtime/shared-memory/layout/globaldata.ts';
import { ringOf } from '../../runtime/shared-memory/layout/memory-map.ts';
import { Token } from '../../runtime/shared-memory/layout/token.ts';
import { ringPush, ringRelease, ringSeq } from '../../runtime/shared-memory/ring.ts';
import { ldA, orA, stA } from '../../runtime/shared-memory/word.ts';
import { bootOneCpu, checkLeaks, run, watchCounters } from '../helpers/one-cpu.ts';
import { whilePolling } from '../helpers/polling.ts';

bootOneCpu({ ringSize: 2 });
checkLeaks(test);

const { m, arena } = cpu;
const outgoing = ringOf(arena.map, 0, 1);
const incoming = ringOf(arena.map, 1, 0);
const tok = token('wanted elsewhere');
const { exchange, pause } = Atomics;
let sleeper = 0;
let waitsForRoom = (): void => {};
const waits = ipiFunc(function waits() {
  waitsForRoom();
});

/** Plays cpu 1: takes what it was sent, so that its ring has room, and wakes a thread here. */
const makeRoomAndWake = ipiFunc(function makeRoomAndWake() {
  ringRelease(m, outgoing, ringSeq(m, outgoing));
  wakeHandle(sleeper);
});

test.serial('regress idle: what comes while tokens are let go is not slept on', (t) => {
  let late = false;
  const woken = run(function* () {
    sleeper = handleOf(cpu.curthread);
    yield* lwktGetToken(tok);
    lwktRelToken(tok);
    // Cpu 1 asks for the token and its ring is full; while this cpu waits to hand it over, an IPI of cpu 1 comes
    // without a ring of the bell.
    orA(m, tok, Token.reqLow, 1 << 1);
    while (ringPush(m, outgoing, IPI.wake, 0, 0, 0));
    Object.assign(Atomics, {
      pause() {
        if (ldA(m, tok, Token.owner) !== -2) return;
        t.true(ringPush(m, incoming, makeRoomAndWake.id, 0, 0, 0));
        Object.assign(Atomics, { pause });
      },
    });
    const alarm = setTimer(nowNs() + 5e9, () => {
      late = true;
      wakeHandle(sleeper);
    });
    lwktDescheduleSelf();
    yield* lwktSwitch();
    cancelTimer(alarm);
    return !late;
  });
  t.true(woken, 'the cpu slept until the alarm');
  t.is(ldA(m, tok, Token.owner), -2, 'the token is on its way to cpu 1');
});

let beat = 0;
const wakeSleeper = ipiFunc(function wakeSleeper() {
  beat = ldA(m, cpu.gd, Globaldata.heartbeat);
  wakeHandle(sleeper);
});

test.serial('idle: a sender that finds the cpu polling only leaves its record, which runs at once', (t) => {
  const count = watchCounters('lwkt.idle_parks', 'lwkt.ipiq_run');
  const inTime = run(function* () {
    sleeper = handleOf(cpu.curthread);
    const end = whilePolling(sleeper, () => {
      t.true(ringPush(m, incoming, wakeSleeper.id, 0, 0, 0));
      t.false(ringBellForIpi(m, cpu.gd, sourceBit(1)));
      t.is(ldA(m, cpu.gd, Globaldata.bell), BELL_POLLING, 'the bell was only read');
    });
    lwktDescheduleSelf();
    yield* lwktSwitch();
    return end();
  });
  t.true(inTime);
  t.deepEqual(count(), [0, 1]);
  t.is(ldA(m, cpu.gd, Globaldata.bell), 0, 'who runs threads does not poll');
});

test.serial(
  'idle: a record that comes with another ring of the bell is found when POLLING is taken off (A3/B3)',
  (t) => {
    let before = 0;
    const inTime = run(function* () {
      sleeper = handleOf(cpu.curthread);
      const end = whilePolling(sleeper, () => {
        before = ldA(m, cpu.gd, Globaldata.heartbeat);
        // The bell is rung for something else, so the cpu stops polling; between its last look at the rings and the
        // exchange that takes POLLING off, cpu 1 publishes a record and finds POLLING still there.
        orA(m, cpu.gd, Globaldata.bell, BELL_MPLOCK);
        Object.assign(Atomics, {
          exchange(words: Int32Array, at: number, value: number) {
            Object.assign(Atomics, { exchange });
            t.true(ringPush(m, incoming, wakeSleeper.id, 0, 0, 0));
            ringBellForIpi(m, cpu.gd, sourceBit(1));
            t.is(ldA(m, cpu.gd, Globaldata.bell), BELL_POLLING | BELL_MPLOCK);
            return exchange(words, at, value);
          },
        });
      });
      lwktDescheduleSelf();
      yield* lwktSwitch();
      return end();
    });
    t.true(inTime);
    t.is(beat, before, 'it did not take a tick to find it');
  },
);

test.serial('bell: who takes POLLING off looks at every ring, at once', (t) => {
  run(function* () {
    sleeper = handleOf(cpu.curthread);
    stA(m, cpu.gd, Globaldata.bell, BELL_POLLING);
    t.true(ringPush(m, incoming, wakeSleeper.id, 0, 0, 0));
    ringBellForIpi(m, cpu.gd, sourceBit(1));
    const count = watchCounters('lwkt.ipiq_run');
    cpu.polls = 100;
    safepoint();
    t.deepEqual(count(), [1]);
    yield* lwktYield();
  });
});

test.serial('idle: a function that waits for another cpu stops the polling, and nothing is lost', (t) => {
  const log: string[] = [];
  waitsForRoom = () => {
    while (ringPush(m, outgoing, IPI.wake, 0, 0, 0));
    // Cpu 1 sends once more and finds no POLLING any more, so it rings; then it makes room.
    Object.assign(Atomics, {
      pause() {
        log.push(`bell ${ldA(m, cpu.gd, Globaldata.bell)}`);
        t.true(ringPush(m, incoming, wakeSleeper.id, 0, 0, 0));
        ringBellForIpi(m, cpu.gd, sourceBit(1));
        log.push(`bell ${ldA(m, cpu.gd, Globaldata.bell)}`);
        ringRelease(m, outgoing, ringSeq(m, outgoing));
        Object.assign(Atomics, { pause });
      },
    });
    lwktSendIpiq(1, wakeSleeper);
  };
  const inTime = run(function* () {
    sleeper = handleOf(cpu.curthread);
    const end = whilePolling(sleeper, () => t.true(ringPush(m, incoming, waits.id, 0, 0, 0)));
    lwktDescheduleSelf();
    yield* lwktSwitch();
    return end();
  });
  t.true(inTime);
  t.deepEqual(log, ['bell 0', `bell ${sourceBit(1)}`]);
});
