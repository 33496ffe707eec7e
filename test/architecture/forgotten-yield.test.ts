import test from 'ava';
import { BLOCKING } from './blocking.ts';
import { exportedFunctions, lineOf, mask, sourcesBelow, type Source } from './scan.ts';

/** Says, at the end of the line, that a test leaves `yield*` out to see what happens. */
const ON_PURPOSE = /\/\/ no yield\*/;

/** The imports of thread code: `lwkt/thread`, or the scheduler and its front by path. */
const IMPORT = /\bimport\s+(?:\{([^}]*)\}|\*\s+as\s+(\w+))\s+from\s*(['"])/g;
const THREAD_CODE =
  /^(?:lwkt\/thread|.*\/runtime\/(?:lwkt|scheduler\/[\w-]+)\.ts|\.{1,2}\/.*scheduler\/[\w-]+\.ts)$/;

/** The names under which a source knows blocking functions, `lwkt.` before those of a namespace. */
function blockingNames(text: string, code: string): string[] {
  return [...code.matchAll(IMPORT)].flatMap((match) => {
    const from = match.index + match[0].length;
    if (!THREAD_CODE.test(text.slice(from, code.indexOf(match[3] as string, from)))) return [];
    if (match[2] !== undefined) return BLOCKING.map((name) => `${match[2]}.${name}`);
    return (match[1] as string).split(',').flatMap((item) => {
      const [name, alias] = item.trim().split(/\s+as\s+/);
      return BLOCKING.includes(name as string) ? [alias ?? (name as string)] : [];
    });
  });
}

/** Calls of blocking functions without `yield*`. */
function yieldFaults({ path, text }: Source): string[] {
  const { code } = mask(text);
  const lines = text.split('\n');
  return blockingNames(text, code).flatMap((name) => {
    const call = new RegExp(`(?<![\\w$.])${name.replace('.', '\\s*\\.\\s*')}\\s*\\(`, 'g');
    return [...code.matchAll(call)]
      .filter(({ index }) => !/\byield\s*\*\s*\(?\s*$/.test(code.slice(0, index)))
      .map(({ index }) => lineOf(code, index))
      .filter((line) => !ON_PURPOSE.test(lines[line - 1] as string))
      .map((line) => `${path}:${line} calls ${name}() without yield*`);
  });
}

test('blocking: the list names every function of lwkt/thread that returns Blocking', (t) => {
  const front = mask(sourcesBelow('runtime').find(({ path }) => path === 'lwkt.ts')?.text ?? '').code;
  const found = sourcesBelow('runtime/scheduler')
    .flatMap(({ text }) => exportedFunctions(text))
    .filter(({ name, returns }) => returns.startsWith('Blocking<') && new RegExp(`\\b${name}\\b`).test(front))
    .map(({ name }) => name);
  t.deepEqual(found.toSorted(), BLOCKING);
});

/** Tests of the calls themselves, which leave yield* out, or call what refuses. */
const OF_THE_CALLS = /^test\/(scheduler|types)\//;

test('yield: examples, benchmarks and tests call what may block by yield*', (t) => {
  t.deepEqual(
    ['examples', 'benchmarks', 'test'].flatMap((folder) =>
      sourcesBelow(folder)
        .map(({ path, text }) => ({ path: `${folder}/${path}`, text }))
        .filter(({ path }) => !OF_THE_CALLS.test(path))
        .flatMap(yieldFaults),
    ),
    [],
  );
});

test('check: a forgotten yield* is found, under every name', (t) => {
  const text = `import { join, sleep as nap, mycpu } from 'lwkt/thread';
import * as lwkt from 'lwkt/thread';
function* a() {
  yield* join(b);
  join(b);
  yield nap(1);
  yield* lwkt.until(p);
  lwkt.until(p);
  const v = yield*
    join(b);
  mycpu();
  path.join('a');
  nap(2); // no yield*: to see what happens
}`;
  t.deepEqual(yieldFaults({ path: 'a.ts', text }), [
    'a.ts:5 calls join() without yield*',
    'a.ts:6 calls nap() without yield*',
    'a.ts:8 calls lwkt.until() without yield*',
  ]);
});

test('check: other functions of the same name are left alone', (t) => {
  const text = "import { join } from 'node:path';\njoin('a', 'b');\n// join(b)\nconst s = 'until(p)';";
  t.deepEqual(yieldFaults({ path: 'a.ts', text }), []);
});
