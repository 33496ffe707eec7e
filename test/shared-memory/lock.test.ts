import test from 'ava';
import { Lock, withLock } from '../../runtime/shared-memory/lock.ts';
import { runPeers } from '../helpers/peers.ts';

const ROLES = new URL('roles.ts', import.meta.url);
const LOCK = 32;
const CELL = 64;

function memory(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(1024));
}

test('lock smoke: the body runs with the owner noted, and gives its value', (t) => {
  const m = memory();
  const value = withLock(m, LOCK, 5, () => {
    t.is(m[LOCK + Lock.owner], 6);
    t.is(m[LOCK + Lock.state], 1);
    return 'value';
  });
  t.is(value, 'value');
  t.deepEqual([m[LOCK + Lock.state], m[LOCK + Lock.owner]], [0, 0]);
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
  t.deepEqual([m[LOCK + Lock.state], m[LOCK + Lock.owner]], [0, 0]);
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
    t.deepEqual([m[LOCK + Lock.state], m[LOCK + Lock.owner]], [0, 0]);
  });
}

test('lock handover: a sleeping waiter gets the lock when it is released', async (t) => {
  const m = memory();
  // Held by us; the peer spins, then marks the word as contended (2) and sleeps.
  m[LOCK + Lock.state] = 1;
  const peer = runPeers(ROLES, [{ role: 'increment', m, lock: LOCK, cell: CELL, self: 0, count: 1 }]);
  while (Atomics.load(m, LOCK + Lock.state) !== 2) await new Promise((resolve) => setImmediate(resolve));
  t.is(m[CELL], 0);
  Atomics.store(m, LOCK + Lock.state, 0);
  Atomics.notify(m, LOCK + Lock.state, 1);
  t.deepEqual(await peer, [0]);
  t.is(m[CELL], 1);
});
