import test from 'ava';
import { fc, testProp } from '@fast-check/ava';
import '../helpers/seed.ts';
import { encodeText, ldText, stText } from '../../runtime/shared-memory/text.ts';

function memory(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(256));
}

test('text smoke: a text comes back', (t) => {
  const m = memory();
  stText(m, 2, 16, 'idle_0');
  t.is(ldText(m, 2, 16), 'idle_0');
});

test('text empty: an empty text is empty words', (t) => {
  const m = memory();
  stText(m, 2, 16, 'before');
  stText(m, 2, 16, '');
  t.is(ldText(m, 2, 16), '');
  t.true(m.every((word) => word === 0));
});

test('text full: a text of exactly the limit has no zero behind it', (t) => {
  const m = memory();
  m[6] = -1;
  stText(m, 2, 16, 'abcdefghijklmnop');
  t.is(ldText(m, 2, 16), 'abcdefghijklmnop');
  t.is(m[6], -1);
});

test('text: what is too long is cut between characters', (t) => {
  const m = memory();
  stText(m, 2, 16, '€€€€€€');
  t.is(ldText(m, 2, 16), '€€€€€');
  stText(m, 2, 16, `${'a'.repeat(14)}😀`);
  t.is(ldText(m, 2, 16), 'a'.repeat(14));
});

testProp(
  'text: a text without zeros comes back whole or as its longest prefix that fits',
  [
    fc
      .string({ unit: 'grapheme', maxLength: 30 })
      .filter((s) => !s.includes('\0') && !s.startsWith('\ufeff')),
  ],
  (t, text) => {
    const m = memory();
    m[1] = 7;
    m[6] = 9;
    stText(m, 2, 16, text);
    const back = ldText(m, 2, 16);
    const bytes = Buffer.byteLength(back);
    t.true(text.startsWith(back));
    t.true(bytes <= 16);
    const next = String.fromCodePoint(text.codePointAt(back.length) ?? 0x20);
    t.true(back === text || bytes + Buffer.byteLength(next) > 16);
    t.deepEqual([m[1], m[6]], [7, 9]);
    t.is(new TextDecoder().decode(encodeText(text, 16)), back);
  },
);
