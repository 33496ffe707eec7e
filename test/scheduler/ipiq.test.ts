import test from 'ava';
import { MachinePanic } from '../../runtime/base/panic.ts';
import {
  ipiFunc,
  ipiqDone,
  lwktSendIpiq,
  lwktWaitIpiq,
  lwktYield,
  safepoint,
  spawn,
} from '../../runtime/lwkt.ts';
import { cpu } from '../../runtime/scheduler/globaldata.ts';
import { ringOf } from '../../runtime/shared-memory/layout/memory-map.ts';
import {
  headFunc,
  Ring,
  ringPreset,
  ringSlot,
  ringTaken,
  ringWritten,
} from '../../runtime/shared-memory/ring.ts';
import { initIpiq } from '../../runtime/scheduler/ipiq.ts';
import { bootOneCpu, define, checkLeaks, run, sendFromOutside, giveWay } from '../helpers/one-cpu.ts';

const RING = 4;
bootOneCpu({ ringSize: RING });
checkLeaks(test);

const { m, arena } = cpu;
const incoming = ringOf(arena.map, 1, 0);
const seen: number[][] = [];
const note = ipiFunc(function note(a, b, c) {
  seen.push([a, b, c]);
});
const broken = ipiFunc(function broken(n) {
  throw new RangeError(`broken by ${n}`);
});
let spawned = 0;
const quick = define(function* quick() {
  spawned++;
});
const spawns = ipiFunc(function spawns() {
  spawn(quick, [], { detached: true });
});

test.beforeEach(() => {
  seen.length = 0;
});

test.serial('ipiq smoke: an IPI runs with its arguments, and is told complete', (t) => {
  run(function* () {
    const before = m[incoming.base + Ring.xindex] as number;
    t.true(sendFromOutside(note.id, 1, -2, 0x7fff_ffff));
    safepoint();
    t.deepEqual(seen, [[1, -2, 0x7fff_ffff]]);
    t.is(m[incoming.base + Ring.xindex], before + 1);
    yield* lwktYield();
  });
});

test.serial('ipiq order: a full ring is drained in order, and has room again', (t) => {
  run(function* () {
    for (let round = 0; round < 20; round++) {
      let sent = 0;
      while (sendFromOutside(note.id, round, sent)) sent++;
      // Room is told in halves of the ring.
      t.true(sent >= RING / 2 && sent <= RING);
      safepoint();
      t.deepEqual(
        seen.splice(0),
        Array.from({ length: sent }, (_, i) => [round, i, 0]),
      );
    }
    yield* lwktYield();
  });
});

test.serial('ipiq wrap: draining goes on over the int32 wrap', (t) => {
  ringPreset(m, incoming, 0x7fff_fffe);
  initIpiq();
  run(function* () {
    for (let i = 0; i < 3 * RING; i++) {
      t.true(sendFromOutside(note.id, i));
      safepoint();
    }
    t.deepEqual(
      seen.map(([i]) => i),
      Array.from({ length: 3 * RING }, (_, i) => i),
    );
    t.is(ringWritten(m, incoming), (0x7fff_fffe + 3 * RING) | 0);
    yield* lwktYield();
  });
});

test.serial('ipiq: a bell without a record runs nothing', (t) => {
  run(function* () {
    sendFromOutside(note.id, 1);
    safepoint();
    m[cpu.gd] = 2;
    safepoint();
    t.is(seen.length, 1);
    yield* lwktYield();
  });
});

test.serial('ipiq: what is sent lies in the ring to its target, and is done when the target says so', (t) => {
  run(function* () {
    const out = ringOf(arena.map, 0, 1);
    const at = ringWritten(m, out);
    const seq = lwktSendIpiq(1, note, 5, 6, 7);
    const slot = ringSlot(out, at);
    t.is(headFunc(m[slot] as number), note.id);
    t.deepEqual([...m.subarray(slot + 1, slot + 4)], [5, 6, 7]);
    t.false(ipiqDone(1, seq));
    // Played: cpu 1 takes and runs it.
    m[out.base + Ring.rindex] = at + 1;
    m[out.base + Ring.xindex] = at + 1;
    t.true(ipiqDone(1, seq));
    lwktWaitIpiq(1, seq);
    t.is(ringTaken(m, out), at + 1);
    yield* lwktYield();
  });
});

test.serial('ipiq: an IPI function may spawn', (t) => {
  run(function* () {
    sendFromOutside(spawns.id);
    safepoint();
    yield* giveWay();
    t.is(spawned, 1);
  });
});

for (const target of [2, -1, NaN, 0.5, 64]) {
  test.serial(`ipiq: sending to cpu ${target} is refused with the limits`, (t) => {
    run(function* () {
      const expectation = { code: 'ERR_LWKT_OPTION', message: /this machine has 0 \.\. 1/ };
      t.throws(() => lwktSendIpiq(target, note), expectation);
      t.throws(() => lwktWaitIpiq(target, 0), expectation);
      t.throws(() => ipiqDone(target, 0), expectation);
      yield* lwktYield();
    });
  });
}

test.serial('ipiq panic: a function that throws stops the machine, with name, arguments and error', (t) => {
  const panic = t.throws(
    () =>
      run(function* () {
        sendFromOutside(broken.id, 5);
        safepoint();
        yield* lwktYield();
      }),
    { instanceOf: MachinePanic },
  );
  t.regex(panic?.message ?? '', /IPI function 'broken' \(5, 0, 0\) threw on cpu 0: RangeError: broken by 5/);
});

test.serial('ipiq panic: an unknown function stops the machine', (t) => {
  const panic = t.throws(
    () =>
      run(function* () {
        sendFromOutside(9999);
        safepoint();
        yield* lwktYield();
      }),
    { instanceOf: MachinePanic },
  );
  t.regex(panic?.message ?? '', /unknown IPI function 9999/);
});
