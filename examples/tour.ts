/**
 * A first look at lwkt: the word count of this folder on one cpu and on all of them, and what the cpus did.
 *
 *   npm start
 *   node examples/tour.ts FOLDER…
 *
 * A host script, not a program: it boots two machines, runs examples/wordcount.ts on both and reads their counters.
 * Prints the totals, the times (medians, taken in turn, with files in the page cache and code compiled), the speed-up
 * (or that other programs had the cores meanwhile), a table of cpus, and what to try next. Ends with 1 if the counts
 * differ or a file could not be read.
 */
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { foreignCores, usage } from '../runtime/bench/disturbance.ts';
import { boot, type Machine, type MachineStats } from 'lwkt';

interface Tally {
  lines: number;
  words: number;
  bytes: number;
  files: number;
  failed: number;
}

interface Contestant {
  readonly machine: Machine;
  readonly times: number[];
  tally: Tally;
  /** Counters before and after the last run. */
  before: MachineStats;
  after: MachineStats;
}

const root = join(import.meta.dirname, '..');
const program = join(import.meta.dirname, 'wordcount.ts');

/** Every folder and file below `folder` but hidden ones, which tools may be writing to. */
function visible(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .map((name) => join(folder, name));
}

function defaultPaths(): string[] {
  const ours = visible(root).filter((path) => !/(node_modules|coverage|dist)$/.test(path));
  return [...ours, ...visible(join(root, 'node_modules'))];
}

const given = process.argv.slice(2);
const paths = given.length === 0 ? defaultPaths() : given;

async function contestant(machine: Machine): Promise<Contestant> {
  // This run fills the page cache and compiles the code.
  const tally = (await machine.spawn('tally', [paths])) as Tally;
  return { machine, times: [], tally, before: machine.stats(), after: machine.stats() };
}

async function run(who: Contestant): Promise<void> {
  who.before = who.machine.stats();
  const start = performance.now();
  who.tally = (await who.machine.spawn('tally', [paths], { cpu: 0 })) as Tally;
  who.times.push(performance.now() - start);
  who.after = who.machine.stats();
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] as number) + (sorted[Math.floor(middle)] as number)) / 2;
}

function table(rows: readonly (readonly (string | number)[])[]): string {
  const texts = rows.map((row) =>
    row.map((cell) => (typeof cell === 'number' ? cell.toLocaleString('en') : cell)),
  );
  const widths = (texts[0] ?? []).map((_, i) => Math.max(...texts.map((row) => (row[i] ?? '').length)));
  return texts.map((row) => `  ${row.map((cell, i) => cell.padStart(widths[i] ?? 0)).join('  ')}`).join('\n');
}

/** Cores that others take from which on the speed-up says more of them than of this. */
const BUSY = 0.25;

/** How much faster all cpus were, unless others had the cores meanwhile. */
function speedUp(times: number, cpus: number, others: number): string {
  const measured = `${times.toFixed(2)} times one cpu's speed, on ${count(cpus, 'cpu')}`;
  const how = 'medians of 3 runs each, taken in turn';
  if (others < BUSY) return `${measured} (${how})`;
  return `cannot be told now: other programs took ${others.toFixed(1)} of ${count(cores, 'core')} meanwhile; try again
            when they are done (it was ${measured})`;
}

const count = (n: number, noun: string): string => `${n.toLocaleString('en')} ${noun}${n === 1 ? '' : 's'}`;

const cores = availableParallelism();
await using single = await boot({ program, cpus: 1 });
await using multi = await boot({ program, cpus: Math.max(2, Math.min(64, cores)) });
const one = await contestant(single);
const all = await contestant(multi);
const from = usage();
for (const who of [one, all, all, one, one, all]) await run(who);
const foreign = foreignCores(from, usage());

const { files, bytes } = all.tally;
const oneMs = median(one.times);
const allMs = median(all.times);
const same = JSON.stringify(one.tally) === JSON.stringify(all.tally);
const cpus = all.machine.ncpus;

console.log(`lwkt: kernel threads that run in parallel, on Node.js ${process.versions.node} and ${count(cores, 'core')}

examples/wordcount.ts counts ${given.length === 0 ? 'this folder with its node_modules' : given.join(' ')}:
${count(files, 'file')}, ${(bytes / 1e6).toFixed(1)} MB, a thread for every 32 small files or piece of a large one.

${table([
  ['', 'lines', 'words', 'bytes', 'ms'],
  ['1 cpu', one.tally.lines, one.tally.words, one.tally.bytes, oneMs.toFixed(0)],
  [`${cpus} cpus`, all.tally.lines, all.tally.words, all.tally.bytes, allMs.toFixed(0)],
])}

  counts equal: ${same ? 'yes' : 'NO'}
  speed-up: ${speedUp(oneMs / allMs, cpus, foreign)}

What each cpu did in one run; they share memory, and tell one another of work by IPIs:

${table([
  ['cpu', 'threads run', 'switches', 'IPIs sent', 'IPIs run', 'times asleep'],
  ...all.after.cpus.map(({ cpu, counters }, i) => {
    const old = all.before.cpus[i]?.counters;
    const names = [
      'lwkt.threads_run',
      'lwkt.switch_count',
      'lwkt.ipiq_count',
      'lwkt.ipiq_run',
      'lwkt.idle_parks',
    ] as const;
    return [cpu, ...names.map((name) => counters[name] - (old?.[name] ?? 0))];
  }),
])}

Try next:

  npx lwkt run examples/skynet.ts --stats                           a tree of a million threads
  npx lwkt run examples/mandelbrot.ts -- -o /tmp/mandelbrot.png     a picture; every cpu draws rows
  npx lwkt run examples/gzip.ts -- -f -o /tmp package-lock.json     or your own large files
  npx lwkt run examples/thread-ring.ts -- --spread 100000           a hop is an IPI to another cpu
  npx lwkt run examples/wordcount.ts ~/Documents                    npx lwkt run --help says more
`);

const problems = [
  ...(same ? [] : ['the counts differ: did a file change meanwhile? If not, please report it']),
  ...(all.tally.failed === 0 ? [] : [`${count(all.tally.failed, 'file')} could not be read`]),
];
for (const problem of problems) console.error(`tour: ${problem}`);
process.exitCode = problems.length === 0 ? 0 : 1;
