/** How much faster are two cpus than one, with a thread for each row of a picture, and for each of 200 files? */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench, BenchOptions } from '../bench.ts';
import { bootCosts, javascript, lwkt, program, type Costs } from '../contenders.ts';
import { halves } from '../peers/halves.ts';
import { poolContenders, startPools, stopPools, type PoolPeer } from '../peers/pools.ts';
import type { Pool } from '../peers/pool.ts';
import { countFile, mandelbrotRow, sumOf, type Picture } from '../plan/work.ts';
import { compare } from '../rows.ts';
import type { Growth, Row } from '../schema.ts';
import { grainCurve, pictureCurve } from './job-curves.ts';

const PICTURE: Picture = { width: 1200, height: 800, iterations: 200 };
const QUICK_PICTURE: Picture = { width: 600, height: 400, iterations: 200 };
const FILES = 200;
const QUICK_FILES = 40;
const FILE_BYTES = 1_000_000;
const CPUS = 2;
/** Milliseconds that one plain thread's time is believed for: it is measured again right beside each contender. */
const FRESH_MS = 1000;

/** One plain thread doing the same: what a speed-up is over. */
class Plain {
  readonly #work: () => void;
  readonly #result: () => number;
  readonly result: number;
  #ms = NaN;
  #at = -Infinity;

  /** @param result - of the work done last; looking at it is no part of the work */
  constructor(work: () => void, result: () => number) {
    this.#work = work;
    this.#result = result;
    work();
    this.result = result();
  }

  /** Milliseconds. */
  ms(): number {
    if (performance.now() - this.#at > FRESH_MS) {
      const start = performance.now();
      this.#work();
      this.#at = performance.now();
      this.#ms = this.#at - start;
      this.check(this.#result());
    }
    return this.#ms;
  }

  /** Throws when somebody's result is another. */
  check(result: number): void {
    if (result !== this.result) throw new Error(`the result is ${result}, not ${this.result}`);
  }

  /** How many times as fast `work` is, which returns the result and the milliseconds it took. */
  async over(work: () => Promise<readonly [result: number, ms: number]>): Promise<number> {
    const before = this.ms();
    const [result, ms] = await work();
    this.check(result);
    return (before + this.ms()) / 2 / ms;
  }
}

async function timed(work: () => Promise<number>): Promise<readonly [number, number]> {
  const start = performance.now();
  const result = await work();
  return [result, performance.now() - start];
}

/** A speed-up of a program over itself on one thread. */
async function overItself(
  run: (...args: (string | number)[]) => Promise<number[]>,
  args: readonly (string | number)[],
  plain: Plain,
): Promise<number> {
  const [one = NaN, result = NaN] = await run(1, ...args);
  const [both = NaN, again = NaN] = await run(CPUS, ...args);
  plain.check(result);
  plain.check(again);
  return one / both;
}

const FIGURE = { unit: '× one thread', more: true } as const;
const SETTINGS = { fixed: true };

/** Draws the picture once: the sum of its pixels, which are then black again, and the milliseconds it took. */
async function drawn({ ask }: Costs, picture: Picture): Promise<readonly [number, number]> {
  const [, ms] = await timed(() => ask('benchMandelbrot', [picture]));
  return [await ask('benchWipe', []), ms];
}

async function mandelbrotRows(
  picture: Picture,
  options: BenchOptions,
  pools: readonly PoolPeer[],
): Promise<[Row[], Growth[]]> {
  const { vs } = options;
  const { width, height, iterations } = picture;
  const own = new Uint8Array(width * height);
  const plain = new Plain(
    () => {
      for (let y = 0; y < height; y++) mandelbrotRow(picture, y, own.subarray(y * width, (y + 1) * width));
    },
    () => sumOf(own),
  );
  await using costs = await bootCosts({ cpus: CPUS });
  const args = [width, height, iterations];
  const tasks = async (pool: Pool): Promise<number> => {
    const pixels = new SharedArrayBuffer(width * height);
    const [, ms] = await timed(async () => {
      await Promise.all(Array.from({ length: height }, (_, y) => pool.run('row', { picture, y, pixels })));
      return 0;
    });
    return plain.over(() => Promise.resolve([sumOf(new Uint8Array(pixels)), ms]));
  };
  const rows = await compare(
    'jobs',
    [
      {
        id: 'jobs.mandelbrot',
        title: `mandelbrot by single rows, ${width} × ${height}, two cpus`,
        includes:
          'a thread, or a task, for each row, made and joined; the pixels lie in shared memory, and their sum is checked. Over the same rows in a loop of one plain thread',
        ...FIGURE,
        aim: { least: 1.95 },
      },
    ],
    [
      lwkt(costs, () => plain.over(() => drawn(costs, picture)), SETTINGS),
      ...(await program(
        vs,
        'native',
        'C, two threads',
        'mandelbrot',
        (run) => overItself(run, args, plain),
        SETTINGS,
      )),
      ...javascript(vs, 'two bare Workers, half each', () => plain.over(() => halves({ picture })), SETTINGS),
      ...(await program(vs, 'go', 'Go', 'mandelbrot', (run) => overItself(run, args, plain), SETTINGS)),
      ...poolContenders(pools, 1, tasks, true),
    ],
    options,
  );
  const draw = async (machine: Costs): Promise<number> => {
    const [sum, ms] = await drawn(machine, picture);
    plain.check(sum);
    return ms;
  };
  return [rows, [await grainCurve(costs, pools, options), await pictureCurve(picture, draw, options)]];
}

/** Words of 1 to 12 letters, from a linear congruential generator. */
function makeText(seed: number): Buffer {
  const bytes = Buffer.alloc(FILE_BYTES);
  let state = seed;
  let left = 0;
  for (let i = 0; i < FILE_BYTES; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    bytes[i] = left === 0 ? 32 : 97 + ((state >> 16) % 26);
    left = left === 0 ? 1 + ((state >> 16) % 12) : left - 1;
  }
  return bytes;
}

async function fileRows(options: BenchOptions, pools: readonly PoolPeer[]): Promise<Row[]> {
  const { vs, quick } = options;
  const n = quick ? QUICK_FILES : FILES;
  const folder = await mkdtemp(join(tmpdir(), 'lwkt-bench-files-'));
  try {
    const paths = Array.from({ length: n }, (_, i) => join(folder, `${i}.txt`));
    for (const [i, path] of paths.entries()) await writeFile(path, makeText(i + 1));
    let counted = 0;
    const plain = new Plain(
      () => {
        counted = paths.reduce((sum, path) => sum + countFile(path), 0);
      },
      () => counted,
    );
    await using costs = await bootCosts({ cpus: CPUS });
    const args = [folder, n];
    return await compare(
      'jobs',
      [
        {
          id: 'jobs.files',
          title: `${n} text files of 1 MB: hash and word count, two cpus`,
          includes:
            'a thread, or a task, for each file: read it from the page cache into a buffer that is used again, SHA-1, count words; words and hashes are checked. Over the same files in a loop of one plain thread; C and Go over themselves',
          ...FIGURE,
          aim: { least: 1.9 },
        },
      ],
      [
        lwkt(costs, () => plain.over(() => timed(() => costs.ask('benchFiles', [paths]))), SETTINGS),
        ...(await program(
          vs,
          'native',
          'C, two threads',
          'files',
          (run) => overItself(run, args, plain),
          SETTINGS,
        )),
        ...javascript(vs, 'two bare Workers, half each', () => plain.over(() => halves({ paths })), SETTINGS),
        ...(await program(vs, 'go', 'Go', 'files', (run) => overItself(run, args, plain), SETTINGS)),
        ...poolContenders(
          pools,
          1,
          (pool) =>
            plain.over(() =>
              timed(async () => {
                const all = await Promise.all(paths.map((path) => pool.run('file', path)));
                return all.reduce((sum, one) => sum + one, 0);
              }),
            ),
          true,
        ),
      ],
      options,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export const bench: Bench = async (options, tell) => {
  const pools = await startPools(options.vs, CPUS);
  try {
    tell.progress('mandelbrot', 0);
    const [rows, growth] = await mandelbrotRows(options.quick ? QUICK_PICTURE : PICTURE, options, pools);
    tell.progress('files', 1 / 2);
    if (!options.interrupted.aborted) rows.push(...(await fileRows(options, pools)));
    return { rows, runs: [], maps: [], growth };
  } finally {
    await stopPools(pools);
  }
};
