import test from 'ava';
import {
  ipiFunc,
  lwktDescheduleSelf,
  lwktGetToken,
  lwktRelToken,
  lwktSwitch,
  token,
} from '../../runtime/lwkt.ts';
import { nowNs } from '../../runtime/base/clock.ts';
import { IPI } from '../../runtime/base/protocol.ts';
import { cpu } from '../../runtime/scheduler/globaldata.ts';
import { wakeHandle } from '../../runtime/scheduler/schedule.ts';
import { handleOf } from '../../runtime/scheduler/thread.ts';
import { cancelTimer, setTimer } from '../../runtime/scheduler/timer.ts';
import { ringOf } from '../../runtime/shared-memory/layout/memory-map.ts';
import { Token } from '../../runtime/shared-memory/layout/token.ts';
import { ringPush, ringRelease, ringSeq } from '../../runtime/shared-memory/ring.ts';
import { ldA, orA } from '../../runtime/shared-memory/word.ts';
import { bootOneCpu, checkLeaks, run } from '../helpers/one-cpu.ts';

bootOneCpu({ ringSize: 2 });
checkLeaks(test);

const { m, arena } = cpu;
const outgoing = ringOf(arena.map, 0, 1);
const incoming = ringOf(arena.map, 1, 0);
const tok = token('wanted elsewhere');
let sleeper = 0;

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
    // Cpu 1 asks for the token, its ring is full, and an IPI of its own waits here; the bell has been answered.
    orA(m, tok, Token.reqLow, 1 << 1);
    while (ringPush(m, outgoing, IPI.wake, 0, 0, 0));
    t.true(ringPush(m, incoming, makeRoomAndWake.id, 0, 0, 0));
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
