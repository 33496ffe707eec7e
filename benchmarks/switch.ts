/**
 * What does a switch between threads of one cpu cost?
 *
 * In: the yield, the run queue, all accounting, the next thread's resume. Out: making and joining the threads.
 */
import { boot } from 'lwkt';
import { native } from './lib/native.ts';
import { main, type Probe } from './lib/report.ts';

const TOTAL = 1_000_000;

function* turns(times: number): Generator<undefined, void, unknown> {
  for (let i = 0; i < times; i++) yield;
}

function bareGenerators(n: number): number {
  const times = Math.ceil(TOTAL / n);
  const all = Array.from({ length: n }, () => turns(times));
  const start = performance.now();
  for (let i = 0; i < times; i++) for (const one of all) one.next();
  return ((performance.now() - start) * 1e6) / (times * n);
}

async function awaits(n: number): Promise<number> {
  const times = Math.ceil(TOTAL / n);
  const turn = async (): Promise<void> => {
    for (let i = 0; i < times; i++) await Promise.resolve();
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: n }, turn));
  return ((performance.now() - start) * 1e6) / (times * n);
}

export async function suite(): Promise<{ probes: readonly Probe[]; done: () => Promise<void> }> {
  const machine = await boot({
    program: new URL('./programs/kernel.ts', import.meta.url),
    cpus: 1,
    threads: 70_000,
  });
  const ours = (n: number): Promise<number> =>
    machine.spawn('switches', [n, TOTAL], { cpu: 0 }) as Promise<number>;
  await ours(2);
  const probes = [2, 1000, 60_000].map((n): Probe => ({
    title: `switch, ${n} threads`,
    unit: 'ns',
    target: '30 ns; ahead of await',
    contestants: [
      { name: 'C swapcontext', measure: () => native('switch', n, TOTAL) },
      { name: 'lwkt', measure: () => ours(n) },
      { name: 'bare generators', measure: () => Promise.resolve(bareGenerators(n)) },
      { name: 'await', measure: () => awaits(n) },
    ],
  }));
  return { probes, done: () => machine.stop().then(() => undefined) };
}

if (import.meta.main) await main(suite);
