import test from 'ava';
import { FLOORS, RUN_TIME_EDGES, WALLS, type Floor } from './floors.ts';
import { cycles, floorFaults, linksOf, runTimeFaults, wallFaults } from './graph.ts';
import { sourcesBelow } from './scan.ts';

const sources = sourcesBelow('runtime');
const files = sources.map(({ path }) => path);
const links = linksOf(sources);

test('floors: every import of runtime/ goes down', (t) => {
  t.true(links.length > 100, 'the scanner finds imports');
  t.deepEqual(floorFaults(files, links, FLOORS), []);
});

test('floors: host and command line know the kernel by shared memory only', (t) => {
  t.deepEqual(wallFaults(links, FLOORS, WALLS), []);
});

test('floors: imports form no cycle', (t) => {
  t.deepEqual(cycles(links), []);
});

test('floors: what is named at run time is listed', (t) => {
  t.deepEqual(runTimeFaults(links, RUN_TIME_EDGES), []);
});

// ---- the checks themselves, on a house with one fault each

const HOUSE: readonly Floor[] = [
  { name: 'ground', entries: ['a/'] },
  { name: 'first', entries: ['b/x.ts', 'b/y.ts'] },
  { name: 'top', entries: ['c/'] },
];

const source = (path: string, ...targets: string[]): { path: string; text: string } => ({
  path,
  text: targets.map((target) => `import '${target}';\n`).join(''),
});

function faults(...changed: { path: string; text: string }[]): string[] {
  const house = new Map(
    [source('a/z.ts'), source('b/x.ts', '../a/z.ts'), source('b/y.ts', './x.ts'), ...changed].map((s) => [
      s.path,
      s,
    ]),
  );
  const built = [...house.values()];
  const all = linksOf(built);
  return [
    ...floorFaults([...house.keys()], all, HOUSE),
    ...wallFaults(all, HOUSE, [{ above: ['top'], below: ['first'] }]),
    ...cycles(all),
    ...runTimeFaults(all, []),
  ];
}

test('check: a house in order has no fault', (t) => {
  t.deepEqual(faults(source('c/w.ts', '../a/z.ts', 'node:fs')), []);
});

test('check: an import that goes up is found', (t) => {
  t.deepEqual(faults(source('b/x.ts', '../c/w.ts'), source('c/w.ts')), [
    'b/x.ts:1 imports ../c/w.ts'.replace('../', '') + ', which is not below it',
  ]);
});

test('check: an import of a later entry on the same floor is found, and the cycle it closes', (t) => {
  t.deepEqual(faults(source('b/x.ts', './y.ts')), [
    'b/x.ts:1 imports b/y.ts, which is not below it',
    'b/x.ts -> b/y.ts -> b/x.ts',
  ]);
});

test('check: a cycle inside a folder is found', (t) => {
  t.deepEqual(faults(source('a/z.ts', './v.ts'), source('a/v.ts', './z.ts')), ['a/z.ts -> a/v.ts -> a/z.ts']);
});

test('check: an import through a wall is found', (t) => {
  t.deepEqual(faults(source('c/w.ts', '../b/x.ts')), ['c/w.ts:1 imports b/x.ts: top must not know first']);
});

test('check: a file without a place, an entry without a file, an import of nothing are found', (t) => {
  t.deepEqual(faults(source('d.ts')), ['d.ts stands on no floor: place it in floors.ts']);
  t.deepEqual(floorFaults(['b/x.ts'], [], HOUSE), ["b/y.ts of floor 'first' does not exist"]);
  t.deepEqual(faults(source('c/w.ts', '../a/n.ts')), ['c/w.ts:1 imports a/n.ts, which does not exist']);
});

test('check: an unlisted run-time edge is found, and a listed one that is gone', (t) => {
  const url = { path: 'c/w.ts', text: "new URL('../b/x.ts', import.meta.url);\nawait import(program);" };
  t.deepEqual(faults(url), [
    'c/w.ts:1 names b/x.ts at run time: not listed in floors.ts',
    'c/w.ts:2 names * at run time: not listed in floors.ts',
  ]);
  t.deepEqual(runTimeFaults([], [{ from: 'c/w.ts', to: '*' }]), [
    'floors.ts lists c/w.ts -> *, which is gone',
  ]);
});

test('check: the package under its own name is the file that it exports', (t) => {
  t.deepEqual(
    linksOf([{ path: 'a/b.ts', text: "import 'lwkt/thread';\nimport 'lwkt';\nimport 'comlink';" }]).map(
      ({ to, internal }) => [to, internal],
    ),
    [
      ['lwkt.ts', true],
      ['index.ts', true],
      ['comlink', false],
    ],
  );
});
