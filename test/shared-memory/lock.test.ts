import test from 'ava';
import { breakLock, Lock, tryWithLock, withLock } from '../../runtime/shared-memory/lock.ts';
import { runPeers } from '../helpers/peers.ts';

const ROLES = new URL('roles.ts', import.meta.url);
const LOCK = 32;
const CELL = 64;
const SLEEPERS = 1 << 30;

function memory(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(1024));
}

test('lock smoke: the body runs with the owner in the word, and gives its value', (t) => {
  const m = memory();
  const value = withLock(m, LOCK, 5, () => {
    t.is(m[LOCK + Lock.state], 6);
    return 'value';
  });
  t.is(value, 'value');
  t.is(m[LOCK + Lock.state], 0);
});

test('lock leak: a body that throws leaves the lock free', (t) => {
  const m = memory();
  t.throws(
    () =>
      withLock(m, LOCK, 0, () => {
        throw new RangeError('body');
      }),
    { instanceOf: RangeError, message: 'body' },
  );
  t.is(m[LOCK + Lock.state], 0);
});

for (const peers of [2, 4]) {
  test(`lock exclusive: ${peers} workers add without losing one`, async (t) => {
    const m = memory();
    const count = 50_000;
    const data = Array.from({ length: peers }, (_, self) => ({
      role: 'increment',
      m,
      lock: LOCK,
      cell: CELL,
      self,
      count,
    }));
    const overlaps = await runPeers(ROLES, data);
    t.deepEqual(
      overlaps,
      data.map(() => 0),
    );
    t.is(m[CELL], peers * count);
    t.is(m[LOCK + Lock.state], 0);
  });
}

test('lock handover: a sleeping waiter gets the lock when it is released', async (t) => {
  const m = memory();
  // Held by corner 8; the peer spins, then marks the word as contended and sleeps.
  m[LOCK + Lock.state] = 9;
  const peer = runPeers(ROLES, [{ role: 'increment', m, lock: LOCK, cell: CELL, self: 0, count: 1 }]);
  while (Atomics.load(m, LOCK + Lock.state) !== (9 | SLEEPERS))
    await new Promise((resolve) => setImmediate(resolve));
  t.is(m[CELL], 0);
  Atomics.store(m, LOCK + Lock.state, 0);
  Atomics.notify(m, LOCK + Lock.state, 1);
  t.deepEqual(await peer, [0]);
  t.is(m[CELL], 1);
});

test('lock dead: what a dead holder had is mended and let go, and its sleepers go on', async (t) => {
  const m = memory();
  m[LOCK + Lock.state] = 9;
  const peers = runPeers(
    ROLES,
    [0, 1].map((self) => ({ role: 'increment', m, lock: LOCK, cell: CELL, self, count: 1 })),
  );
  while (Atomics.load(m, LOCK + Lock.state) !== (9 | SLEEPERS))
    await new Promise((resolve) => setImmediate(resolve));
  t.false(
    breakLock(m, LOCK, 7, 10, () => t.fail()),
    'another cpu holds it',
  );
  t.false(
    tryWithLock(m, LOCK, 10, () => t.fail()),
    'the host does not wait',
  );
  let mended = 0;
  t.true(breakLock(m, LOCK, 8, 10, () => (mended = m[LOCK + Lock.state] as number)));
  t.is(mended, 11 | SLEEPERS, 'mended with the lock held by the host');
  t.deepEqual(await peers, [0, 0]);
  t.is(m[CELL], 2);
  t.is(m[LOCK + Lock.state], 0);
});
