/**
 * Message space: blocks of bytes for values on their way from one corner of the machine to another.
 *
 * A buddy allocator under one lock: blocks of 64 bytes times a power of two, split on demand, merged when freed,
 * so that the space never crumbles. One byte per smallest block tells what begins there. The sender allocates,
 * the receiver frees; the lock is uncontended beside the microseconds that cloning a value takes.
 *
 * Source: Knowlton 1965, "A fast storage allocator"; Knuth, TAOCP 1, 2.5.
 */
import { LwktError } from '../base/errors.ts';
import type { Arena } from './arena.ts';
import { Machine } from './layout/machine.ts';
import { BLOCK_WORDS } from './layout/memory-map.ts';
import { withLock } from './lock.ts';
import { ld, st, type Mem } from './word.ts';
import type { Plain } from './struct.ts';

const { messageLock: LOCK, messageFree: FREE, messageUsed: USED } = Machine;

/** A free block begins here; the low bits are its order. */
const FREE_HEAD = 0x80;
/** A used block begins here. */
const USED_HEAD = 0x40;

/** Words before the bytes of a message: its length in bytes, and padding to a double. */
const HEADER_WORDS = 2;

function topOrder(arena: Arena): number {
  return Math.log2(arena.map.messages / 4 / BLOCK_WORDS);
}

function states(arena: Arena): Uint8Array {
  return new Uint8Array(arena.m.buffer, arena.map.messageMap * 4, arena.map.messages / 4 / BLOCK_WORDS);
}

/** Makes the whole space one free block. Once per machine, by the host. */
export function initMessages(arena: Arena): void {
  pushFree(arena.m, arena, states(arena), 0, topOrder(arena));
}

function refOf(arena: Arena, block: number): number {
  return arena.map.messageBase + block * BLOCK_WORDS;
}

function blockOf(arena: Arena, ref: number): number {
  return (ref - arena.map.messageBase) / BLOCK_WORDS;
}

function pushFree(m: Mem, arena: Arena, map: Uint8Array, block: number, order: number): void {
  const head = (FREE + order) as Plain;
  const ref = refOf(arena, block);
  const first = ld(m, 0, head);
  m[ref] = first;
  m[ref + 1] = 0;
  if (first !== 0) m[first + 1] = ref;
  st(m, 0, head, ref);
  map[block] = FREE_HEAD | order;
}

function takeFree(m: Mem, map: Uint8Array, arena: Arena, ref: number, order: number): void {
  const next = m[ref] as number;
  const prev = m[ref + 1] as number;
  if (prev === 0) st(m, 0, (FREE + order) as Plain, next);
  else m[prev] = next;
  if (next !== 0) m[next + 1] = prev;
  map[blockOf(arena, ref)] = 0;
}

/**
 * Allocates a message of `bytes` bytes; its bytes are read and written through {@link messageBytes}.
 *
 * @returns its word offset
 * @throws LwktError ERR_LWKT_MESSAGES when no block is large enough
 */
export function messageAlloc(arena: Arena, self: number, bytes: number): number {
  const { m } = arena;
  const words = Math.ceil(bytes / 4) + HEADER_WORDS;
  const order = Math.max(0, Math.ceil(Math.log2(words / BLOCK_WORDS)));
  const top = topOrder(arena);
  const ref = withLock(m, LOCK, self, () => {
    let k = order;
    while (k <= top && ld(m, 0, (FREE + k) as Plain) === 0) k++;
    if (k > top) return 0;
    const map = states(arena);
    const found = ld(m, 0, (FREE + k) as Plain);
    takeFree(m, map, arena, found, k);
    const block = blockOf(arena, found);
    while (k > order) {
      k--;
      pushFree(m, arena, map, block + (1 << k), k);
    }
    map[block] = USED_HEAD | order;
    st(m, 0, USED, ld(m, 0, USED) + (BLOCK_WORDS << order));
    return found;
  });
  if (ref === 0) {
    const mib = arena.map.messages / 1_048_576;
    throw new LwktError(
      'ERR_LWKT_MESSAGES',
      `no room for a value of ${bytes} bytes: ${ld(m, 0, USED) * 4} of ${mib} MiB of message space are in use ` +
        '(arguments and results that are not yet taken); join threads sooner, pass data through shared memory, ' +
        'or raise messages (--messages)',
    );
  }
  m[ref] = bytes;
  return ref;
}

/** The bytes of a message, in place. */
export function messageBytes(arena: Arena, ref: number): Uint8Array {
  return new Uint8Array(arena.m.buffer, (ref + HEADER_WORDS) * 4, arena.m[ref]);
}

/** Frees a message and merges it with its free buddies. */
export function messageFree(arena: Arena, self: number, ref: number): void {
  const { m } = arena;
  withLock(m, LOCK, self, () => {
    const map = states(arena);
    const top = topOrder(arena);
    let block = blockOf(arena, ref);
    let order = (map[block] as number) & 0x3f;
    st(m, 0, USED, ld(m, 0, USED) - (BLOCK_WORDS << order));
    map[block] = 0;
    while (order < top) {
      const buddy = block ^ (1 << order);
      if (map[buddy] !== (FREE_HEAD | order)) break;
      takeFree(m, map, arena, refOf(arena, buddy), order);
      block = Math.min(block, buddy);
      order++;
    }
    pushFree(m, arena, map, block, order);
  });
}
