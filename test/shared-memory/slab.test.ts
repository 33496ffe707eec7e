import test from 'ava';
import type { Arena } from '../../runtime/shared-memory/arena.ts';
import {
  descriptorHandle,
  descriptorOf,
  endDescriptor,
  initDescriptor,
} from '../../runtime/shared-memory/descriptor.ts';
import { Machine } from '../../runtime/shared-memory/layout/machine.ts';
import { Thread } from '../../runtime/shared-memory/layout/thread.ts';
import { slabGive, slabTake } from '../../runtime/shared-memory/slab.ts';
import { testArena } from '../helpers/arena.ts';
import { runPeers } from '../helpers/peers.ts';
import { seedOf } from '../helpers/seed.ts';

const ROLES = new URL('roles.ts', import.meta.url);

function takeAll(arena: Arena, batch: number): number[] {
  const refs: number[] = [];
  while (slabTake(arena, 0, batch, (ref) => refs.push(ref)) !== 0);
  return refs;
}

function giveAll(arena: Arena, refs: readonly number[]): void {
  const rest = [...refs];
  slabGive(arena, 0, () => rest.pop() ?? 0);
}

test('slab smoke: takes as many as asked for', (t) => {
  const arena = testArena();
  const refs: number[] = [];
  t.is(
    slabTake(arena, 0, 5, (ref) => refs.push(ref)),
    5,
  );
  t.is(new Set(refs).size, 5);
});

test('slab empty: every slot is handed out once, then none', (t) => {
  const arena = testArena({ threads: 10 });
  const { slab, slots, ncpus } = arena.map;
  const refs = takeAll(arena, 7);
  // Slot 0 is nil, then come the idle threads.
  const expected = Array.from({ length: slots - 1 - ncpus }, (_, i) => slab + (1 + ncpus + i) * Thread.WORDS);
  t.deepEqual(
    refs.toSorted((a, b) => a - b),
    expected,
  );
  t.is(
    slabTake(arena, 0, 1, () => t.fail()),
    0,
  );
});

test('slab full: what is given back is handed out again, all of it', (t) => {
  const arena = testArena({ threads: 10 });
  const first = takeAll(arena, 64);
  giveAll(arena, first);
  t.is(arena.m[Machine.slabFreeCount], first.length);
  const second = takeAll(arena, 3);
  t.deepEqual(
    second.toSorted((a, b) => a - b),
    first.toSorted((a, b) => a - b),
  );
  t.is(arena.m[Machine.slabFreeCount], 0);
});

test('slab: giving nothing changes nothing', (t) => {
  const arena = testArena();
  slabGive(arena, 0, () => 0);
  t.is(arena.m[Machine.slabFree], 0);
});

test('slab stress: two workers never hold the same slot, and none is lost', async (t) => {
  const arena = testArena({ threads: 40 });
  const total = arena.map.slots - 1 - arena.map.ncpus;
  const data = {
    role: 'slab',
    memory: arena.memory,
    count: 20_000,
    seed: seedOf(t),
    cell: arena.map.memoryBase,
  };
  t.deepEqual(
    await runPeers(ROLES, [
      { ...data, self: 0 },
      { ...data, self: 1 },
    ]),
    [0, 0],
  );
  t.is(takeAll(arena, 64).length, total);
});

test('descriptor: a handle names slot and generation, and dies with its thread', (t) => {
  const arena = testArena();
  let td = 0;
  slabTake(arena, 0, 1, (ref) => (td = ref));
  const handle = descriptorHandle(arena, td);
  t.is(descriptorOf(arena, handle), td);
  endDescriptor(arena, td);
  t.is(descriptorOf(arena, handle), 0);
  t.not(descriptorHandle(arena, td), handle);
});

test('descriptor: a new life has nothing of the last one', (t) => {
  const arena = testArena();
  const td = arena.map.slab + 5 * Thread.WORDS;
  // Generation and references go from life to life; links, name and result are written before they are read.
  const kept = new Set<number>([Thread.gen, Thread.refs, Thread.refsWaiter, Thread.waitSeq, Thread.value]);
  for (const field of [Thread.threadq, Thread.allq, Thread.waitq, Thread.value]) kept.add(field + 1);
  for (const field of [Thread.allq, Thread.waitq]) kept.add(field);
  for (let i = 1; i < 4; i++) kept.add(Thread.comm + i);
  arena.m.fill(99, td, td + Thread.WORDS);
  initDescriptor(arena, td, 3, 17, 4, 12);
  const words = Array.from(arena.m.subarray(td, td + Thread.WORDS));
  const left = words.flatMap((word, i) => (word === 99 && !kept.has(i) ? [i] : []));
  t.deepEqual(left, [], 'words of Thread');
  const at = (field: number): number | undefined => words[field];
  t.deepEqual([at(Thread.cpu), at(Thread.func), at(Thread.flags), at(Thread.pri)], [3, 17, 4, 32 + 12]);
});

test('descriptor: handles stay positive over all 512 generations', (t) => {
  const arena = testArena();
  const td = arena.map.slab + 5 * Thread.WORDS;
  const seen = new Set<number>();
  for (let i = 0; i < 512; i++) {
    const handle = descriptorHandle(arena, td);
    t.true(handle > 0 && handle <= 0x7fff_ffff);
    t.is(descriptorOf(arena, handle), td);
    seen.add(handle);
    endDescriptor(arena, td);
  }
  t.is(seen.size, 512);
});

for (const handle of [0, -1, 0x3f_ffff, NaN, Infinity]) {
  test(`descriptor: ${handle} is nobody's handle`, (t) => {
    t.is(descriptorOf(testArena(), handle), 0);
  });
}
