import test from 'ava';
import { edgesOf, exportedFunctions, headerOf, mask } from './scan.ts';

test('mask: code, comments and strings are told apart', (t) => {
  const { code, comments } = mask("a('// x'); // y 'z'\n/* b */ c;");
  t.is(code, "a('    ');         \n        c;");
  t.is(comments, "           // y 'z'\n/* b */   ");
});

test('mask: a template is a string, its substitutions are code', (t) => {
  t.is(mask('f(`a ${b({ c: `d` })} e`, g)').code, 'f(`  ${b({ c: ` ` })}  `, g)');
});

test('mask: quotes in a regular expression open nothing', (t) => {
  t.is(mask('x.replace(/[\'"/]/g, y) / 2 / z').code, 'x.replace(/     /g, y) / 2 / z');
});

test('edges: every way to name another file is found, with its line', (t) => {
  const edges = edgesOf(`import { a } from './a.ts';
import type { B } from "./b.ts";
import './c.ts';
export { d } from './d.ts';
export * from './e.ts';
const f = await import('./f.ts');
const g = await import(name);
const h = new URL(\`./h.\${extension}\`, import.meta.url);
new URL('http://x/');
import {
  i,
  type J,
} from './i.ts';`);
  t.deepEqual(
    edges.map(({ kind, target, line }) => `${line} ${kind} ${target}`),
    [
      '1 import ./a.ts',
      '2 import ./b.ts',
      '3 import ./c.ts',
      '4 import ./d.ts',
      '5 import ./e.ts',
      '6 dynamic ./f.ts',
      '7 computed *',
      '8 url ./h.*',
      '10 import ./i.ts',
    ],
  );
});

test('edges: imports in comments and strings do not count', (t) => {
  t.deepEqual(
    edgesOf(`// import './a.ts'\nconst b = "import './b.ts'";\nconst c = \`import './c.ts'\`;`),
    [],
  );
});

test('header: a block or line comment at the top, after #!', (t) => {
  t.is(headerOf('/** a */\nb'), '/** a */');
  t.is(headerOf('#!/usr/bin/env node\n// a\n// b\nc'), '// a\n// b\n');
  t.is(headerOf("import './a.ts';\n/** b */"), '');
});

test('functions: name, doc and return type of what is exported', (t) => {
  const found = exportedFunctions(`/** First. Context: any; never blocks. */
export function a(f: (x: number) => void): Blocking<number> {
}

/**
 * Second.
 *
 * Context: thread; blocks.
 */
export async function b<T extends object>(
  x: T,
): Promise<void> {}

/** Not of c. */
const x = 1;
export const c = (y: number): string => '';
function d() {}`);
  t.deepEqual(
    found.map(({ name, line, doc, returns }) => [name, line, doc.trim(), returns]),
    [
      ['a', 2, 'First. Context: any; never blocks.', 'Blocking<number>'],
      ['b', 10, 'Second.\n\nContext: thread; blocks.', 'Promise<void>'],
      ['c', 16, '', 'string'],
    ],
  );
});
