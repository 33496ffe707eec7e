/**
 * Declares structs over the words of the arena: offsets are computed once, the access mode is in the type.
 *
 * A word has one access mode for life. `plain()` words have one writer, or are protected by what their struct
 * says; `atomic()` words may be touched by several cpus at once. The doors of word.ts accept only fields of
 * their own mode, so the wrong door does not compile. `line()` starts a new 128-byte line: two lines of the
 * usual 64 bytes, because the hardware fetches them in pairs.
 */

declare const mode: unique symbol;

/** Offset in words of a plain field. */
export type Plain = number & { readonly [mode]: 'plain' };
/** Offset in words of an atomic field. */
export type Atomic = number & { readonly [mode]: 'atomic' };

/** Words of one line. */
export const LINE_WORDS = 32;

/** One declared field; its parameter is the access mode. */
export interface FieldSpec<M> {
  readonly kind: 'plain' | 'atomic' | 'line';
  readonly words: number;
  readonly align: number;
  /** Only for the type checker. */
  readonly offset?: M;
}

/** A field, or a run of words, with one writer at a time. */
export function plain(words = 1): FieldSpec<Plain> {
  return { kind: 'plain', words, align: 1 };
}

/** A field, or a run of words, that several cpus touch at once. */
export function atomic(words = 1): FieldSpec<Atomic> {
  return { kind: 'atomic', words, align: 1 };
}

/** A 64-bit float in two plain words, on an even offset. */
export function double(): FieldSpec<Plain> {
  return { kind: 'plain', words: 2, align: 2 };
}

/** The fields that follow begin a new 128-byte line. */
export function line(): FieldSpec<never> {
  return { kind: 'line', words: 0, align: LINE_WORDS };
}

type Fields<S> = {
  readonly [K in keyof S as K extends `_${string}` ? never : K]: S[K] extends FieldSpec<infer M> ? M : never;
};

/** One declared struct: its fields' offsets, its size in words, and its description for dumps and hashes. */
export type Struct<S> = Fields<S> & {
  readonly WORDS: number;
  readonly describe: readonly string[];
};

/** Every struct declared, for the layout hash. */
const declared: string[] = [];

/**
 * Declares a struct.
 *
 * @param name - singular noun, for the layout table
 * @param fields - in memory order; keys that begin with `_` are rulers (`line()`) and are removed
 * @returns the offset of each field in words, and WORDS, rounded up to a whole line if a line was begun
 */
export function struct<S extends Record<string, FieldSpec<Plain | Atomic>>>(
  name: string,
  fields: S,
): Struct<S> {
  const out: Record<string, number> = {};
  const describe: string[] = [];
  let at = 0;
  let lined = false;
  for (const [key, field] of Object.entries(fields)) {
    at = Math.ceil(at / field.align) * field.align;
    if (field.kind === 'line') {
      lined = true;
      continue;
    }
    out[key] = at;
    describe.push(`${name}.${key} +${at} ${field.words} ${field.kind}`);
    at += field.words;
  }
  if (lined) at = Math.ceil(at / LINE_WORDS) * LINE_WORDS;
  declared.push(...describe, `${name} ${at}`);
  return { ...out, WORDS: at, describe } as unknown as Struct<S>;
}

/** A 32-bit hash (FNV-1a) of all structs declared so far: two processes agree on it or must not share memory. */
export function layoutHash(): number {
  let h = 0x811c9dc5;
  // Sorted, since modules may be loaded in any order.
  for (const text of declared.toSorted()) {
    for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  }
  return h | 0;
}
