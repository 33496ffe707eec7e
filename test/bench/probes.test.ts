import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'ava';
import type { BenchOptions } from '../../runtime/bench/bench.ts';
import { BENCHES } from '../../runtime/bench/benches.ts';
import { C, external, type Language } from '../../runtime/bench/external.ts';
import { PEER_NAMES, peersOf, type PeerName } from '../../runtime/bench/peers/names.ts';
import { load } from '../../runtime/bench/peers/pool.ts';
import { BenchReport, Growth, Row } from '../../runtime/bench/schema.ts';
import { lwkt, node } from '../helpers/cli.ts';
import { within } from '../helpers/eventually.ts';

const PROBE_MS = 100_000;

/** As little as makes sense: one round of measurements of some milliseconds, lwkt beside what JavaScript has. */
function tiny(vs: readonly PeerName[]): BenchOptions {
  return {
    cpus: 2,
    durationMs: 6,
    ring: 256,
    rounds: 1,
    quick: true,
    vs: new Set(vs),
    ipi: [],
    map: false,
    leftOut: [],
    interrupted: new AbortController().signal,
  };
}

/** The rows that each probe must give; curves beside them. */
const EXPECTED: Readonly<
  Record<string, { readonly rows: readonly string[]; readonly curves: readonly string[] }>
> = {
  call: { rows: ['ipi.call', 'ipi.stream', 'wake.parked'], curves: [] },
  switch: { rows: ['switch.2', 'switch.1000', 'switch.60000'], curves: ['switch.threads'] },
  spawn: { rows: ['spawn.own', 'spawn.other'], curves: ['spawn.cpus'] },
  token: {
    rows: ['token.alone', 'token.asleep', 'token.fought', 'token.fairness'],
    curves: ['token.tokens', 'token.cpus', 'token.contention'],
  },
  mplock: {
    rows: ['mplock.alone', 'mplock.fought', 'mplock.fairness'],
    curves: ['mplock.cpus', 'mplock.contention'],
  },
  sync: {
    rows: [
      'mutex.alone',
      'guard.alone',
      'spinlock.alone',
      'semaphore.alone',
      'rwlock-read.alone',
      'rwlock-write.alone',
      'mutex.fought',
      'mutex.fairness',
    ],
    curves: [],
  },
  waitq: { rows: ['waitq.own', 'waitq.other'], curves: ['waitq.waiters'] },
  boot: { rows: ['boot.compiled', 'boot.sources'], curves: ['boot.cpus'] },
  memory: { rows: ['memory.idle'], curves: ['memory.threads'] },
  jobs: { rows: ['jobs.mandelbrot', 'jobs.files'], curves: ['jobs.grain', 'jobs.cpus'] },
};

/** Those whose curves have other languages in them, where they are installed. */
const WITH_NATIVE = new Set(['switch', 'jobs']);
/** Why a figure may be missing. */
const MISSING = /npm run build|is not installed|take too much memory/;

test('probes: every benchmark but ipi has its rows here', (t) => {
  t.deepEqual(
    [...BENCHES.keys()].filter((name) => name !== 'ipi').toSorted(),
    Object.keys(EXPECTED).toSorted(),
  );
});

for (const [name, { rows, curves }] of Object.entries(EXPECTED)) {
  test.serial(`probes: ${name} gives its rows and curves, and all of them are figures`, async (t) => {
    t.timeout(2 * PROBE_MS);
    const bench = await BENCHES.get(name)?.load();
    const steps: number[] = [];
    const part = await within(
      `bench ${name}`,
      bench?.(tiny(['js', ...(WITH_NATIVE.has(name) ? (['native', 'go'] as const) : [])]), {
        progress: (_, share) => steps.push(share),
        note: () => undefined,
      }) ?? Promise.reject(new Error('not there')),
      PROBE_MS,
    );
    t.deepEqual(
      part.rows.map(({ id }) => id),
      rows,
    );
    t.deepEqual(
      part.growth.map(({ id }) => id),
      curves,
    );
    for (const row of part.rows) {
      t.true(Row.safeParse(row).success, row.id);
      // In milliseconds one side may not come to its turn at all, which is a fairness of 0.
      const isFigure = (cost: { median: number } | null | undefined): boolean =>
        row.id.endsWith('.fairness') ? (cost?.median ?? -1) >= 0 : (cost?.median ?? 0) > 0;
      const [ours, ...others] = row.contestants;
      t.is(ours?.kind, 'lwkt');
      // What is compiled is not there, or old, in a checkout that was not built.
      if (row.id === 'boot.compiled' && ours?.cost === null) t.regex(ours.why ?? '', /npm run build/);
      else t.true(isFigure(ours?.cost), `${row.id}: ${String(ours?.why)}`);
      for (const { name: other, cost, why } of others)
        t.true(isFigure(cost) || MISSING.test(why ?? ''), `${row.id}, ${other}: ${String(why)}`);
      t.true(row.includes.length > 20, 'says what it contains');
    }
    for (const growth of part.growth) {
      t.true(Growth.safeParse(growth).success, growth.id);
      for (const curve of growth.curves) {
        t.true(curve.points.length >= 2, `${growth.id} grows`);
        for (const { at, cost, why } of curve.points) {
          const what = `${growth.id}, ${curve.name}, ${at}: ${String(why)}`;
          if (cost === null) t.regex(why ?? '', MISSING, what);
          else t.true(cost.median > 0, what);
        }
      }
    }
    t.true(steps.every((share) => share >= 0 && share <= 1) && steps.length > 0);
  });
}

// In a process of its own: one of the libraries starts no workers from a worker, and tests run in workers.
test.serial('pools: each does its tasks, and what it says is right', async (t) => {
  t.timeout(PROBE_MS);
  const { code, stdout, stderr } = await node([join(import.meta.dirname, 'programs/pools.ts')]);
  t.is(code, 0, stderr);
  t.deepEqual(JSON.parse(stdout), {
    names: ['Workers and postMessage', 'Piscina', 'Comlink', 'tinypool', 'workerpool', 'multithreading'],
    faults: [],
  });
});

test('peers: a package that is not there is told, with what to install', async (t) => {
  await t.throwsAsync(load('no-such-package-of-lwkt'), {
    message: 'the package is not installed: npm install no-such-package-of-lwkt',
  });
});

test('external: a compiler that is not there is told, with what to install', async (t) => {
  const nowhere: Language = { ...C, name: 'Nowhere', compiler: 'no-such-compiler-of-lwkt' };
  t.deepEqual(await external(nowhere, 'bounce'), {
    why: 'no-such-compiler-of-lwkt is not installed: needs a C compiler, as gcc',
  });
});

test('external: what a program says on stderr is the reason', async (t) => {
  const made = await external(C, 'mandelbrot');
  if ('why' in made) t.regex(made.why, /not installed/);
  else await t.throwsAsync(made.run(1), { message: /mandelbrot THREADS WIDTH HEIGHT ITERATIONS/ });
});

test('--vs: names, all, none; what is unknown is refused with what there is', (t) => {
  t.deepEqual([...peersOf('go, native')], ['go', 'native']);
  t.deepEqual([...peersOf('all')], [...PEER_NAMES]);
  t.is(peersOf('none').size, 0);
  for (const text of ['rust', 'go,', 'none,go', '']) {
    t.throws(() => peersOf(text), {
      code: 'ERR_LWKT_OPTION',
      message: /--vs: there is no '.*'; there are native, js, /,
    });
  }
});

test.serial('bench: an unknown peer is refused before anything is measured', async (t) => {
  const { code, stdout, stderr } = await lwkt(['bench', 'switch', '--vs', 'rust']);
  t.is(code, 2);
  t.is(stdout, '');
  t.regex(stderr, /--vs: there is no 'rust'; there are native, js, messageport, /);
});

test.serial('bench: where nothing is installed, lwkt is measured all the same', async (t) => {
  t.timeout(PROBE_MS);
  const bin = mkdtempSync(join(tmpdir(), 'lwkt-bin-'));
  t.teardown(() => rmSync(bin, { recursive: true }));
  symlinkSync(process.execPath, join(bin, 'node'));
  const args = ['bench', 'mplock', '--quick', '--rounds', '1', '--duration', '6ms', '--json'];
  const { code, stdout, stderr } = await lwkt([...args, '--vs', 'native,go,erlang'], {
    env: { PATH: `${bin}:${dirname(process.execPath)}` },
  });
  t.is(code, 0, stderr);
  const report = BenchReport.parse(JSON.parse(stdout));
  const [alone] = report.rows;
  t.is(alone?.id, 'mplock.alone');
  t.true((alone?.contestants[0]?.cost?.median ?? 0) > 0);
  t.like(alone?.contestants[1], {
    name: 'C pthread mutex',
    cost: null,
    ratio: null,
    why: 'cc is not installed: needs a C compiler, as gcc',
  });
});
