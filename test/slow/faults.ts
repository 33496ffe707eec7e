/**
 * The fault matrix, many times in random order: does anything hang, or is told wrongly?
 *
 *   node test/slow/faults.ts [REPETITIONS] [SEED] [--jobs N]
 *
 * Each cell REPETITIONS times (200), in N processes side by side (1). A process that ends by itself, or stands still for
 * five minutes, has failed in what it was at, and another one goes on. Prints a table of the milliseconds from fault
 * to report; ends with 1 when a cell failed.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CONDITIONS, FAULT_NAMES, type Outcome } from '../helpers/faults.ts';
import { random } from '../helpers/seed.ts';
import type { Order } from './fault-child.ts';

const CHILD = join(import.meta.dirname, 'fault-child.ts');
/** Longest time for one fault: far beyond every deadline in it. */
const STANDSTILL_MS = 300_000;

const { values, positionals } = parseArgs({
  options: { jobs: { type: 'string', default: '1' } },
  allowPositionals: true,
});
const [repetitions = 200, seed = 1] = positionals.map(Number);
const jobs = Number(values.jobs);
for (const [name, value] of Object.entries({ REPETITIONS: repetitions, SEED: seed, '--jobs': jobs })) {
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`${name}: ${value} is not a whole number of 1 or more`);
}

interface Cell extends Order {
  readonly times: number[];
}

const cells: Cell[] = FAULT_NAMES.flatMap((fault) =>
  CONDITIONS.map((_, condition) => ({ fault, condition, times: [] })),
);
const plan = cells.flatMap((cell) => Array.from({ length: repetitions }, () => cell));
const next = random(seed);
for (let i = plan.length - 1; i > 0; i--) {
  const j = next(i + 1);
  [plan[i], plan[j]] = [plan[j] as Cell, plan[i] as Cell];
}

/** What a child makes of an order; a child that ends or stands still has failed, and is gone. */
async function provokeIn(child: ChildProcess, { fault, condition }: Order): Promise<Outcome> {
  const start = performance.now();
  const failed = (why: string): Outcome => ({ faults: [why], ms: performance.now() - start });
  let timer: NodeJS.Timeout | undefined;
  const answer = new Promise<Outcome>((resolve) => {
    child.once('message', (outcome) => resolve(outcome as Outcome));
    child.once('exit', (code, signal) =>
      resolve(failed(`the process ended: ${signal ?? `exit code ${String(code)}`}`)),
    );
    timer = setTimeout(() => {
      resolve(failed(`nothing for ${STANDSTILL_MS} ms`));
      child.kill('SIGKILL');
    }, STANDSTILL_MS);
  });
  child.send({ fault, condition } satisfies Order);
  const outcome = await answer;
  clearTimeout(timer);
  child.removeAllListeners();
  return outcome;
}

let failed = 0;
let taken = 0;
let done = 0;
const started = performance.now();

function note({ fault, condition, times }: Cell, { faults, ms }: Outcome): void {
  done++;
  times.push(ms);
  if (done % 100 === 0) {
    const minutes = (performance.now() - started) / 60_000;
    console.log(`${done} of ${plan.length} after ${minutes.toFixed(1)} min, ${failed} failed; seed ${seed}`);
  }
  if (faults.length === 0) return;
  failed++;
  console.log(`!!! ${fault} ${JSON.stringify(CONDITIONS[condition])}: ${faults.join('; ')}`);
}

async function work(job: number): Promise<void> {
  let child: ChildProcess | undefined;
  for (let cell = plan[taken++]; cell !== undefined; cell = plan[taken++]) {
    child ??= fork(CHILD, [String(seed + job)]);
    note(cell, await provokeIn(child, cell));
    if (!child.connected) child = undefined;
  }
  child?.disconnect();
}

await Promise.all(Array.from({ length: jobs }, (_, job) => work(job)));
console.table(
  cells.map(({ fault, condition, times }) => {
    const sorted = times.toSorted((a, b) => a - b);
    const at = (share: number): number => Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0);
    return {
      fault,
      cpus: CONDITIONS[condition]?.cpus,
      loaded: CONDITIONS[condition]?.loaded,
      runs: times.length,
      'min ms': at(0),
      'median ms': at(0.5),
      'p99 ms': at(0.99),
      'max ms': at(1),
    };
  }),
);
console.log(`${plan.length - failed} passed, ${failed} failed; seed ${seed}`);
process.exitCode = failed === 0 ? 0 : 1;
