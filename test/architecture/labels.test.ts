import test from 'ava';
import { basename } from 'node:path';
import { headerOf, lineOf, mask, sourcesBelow, type Source } from './scan.ts';

/** A label of a header: `  A1  push: …`, below `## Ordering`. */
const DEFINITION = /^ \*\s{2,}([AB]\d+)\s{2,}/gm;
/** Labels at the end of a line of code: `// A1`, `// A1, B2`. */
const MARK = /^\/\/\s*([AB]\d+(?:,\s*[AB]\d+)*)\s*$/;
/** A label of another file: `doorbell.ts A3`, `doorbell.ts, pair A3/B3`. */
const REFERENCE = /([\w-]+\.ts)[\s*,]+(?:pair\s+)?((?:[AB]\d+[/,\s]*)+)/g;

const partnerOf = (label: string): string => (label.startsWith('A') ? 'B' : 'A') + label.slice(1);

/** Labels that a file's header describes. */
function defined(text: string): Set<string> {
  return new Set([...headerOf(text).matchAll(DEFINITION)].map(([, label]) => label as string));
}

/** Labels that a file's header names in another file. */
function referred(text: string): { file: string; label: string }[] {
  return [...headerOf(text).matchAll(REFERENCE)].flatMap(([, file, labels]) =>
    [...(labels as string).matchAll(/[AB]\d+/g)].map(([label]) => ({ file: file as string, label })),
  );
}

/** Ordering labels without partner, description or place. */
function labelFaults(sources: readonly Source[]): string[] {
  const byName = new Map(sources.map(({ path, text }) => [basename(path), defined(text)]));
  return sources.flatMap(({ path, text }) => {
    const header = defined(text);
    const elsewhere = referred(text);
    const faults: string[] = [];
    const used = new Set<string>();
    const { comments } = mask(text);
    for (const match of comments.matchAll(/\/\/.*$/gm)) {
      for (const label of MARK.exec(match[0])?.[1]?.split(/,\s*/) ?? []) {
        used.add(label);
        if (!header.has(label))
          faults.push(`${path}:${lineOf(text, match.index)} has ${label}: not in the header`);
      }
    }
    for (const label of header) {
      const partner = partnerOf(label);
      if (!used.has(label)) faults.push(`${path} describes ${label}: it stands at no line`);
      if (!header.has(partner) && !elsewhere.some((other) => other.label === partner)) {
        faults.push(
          `${path} describes ${label}: its partner ${partner} is neither here nor named with its file`,
        );
      }
    }
    for (const { file, label } of elsewhere) {
      if (byName.get(file)?.has(label) !== true)
        faults.push(`${path} refers to ${label} of ${file}: not there`);
    }
    return faults;
  });
}

test('labels: every ordering label of runtime/ has its description, its place and its partner', (t) => {
  const sources = sourcesBelow('runtime');
  t.true(
    sources.some(({ text }) => defined(text).size > 0),
    'the scanner finds labels',
  );
  t.deepEqual(labelFaults(sources), []);
});

// ---- the check itself

const file = (path: string, header: string, code: string): Source => ({
  path,
  text: `/**\n * File.\n *\n * ## Ordering\n *\n${header}\n */\n${code}\n`,
});
const A = ' *   A1  push: slots, then windex.';
const B = ' *   B1  take: windex, then slots.';

test('check: a pair that is described and marked has no fault', (t) => {
  t.deepEqual(labelFaults([file('a.ts', `${A}\n${B}`, 'x(); // A1\ny(); // B1')]), []);
  t.deepEqual(labelFaults([file('a.ts', `${A}\n${B}`, 'x(); // A1, B1')]), []);
});

test('check: a label without description, place or partner is found', (t) => {
  t.deepEqual(labelFaults([file('a.ts', `${A}\n${B}`, 'x(); // A1\ny(); // B1\nz(); // A2')]), [
    'a.ts:11 has A2: not in the header',
  ]);
  t.deepEqual(labelFaults([file('a.ts', `${A}\n${B}`, 'x(); // A1')]), [
    'a.ts describes B1: it stands at no line',
  ]);
  t.deepEqual(labelFaults([file('a.ts', A, 'x(); // A1')]), [
    'a.ts describes A1: its partner B1 is neither here nor named with its file',
  ]);
});

test('check: a partner in another file is accepted where it is there', (t) => {
  const here = file('d/a.ts', `${A}\n *       Pairs with b.ts B1.`, 'x(); // A1');
  const there = file('b.ts', `${B}\n *       Pairs with a.ts A1.`, 'x(); // B1');
  t.deepEqual(labelFaults([here, there]), []);
  t.deepEqual(labelFaults([here]), ['d/a.ts refers to B1 of b.ts: not there']);
});
