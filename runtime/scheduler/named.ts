/**
 * Named objects of the machine: same name, same words, on every cpu.
 *
 * Seed: lwkt_inittoken, lwkt_init_wait; in the seed such objects are C variables.
 */
import { LwktError } from '../base/errors.ts';
import type { Token as TokenRef, WaitQueue } from '../base/ids.ts';
import { NO_CPU, Token, Wait } from '../shared-memory/layout/token.ts';
import { symbol, type SymbolKind } from '../shared-memory/symbols.ts';
import { casA } from '../shared-memory/word.ts';
import { requireCpu } from './globaldata.ts';

function find(what: string, name: string, kind: SymbolKind, length: number, words: number): number {
  const { arena, id } = requireCpu(what);
  if (typeof name !== 'string') {
    throw new LwktError('ERR_LWKT_SYMBOL', `${what}: the name must be a string, not ${typeof name}`);
  }
  return symbol(arena, id, name, kind, length, words);
}

/** What a token is to be. */
export interface TokenOptions {
  /**
   * 'owned', the default: one cpu owns it, takes it without an atomic and hands it over when others ask. 'mutex': no cpu
   * owns it, whoever finds it free takes it by compare-and-swap; for tokens that several cpus use in turns.
   */
  readonly kind?: 'owned' | 'mutex';
}

/**
 * The token of a name.
 *
 * Context: boot | thread; never blocks.
 *
 * @param name - 1 to 1024 bytes
 * @param options - the same wherever the name is asked for
 * @throws LwktError ERR_LWKT_SYMBOL when the name stands for something else, a token of the other kind too, or the
 *   table is full; ERR_LWKT_OPTION for a kind that does not exist
 * @seed lwkt_inittoken
 */
export function token(name: string, { kind = 'owned' }: TokenOptions = {}): TokenRef {
  if (kind === 'owned') return find('token()', name, 'token', 1, Token.WORDS);
  if (kind !== 'mutex') {
    throw new LwktError(
      'ERR_LWKT_OPTION',
      `token('${name}'): there is no kind '${String(kind)}'; use 'owned' or 'mutex'`,
    );
  }
  const { m } = requireCpu('token()');
  const tok = find('token()', name, 'mutex token', 1, Token.WORDS);
  // Every cpu that asks does the same.
  casA(m, tok, Token.owner, 0, NO_CPU);
  return tok;
}

/**
 * The wait queue of a name.
 *
 * Context: boot | thread; never blocks.
 *
 * @param name - 1 to 1024 bytes
 * @throws LwktError ERR_LWKT_SYMBOL when the name stands for something else or the table is full
 * @seed lwkt_init_wait
 */
export function waitQueue(name: string): WaitQueue {
  return find('waitQueue()', name, 'wait queue', 1, Wait.WORDS);
}

type View<T> = new (buffer: ArrayBuffer, offset: number, length: number) => T;

/** The indices below a length that is written out, up to 16 of them; none of a length that only the run knows. */
type Index<N extends number, Found extends number = never, I extends 0[] = []> = number extends N
  ? never
  : I['length'] extends N
    ? Found
    : I['length'] extends 16
      ? never
      : Index<N, Found | I['length'], [...I, 0]>;

/**
 * A region's view. Where its length is written out, the compiler knows that its elements are there, also under
 * `noUncheckedIndexedAccess`: `shared.i32('totals', 2)[1]` is a number.
 */
export type Region<T extends { readonly [i: number]: unknown }, N extends number> = T &
  Record<Index<N>, T[number]>;

function region<T extends { readonly [i: number]: unknown }>(
  kind: SymbolKind,
  bytes: number,
  View: View<T>,
): <N extends number>(name: string, length: N) => Region<T, N> {
  return (name, length) => {
    if (!Number.isInteger(length) || length < 1) {
      throw new LwktError(
        'ERR_LWKT_SYMBOL',
        `${kind}('${name}', ${String(length)}): the length must be a whole number, 1 or more`,
      );
    }
    const ref = find(kind, name, kind, length, Math.ceil((length * bytes) / 4));
    return new View(requireCpu(kind).arena.m.buffer as ArrayBuffer, ref * 4, length);
  };
}

/**
 * Named regions of shared memory: `shared.i32('totals', 3)` is an Int32Array over the same memory on every cpu,
 * zero at first, on a 128-byte line of its own. Plain reads and writes race between cpus: hold a token, or use
 * Atomics on the integer views.
 *
 * Each throws LwktError ERR_LWKT_SYMBOL for a name in use by another kind or length, ERR_LWKT_MEMORY when the
 * machine's memory is used up.
 */
export const shared = {
  i8: region('shared.i8', 1, Int8Array),
  u8: region('shared.u8', 1, Uint8Array),
  i16: region('shared.i16', 2, Int16Array),
  u16: region('shared.u16', 2, Uint16Array),
  i32: region('shared.i32', 4, Int32Array),
  u32: region('shared.u32', 4, Uint32Array),
  f32: region('shared.f32', 4, Float32Array),
  f64: region('shared.f64', 8, Float64Array),
  i64: region('shared.i64', 8, BigInt64Array),
  u64: region('shared.u64', 8, BigUint64Array),
} as const;
