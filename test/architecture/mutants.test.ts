import test from 'ava';
import { existsSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { edited } from '../../runtime/stress/mutants/edit.ts';
import { delayedTexts, mutatedTexts } from '../../runtime/stress/mutants/apply.ts';
import { MUTANTS, NO_MUTANT, requireMutant } from '../../runtime/stress/mutants/list.ts';
import { SETUPS, type Setup, type SetupName } from '../../runtime/stress/mutants/setups.ts';
import { stressPlan } from '../../runtime/stress/options.ts';
import { mutantColumns } from '../../toolchain/mutants-page.ts';
import { linksOf } from './graph.ts';
import { ROOT, sourcesBelow } from './scan.ts';

const NAMES = MUTANTS.map(({ name }) => name);

/** Files that a cpu loads, from runtime/. */
function loadedByCpus(): Set<string> {
  const links = linksOf(sourcesBelow('runtime')).filter(({ internal }) => internal);
  const found = new Set<string>();
  const next = ['cpu-worker.ts', 'lwkt.ts'];
  for (let path = next.pop(); path !== undefined; path = next.pop()) {
    if (found.has(path)) continue;
    found.add(path);
    for (const { from, to } of links) if (from === path) next.push(to);
  }
  return found;
}

test('mutants: each has a name of its own, and there are at least 45', (t) => {
  t.true(MUTANTS.length >= 45);
  t.is(new Set(NAMES).size, MUTANTS.length);
  t.deepEqual(
    NAMES.filter((name) => !/^[a-z]+(?:-[a-z0-9]+)*$/.test(name) || name === 'none'),
    [],
  );
});

test('mutants: the place of each edit is found exactly once, and what comes of it is still a program', (t) => {
  for (const mutant of MUTANTS) {
    for (const [url, text] of mutatedTexts(mutant)) {
      t.not(text, readFileSync(new URL(url), 'utf8'), mutant.name);
      t.notThrows(() => stripTypeScriptTypes(text), mutant.name);
    }
  }
});

test('mutants: the place of each delay is found exactly once, and what comes of it is still a program', (t) => {
  const delayed = (Object.keys(SETUPS) as SetupName[]).filter((name) => delayedTexts(name).size !== 0);
  t.not(delayed.length, 0);
  for (const name of delayed) {
    for (const text of delayedTexts(name).values()) t.notThrows(() => stripTypeScriptTypes(text), name);
  }
});

test('mutants: what they change is code that cpus load', (t) => {
  const loaded = loadedByCpus();
  t.true(loaded.size > 40);
  t.deepEqual(
    MUTANTS.flatMap(({ name, edits }) =>
      edits.filter(({ file }) => !loaded.has(`${file}.ts`)).map(({ file }) => `${name}: ${file}`),
    ),
    [],
  );
});

test('mutants: every setup is a good plan, and one that a mutant is run with', (t) => {
  const used = new Set<string>(MUTANTS.map(({ setup }) => setup));
  for (const [name, { suite, ...options }] of Object.entries<Setup>(SETUPS)) {
    t.true(used.has(name), `no mutant uses '${name}'`);
    t.notThrows(() => stressPlan(suite, options), name);
  }
});

test('mutants: a name that is none is refused with those that are near', (t) => {
  t.throws(() => requireMutant('publish-before-fil'), { message: /did you mean publish-before-fill/ });
  t.throws(() => requireMutant('tea'), { message: /there is no mutant 'tea'; lwkt stress --list-mutants/ });
});

test('edit: layout and comments do not count, quotes and templates are understood', (t) => {
  const edit = { file: 'f', find: "a( b, 'x  // y' );", replace: 'c();' };
  const text = "/* a(b) */ {\n  a(b, // why\n    'x // y');\n}\n";
  t.is(edited(text, { ...edit, find: "a(b, 'x // y');" }), '/* a(b) */ {\n  c();\n}\n');
  t.is(
    edited('f(`//${g({ a: `}` })}/*`); // f\nh();', { file: 'f', find: 'h();', replace: 'i();' }),
    'f(`//${g({ a: `}` })}/*`); // f\ni();',
  );
  t.throws(() => edited('a; b;', { file: 'f', find: 'c;', replace: '' }), { message: /nowhere/ });
  t.throws(() => edited('a; a;', { file: 'f', find: 'a;', replace: '' }), { message: /more than once/ });
  t.throws(() => edited('// a;', { file: 'f', find: 'a;', replace: '' }), { message: /nowhere/ });
});

test('mutants: each mended defect of DEPARTURES.md names its mutants, or has a reason for none', (t) => {
  const text = readFileSync(join(ROOT, 'DEPARTURES.md'), 'utf8');
  const rows = [...text.matchAll(/^\| (D\d+) \|(.*)\|$/gm)].map(([, id = '', rest = '']) => {
    const cells = rest.split(' | ').map((cell) => cell.trim());
    return [id, cells.at(-2) ?? ''] as const;
  });
  t.is(rows.length, 29);
  for (const [id, cell] of rows) {
    const mutants = MUTANTS.filter(({ origin }) => origin === id).map(({ name }) => `\`${name}\``);
    if (mutants.length === 0) {
      t.is(cell, 'none', id);
      t.true((NO_MUTANT[id] ?? '').length > 10, `${id}: why is there no mutant?`);
    } else {
      t.is(cell, mutants.join(', '), id);
      t.false(id in NO_MUTANT, id);
    }
  }
});

test('mutants: docs/mutants.md has them all, as they are', (t) => {
  const path = join(ROOT, 'docs/mutants.md');
  t.true(existsSync(path));
  const text = readFileSync(path, 'utf8');
  const missing = MUTANTS.filter((mutant) => !text.includes(`\n${mutantColumns(mutant)} `));
  t.deepEqual(
    missing.map(({ name }) => name),
    [],
    'npm run stress:mutants writes the page',
  );
  for (const name of Object.keys(SETUPS) as SetupName[]) t.true(text.includes(`| ${name} |`), name);
  for (const [id, why] of Object.entries(NO_MUTANT)) t.true(text.includes(`| ${id} | ${why} |`), id);
  t.is([...text.matchAll(/^\| `([a-z0-9-]+)` \|/gm)].length, MUTANTS.length);
});
