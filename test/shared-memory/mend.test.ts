/** What a cpu leaves behind that dies with a lock of the arena's tables: the host mends it, and lets the lock go. */
import test from 'ava';
import { fc, testProp } from '@fast-check/ava';
import { Machine } from '../../runtime/shared-memory/layout/machine.ts';
import { Thread } from '../../runtime/shared-memory/layout/thread.ts';
import {
  messageAlloc,
  messageBytes,
  messageFree,
  mendMessages,
} from '../../runtime/shared-memory/messages.ts';
import { mendSlab, slabGive, slabTake } from '../../runtime/shared-memory/slab.ts';
import { mendSymbols, symbol } from '../../runtime/shared-memory/symbols.ts';
import type { Arena } from '../../runtime/shared-memory/arena.ts';
import { testArena } from '../helpers/arena.ts';
import '../helpers/seed.ts'; // fast-check runs with the seed of the run, and prints it

const MESSAGES = 16 * 1024;
const DEAD = 1;

/** Undoes what an operation stored, but for some of it: as if its cpu had died before the rest could be seen. */
function partly(arena: Arena, keep: readonly boolean[], run: () => void): void {
  const bytes = new Uint8Array(arena.m.buffer);
  const before = bytes.slice();
  run();
  let n = 0;
  before.forEach((byte, at) => {
    if (bytes[at] !== byte && keep[n++ % keep.length] === false) bytes[at] = byte;
  });
}

testProp(
  'mend: message space is whole again wherever in an operation a cpu died; what is in use is untouched',
  [
    fc.array(fc.record({ bytes: fc.nat(1500), free: fc.boolean() }), { minLength: 1, maxLength: 30 }),
    fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }),
    fc.nat(2000),
    fc.boolean(),
  ],
  (t, plan, keep, bytes, frees) => {
    const arena = testArena({ messages: MESSAGES });
    const used = new Map<number, number>();
    for (const { bytes: size, free } of plan) {
      const [first] = used.keys();
      if (free && first !== undefined) {
        messageFree(arena, 0, first);
        used.delete(first);
      } else if (((arena.m[Machine.messageUsed] as number) + 1024) * 4 < MESSAGES) {
        const ref = messageAlloc(arena, 0, size);
        messageBytes(arena, ref).fill(used.size + 1);
        used.set(ref, used.size + 1);
      }
    }
    const victim = [...used.keys()].at(-1);
    const freeing = frees && victim !== undefined;
    partly(arena, keep, () => {
      if (freeing) messageFree(arena, DEAD, victim);
      else
        try {
          messageAlloc(arena, DEAD, bytes);
        } catch {
          // There was no room.
        }
    });
    // Whether its bytes are still marked as used or not, the dead cpu had no more use for it.
    if (freeing) used.delete(victim);
    arena.m[Machine.messageLock] = DEAD + 1;
    t.true(mendMessages(arena, DEAD));
    t.is(arena.m[Machine.messageLock], 0);
    for (const [ref, fill] of used) t.true(messageBytes(arena, ref).every((byte) => byte === fill));
    for (const ref of used.keys()) messageFree(arena, 0, ref);
    // At most the one block is lost that was just being made or given back; the rest can be had.
    const lost = (arena.m[Machine.messageUsed] as number) * 4;
    t.true(lost <= 4096, `${lost} bytes are lost`);
    for (let got = 0; got < MESSAGES - lost; got += 64) messageAlloc(arena, 0, 56);
    t.is((arena.m[Machine.messageUsed] as number) * 4, MESSAGES);
  },
);

test('mend: a slab that a cpu died in has the right length, and its lock is free', (t) => {
  const arena = testArena();
  const { m } = arena;
  const taken: number[] = [];
  slabTake(arena, 0, 6, (ref) => taken.push(ref));
  slabGive(arena, 0, () => taken.pop() ?? 0);
  // Between the list and its length.
  m[Machine.slabFreeCount] = 2;
  m[Machine.slabLock] = DEAD + 1;
  t.false(mendSlab(arena, 0), 'another cpu has it');
  t.true(mendSlab(arena, DEAD));
  t.is(m[Machine.slabFreeCount], 6);
  t.is(m[Machine.slabLock], 0);
  t.is(
    slabTake(arena, 0, 3, (ref) => t.is(m[ref + Thread.cpu], 0)),
    3,
  );
});

test('mend: a name that was being made is made again, by whoever wants it', (t) => {
  const arena = testArena();
  const { m } = arena;
  const before = m[Machine.memoryNext] as number;
  // Memory set aside, the entry not yet there.
  m[Machine.memoryNext] = before + 64;
  m[Machine.symbolLock] = DEAD + 1;
  t.true(mendSymbols(arena, DEAD));
  const ref = symbol(arena, 0, 'x', 'token', 1, 64);
  t.is(symbol(arena, 0, 'x', 'token', 1, 64), ref);
  t.true(ref >= before + 64);
});
