/** Waiting inside an IPI function: what a cpu owes the others meanwhile. The test plays cpus 1 and 2. */
import test from 'ava';
import { MAX_INTR_NESTING } from '../../runtime/base/params.ts';
import { ipiFunc, lwktYield, safepoint } from '../../runtime/lwkt.ts';
import { IPI } from '../../runtime/base/protocol.ts';
import { cpu } from '../../runtime/scheduler/globaldata.ts';
import { sendIpi, waitIpi } from '../../runtime/scheduler/ipiq.ts';
import { ringBell, sourceBit } from '../../runtime/shared-memory/doorbell.ts';
import { ringOf } from '../../runtime/shared-memory/layout/memory-map.ts';
import { tunable } from '../../runtime/shared-memory/layout/sysctl.ts';
import { stA } from '../../runtime/shared-memory/word.ts';
import { Ring, ringPush, ringRelease, ringSeq, ringTaken } from '../../runtime/shared-memory/ring.ts';
import { bootOneCpu, checkLeaks, panicOf, run } from '../helpers/one-cpu.ts';

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

test.serial('panic ipiq: waiting at the deepest nesting names both cpus (TOO HEAVILY NESTED)', (t) => {
  const { message } = panicOf(function* () {
    cpu.intrNesting = MAX_INTR_NESTING;
    sendIpi(1, IPI.wake, 0, 0, 0);
    yield* lwktYield();
  });
  t.is(message, 'lwkt_send_ipiq: TOO HEAVILY NESTED! cpu 0 waits for room in the ring of cpu 1 at depth 20');
});

test.serial('panic ipiq: a wait warns and then ends the machine, by the clock (D21)', (t) => {
  const { sysctl } = arena.map;
  stA(m, sysctl, tunable('lwkt.ipiq_wait_warn_ms'), 1);
  stA(m, sysctl, tunable('lwkt.ipiq_wait_panic_ms'), 4);
  const lines: string[] = [];
  const { error } = console;
  console.error = (line: string) => lines.push(line);
  const start = performance.now();
  try {
    const { message } = panicOf(function* () {
      waitIpi(1, ringSeq(m, outgoing));
      yield* lwktYield();
    });
    t.regex(message, /^LWKT_WAIT_IPIQ: cpu 0 waited \d+ ms for completion of IPI -?\d+ of cpu 1$/);
    t.true(performance.now() - start >= 4);
    t.is(lines.length, 1, 'one warning');
    t.regex(lines[0] as string, /^lwkt: LWKT_WAIT_IPIQ WARNING! cpu 0 waits \d+ ms for completion of IPI/);
  } finally {
    console.error = error;
    stA(m, sysctl, tunable('lwkt.ipiq_wait_warn_ms'), 1000);
    stA(m, sysctl, tunable('lwkt.ipiq_wait_panic_ms'), 10_000);
  }
});

test.serial('panic ipiq: a ring that holds more than it can', (t) => {
  const { message } = panicOf(function* () {
    stA(m, outgoing.base, Ring.rindex, (ringSeq(m, outgoing) - 5) | 0);
    sendIpi(1, IPI.wake, 0, 0, 0);
    yield* lwktYield();
  });
  t.is(message, 'lwkt_send_ipiq: ring of 2 records holds 5: its indices were overwritten');
  stA(m, outgoing.base, Ring.rindex, ringSeq(m, outgoing));
});
