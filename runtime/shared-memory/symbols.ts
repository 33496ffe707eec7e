/**
 * Named objects: the first cpu that asks for a name makes the object, every other one finds the same words.
 *
 * Open addressing over a fixed table, under one lock. Objects are never removed: a name means the same words for
 * the life of the machine.
 */
import { LwktError } from '../base/errors.ts';
import type { Arena } from './arena.ts';
import { Machine } from './layout/machine.ts';
import { Sync } from './layout/sync.ts';
import { Token, Wait } from './layout/token.ts';
import { SymbolEntry } from './layout/symbol-entry.ts';
import { breakLock, withLock } from './lock.ts';
import { LINE_WORDS } from './struct.ts';
import { ldText } from './text.ts';
import { ld, st } from './word.ts';

const { symbolLock: LOCK, symbolCount: COUNT, memoryNext: NEXT } = Machine;
const {
  kind: KIND,
  hash: HASH,
  name: NAME,
  nameBytes: NAME_BYTES,
  ref: REF,
  length: LENGTH,
  WORDS,
} = SymbolEntry;

/** Kinds of named objects; index = code. */
export const SYMBOL_KINDS = [
  'none',
  'token',
  'wait queue',
  'shared.i8',
  'shared.u8',
  'shared.i16',
  'shared.u16',
  'shared.i32',
  'shared.u32',
  'shared.f32',
  'shared.f64',
  'shared.i64',
  'shared.u64',
  'mutex',
  'spinlock',
  'semaphore',
  'condition',
  'barrier',
  'once',
  'rwlock',
  'mutex token',
] as const;
export type SymbolKind = Exclude<(typeof SYMBOL_KINDS)[number], 'none'>;

/** True for the kinds of tokens. */
export function isTokenKind(kind: string): boolean {
  return kind === 'token' || kind === 'mutex token';
}

/** One named object as a watcher sees it. */
export interface SymbolInfo {
  readonly name: string;
  readonly kind: string;
  /** Word offset. */
  readonly ref: number;
  /** Elements. */
  readonly length: number;
}

/** Words that an object of a kind has at least. */
function wordsOf(kind: string): number {
  if (kind.startsWith('shared.')) return 1;
  if (isTokenKind(kind)) return Token.WORDS;
  return kind === 'wait queue' ? Wait.WORDS : Sync.WORDS;
}

/** Longest name in bytes. */
const MAX_NAME_BYTES = 1024;

function hashOf(bytes: Uint8Array): number {
  let h = 0x811c9dc5;
  for (const byte of bytes) h = Math.imul(h ^ byte, 0x01000193);
  return h | 0;
}

/**
 * Finds or makes the object `name`.
 *
 * @param self - corner that asks
 * @param kind - what it must be
 * @param length - how many elements it must have
 * @param words - words to set aside when it is made; whole lines, so that two objects never share one
 * @returns its word offset, on a 128-byte line; fresh memory is zero
 * @throws LwktError ERR_LWKT_SYMBOL when the name stands for something else, is bad, or the table is full;
 *   ERR_LWKT_MEMORY when the named region is used up
 */
export function symbol(
  arena: Arena,
  self: number,
  name: string,
  kind: SymbolKind,
  length: number,
  words: number,
): number {
  const bytes = Buffer.from(name);
  if (bytes.length === 0 || bytes.length > MAX_NAME_BYTES) {
    throw new LwktError(
      'ERR_LWKT_SYMBOL',
      `a ${kind} needs a name of 1 to ${MAX_NAME_BYTES} bytes, this one has ${bytes.length}`,
    );
  }
  const { m, map } = arena;
  const hash = hashOf(bytes);
  return withLock(m, LOCK, self, () => {
    for (let probe = 0; probe < map.names; probe++) {
      const entry = map.symbols + (((hash >>> 0) + probe) % map.names) * WORDS;
      if (ld(m, entry, KIND) === 0) return make(arena, entry, name, bytes, hash, kind, length, words);
      if (ld(m, entry, HASH) === hash && sameSpace(arena, entry, kind) && sameName(arena, entry, bytes))
        return match(arena, entry, name, kind, length);
    }
    throw new LwktError(
      'ERR_LWKT_SYMBOL',
      `no room for the name '${name}': all ${map.names} named objects are in use; use fewer, larger regions ` +
        'or raise names (--names)',
    );
  });
}

/** Tokens, wait queues and shared regions have names of their own: a token may be called like what it guards. */
function sameSpace(arena: Arena, entry: number, kind: SymbolKind): boolean {
  const known = SYMBOL_KINDS[ld(arena.m, entry, KIND)] ?? 'none';
  return (
    known === kind ||
    (known.startsWith('shared.') && kind.startsWith('shared.')) ||
    (isTokenKind(known) && isTokenKind(kind))
  );
}

/** Compares bytes, not text: two texts may have the same bytes, and bytes are what is kept. */
function sameName(arena: Arena, entry: number, bytes: Uint8Array): boolean {
  const { m } = arena;
  const at = ld(m, entry, NAME) * 4;
  const known = new Uint8Array(m.buffer, at, ld(m, entry, NAME_BYTES));
  return known.length === bytes.length && known.every((byte, i) => byte === bytes[i]);
}

function nameOf(arena: Arena, entry: number): string {
  return ldText(arena.m, ld(arena.m, entry, NAME), ld(arena.m, entry, NAME_BYTES));
}

function match(arena: Arena, entry: number, name: string, kind: SymbolKind, length: number): number {
  const { m } = arena;
  const found = SYMBOL_KINDS[ld(m, entry, KIND)] ?? 'none';
  const foundLength = ld(m, entry, LENGTH);
  if (found !== kind || foundLength !== length) {
    throw new LwktError(
      'ERR_LWKT_SYMBOL',
      `'${name}' is already a ${found} of length ${foundLength}, not a ${kind} of length ${length}: ` +
        'one name stands for one object on every cpu; use another name or the same shape',
    );
  }
  return ld(m, entry, REF);
}

function make(
  arena: Arena,
  entry: number,
  name: string,
  bytes: Uint8Array,
  hash: number,
  kind: SymbolKind,
  length: number,
  words: number,
): number {
  const { m, map } = arena;
  const nameWords = Math.ceil(bytes.length / 4);
  const at = Math.ceil(ld(m, 0, NEXT) / LINE_WORDS) * LINE_WORDS;
  const nameAt = at + words;
  const end = nameAt + nameWords;
  const limit = map.memoryBase + map.memory / 4;
  if (end > limit) {
    throw new LwktError(
      'ERR_LWKT_MEMORY',
      `no room for '${name}' (${kind}, ${words * 4} bytes): ${(limit - ld(m, 0, NEXT)) * 4} of ${map.memory} bytes ` +
        'of named shared memory are free; raise memory (--memory)',
    );
  }
  new Uint8Array(m.buffer, nameAt * 4, bytes.length).set(bytes);
  st(m, 0, NEXT, end);
  st(m, 0, COUNT, ld(m, 0, COUNT) + 1);
  st(m, entry, HASH, hash);
  st(m, entry, NAME, nameAt);
  st(m, entry, NAME_BYTES, bytes.length);
  st(m, entry, REF, at);
  st(m, entry, LENGTH, length);
  st(m, entry, KIND, SYMBOL_KINDS.indexOf(kind));
  return at;
}

/**
 * Takes the table's lock from a cpu that died with it. An entry counts from the moment its kind is stored, last of all:
 * at worst some named memory is lost.
 */
export function mendSymbols(arena: Arena, dead: number): boolean {
  return breakLock(arena.m, LOCK, dead, arena.map.ncpus, () => {});
}

/** Calls `visit` with the word offset of every named object of a kind. */
export function eachSymbol(arena: Arena, kind: SymbolKind, visit: (ref: number) => void): void {
  const { m, map } = arena;
  const code = SYMBOL_KINDS.indexOf(kind);
  for (let i = 0; i < map.names; i++) {
    const entry = map.symbols + i * WORDS;
    if (ld(m, entry, KIND) === code) visit(ld(m, entry, REF));
  }
}

/** Every named object, in table order. A snapshot: may miss one that is being made. */
export function listSymbols(arena: Arena): SymbolInfo[] {
  const { m, map } = arena;
  const out: SymbolInfo[] = [];
  for (let i = 0; i < map.names; i++) {
    const entry = map.symbols + i * WORDS;
    const kind = SYMBOL_KINDS[ld(m, entry, KIND)];
    const ref = ld(m, entry, REF);
    const nameAt = ld(m, entry, NAME);
    const bytes = ld(m, entry, NAME_BYTES);
    // Of a damaged dump nothing is believed.
    const possible =
      ref > 0 &&
      ref <= map.words - wordsOf(kind ?? '') &&
      nameAt > 0 &&
      bytes >= 0 &&
      nameAt + bytes / 4 <= map.words;
    if (kind === undefined || kind === 'none' || !possible) continue;
    out.push({ name: nameOf(arena, entry), kind, ref, length: ld(m, entry, LENGTH) });
  }
  return out;
}
