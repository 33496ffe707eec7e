import test from 'ava';
import { fc, testProp } from '@fast-check/ava';
import '../helpers/seed.ts';
import { LwktError } from '../../runtime/base/errors.ts';
import { LINE_WORDS } from '../../runtime/shared-memory/struct.ts';
import { listSymbols, symbol } from '../../runtime/shared-memory/symbols.ts';
import { testArena } from '../helpers/arena.ts';
import { thrownBy } from '../helpers/eventually.ts';
import { runPeers } from '../helpers/peers.ts';

const ROLES = new URL('roles.ts', import.meta.url);

test('symbols smoke: the same name stands for the same words, other names for others', (t) => {
  const arena = testArena();
  const a = symbol(arena, 0, 'a', 'shared.i32', 3, 3);
  const b = symbol(arena, 0, 'b', 'shared.i32', 3, 3);
  t.not(a, b);
  t.is(symbol(arena, 1, 'a', 'shared.i32', 3, 3), a);
  t.is(symbol(arena, 1, 'b', 'shared.i32', 3, 3), b);
});

test('symbols: fresh words are zero, on a line that nobody else shares', (t) => {
  const arena = testArena();
  const refs = ['a', 'bb', 'ccc'].map((name) => symbol(arena, 0, name, 'shared.u8', 4, 1));
  for (const ref of refs) {
    t.is(ref % LINE_WORDS, 0);
    t.is(arena.m[ref], 0);
  }
  t.is(new Set(refs).size, 3);
});

test('symbols empty: a table without names lists none', (t) => {
  t.deepEqual(listSymbols(testArena()), []);
});

test('symbols: the list shows name, kind, words and length', (t) => {
  const arena = testArena();
  const ref = symbol(arena, 0, 'größe', 'shared.f64', 7, 14);
  t.deepEqual(listSymbols(arena), [{ name: 'größe', kind: 'shared.f64', ref, length: 7 }]);
});

test('symbols: another kind or length under a known name is refused, and says what is there', (t) => {
  const arena = testArena();
  symbol(arena, 0, 'totals', 'shared.i32', 3, 3);
  for (const error of [
    thrownBy(() => symbol(arena, 1, 'totals', 'shared.i32', 4, 4)),
    thrownBy(() => symbol(arena, 1, 'totals', 'shared.u8', 3, 1)),
  ]) {
    t.true(error instanceof LwktError);
    t.is(error.code, 'ERR_LWKT_SYMBOL');
    t.regex(
      error.message,
      /'totals' is already a shared\.i32 of length 3, not a shared\.(u8|i32) of length [34]/,
    );
  }
});

test('symbols: a token, a wait queue and a region may share a name, and are three things', (t) => {
  const arena = testArena();
  const make = (kind: 'token' | 'wait queue' | 'shared.i32'): number =>
    symbol(arena, 0, 'totals', kind, 1, 64);
  const refs = [make('shared.i32'), make('token'), make('wait queue')];
  t.is(new Set(refs).size, 3);
  t.deepEqual([make('shared.i32'), make('token'), make('wait queue')], refs);
});

test('symbols full: a table without room refuses new names, with limit and way out, and finds old ones', (t) => {
  const arena = testArena({ names: 8 });
  const refs = Array.from({ length: 8 }, (_, i) => symbol(arena, 0, `name ${i}`, 'token', 1, 64));
  const error = thrownBy(() => symbol(arena, 0, 'one more', 'token', 1, 64));
  t.is(error.code, 'ERR_LWKT_SYMBOL');
  t.regex(error.message, /'one more'.*all 8 .*raise names/s);
  refs.forEach((ref, i) => t.is(symbol(arena, 1, `name ${i}`, 'token', 1, 64), ref));
  t.is(listSymbols(arena).length, 8);
});

test('symbols full: named memory that is used up refuses what does not fit, and takes what does', (t) => {
  const arena = testArena({ memory: 4096 });
  const error = thrownBy(() => symbol(arena, 0, 'large', 'shared.u8', 8192, 2048));
  t.is(error.code, 'ERR_LWKT_MEMORY');
  t.regex(error.message, /'large' \(shared\.u8, 8192 bytes\): 4096 of 4096 bytes .*raise memory/s);
  t.notThrows(() => symbol(arena, 0, 'small', 'shared.u8', 100, 25));
  t.deepEqual(
    listSymbols(arena).map(({ name }) => name),
    ['small'],
  );
});

for (const [what, name] of [
  ['an empty name', ''],
  ['a name of 1025 bytes', 'x'.repeat(1025)],
  ['a name of 1026 bytes that ends in a character of three', `${'x'.repeat(1023)}€`],
] as const) {
  test(`symbols: ${what} is refused`, (t) => {
    const error = thrownBy(() => symbol(testArena(), 0, name, 'token', 1, 64));
    t.is(error.code, 'ERR_LWKT_SYMBOL');
    t.regex(error.message, /1 to 1024 bytes/);
  });
}

test('symbols: a name of 1024 bytes is one', (t) => {
  const arena = testArena();
  const ref = symbol(arena, 0, 'x'.repeat(1024), 'token', 1, 64);
  t.is(symbol(arena, 1, 'x'.repeat(1024), 'token', 1, 64), ref);
});

testProp(
  'symbols: a name, whatever its characters, stands for the same words or is refused',
  [
    fc.uniqueArray(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }).filter((s) => !/[\0\ufeff]/.test(s)),
      {
        minLength: 1,
        maxLength: 20,
      },
    ),
  ],
  (t, names) => {
    const arena = testArena();
    const refs = new Map(names.map((name) => [name, symbol(arena, 0, name, 'shared.i32', 1, 1)]));
    t.is(new Set(refs.values()).size, names.length);
    for (const [name, ref] of refs) t.is(symbol(arena, 1, name, 'shared.i32', 1, 1), ref);
    t.is(listSymbols(arena).length, names.length);
  },
);

for (const [what, name] of [
  ['a zero character', 'a\0b'],
  ['a byte order mark', '\ufeffname'],
  ['half a surrogate pair', 'a\ud800'],
] as const) {
  test(`symbols: a name with ${what} stands for the same words on every cpu, or is refused`, (t) => {
    const arena = testArena();
    try {
      const first = symbol(arena, 0, name, 'shared.i32', 1, 1);
      t.is(symbol(arena, 1, name, 'shared.i32', 1, 1), first);
    } catch (error) {
      t.is((error as LwktError).code, 'ERR_LWKT_SYMBOL');
    }
  });
}

test('symbols stress: two workers that race to make the same names get the same words', async (t) => {
  const count = 500;
  const arena = testArena({ names: 512, memory: 1024 * 1024 });
  const data = { role: 'names', memory: arena.memory, count, cell: arena.map.words - 1 };
  const [a, b] = (await runPeers(ROLES, [
    { ...data, self: 0 },
    { ...data, self: 1 },
  ])) as number[][];
  t.deepEqual(a, b);
  t.is(new Set(a).size, count);
  t.is(listSymbols(arena).length, count);
});
