/**
 * Compresses files in parallel blocks, as pigz does: FILE becomes FILE.gz, and stays.
 *
 *   lwkt run examples/gzip.ts access.log
 *   lwkt run examples/gzip.ts --cpus 4 -- --level 9 --block 512 -o backup *.csv
 *
 *   -o, --output DIR   write to a folder instead of beside the file
 *   -l, --level N      0 (stored) .. 9 (smallest); default 6
 *   -b, --block KIB    128 .. 1024; default 256
 *   -f, --force        overwrite what is there
 *
 * Prints the size of each file before and after. Any gunzip reads the result: a block is a gzip member of its own,
 * and members may follow one another. A file that fails is named on stderr, leaves nothing behind, and makes the
 * program end with 1.
 *
 * Threads of all cpus read and compress a block each; the main thread writes them in order, and has no more than
 * four per cpu under way, so memory stays small however large the file is. fflate compresses a block in one call,
 * milliseconds without a safepoint: other threads of that cpu, and IPIs to it, wait as long.
 */
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { link, open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { basename, join as joinPath } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync, type GzipOptions } from 'fflate';
import { join, kthread, ncpus, spawn, until, type Td } from 'lwkt/thread';

/** Blocks under way for each cpu. */
const AHEAD = 4;

/** A file on its way. */
interface Job {
  readonly path: string;
  readonly target: string;
  /** Holds the result until it is whole. */
  readonly part: string;
  readonly size: number;
  readonly file: FileHandle;
  written: number;
  error?: unknown;
}

/** A block of it. */
interface Block {
  readonly job: Job;
  readonly td: Td<Uint8Array>;
  readonly last: boolean;
}

const compress = kthread(function* compress(path: string, start: number, length: number, level: number) {
  const block = new Uint8Array(length);
  const fd = openSync(path, 'r');
  try {
    for (let got = 0; got < length;) {
      const more = readSync(fd, block, got, length - got, start + got);
      if (more === 0) throw new Error('it was cut short meanwhile');
      got += more;
    }
  } finally {
    closeSync(fd);
  }
  // Without a time, the same file gives the same bytes.
  return gzipSync(block, { level: level as NonNullable<GzipOptions['level']>, mtime: 0 });
});

function* begin(path: string, target: string, force: boolean): Generator<unknown, Job, unknown> {
  const source = yield* until(stat(path));
  if (!source.isFile()) throw new Error('not a regular file');
  if (!force && existsSync(target)) throw new Error(`${target} exists; --force overwrites it`);
  const part = `${target}.${process.pid}.part`;
  const file = yield* until(open(part, 'wx', source.mode));
  return { path, target, part, size: source.size, file, written: 0 };
}

/** Writes the block that is next; after the last one, puts the result in its place. */
function* write({ job, td, last }: Block): Generator<unknown, void, unknown> {
  try {
    const bytes = yield* join(td);
    if (job.error === undefined) yield* until(job.file.writeFile(bytes));
    job.written += bytes.length;
  } catch (error) {
    job.error ??= error;
  }
  if (last) yield* until(job.file.close());
}

function* end(
  { path, target, part, size, written, error }: Job,
  force: boolean,
): Generator<unknown, void, unknown> {
  try {
    if (error instanceof Error) throw error;
    // Unlike a rename, a link never replaces a file that has come meanwhile.
    yield* until(force ? rename(part, target) : link(part, target));
  } finally {
    yield* until(rm(part, { force: true }));
  }
  const share = size === 0 ? '' : ` (${((100 * written) / size).toFixed(1)} %)`;
  console.log(`${path}: ${size.toLocaleString('en')} -> ${written.toLocaleString('en')} bytes${share}`);
}

function wholeNumber(option: string, text: string, least: number, most: number): number {
  const n = Number(text);
  if (/^\d+$/.test(text) && n >= least && n <= most) return n;
  throw new Error(`${option}: '${text}' is not a whole number of ${least} .. ${most}`);
}

/** Files with their targets, and how to compress them. */
function options(args: string[]): { jobs: [string, string][]; level: number; block: number; force: boolean } {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      output: { type: 'string', short: 'o' },
      level: { type: 'string', short: 'l', default: '6' },
      block: { type: 'string', short: 'b', default: '256' },
      force: { type: 'boolean', short: 'f', default: false },
    },
  });
  if (positionals.length === 0) throw new Error('no files given: lwkt run examples/gzip.ts FILE…');
  const { output, force } = values;
  const jobs = positionals.map((path): [string, string] => {
    const beside = `${path}.gz`;
    return [path, output === undefined ? beside : joinPath(output, basename(beside))];
  });
  const targets = jobs.map(([, target]) => target);
  const twice = targets.find((target, i) => targets.indexOf(target) !== i);
  if (twice !== undefined)
    throw new Error(`two files would become ${twice}: compress them one after the other`);
  const block = 1024 * wholeNumber('--block', values.block, 128, 1024);
  return { jobs, level: wholeNumber('--level', values.level, 0, 9), block, force };
}

export default kthread(function* gzip(...args: string[]) {
  const { jobs, level, block, force } = options(args);
  const blocks: Block[] = [];
  let exitCode = 0;
  function* attempt<T>(
    path: string,
    body: Generator<unknown, T, unknown>,
  ): Generator<unknown, T | undefined, unknown> {
    try {
      return yield* body;
    } catch (error) {
      console.error(`gzip: ${path}: ${error instanceof Error ? error.message : String(error)}`);
      exitCode = 1;
      return undefined;
    }
  }
  function* writeNext(): Generator<unknown, void, unknown> {
    const next = blocks.shift() as Block;
    yield* write(next);
    if (next.last) yield* attempt(next.job.path, end(next.job, force));
  }
  for (const [path, target] of jobs) {
    const job = yield* attempt(path, begin(path, target, force));
    if (job === undefined) continue;
    let start = 0;
    do {
      if (blocks.length === AHEAD * ncpus()) yield* writeNext();
      const length = Math.min(block, job.size - start);
      const td = spawn(compress, [path, start, length, level], { cpu: 'spread' });
      start += length;
      blocks.push({ job, td, last: start === job.size });
    } while (start < job.size);
  }
  while (blocks.length !== 0) yield* writeNext();
  return exitCode;
});
