/** Kinds of sending and waiting. The test plays cpus 1 and 2. */
import test from 'ava';
import { IPI } from '../../runtime/base/protocol.ts';
import {
  ipiFunc,
  ipiqDone,
  join,
  lwktAwaitIpiq,
  lwktSchedule,
  lwktSendIpiq,
  lwktSendIpiqMask,
  lwktSendIpiqNowait,
  lwktSendIpiqPassive,
  safepoint,
} from '../../runtime/lwkt.ts';
import { cpu, globaldataFind } from '../../runtime/scheduler/globaldata.ts';
import { tick } from '../../runtime/scheduler/poll.ts';
import { Globaldata } from '../../runtime/shared-memory/layout/globaldata.ts';
import { ringOf } from '../../runtime/shared-memory/layout/memory-map.ts';
import {
  ringComplete,
  ringCompleted,
  ringPush,
  ringRelease,
  ringSeq,
  ringSlot,
} from '../../runtime/shared-memory/ring.ts';
import { ldA, stA } from '../../runtime/shared-memory/word.ts';
import {
  bootOneCpu,
  checkLeaks,
  child,
  giveWay,
  run,
  sendFromOutside,
  takeSent,
  watchCounters,
} from '../helpers/one-cpu.ts';

bootOneCpu({ ncpus: 3, ringSize: 4 });
checkLeaks(test);
const { m, arena } = cpu;
const log: number[] = [];
const note = ipiFunc(function note(n: number) {
  log.push(n);
});
const bell = (corner: number): number => ldA(m, globaldataFind(corner), Globaldata.bell);
const answer = (corner: number): void => stA(m, globaldataFind(corner), Globaldata.bell, 0);

test.beforeEach(() => {
  log.length = 0;
  for (const corner of [1, 2]) {
    takeSent(corner);
    answer(corner);
  }
});

test.serial('send passive: lies in the ring, and rings nobody', (t) => {
  run(function* () {
    const moved = watchCounters('lwkt.ipiq_passive', 'lwkt.ipiq_count', 'lwkt.ipiq_fifofull');
    const seq = lwktSendIpiqPassive(1, note, 5);
    t.is(bell(1), 0);
    t.false(ipiqDone(1, seq));
    t.deepEqual(takeSent(1), [[note.id, 5, 0, 0]]);
    t.true(ipiqDone(1, seq));
    t.deepEqual(moved(), [1, 1, 0]);
    yield* giveWay(1);
  });
});

test.serial('send passive: is taken at the next tick, without a bell', (t) => {
  run(function* () {
    t.true(ringPush(m, ringOf(arena.map, 1, 0), note.id, 8, 0, 0));
    safepoint();
    t.deepEqual(log, []);
    tick();
    t.deepEqual(log, [8]);
    yield* giveWay(1);
  });
});

test.serial('send passive: a full ring rings and waits for room', (t) => {
  run(function* () {
    for (let i = 0; i < 4; i++) lwktSendIpiqPassive(1, note, i);
    t.is(bell(1), 0);
    // Cpu 1 answers with room as soon as it is rung: its IPI waits here already.
    sendFromOutside(roomFor1.id);
    lwktSendIpiqPassive(1, note, 4);
    t.not(bell(1), 0);
    t.deepEqual(takeSent(1), [[note.id, 4, 0, 0]]);
    yield* giveWay(1);
  });
});

const roomFor1 = ipiFunc(function roomFor1() {
  const ring = ringOf(arena.map, 0, 1);
  ringRelease(m, ring, ringSeq(m, ring));
  ringComplete(m, ring, ringSeq(m, ring));
});

test.serial('send nowait: sends while there is room, then says so and drains nothing', (t) => {
  run(function* () {
    const moved = watchCounters('lwkt.ipiq_refused');
    for (let i = 0; i < 4; i++) t.not(lwktSendIpiqNowait(1, note, i), undefined);
    t.not(bell(1), 0);
    sendFromOutside(note.id, 77);
    t.is(lwktSendIpiqNowait(1, note, 4), undefined);
    t.deepEqual(log, []);
    t.deepEqual(moved(), [1]);
    t.deepEqual(
      takeSent(1).map(([, n]) => n),
      [0, 1, 2, 3],
    );
    yield* giveWay(1);
  });
});

test.serial('send mask: each cpu once, this one last and done', (t) => {
  run(function* () {
    const sent = lwktSendIpiqMask([2, 0, 1, 2], note, 3);
    t.deepEqual(
      sent.map(({ cpu: dcpu }) => dcpu),
      [2, 1, 0],
    );
    t.deepEqual(log, [3]);
    t.deepEqual(takeSent(1), [[note.id, 3, 0, 0]]);
    t.deepEqual(takeSent(2), [[note.id, 3, 0, 0]]);
    for (const { cpu: dcpu, seq } of sent) t.true(ipiqDone(dcpu, seq));
    t.is(lwktSendIpiqMask('all', note, 4).length, 3);
    t.is(lwktSendIpiqMask('others', note, 5).length, 2);
    t.deepEqual(log, [3, 4]);
    t.deepEqual(lwktSendIpiqMask([], note), []);
    yield* giveWay(1);
  });
});

test.serial('send: a cpu that does not exist is refused by every kind, and nothing is sent', (t) => {
  run(function* () {
    for (const send of [
      () => lwktSendIpiq(3, note),
      () => lwktSendIpiqPassive(-1, note),
      () => lwktSendIpiqNowait(1.5, note),
      () => lwktSendIpiqMask([1, 3], note),
      () => lwktAwaitIpiq(3, 0),
    ]) {
      t.throws(send, { code: 'ERR_LWKT_OPTION', message: /this machine has 0 \.\. 2/ });
    }
    t.deepEqual(takeSent(1), []);
    yield* giveWay(1);
  });
});

test.serial('await: another thread runs meanwhile; an echo behind the awaited record ends it', (t) => {
  run(function* () {
    const seq = lwktSendIpiq(1, note, 1);
    const waits = child(function* waits() {
      log.push(1);
      yield* lwktAwaitIpiq(1, seq);
      log.push(3);
    });
    yield* giveWay();
    log.push(2);
    lwktSchedule(waits);
    yield* giveWay();
    t.deepEqual(log, [1, 2], 'a wake-up is a hint');
    t.deepEqual(takeSent(1), [
      [note.id, 1, 0, 0],
      [IPI.echo, 0, waits, 0],
    ]);
    sendFromOutside(IPI.schedule, waits);
    yield* join(waits);
    t.deepEqual(log, [1, 2, 3]);
  });
});

test.serial('await: what has returned is not waited for; nor is this cpu', (t) => {
  run(function* () {
    const seq = lwktSendIpiq(1, note, 1);
    takeSent(1);
    yield* lwktAwaitIpiq(1, seq);
    yield* lwktAwaitIpiq(0, lwktSendIpiq(0, note, 9));
    t.deepEqual(log, [9]);
    t.deepEqual(takeSent(1), []);
  });
});

test.serial(
  'echo: is answered after completion was published, also when it came in one drain with what it waits for',
  (t) => {
    run(function* () {
      const incoming = ringOf(arena.map, 1, 0);
      t.true(ringPush(m, incoming, note.id, 1, 0, 0));
      const seq = ringSeq(m, incoming);
      sendFromOutside(IPI.echo, 1, 4711);
      // Whoever sees the answer in its ring sees the completion: with both in one ring's order this cpu stored it before.
      const ring = ringOf(arena.map, 0, 1);
      const stores: string[] = [];
      const { store } = Atomics;
      const slot = ringSlot(ring, ringSeq(m, ring));
      Object.assign(Atomics, {
        store(words: Int32Array, at: number, value: number) {
          if (at === slot) stores.push('answer');
          else if (!ringCompleted(m, incoming, seq)) stores.push('before');
          const result = store(words, at, value);
          if (at !== slot && ringCompleted(m, incoming, seq)) stores.push('complete');
          return result;
        },
      });
      try {
        safepoint();
      } finally {
        Object.assign(Atomics, { store });
      }
      t.deepEqual(takeSent(1), [[IPI.schedule, 4711, 0, 0]]);
      t.is(stores.filter((what) => what !== 'before').join(' '), 'complete answer');
      yield* giveWay(1);
    });
  },
);
