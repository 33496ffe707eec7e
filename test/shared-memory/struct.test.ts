import { readFileSync, writeFileSync } from 'node:fs';
import test from 'ava';
import { fc, testProp } from '@fast-check/ava';
import '../helpers/seed.ts';
import { Globaldata, counter, COUNTERS } from '../../runtime/shared-memory/layout/globaldata.ts';
import { Machine } from '../../runtime/shared-memory/layout/machine.ts';
import { SymbolEntry } from '../../runtime/shared-memory/layout/symbol-entry.ts';
import { Thread } from '../../runtime/shared-memory/layout/thread.ts';
import { Token, Wait } from '../../runtime/shared-memory/layout/token.ts';
import { Lock } from '../../runtime/shared-memory/lock.ts';
import { Ring } from '../../runtime/shared-memory/ring.ts';
import {
  atomic,
  double,
  layoutHash,
  line,
  LINE_WORDS,
  plain,
  struct,
} from '../../runtime/shared-memory/struct.ts';

const LAYOUT = new URL('layout.txt', import.meta.url);
const STRUCTS = { Lock, Machine, Globaldata, Ring, Thread, Token, Wait, SymbolEntry };

test('struct: fields follow each other in the order of their declaration', (t) => {
  const s = struct('A', { a: plain(), b: atomic(3), c: plain(2) });
  t.is(s.a, 0 as never);
  t.is(s.b, 1 as never);
  t.is(s.c, 4 as never);
  t.is(s.WORDS, 6);
});

test('struct: line() moves the next field to a new line and rounds the struct up to whole lines', (t) => {
  const s = struct('B', { a: plain(), _one: line(), b: plain(), _two: line(), c: plain(), d: plain() });
  t.is(s.b, LINE_WORDS as never);
  t.is(s.c, (2 * LINE_WORDS) as never);
  t.is(s.d, (2 * LINE_WORDS + 1) as never);
  t.is(s.WORDS, 3 * LINE_WORDS);
});

test('struct: line() at the border of a line adds nothing', (t) => {
  const s = struct('C', { a: plain(LINE_WORDS), _one: line(), b: plain() });
  t.is(s.b, LINE_WORDS as never);
});

test('struct: a trailing line() rounds up, and rulers are no fields', (t) => {
  const s = struct('D', { a: plain(), _end: line() });
  t.is(s.WORDS, LINE_WORDS);
  t.deepEqual(Object.keys(s).toSorted(), ['WORDS', 'a', 'describe']);
});

test('struct: a double lies on an even word', (t) => {
  const s = struct('E', { a: plain(), b: double(), c: plain() });
  t.is(s.b, 2 as never);
  t.is(s.c, 4 as never);
});

test('struct: the description names field, offset, words and mode', (t) => {
  const s = struct('F', { a: plain(), b: atomic(3), c: double() });
  t.deepEqual(s.describe, ['F.a +0 1 plain', 'F.b +1 3 atomic', 'F.c +4 2 plain']);
});

testProp(
  'struct: no two fields overlap, whatever is declared',
  [fc.array(fc.tuple(fc.constantFrom('plain', 'atomic', 'double', 'line'), fc.integer({ min: 1, max: 70 })))],
  (t, specs) => {
    const fields = Object.fromEntries(
      specs.map(([kind, words], i) => {
        if (kind === 'line') return [`_${i}`, line()];
        if (kind === 'double') return [`f${i}`, double()];
        return [`f${i}`, kind === 'plain' ? plain(words) : atomic(words)];
      }),
    );
    const s = struct('Any', fields) as unknown as Record<string, number>;
    let end = 0;
    t.pass();
    specs.forEach(([kind, words], i) => {
      if (kind === 'line') return;
      const at = s[`f${i}`] as number;
      t.true(at >= end);
      end = at + (kind === 'double' ? 2 : words);
    });
    t.true((s['WORDS'] as number) >= end);
  },
);

test('layout hash: changes with a new struct', (t) => {
  const before = layoutHash();
  struct('Another', { a: plain() });
  t.not(layoutHash(), before);
});

test('layout: words of different writers never share a line', (t) => {
  const lineOf = (offset: number): number => Math.floor(offset / LINE_WORDS);
  t.not(lineOf(Globaldata.bell), lineOf(Globaldata.state));
  t.not(lineOf(Globaldata.bell), lineOf(Globaldata.counters));
  t.not(lineOf(Ring.written), lineOf(Ring.rindex));
  t.not(lineOf(Ring.rindex), lineOf(Ring.slots));
  t.not(lineOf(Token.owner), lineOf(Token.holder));
  t.not(lineOf(Machine.magic), lineOf(Machine.state));
  for (const locked of ['symbolLock', 'messageLock', 'outputLock'] as const) {
    t.not(lineOf(Machine.slabLock), lineOf(Machine[locked]), locked);
  }
});

test('layout: every counter has two words of its own', (t) => {
  const offsets = COUNTERS.map(([name]) => counter(name) as number);
  offsets.forEach((offset, i) => t.is(offset, Globaldata.counters + 2 * i));
});

function row(text: string): string {
  const [field = '', offset = '', words = '', mode = ''] = text.split(' ');
  return `  ${offset.slice(1).padStart(5)} ${words.padStart(4)} ${mode.padEnd(7)} ${field.split('.')[1] ?? ''}`;
}

test('layout: is what layout.txt shows', (t) => {
  const rows = Object.entries(STRUCTS).map(([name, s]) =>
    [`${name}: ${s.WORDS} words`, s.describe.map(row).join('\n'), ''].join('\n'),
  );
  const table = `offset words mode field; written by LWKT_UPDATE_LAYOUT=1 npx ava test/shared-memory/struct.test.ts\n\n${rows.join('\n')}`;
  if (process.env['LWKT_UPDATE_LAYOUT'] === '1') writeFileSync(LAYOUT, table);
  t.is(readFileSync(LAYOUT, 'utf8'), table);
});
