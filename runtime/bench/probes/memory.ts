/** How much memory does a waiting thread take? */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Thread } from '../../shared-memory/layout/thread.ts';
import type { Bench } from '../bench.ts';
import { bootCosts, javascript, program } from '../contenders.ts';
import { compare, grow } from '../rows.ts';

const THREADS = 100_000;
const PTHREADS = 2000;
const POINTS = [1000, 10_000, 100_000, 1_000_000];
const QUICK_POINTS = [1000, 100_000];
const WORD_BYTES = 4;

function collect(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

function* waits(n: number): Generator<number, number, unknown> {
  yield n;
  return n;
}

function bareGenerators(n: number): number {
  collect();
  const before = process.memoryUsage().heapUsed;
  const all = Array.from({ length: n }, (_, i) => waits(i));
  for (const one of all) one.next();
  collect();
  const bytes = (process.memoryUsage().heapUsed - before) / n;
  if (all.reduce((sum, one) => sum + (one.next().value ?? 0), 0) !== (n * (n - 1)) / 2) return NaN;
  return bytes;
}

/** Bytes of each of `n` threads of a machine of their own. */
async function weigh(n: number, queue: boolean): Promise<number> {
  await using costs = await bootCosts({ cpus: 1, threads: n + 1000 });
  const { machine, ask } = costs;
  const used = async (): Promise<number> => (await machine.heaps({ collect: true }))[0]?.used ?? NaN;
  await ask('benchIdlers', [10, queue]);
  const before = await used();
  const there = machine.stats().cpus[0]?.threads ?? NaN;
  await ask('benchIdlers', [n, queue]);
  const heap = (await used()) - before;
  const made = (machine.stats().cpus[0]?.threads ?? NaN) - there;
  if (made !== n) throw new Error(`${made} of ${n} threads wait`);
  return heap / n + Thread.WORDS * WORD_BYTES;
}

export const bench: Bench = async (options, tell) => {
  const { vs, quick } = options;
  // What is weighed is the same each time.
  const once = { ...options, rounds: 1 };
  const fixed = { fixed: true };
  tell.progress('100,000 threads', 0);
  const rows = await compare(
    'memory',
    [
      {
        id: 'memory.idle',
        title: 'memory of a thread that waits',
        includes:
          'its descriptor in shared memory, and what the heap of its cpu grows by, collected: generator, arguments, tables. Without the tables that are sized at boot. Of Go and Erlang, what their runtimes say; of C, resident memory, stacks of 16 kB',
        unit: 'bytes',
        aim: { most: 400 },
      },
    ],
    [
      { name: 'lwkt', kind: 'lwkt', measure: () => weigh(THREADS, false), ...fixed },
      { name: 'lwkt, on a wait queue', kind: 'lwkt', measure: () => weigh(THREADS, true), ...fixed },
      ...(await program(
        vs,
        'native',
        'C pthread',
        'memory',
        async (run) => (await run(PTHREADS))[0] ?? NaN,
        fixed,
      )),
      ...javascript(vs, 'bare generator', () => bareGenerators(THREADS), fixed),
      ...(await program(vs, 'go', 'Go', 'memory', async (run) => (await run(THREADS))[0] ?? NaN, fixed)),
      ...(await program(
        vs,
        'erlang',
        'Erlang',
        'memory',
        async (run) => (await run(THREADS))[0] ?? NaN,
        fixed,
      )),
    ],
    once,
  );
  tell.progress('more and more threads', 1 / 2);
  const growth = await grow(
    {
      id: 'memory.threads',
      bench: 'memory',
      title: 'memory of a thread that waits, by the number of threads',
      unit: 'bytes',
      axis: 'threads',
    },
    quick ? QUICK_POINTS : POINTS,
    [{ name: 'lwkt', kind: 'lwkt', at: (n) => () => weigh(n, false), ...fixed }],
    once,
  );
  return { rows, runs: [], maps: [], growth: [growth] };
};
