import test from 'ava';
import * as doorbell from '../../runtime/shared-memory/doorbell.ts';
import {
  answerBell,
  BELL_ASLEEP,
  BELL_CONTROL,
  BELL_CLOCK,
  BELL_HOST,
  BELL_IPI,
  BELL_MPLOCK,
  BELL_POLLING,
  BELL_SOURCES,
  BELL_STATE,
  bellPending,
  endSleep,
  ringBell,
  sleepOnBell,
  sleepOnBellAsync,
  sourceBit,
} from '../../runtime/shared-memory/doorbell.ts';
import { eventually, within } from '../helpers/eventually.ts';
import { runPeers } from '../helpers/peers.ts';

const ROLES = new URL('roles.ts', import.meta.url);
const BELL = 32;

function memory(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(1024));
}

test('doorbell: every reason to ring has a bit of its own', (t) => {
  const bits = Object.entries(doorbell).filter(
    ([name, bit]) => /^BELL_[A-Z]+$/.test(name) && typeof bit === 'number' && name !== 'BELL_SOURCES',
  );
  t.true(bits.length >= 6);
  let taken = 0;
  for (const [name, bit] of bits as [string, number][]) {
    t.is(taken & bit, 0, name);
    taken |= bit;
  }
});

test('doorbell smoke: what is rung is pending, and answered once', (t) => {
  const m = memory();
  t.false(bellPending(m, BELL));
  t.false(ringBell(m, BELL, 5));
  t.true(bellPending(m, BELL));
  t.is(answerBell(m, BELL), 5);
  t.is(answerBell(m, BELL), 0);
  t.false(bellPending(m, BELL));
});

test('doorbell: rings before the answer add up', (t) => {
  const m = memory();
  ringBell(m, BELL, 1);
  ringBell(m, BELL, BELL_STATE);
  ringBell(m, BELL, 1);
  t.is(answerBell(m, BELL), 1 | BELL_STATE);
});

test('doorbell: no two reasons share a bit', (t) => {
  const all = [
    BELL_ASLEEP,
    BELL_STATE,
    BELL_CONTROL,
    BELL_MPLOCK,
    BELL_HOST,
    BELL_CLOCK,
    BELL_POLLING,
    BELL_IPI,
  ];
  t.is(
    all.reduce((sum, bits) => sum | bits, 0),
    all.reduce((sum, bits) => sum ^ bits, 0),
  );
});

test('doorbell: every source has an IPI bit, sources 24 apart the same', (t) => {
  for (let source = 0; source < 65; source++) {
    t.not(sourceBit(source) & BELL_IPI, 0);
    t.is(sourceBit(source), sourceBit(source % BELL_SOURCES));
  }
});

test('doorbell: a bell rung before the sleep ends it at once', (t) => {
  const m = memory();
  ringBell(m, BELL, 1);
  sleepOnBell(m, BELL, Infinity);
  t.is(answerBell(m, BELL), 1);
});

test('doorbell: a sleep that nobody ends is over after its time and leaves no trace', (t) => {
  const m = memory();
  const start = performance.now();
  sleepOnBell(m, BELL, 20);
  t.true(performance.now() - start >= 19);
  t.is(m[BELL], 0);
});

test('doorbell: the ringer of a sleeper is told that it woke it', async (t) => {
  const m = memory();
  const peer = runPeers(ROLES, [{ role: 'ringSleeper', m, other: BELL }]);
  sleepOnBell(m, BELL, Infinity);
  t.is(answerBell(m, BELL), 2);
  t.deepEqual(await peer, [true]);
});

test('doorbell lost wake-up: 100,000 sleeps of two workers in turns all end', async (t) => {
  const m = memory();
  const data = { role: 'pingPong', m, count: 50_000 };
  await runPeers(ROLES, [
    { ...data, self: 0, mine: 64, other: 128 },
    { ...data, self: 1, mine: 128, other: 64 },
  ]);
  t.deepEqual([m[64], m[128]], [0, 0]);
});

test('doorbell async: a bell rung before gives no promise', (t) => {
  const m = memory();
  ringBell(m, BELL, 1);
  t.is(sleepOnBellAsync(m, BELL, Infinity), undefined);
  t.is(answerBell(m, BELL), 1);
});

test('doorbell async: ringing settles the promise and tells of the sleeper', async (t) => {
  const m = memory();
  const sleep = sleepOnBellAsync(m, BELL, Infinity);
  t.is(m[BELL], BELL_ASLEEP);
  t.true(ringBell(m, BELL, 4));
  await within('the sleep', sleep as Promise<unknown>);
  t.is(answerBell(m, BELL), 4);
});

test('doorbell async: a ring from another worker settles the promise', async (t) => {
  const m = memory();
  const sleep = sleepOnBellAsync(m, BELL, Infinity);
  const peer = runPeers(ROLES, [{ role: 'ringSleeper', m, other: BELL }]);
  await within('the sleep', sleep as Promise<unknown>);
  t.is(answerBell(m, BELL), 2);
  t.deepEqual(await peer, [true]);
});

test('doorbell async: the time ends the sleep; endSleep then clears the mark', async (t) => {
  const m = memory();
  await within('the sleep', sleepOnBellAsync(m, BELL, 5) as Promise<unknown>);
  t.is(m[BELL], BELL_ASLEEP);
  endSleep(m, BELL);
  t.is(m[BELL], 0);
});

test('doorbell async: endSleep releases a sleeper that nobody rang for, and a second sleep works', async (t) => {
  const m = memory();
  const first = sleepOnBellAsync(m, BELL, Infinity) as Promise<unknown>;
  endSleep(m, BELL);
  t.is(m[BELL], 0);
  await within('the first sleep', first);
  const second = sleepOnBellAsync(m, BELL, Infinity) as Promise<unknown>;
  t.true(ringBell(m, BELL, 1));
  await within('the second sleep', second);
  t.is(answerBell(m, BELL), 1);
});

test('doorbell: endSleep after a ring keeps the ring', async (t) => {
  const m = memory();
  const sleep = sleepOnBellAsync(m, BELL, Infinity) as Promise<unknown>;
  ringBell(m, BELL, 8);
  endSleep(m, BELL);
  await within('the sleep', sleep);
  await eventually('the bit', () => bellPending(m, BELL));
  t.is(answerBell(m, BELL), 8);
});
