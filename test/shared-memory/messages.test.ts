import test from 'ava';
import { fc, testProp } from '@fast-check/ava';
import type { Arena } from '../../runtime/shared-memory/arena.ts';
import { LwktError } from '../../runtime/base/errors.ts';
import { Machine } from '../../runtime/shared-memory/layout/machine.ts';
import { messageAlloc, messageBytes, messageFree } from '../../runtime/shared-memory/messages.ts';
import { testArena } from '../helpers/arena.ts';
import { thrownBy } from '../helpers/eventually.ts';
import { runPeers } from '../helpers/peers.ts';
import { seedOf } from '../helpers/seed.ts';

const ROLES = new URL('roles.ts', import.meta.url);
const MESSAGES = 16 * 1024;
/** Bytes before a message's own. */
const HEADER = 8;

function used(arena: Arena): number {
  return (arena.m[Machine.messageUsed] as number) * 4;
}

/** True when the whole space is one free block again: it can be had in one piece. */
function merged(arena: Arena): boolean {
  const whole = messageAlloc(arena, 0, MESSAGES - HEADER);
  messageFree(arena, 0, whole);
  return used(arena) === 0;
}

const tryAlloc = (arena: Arena, bytes: number): number => {
  try {
    return messageAlloc(arena, 0, bytes);
  } catch (error) {
    if (error instanceof LwktError && error.code === 'ERR_LWKT_MESSAGES') return 0;
    throw error;
  }
};

test('messages smoke: bytes come back as they were written', (t) => {
  const arena = testArena({ messages: MESSAGES });
  const ref = messageAlloc(arena, 0, 5);
  messageBytes(arena, ref).set([1, 2, 3, 4, 5]);
  t.deepEqual([...messageBytes(arena, ref)], [1, 2, 3, 4, 5]);
  messageFree(arena, 0, ref);
  t.true(merged(arena));
});

test('messages empty: a message of no bytes is one', (t) => {
  const arena = testArena({ messages: MESSAGES });
  const ref = messageAlloc(arena, 0, 0);
  t.is(messageBytes(arena, ref).length, 0);
  messageFree(arena, 0, ref);
  t.true(merged(arena));
});

test('messages: sizes are rounded up to blocks of 64 bytes times a power of two', (t) => {
  const arena = testArena({ messages: MESSAGES });
  for (const [bytes, block] of [
    [1, 64],
    [64 - HEADER, 64],
    [64 - HEADER + 1, 128],
    [1024 - HEADER, 1024],
    [1024 - HEADER + 1, 2048],
  ] as const) {
    const ref = messageAlloc(arena, 0, bytes);
    t.is(used(arena), block, `${bytes} bytes`);
    t.is(messageBytes(arena, ref).length, bytes);
    messageFree(arena, 0, ref);
  }
});

test('messages full: the whole space can be had in one piece, and no byte more', (t) => {
  const arena = testArena({ messages: MESSAGES });
  const ref = messageAlloc(arena, 0, MESSAGES - HEADER);
  t.is(used(arena), MESSAGES);
  t.is(tryAlloc(arena, 0), 0);
  messageFree(arena, 0, ref);
  t.is(tryAlloc(arena, MESSAGES - HEADER + 1), 0);
});

test('messages full: exhaustion is an error with size, use, limit and way out', (t) => {
  const arena = testArena({ messages: 4 * 1024 * 1024 });
  messageAlloc(arena, 0, 3 * 1024 * 1024);
  const error = thrownBy(() => messageAlloc(arena, 0, 100));
  t.true(error instanceof LwktError);
  t.is(error.code, 'ERR_LWKT_MESSAGES');
  t.regex(error.message, /100 bytes: 4194304 of 4 MiB .*raise messages/s);
});

testProp(
  'messages: blocks never overlap, keep their bytes, and merge to one block at the end',
  [fc.array(fc.tuple(fc.nat(4000), fc.nat(30)), { minLength: 1, maxLength: 120 }), fc.boolean()],
  (t, commands, newestFirst) => {
    const arena = testArena({ messages: MESSAGES });
    const live: { ref: number; bytes: number; mark: number }[] = [];
    const check = (block: (typeof live)[number]): boolean => {
      const bytes = messageBytes(arena, block.ref);
      return bytes.length === block.bytes && bytes.every((byte) => byte === block.mark);
    };
    const free = (at: number): void => {
      const [block] = live.splice(at, 1);
      if (block === undefined) return;
      t.true(check(block));
      messageFree(arena, 0, block.ref);
    };
    commands.forEach(([bytes, choice], i) => {
      if (choice < live.length) {
        free(choice);
        return;
      }
      const ref = tryAlloc(arena, bytes);
      if (ref === 0) {
        // A buddy space of which less than half is used, in blocks of 64, may refuse only what is large.
        t.true(bytes + HEADER > 64 || used(arena) === MESSAGES);
        return;
      }
      const start = ref * 4;
      const end = start + HEADER + bytes;
      t.true(start >= arena.map.messageBase * 4 && end <= arena.map.messageBase * 4 + MESSAGES);
      for (const other of live) t.true(end <= other.ref * 4 || start >= other.ref * 4 + HEADER + other.bytes);
      messageBytes(arena, ref).fill(i & 0xff);
      live.push({ ref, bytes, mark: i & 0xff });
      t.true(used(arena) >= live.reduce((sum, block) => sum + block.bytes + HEADER, 0));
    });
    while (live.length !== 0) free(newestFirst ? live.length - 1 : 0);
    t.is(used(arena), 0);
    t.true(merged(arena));
  },
);

test('messages leak: all smallest blocks, freed in any order, merge to one', (t) => {
  const arena = testArena({ messages: MESSAGES });
  const refs: number[] = [];
  for (let ref = tryAlloc(arena, 1); ref !== 0; ref = tryAlloc(arena, 1)) refs.push(ref);
  t.is(refs.length, MESSAGES / 64);
  t.is(new Set(refs).size, refs.length);
  const odd = refs.filter((_, i) => i % 2 === 1);
  const even = refs.filter((_, i) => i % 2 === 0);
  for (const ref of [...odd, ...even]) messageFree(arena, 0, ref);
  t.true(merged(arena));
});

test('messages stress: two workers at once keep their bytes and leave nothing', async (t) => {
  const arena = testArena({ messages: 64 * 1024 });
  const data = {
    role: 'messages',
    memory: arena.memory,
    count: 30_000,
    seed: seedOf(t),
    cell: arena.map.memoryBase,
  };
  const results = (await runPeers(ROLES, [
    { ...data, self: 0 },
    { ...data, self: 1 },
  ])) as { wrong: number; refused: number }[];
  t.deepEqual(
    results.map(({ wrong }) => wrong),
    [0, 0],
  );
  t.is(used(arena), 0);
  const whole = messageAlloc(arena, 0, 64 * 1024 - HEADER);
  messageFree(arena, 0, whole);
});
