/** Many cpus at once: functions that wait for room, while those of all others come in. The test plays the others. */
import test from 'ava';
import { ipiFunc, lwktSendIpiq, safepoint } from '../../runtime/lwkt.ts';
import { MAX_INTR_NESTING } from '../../runtime/base/params.ts';
import { IPI } from '../../runtime/base/protocol.ts';
import { cpu } from '../../runtime/scheduler/globaldata.ts';
import { sendIpi } from '../../runtime/scheduler/ipiq.ts';
import { ringBell, sourceBit } from '../../runtime/shared-memory/doorbell.ts';
import { ringOf } from '../../runtime/shared-memory/layout/memory-map.ts';
import { Ring, ringPush } from '../../runtime/shared-memory/ring.ts';
import { ldA } from '../../runtime/shared-memory/word.ts';
import { bootOneCpu, checkLeaks, run, takeSent } from '../helpers/one-cpu.ts';

const NCPUS = 40;

bootOneCpu({ ncpus: NCPUS, ringSize: 2 });
checkLeaks(test);
const { m, arena, gd } = cpu;
const from = (source: number): ReturnType<typeof ringOf> => ringOf(arena.map, source, 0);
const log: number[] = [];
let deepest = 0;

const waits = ipiFunc(function waits(source: number) {
  deepest = Math.max(deepest, cpu.intrNesting);
  log.push(source);
  sendIpi(1, IPI.wake, 0, 0, 0);
});
const plain = ipiFunc(function plain(source: number) {
  deepest = Math.max(deepest, cpu.intrNesting);
  log.push(source);
});
/** Plays cpu 1, which takes what it was sent now and then, while this cpu waits. */
function* withRoom(body: () => void): Generator<unknown, void, unknown> {
  const { pause } = Atomics;
  // It spins for long before it sleeps.
  cpu.crowded = false;
  let pauses = 0;
  Object.assign(Atomics, { pause: () => ++pauses % 10 === 0 && takeSent(1) });
  try {
    body();
  } finally {
    Object.assign(Atomics, { pause });
  }
  yield* [];
}

test.serial(
  'regress ipiq: functions of more cpus than nesting allows all wait for room, and each runs once, in order',
  (t) => {
    run(() =>
      withRoom(() => {
        while (ringPush(m, ringOf(arena.map, 0, 1), IPI.wake, 0, 0, 0));
        for (let source = 2; source < NCPUS; source++) {
          ringPush(m, from(source), waits.id, source, 0, 0);
          ringPush(m, from(source), plain.id, source, 0, 0);
          ringBell(m, gd, sourceBit(source));
        }
        safepoint();
        takeSent(1);
      }),
    );
    t.true(deepest < MAX_INTR_NESTING, `nested ${deepest} deep`);
    const twice = Array.from({ length: NCPUS - 2 }, (_, i) => [i + 2, i + 2]).flat();
    t.deepEqual(
      log.toSorted((a, b) => a - b),
      twice,
      'each function ran once',
    );
    for (let source = 2; source < NCPUS; source++) t.is(ldA(m, from(source).base, Ring.xindex), 2);
  },
);

/** Calls itself on this cpu, and at the bottom waits for room; on the way two functions of other cpus come. */
const digs = ipiFunc(function dig(left: number) {
  if (left !== 0) {
    lwktSendIpiq(0, digs, left - 1);
    return;
  }
  for (const source of [2, 3]) {
    ringPush(m, from(source), plain.id, source, 0, 0);
    ringBell(m, gd, sourceBit(source));
  }
  sendIpi(1, IPI.wake, 0, 0, 0);
});

test.serial('regress ipiq: what was set aside below nested calls of one cpu runs after them', (t) => {
  log.length = 0;
  run(function* () {
    yield* withRoom(() => {
      while (ringPush(m, ringOf(arena.map, 0, 1), IPI.wake, 0, 0, 0));
      lwktSendIpiq(0, digs, 10);
    });
    t.deepEqual(log, [], 'set aside');
    safepoint();
    takeSent(1);
  });
  t.deepEqual(
    log.toSorted((a, b) => a - b),
    [2, 3],
  );
});
