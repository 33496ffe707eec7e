import test from 'ava';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ROOT, sourcesBelow } from './scan.ts';
import { SEED } from './seed-map.ts';

const MAP = join(ROOT, 'docs/seed-map.md');
/** Defects and wishes of the seed: all of them have a row. */
const DEFECTS = Array.from({ length: 29 }, (_, i) => `D${i + 1}`);
const WISHES = Array.from({ length: 33 }, (_, i) => `W${i + 1}`);

/** Functions of runtime/ by the function of the seed that they say they are: `@seed name` in their comment. */
function ours(): Map<string, { name: string; path: string }[]> {
  const found = new Map<string, { name: string; path: string }[]>();
  for (const { path, text } of sourcesBelow('runtime')) {
    for (const [, seed = '', name = ''] of text.matchAll(
      /@seed (\w+) *(?:\n \*\/|\*\/)\n(?:export )?function\*? (\w+)/g,
    )) {
      found.set(seed, [...(found.get(seed) ?? []), { name, path }]);
    }
  }
  return found;
}

/** Whether a test file has a test with these words in its title; of templates the source counts. */
function hasTitle(file: string, words: string): boolean {
  const path = join(ROOT, file);
  if (words === '' || !existsSync(path)) return false;
  const titles = readFileSync(path, 'utf8').matchAll(
    /(?:\btest|\bboth|testProp|\.serial)\(\s*(['`])(.*?)\1,?\s/g,
  );
  return [...titles].some(([, , title = '']) => title.includes(words));
}

function mapTable(): string {
  const found = ours();
  const rows = SEED.map(({ name, line, test: shown, departures }) => {
    const [file = '', title = ''] = shown.split(/: (.*)/);
    const cells = [
      `\`${name}\``,
      String(line),
      (found.get(name) ?? []).map((f) => `\`${f.name}\` in \`${basename(f.path)}\``).join(', '),
      `\`test/${file}\`: ${title}`,
      departures.length === 0 ? 'none' : departures.join(', '),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    '# The seed, function by function',
    '',
    'Written by `LWKT_UPDATE_DOCS=1 npx ava test/architecture/seed-map.test.ts` from the `@seed` tags of `runtime/` and',
    'from `test/architecture/seed-map.ts`. Departures are rows of `DEPARTURES.md`.',
    '',
    '| seed | line | ours | test | departures |',
    '|---|---|---|---|---|',
    ...rows,
    '| `lwkt_send_ipiq`, one processor | 1329 | the same function | `test/scheduler/send-ipiq.test.ts`: a cpu that does not exist is refused | other ground |',
    '| `lwkt_wait_ipiq`, one processor | 1336 | the same function | `test/scheduler/send-ipiq.test.ts`: a cpu that does not exist is refused | other ground |',
    '',
  ].join('\n');
}

test('seed map: every function of the seed has one of ours, a test and its departures', (t) => {
  const found = ours();
  t.is(SEED.length, 41);
  t.deepEqual(
    SEED.filter(({ name }) => (found.get(name) ?? []).length === 0).map(({ name }) => name),
    [],
    'without a @seed tag',
  );
  t.deepEqual(
    SEED.filter(({ test: shown }) => {
      const [file = '', title = ''] = shown.split(/: (.*)/);
      return !hasTitle(`test/${file}`, title);
    }).map(({ test: shown }) => shown),
    [],
    'tests that do not exist',
  );
});

test('seed map: the page is what the sources say', (t) => {
  const table = mapTable();
  if (process.env['LWKT_UPDATE_DOCS'] === '1') writeFileSync(MAP, table);
  t.is(readFileSync(MAP, 'utf8'), table);
});

test('departures: every defect and wish has a row, with tests that exist', (t) => {
  const text = readFileSync(join(ROOT, 'DEPARTURES.md'), 'utf8');
  const rows = [...text.matchAll(/^\| ([DW]\d+) \|(.*)\|$/gm)].map(([, id = '', rest = '']) => {
    const cells = rest.split(' | ').map((cell) => cell.trim());
    return { id, cells, shown: cells.at(-1) ?? '' };
  });
  t.deepEqual(
    rows.map(({ id }) => id),
    [...DEFECTS, ...WISHES],
  );
  t.deepEqual(
    rows.filter(({ cells }) => cells.includes('')).map(({ id }) => id),
    [],
    'empty cells',
  );
  const missing = rows.flatMap(({ id, shown }) =>
    shown.split('; ').flatMap((one) => {
      const [, file = '', title = ''] = /^`([^`]+)`: (.+)$/.exec(one) ?? [];
      return hasTitle(file, title) ? [] : [`${id}: ${one}`];
    }),
  );
  t.deepEqual(missing, []);
  const known = new Set(rows.map(({ id }) => id));
  t.deepEqual(
    SEED.flatMap(({ departures }) => departures).filter((id) => !known.has(id)),
    [],
  );
});
