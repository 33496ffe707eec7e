import test from 'ava';
import { fc, testProp } from '@fast-check/ava';
import '../helpers/seed.ts';
import {
  headFunc,
  MAX_FUNCS,
  Ring,
  ringComplete,
  ringHas,
  ringCompleted,
  ringPreset,
  ringPending,
  ringPush,
  ringRef,
  ringRelease,
  ringSeq,
  ringSlot,
  ringTaken,
  ringUnanswered,
  ringWords,
  ringWritten,
  SLOT_WORDS,
  type RingRef,
} from '../../runtime/shared-memory/ring.ts';
import { runPeers } from '../helpers/peers.ts';

const ROLES = new URL('roles.ts', import.meta.url);

function makeRing(size: number): { m: Int32Array<SharedArrayBuffer>; ring: RingRef } {
  const base = 64;
  const m = new Int32Array(new SharedArrayBuffer(4 * (base + ringWords(size))));
  return { m, ring: ringRef(base, size) };
}

/** Takes up to `most` records and gives their room back. */
function take(m: Int32Array, ring: RingRef, most = Infinity): number[][] {
  const written = ringWritten(m, ring);
  const records: number[][] = [];
  let taken = ringTaken(m, ring);
  for (; taken !== written && records.length < most; taken = (taken + 1) | 0) {
    const at = ringSlot(ring, taken);
    const [head = 0, ...args] = m.subarray(at, at + SLOT_WORDS);
    records.push([headFunc(head), ...args]);
  }
  ringRelease(m, ring, taken);
  ringComplete(m, ring, taken);
  return records;
}

test('ring smoke: a record comes out as it went in', (t) => {
  const { m, ring } = makeRing(4);
  t.true(ringPush(m, ring, 1, -2, 3, 0x7fff_ffff));
  t.is(ringSeq(m, ring), 1);
  t.deepEqual(take(m, ring), [[1, -2, 3, 0x7fff_ffff]]);
});

test('ring watched: what has run does not wait, although its room was not told', (t) => {
  const { m, ring } = makeRing(8);
  for (let i = 0; i < 5; i++) ringPush(m, ring, 1, i, 0, 0);
  ringComplete(m, ring, 3);
  t.is(ringUnanswered(m, ring), 3);
  // Taken, but set aside: it has still to run, and its slot is the source's again.
  ringRelease(m, ring, 4);
  t.is(ringUnanswered(m, ring), 4);
  t.is(ringWritten(m, ring), 5);
});

test('ring pending: for its source, what is not known to have run', (t) => {
  const { m, ring } = makeRing(4);
  ringPreset(m, ring, -2);
  t.deepEqual(ringPending(m, ring), []);
  for (let i = 0; i < 4; i++) ringPush(m, ring, 7, i, 0, 0);
  ringComplete(m, ring, -1);
  t.deepEqual(ringPending(m, ring), [
    [7, 1],
    [7, 2],
    [7, 3],
  ]);
  // Taken and under way, its slot has become another one's.
  ringRelease(m, ring, 1);
  for (let i = 4; i < 7; i++) t.true(ringPush(m, ring, 8, i, 0, 0));
  t.deepEqual(ringPending(m, ring), [
    [7, 3],
    [8, 4],
    [8, 5],
    [8, 6],
  ]);
});

test('ring watched: across the wrap at 2^32', (t) => {
  const { m, ring } = makeRing(8);
  ringPreset(m, ring, -2);
  for (let i = 0; i < 4; i++) ringPush(m, ring, 1, i, 0, 0);
  ringComplete(m, ring, 1);
  t.is(ringUnanswered(m, ring), 1);
  t.is(ringWritten(m, ring), 2);
});

test('ring empty: a fresh or drained ring has nothing written that is not taken', (t) => {
  const { m, ring } = makeRing(4);
  t.deepEqual(take(m, ring), []);
  ringPush(m, ring, 1, 0, 0, 0);
  take(m, ring);
  t.deepEqual(take(m, ring), []);
  t.is(ringWritten(m, ring), ringTaken(m, ring));
});

test('ring full: push on a full ring returns false and writes nothing', (t) => {
  const { m, ring } = makeRing(4);
  for (let i = 0; i < 4; i++) t.true(ringPush(m, ring, i, i, i, i));
  const before = [...m];
  t.false(ringPush(m, ring, 9, 9, 9, 9));
  t.deepEqual([...m], before);
});

test('ring full: one record taken makes room for one', (t) => {
  const { m, ring } = makeRing(2);
  ringPush(m, ring, 0, 0, 0, 0);
  ringPush(m, ring, 1, 0, 0, 0);
  take(m, ring, 1);
  t.true(ringPush(m, ring, 2, 0, 0, 0));
  t.false(ringPush(m, ring, 3, 0, 0, 0));
  t.deepEqual(
    take(m, ring).map(([func]) => func),
    [1, 2],
  );
});

for (const [what, start] of [
  ['2^31', 0x7fff_ffff - 5],
  ['2^32', -6],
] as const) {
  test(`ring wrap: indices survive the int32 wrap at ${what}`, (t) => {
    const { m, ring } = makeRing(4);
    ringPreset(m, ring, start | 0);
    let sent = 0;
    let got = 0;
    for (let round = 0; round < 10; round++) {
      while (ringPush(m, ring, sent, 0, 0, 0)) sent++;
      t.is(sent - got, 4);
      const seq = ringSeq(m, ring);
      t.false(ringCompleted(m, ring, seq));
      for (const [func] of take(m, ring, 1 + (round % 4))) t.is(func, got++);
      if (got === sent) t.true(ringCompleted(m, ring, seq));
    }
    for (const [func] of take(m, ring)) t.is(func, got++);
    t.is(got, sent);
    t.true(ringCompleted(m, ring, ringSeq(m, ring)));
    t.false(ringCompleted(m, ring, (ringSeq(m, ring) + 1) | 0));
  });
}

testProp(
  'ring order: is a bounded first-in first-out queue, from any index on',
  [
    fc.integer(),
    fc.constantFrom(2, 4, 8),
    fc.array(fc.oneof(fc.constant('push' as const), fc.nat(9)), { maxLength: 100 }),
  ],
  (t, start, size, commands) => {
    t.pass();
    const { m, ring } = makeRing(size);
    ringPreset(m, ring, start);
    const model: number[] = [];
    let next = 0;
    for (const command of commands) {
      if (command === 'push') {
        t.is(ringPush(m, ring, next, ~next, 0, 0), model.length < size);
        if (model.length < size) model.push(next);
        next++;
      } else {
        t.deepEqual(
          take(m, ring, command).map(([func]) => func),
          model.splice(0, command),
        );
      }
      t.is((ringWritten(m, ring) - ringTaken(m, ring)) | 0, model.length);
    }
  },
);

test('ring: the largest function number comes out as it went in, and does not look like another lap', (t) => {
  const { m, ring } = makeRing(2);
  for (let i = 0; i < 7; i++) {
    t.false(ringHas(m, ring, i));
    ringPush(m, ring, MAX_FUNCS - 1, i, 0, 0);
    t.true(ringHas(m, ring, i));
    t.deepEqual(take(m, ring), [[MAX_FUNCS - 1, i, 0, 0]]);
  }
});

test('ring: no slot of a lap passes for one of the next, over all stamps there are', (t) => {
  const { m, ring } = makeRing(2);
  for (let i = 0; i < 2 * MAX_FUNCS + 8; i++) {
    if (ringHas(m, ring, i)) t.fail(`record ${i} is there before it was written`);
    ringPush(m, ring, 0, i, 0, 0);
    if (!ringHas(m, ring, i)) t.fail(`record ${i} is not there`);
    ringRelease(m, ring, i + 1);
  }
  t.pass();
});

test('ring order: a push stores the arguments, then the head; what is taken is told last', (t) => {
  const { m, ring } = makeRing(4);
  const { store } = Atomics;
  const seen: string[] = [];
  Object.assign(Atomics, {
    store(words: Int32Array, at: number, value: number) {
      const slot = ringSlot(ring, 0);
      const args = words.subarray(slot + 1, slot + SLOT_WORDS).join(' ');
      seen.push(
        at === slot
          ? `head over ${words[at]} behind ${args}`
          : at - ring.base === Ring.rindex
            ? 'rindex'
            : 'xindex',
      );
      return store(words, at, value);
    },
  });
  try {
    ringPush(m, ring, 9, 1, 2, 3);
    take(m, ring);
  } finally {
    Object.assign(Atomics, { store });
  }
  t.deepEqual(seen, ['head over 0 behind 1 2 3', 'rindex', 'xindex']);
});

test('ring: the words of a ring are whole lines and hold all its slots', (t) => {
  for (const size of [2, 4, 256]) {
    t.is(ringWords(size) % 32, 0);
    t.true(ringWords(size) >= Ring.slots + size * SLOT_WORDS);
  }
});

for (const size of [2, 16, 256]) {
  // Two slots mean a meeting of both workers for nearly every record.
  const count = size === 2 ? 200_000 : 1_000_000;
  test(`ring spsc stress: ${count} records through ${size} slots arrive intact and in order`, async (t) => {
    const { m, ring } = makeRing(size);
    // The indices wrap on the way.
    ringPreset(m, ring, (0x7fff_ffff - count / 2) | 0);
    const [, wrong] = await runPeers(ROLES, [
      { role: 'produce', m, ring, count },
      { role: 'consume', m, ring, count },
    ]);
    t.is(wrong, 0);
    t.is(ringWritten(m, ring), ringTaken(m, ring));
    t.true(ringCompleted(m, ring, ringSeq(m, ring)));
  });
}
