/**
 * How much memory does a waiting thread take?
 *
 * In: the descriptor in the arena, and what the heap of its cpu grows by, collected: generator, arguments, tables.
 * 100,000 threads that wait, against as many bare generators.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { boot } from 'lwkt';
import { main, type Probe } from './lib/report.ts';

const THREADS = 100_000;
const DESCRIPTOR = 128;

function collect(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

function* body(n: number): Generator<number, number, unknown> {
  yield n;
  return n;
}

function bareGenerators(): number {
  collect();
  const before = process.memoryUsage().heapUsed;
  const all = Array.from({ length: THREADS }, (_, i) => body(i));
  for (const one of all) one.next();
  collect();
  const bytes = (process.memoryUsage().heapUsed - before) / all.length;
  return bytes;
}

async function threads(queue: boolean): Promise<number> {
  const machine = await boot({
    program: new URL('./programs/kernel.ts', import.meta.url),
    cpus: 1,
    threads: THREADS + 10,
  });
  try {
    const used = async (): Promise<number> => (await machine.heaps({ collect: true }))[0]?.used ?? NaN;
    await machine.spawn('crowd', [10, queue], { cpu: 0 });
    const before = await used();
    await machine.spawn('crowd', [THREADS, queue], { cpu: 0 });
    return ((await used()) - before) / THREADS + DESCRIPTOR;
  } finally {
    await machine.stop();
  }
}

export function suite(): Promise<{ probes: readonly Probe[]; done: () => Promise<void> }> {
  return Promise.resolve({
    probes: [
      {
        title: 'memory of a waiting thread',
        unit: 'bytes',
        target: '400 bytes, all words included',
        contestants: [
          { name: 'bare generator', measure: () => Promise.resolve(bareGenerators()) },
          { name: 'lwkt, off the run queue', measure: () => threads(false) },
          { name: 'lwkt, on a wait queue', measure: () => threads(true) },
        ],
      },
    ],
    done: () => Promise.resolve(),
  });
}

if (import.meta.main) await main(suite);
