/** Waiting inside an IPI function: what a cpu owes the others meanwhile. The test plays cpus 1 and 2. */
import test from 'ava';
import { ipiFunc, safepoint } from '../../runtime/lwkt.ts';
import { IPI } from '../../runtime/base/protocol.ts';
import { cpu } from '../../runtime/scheduler/globaldata.ts';
import { sendIpi } from '../../runtime/scheduler/ipiq.ts';
import { ringBell, sourceBit } from '../../runtime/shared-memory/doorbell.ts';
import { ringOf } from '../../runtime/shared-memory/layout/memory-map.ts';
import { ringPush, ringRelease, ringSeq, ringTaken } from '../../runtime/shared-memory/ring.ts';
import { bootOneCpu, checkLeaks, run } from '../helpers/one-cpu.ts';

bootOneCpu({ ncpus: 3, ringSize: 2 });
checkLeaks(test);

const { m, arena, gd } = cpu;
const outgoing = ringOf(arena.map, 0, 1);
const from = (source: number): ReturnType<typeof ringOf> => ringOf(arena.map, source, 0);
const log: string[] = [];

const waits = ipiFunc(function waits(n: number) {
  log.push(`waits ${n}`);
  sendIpi(1, IPI.wake, 0, 0, 0);
  log.push(`waited ${n}`);
});
const makesRoom = ipiFunc(function makesRoom(n: number) {
  log.push(`room ${n}, taken ${ringTaken(m, from(2))}`);
  ringRelease(m, outgoing, ringSeq(m, outgoing));
});

function fillOutgoing(): void {
  while (ringPush(m, outgoing, IPI.wake, 0, 0, 0));
}

test.beforeEach(() => {
  log.length = 0;
  fillOutgoing();
});

test.serial('regress ipiq: a wait drains a source whose bell was answered before its turn came', (t) => {
  run(function* () {
    // Both bits are answered at once; 2 comes first, and waits for what 1 has sent.
    t.true(ringPush(m, from(2), waits.id, 1, 0, 0));
    t.true(ringPush(m, from(1), makesRoom.id, 1, 0, 0));
    ringBell(m, gd, sourceBit(1) | sourceBit(2));
    safepoint();
  });
  t.deepEqual(
    log.map((line) => line.replace(/,.*/, '')),
    ['waits 1', 'room 1', 'waited 1'],
  );
});

test.serial('regress ipiq: a wait drains the source in whose function it waits, and tells its room', (t) => {
  const before = ringTaken(m, from(2));
  run(function* () {
    t.true(ringPush(m, from(2), waits.id, 2, 0, 0));
    t.true(ringPush(m, from(2), makesRoom.id, 2, 0, 0));
    ringBell(m, gd, sourceBit(2));
    safepoint();
  });
  t.deepEqual(log, ['waits 2', `room 2, taken ${before + 1}`, 'waited 2']);
});
