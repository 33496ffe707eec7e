/** How long from nothing to the first instruction of a thread, on a machine of two cpus? */
import { existsSync, globSync, statSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { boot } from '../../machine/machine.ts';
import type { MachineOptions } from '../../machine/config.ts';
import type { Bench } from '../bench.ts';
import { javascript, javascriptCurve } from '../contenders.ts';
import type { Job } from '../peers/bare-worker.ts';
import { poolStarts } from '../peers/pools.ts';
import { moduleUrl, type StartPool } from '../peers/pool.ts';
import type { Absent, Contender } from '../rounds.ts';
import { compare, grow } from '../rows.ts';

type Boot = (options: MachineOptions) => Promise<{ run(): Promise<unknown>; stop(): Promise<unknown> }>;

/** True in a checkout: what runs is the sources, stripped of their types at every start. */
const SOURCES = import.meta.url.endsWith('.ts');
const CPUS = 2;
const POINTS = [1, 2, 4, 8, 16, 32];
const QUICK_POINTS = [2, 8];
const NS_PER_MS = 1e6;

function now(): number {
  return performance.timeOrigin + performance.now();
}

async function machineWith({ start, program }: Made, cpus: number): Promise<number> {
  const begin = now();
  const machine = await start({ program, cpus });
  const at = (await machine.run()) as number;
  await machine.stop();
  return (at - begin) * NS_PER_MS;
}

interface Made {
  readonly start: Boot;
  readonly program: URL;
}

/** Of a checkout, from its sources or from dist/; elsewhere there is nothing beside the package. */
const ROOT = join(import.meta.dirname, '../../..');

/** How one of the two layouts boots. */
async function madeFrom(folder: string, extension: string): Promise<Made> {
  const index = pathToFileURL(join(folder, `index.${extension}`)).href;
  const { boot: start } = (await import(index)) as { boot: Boot };
  return { start, program: pathToFileURL(join(folder, `bench/program/first.${extension}`)) };
}

/** The package beside the checkout, compiled from these very sources; or why not. */
async function compiledBoot(): Promise<Made | string> {
  const index = join(ROOT, 'dist/index.js');
  if (!existsSync(index)) return 'there is no dist/: npm run build';
  const built = statSync(index).mtimeMs;
  const newer = globSync(join(ROOT, 'runtime/**/*.ts')).find((path) => statSync(path).mtimeMs > built);
  if (newer !== undefined) return 'dist/ is older than the sources: npm run build';
  return madeFrom(join(ROOT, 'dist'), 'js');
}

async function bareWorkers(workers: number): Promise<number> {
  const begin = now();
  const job: Job = { what: 'first', side: 0, shared: new SharedArrayBuffer(4096), times: 0, increments: 0 };
  const all = Array.from(
    { length: workers },
    () => new Worker(moduleUrl('bare-worker'), { workerData: job }),
  );
  const times = await Promise.all(all.map(async (worker) => (await once(worker, 'message'))[0] as number));
  await Promise.all(all.map((worker) => worker.terminate()));
  return (Math.max(...times) - begin) * NS_PER_MS;
}

async function poolOf(start: StartPool): Promise<number> {
  const begin = now();
  const pool = await start(CPUS);
  const times = await Promise.all(Array.from({ length: CPUS }, () => pool.run('first', undefined)));
  await pool.stop();
  return (Math.max(...times) - begin) * NS_PER_MS;
}

export const bench: Bench = async (options, tell) => {
  const { vs } = options;
  const fixed = { fixed: true };
  const compiled = SOURCES ? await compiledBoot() : { start: boot as Boot, program: moduleFirst() };
  const ours = (made: Made | string): Contender | Absent =>
    typeof made === 'string'
      ? { name: 'lwkt', kind: 'lwkt', why: made }
      : { name: 'lwkt', kind: 'lwkt', ...fixed, measure: () => machineWith(made, CPUS) };
  const others: (Contender | Absent)[] = [
    ...javascript(vs, 'two bare Workers', () => bareWorkers(CPUS), fixed),
    ...poolStarts(vs).map(({ name, start }): Contender => ({
      name,
      kind: 'peer',
      fixed: true,
      measure: () => poolOf(start),
    })),
  ];
  const includes =
    'the arena, two workers, loading the program on both, one thread until its first instruction. Without loading the modules of the host, once a process; without stopping. Of a pool, until the first instruction of the later of two tasks';
  tell.progress('compiled', 0);
  const rows = await compare(
    'boot',
    [{ id: 'boot.compiled', title: 'boot of two cpus, compiled', includes, unit: 'ns', aim: { most: 60e6 } }],
    [ours(compiled), ...others],
    options,
  );
  if (existsSync(join(ROOT, 'runtime/index.ts'))) {
    tell.progress('sources', 1 / 3);
    rows.push(
      ...(await compare(
        'boot',
        [{ id: 'boot.sources', title: 'boot of two cpus, from TypeScript', includes, unit: 'ns' }],
        [ours(await madeFrom(join(ROOT, 'runtime'), 'ts'))],
        options,
      )),
    );
  }
  tell.progress('more and more cpus', 2 / 3);
  const growth = await grow(
    {
      id: 'boot.cpus',
      bench: 'boot',
      title: 'boot, compiled, by the number of cpus',
      unit: 'ns',
      axis: 'cpus',
    },
    options.quick ? QUICK_POINTS : POINTS,
    [
      {
        name: 'lwkt',
        kind: 'lwkt',
        ...fixed,
        at: (cpus) => (typeof compiled === 'string' ? compiled : () => machineWith(compiled, cpus)),
      },
      ...javascriptCurve(vs, 'bare Workers', (workers) => () => bareWorkers(workers), fixed),
    ],
    options,
  );
  return { rows, runs: [], maps: [], growth: [growth] };
};

function moduleFirst(): URL {
  return new URL(`../program/first.${SOURCES ? 'ts' : 'js'}`, import.meta.url);
}
