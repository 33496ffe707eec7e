/** Who waits for whom, from words in memory: each condition that makes a circle a deadlock, and a sleep one for good. */
import test from 'ava';
import { watch, type Watched } from '../../runtime/machine/watchdog.ts';
import { findAsleep } from '../../runtime/observe/asleep.ts';
import { findDeadlocks } from '../../runtime/observe/deadlock.ts';
import { machineView, type MachineView } from '../../runtime/observe/view.ts';
import { TDF_ADOPTED, TDF_ALLOCATED_THREAD } from '../../runtime/base/params.ts';
import { wmesgCode } from '../../runtime/base/wmesg.ts';
import { initDescriptor } from '../../runtime/shared-memory/descriptor.ts';
import { BELL_STATE, ringBell } from '../../runtime/shared-memory/doorbell.ts';
import { CPU_OFFLINE, CPU_PARK, CPU_RUN, Globaldata } from '../../runtime/shared-memory/layout/globaldata.ts';
import { Machine, MACHINE_RUNNING } from '../../runtime/shared-memory/layout/machine.ts';
import { globaldataOf, ringOf } from '../../runtime/shared-memory/layout/memory-map.ts';
import { Thread } from '../../runtime/shared-memory/layout/thread.ts';
import { ringComplete, ringPush, ringSeq } from '../../runtime/shared-memory/ring.ts';
import { slabTake } from '../../runtime/shared-memory/slab.ts';
import { st, stA } from '../../runtime/shared-memory/word.ts';
import type { Arena } from '../../runtime/shared-memory/arena.ts';
import { testArena } from '../helpers/arena.ts';
import { eventually } from '../helpers/eventually.ts';

const NAMES = { threads: ['', 'waits'], ipis: [] };
const CPUS = 3;

interface Wait {
  readonly depth?: number;
  readonly looks?: number;
  readonly number?: number;
}

/** A cpu waits for the completion of the IPI that it sent last. */
function waits(
  arena: Arena,
  cpu: number,
  target: number,
  { depth = 1, looks = 2000, number = 1 }: Wait = {},
) {
  const { m, map } = arena;
  const gd = globaldataOf(map, cpu);
  const ring = ringOf(map, cpu, target);
  if (ringSeq(m, ring) === 0) ringPush(m, ring, 1, 0, 0, 0);
  st(m, gd, Globaldata.waitTarget, target + 1);
  st(m, gd, Globaldata.waitSeq, ringSeq(m, ring));
  st(m, gd, Globaldata.waitDepth, depth);
  st(m, gd, Globaldata.waitLooks, looks);
  stA(m, gd, Globaldata.waitNumber, number);
}

const found = (arena: Arena): number => findDeadlocks(machineView(arena, NAMES)).length;

test('waits: cpus are deadlocked when each waits inside an IPI function for what has not returned', (t) => {
  const fresh = (): Arena => testArena({ ncpus: CPUS });
  const circle = fresh();
  waits(circle, 0, 1);
  t.is(found(circle), 0, 'one waits, the other does not');
  waits(circle, 1, 0);
  t.is(found(circle), 1);
  waits(circle, 2, 0);
  t.is(found(circle), 1, 'who hangs on a circle is not of it');
  for (const [why, change] of [
    ['outside of IPI functions, it answers', { depth: 0 }],
    ['it has not looked in vain', { looks: 0 }],
  ] as const) {
    waits(circle, 0, 1, change);
    t.is(found(circle), 0, why);
  }
  waits(circle, 0, 1);
  ringComplete(circle.m, ringOf(circle.map, 1, 0), 1);
  t.is(found(circle), 0, 'it has returned');
  const three = fresh();
  waits(three, 0, 1);
  waits(three, 1, 2);
  t.is(found(three), 0);
  waits(three, 2, 0);
  t.is(found(three), 1);
  const lies = fresh();
  waits(lies, 0, 1);
  for (const target of [0, CPUS, 1_000_000, -5]) {
    st(lies.m, globaldataOf(lies.map, 0), Globaldata.waitTarget, target + 1);
    t.is(found(lies), 0, `for cpu ${target}`);
  }
});

/** A machine whose cpus sleep and whose one thread waits on a number. */
function sleeping(): { arena: Arena; td: number } {
  const arena = testArena({ ncpus: CPUS });
  const { m, map } = arena;
  stA(m, 0, Machine.state, MACHINE_RUNNING);
  for (let cpu = 0; cpu < CPUS; cpu++) st(m, globaldataOf(map, cpu), Globaldata.state, CPU_PARK);
  let td = 0;
  slabTake(arena, 0, 1, (ref) => (td = ref));
  initDescriptor(arena, td, 0, 1, TDF_ALLOCATED_THREAD | TDF_ADOPTED, 12);
  st(m, td, Thread.wmesg, wmesgCode('tsleep'));
  st(m, td, Thread.wait, 7);
  return { arena, td };
}

const asleep = (arena: Arena): string | undefined => findAsleep(machineView(arena, NAMES))?.sentence;

test('waits: a machine sleeps for good when nothing at all is left', (t) => {
  t.regex(
    asleep(sleeping().arena) ?? '',
    /^all asleep: thread \d+ 'waits' on cpu 0 waits for wakeup\(7\); no thread, .* wake thread \d+ 'waits'$/,
  );
  const offline = sleeping().arena;
  st(offline.m, globaldataOf(offline.map, 2), Globaldata.state, CPU_OFFLINE);
  t.truthy(asleep(offline), 'a dead cpu wakes nobody');
  for (const [why, change] of Object.entries<(arena: Arena, td: number) => void>({
    'a timer': ({ m, map }) => st(m, globaldataOf(map, 1), Globaldata.parkTimed, 1),
    'a promise': ({ m, map }) => st(m, globaldataOf(map, 1), Globaldata.promises, 1),
    'a bell that has yet to be heard': ({ m, map }) => ringBell(m, globaldataOf(map, 1), BELL_STATE),
    'a cpu that runs': ({ m, map }) => st(m, globaldataOf(map, 2), Globaldata.state, CPU_RUN),
    'an IPI': ({ m, map }) => ringPush(m, ringOf(map, 0, 1), 1, 0, 0, 0),
    'an IPI of the host': ({ m, map }) => ringPush(m, ringOf(map, CPUS, 1), 1, 0, 0, 0),
    'a thread that can run': ({ m }, td) => st(m, td, Thread.wmesg, 0),
    'no thread': ({ m }, td) => st(m, td, Thread.flags, 0),
    'a stop': ({ m }) => stA(m, 0, Machine.state, MACHINE_RUNNING + 1),
  })) {
    const { arena, td } = sleeping();
    change(arena, td);
    t.is(asleep(arena), undefined, why);
  }
});

test('waits: the watchdog tells what lasts from one look to the next, once', async (t) => {
  const arena = testArena({ ncpus: CPUS });
  const told: Record<string, string[]> = {};
  const looks: Record<string, number> = {};
  // What each of four machines shows at its n-th look.
  const machines: Readonly<Record<string, (n: number) => Wait>> = {
    lasts: (n) => ({ looks: 2000 + 900 * n }),
    'is another wait each time': (n) => ({ looks: 2000 + 900 * n, number: n }),
    'has not drained since': () => ({ looks: 2000 }),
    'is over now and then': (n) => ({ looks: 2000 + 900 * n, depth: n % 2 }),
  };
  const ends = Object.entries(machines).map(([name, shown]) => {
    told[name] = [];
    looks[name] = 0;
    const watched: Watched = {
      view(): MachineView {
        const n = (looks[name] = (looks[name] as number) + 1);
        waits(arena, 0, 1, shown(n));
        waits(arena, 1, 0, shown(n));
        return machineView(arena, NAMES);
      },
      answering: () => Promise.resolve(true),
      stalled: () => t.fail('nothing runs'),
      deadlocked: (sentence) => void told[name]?.push(sentence),
      asleep: () => false,
    };
    return watch(arena, watched);
  });
  await eventually('four looks', () => Object.values(looks).every((n) => n >= 4));
  for (const end of ends) end();
  t.deepEqual(
    Object.entries(told).map(([name, sentences]) => [name, sentences.length]),
    [
      ['lasts', 1],
      ['is another wait each time', 0],
      ['has not drained since', 0],
      ['is over now and then', 0],
    ],
  );
});
