import test from 'ava';
import { LwktError } from '../../runtime/base/errors.ts';
import { attachArena, createArena } from '../../runtime/shared-memory/arena.ts';
import { Globaldata } from '../../runtime/shared-memory/layout/globaldata.ts';
import { LAYOUT_VERSION, Machine } from '../../runtime/shared-memory/layout/machine.ts';
import { memoryMap, ringOf } from '../../runtime/shared-memory/layout/memory-map.ts';
import { tunable, TUNABLES } from '../../runtime/shared-memory/layout/sysctl.ts';
import { Thread } from '../../runtime/shared-memory/layout/thread.ts';
import { ringWords } from '../../runtime/shared-memory/ring.ts';
import { LINE_WORDS } from '../../runtime/shared-memory/struct.ts';
import { thrownBy } from '../helpers/eventually.ts';
import { SMALL, testArena } from '../helpers/arena.ts';

test('arena smoke: who attaches computes the same map over the same words', (t) => {
  const arena = createArena(SMALL, true);
  const other = attachArena(arena.memory);
  t.deepEqual(other.map, arena.map);
  arena.m[arena.map.memoryBase] = 17;
  t.is(other.m[other.map.memoryBase], 17);
  t.is(other.m[Machine.crowded], 1);
  other.f64[arena.map.memoryBase >> 1] = 1.5;
  t.is(arena.f64[arena.map.memoryBase >> 1], 1.5);
});

test('arena: tunables begin with their defaults', (t) => {
  const { m, map } = createArena(SMALL, false);
  for (const [name, value] of TUNABLES) t.is(m[map.sysctl + tunable(name)], value, name);
  t.is(m[Machine.crowded], 0);
});

test('arena: memory that is no arena is refused with what was found and expected', (t) => {
  const { memory, m } = createArena(SMALL, true);
  m[Machine.magic] = 0xbad;
  const error = thrownBy(() => attachArena(memory));
  t.true(error instanceof LwktError);
  t.is(error.code, 'ERR_LWKT_NO_MACHINE');
  t.regex(error.message, /magic 0xbad.*expected 0x544b574c/s);
});

test('arena: another layout is refused', (t) => {
  const { memory, m } = createArena(SMALL, true);
  m[Machine.layoutHash] = (m[Machine.layoutHash] as number) ^ 1;
  t.is(thrownBy(() => attachArena(memory)).code, 'ERR_LWKT_NO_MACHINE');
});

test('arena: another version of the same layout is refused', (t) => {
  const { memory, m } = createArena(SMALL, true);
  m[Machine.version] = LAYOUT_VERSION + 1;
  t.is(thrownBy(() => attachArena(memory)).code, 'ERR_LWKT_NO_MACHINE');
});

test('memory map: regions follow each other, each on a line, and end in the arena', (t) => {
  const { map, m } = testArena({ ncpus: 3, threads: 100 });
  const regions = [
    map.globaldata,
    map.rings,
    map.sysctl,
    map.symbols,
    map.slab,
    map.messageMap,
    map.messageBase,
    map.memoryBase,
    map.words,
  ];
  t.deepEqual(
    regions,
    regions.toSorted((a, b) => a - b),
  );
  for (const at of regions) t.is(at % LINE_WORDS, 0);
  t.true(map.globaldata >= Machine.WORDS);
  t.true(map.rings - map.globaldata >= 4 * Globaldata.WORDS);
  t.true(map.sysctl - map.rings >= 16 * ringWords(16));
  t.true(map.messageMap - map.slab >= map.slots * Thread.WORDS);
  t.true(map.words - map.memoryBase >= SMALL.memory / 4);
  t.true(m.length >= map.words);
});

test('memory map: no two rings share a word', (t) => {
  const { map } = testArena({ ncpus: 3 });
  const bases = new Set<number>();
  for (let source = 0; source <= 3; source++) {
    for (let target = 0; target <= 3; target++) {
      bases.add(ringOf(map, source, target).base);
    }
  }
  t.is(bases.size, 16);
  const sorted = [...bases].toSorted((a, b) => a - b);
  sorted.slice(1).forEach((base, i) => t.true(base - (sorted[i] as number) >= ringWords(16)));
});

test('memory map: the slab has room for all threads beside what the caches of all cpus may keep', (t) => {
  const { slots } = memoryMap({ ...SMALL, ncpus: 4, threads: 10 });
  t.true(slots >= 1 + 4 + 10 + 4 * 128);
});

test('memory map: an arena beyond the limit is refused with its parts', (t) => {
  const error = thrownBy(() => memoryMap({ ...SMALL, ncpus: 64, ringSize: 65_536 }));
  t.is(error.code, 'ERR_LWKT_OPTION');
  t.regex(error.message, /limit is 4096 MiB.*ring \(65536 slots x 4225 rings\)/s);
});
