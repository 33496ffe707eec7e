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
import { breakLock, tryWithLock, withLock } from './lock.ts';
import { ld, st, type Mem } from './word.ts';
import type { Plain } from './struct.ts';

const { messageLock: LOCK, messageFree: FREE, messageUsed: USED } = Machine;

/** What messageAlloc gives the host when the lock is not to be had without sleeping: try again in a later turn. */
export const MESSAGES_BUSY = -1;

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
 * @returns its word offset; for the host also MESSAGES_BUSY
 * @throws LwktError ERR_LWKT_MESSAGES when no block is large enough
 */
export function messageAlloc(arena: Arena, self: number, bytes: number): number {
  const { m } = arena;
  const words = Math.ceil(bytes / 4) + HEADER_WORDS;
  const order = Math.max(0, Math.ceil(Math.log2(words / BLOCK_WORDS)));
  const top = topOrder(arena);
  let ref = 0;
  const body = (): void => {
    let k = order;
    while (k <= top && ld(m, 0, (FREE + k) as Plain) === 0) k++;
    if (k > top) return;
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
    ref = found;
  };
  if (self !== arena.map.ncpus) withLock(m, LOCK, self, body);
  else if (!tryWithLock(m, LOCK, self, body)) return MESSAGES_BUSY;
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

/**
 * Frees a message and merges it with its free buddies. The host does so in a later turn of its event loop when the
 * lock is not to be had now.
 */
export function messageFree(arena: Arena, self: number, ref: number): void {
  const { m } = arena;
  const body = (): void => {
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
  };
  if (self !== arena.map.ncpus) withLock(m, LOCK, self, body);
  else if (!tryWithLock(m, LOCK, self, body)) setImmediate(messageFree, arena, self, ref);
}

/**
 * Takes the lock of the message space from a cpu that died with it, and makes the free lists anew. The bytes of the
 * map tell which blocks are free and which are used; what neither covers was on its way from one to the other, and is
 * free: its user never learnt of it, or had done with it.
 */
export function mendMessages(arena: Arena, dead: number): boolean {
  const { m, map } = arena;
  return breakLock(m, LOCK, dead, map.ncpus, () => {
    const bytes = states(arena);
    const top = topOrder(arena);
    const end = 1 << top;
    const used: (readonly [block: number, order: number])[] = [];
    let total = 0;
    for (let block = 0; block < end;) {
      const state = bytes[block] as number;
      const order = state & 0x3f;
      if ((state & USED_HEAD) !== 0) {
        used.push([block, order]);
        total += BLOCK_WORDS << order;
      }
      block += state === 0 ? 1 : 1 << order;
    }
    bytes.fill(0);
    for (let order = 0; order <= top; order++) st(m, 0, (FREE + order) as Plain, 0);
    st(m, 0, USED, total);
    let at = 0;
    for (const [block, order] of [...used, [end, 0] as const]) {
      // The gap before it, in the largest blocks that its alignment allows.
      while (at < block) {
        let size = at === 0 ? top : Math.min(top, 31 - Math.clz32(at & -at));
        while (at + (1 << size) > block) size--;
        pushFree(m, arena, bytes, at, size);
        at += 1 << size;
      }
      if (block === end) break;
      bytes[block] = USED_HEAD | order;
      at = block + (1 << order);
    }
  });
}
