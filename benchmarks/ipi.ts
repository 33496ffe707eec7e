/**
 * What does it cost to have another cpu do something, both awake?
 *
 * Call: send, run the function there, see it completed. Stream: one way, a function run for each. The other cpu is
 * idle and spins; waking a sleeping one costs some 40 µs more, here as in C.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { boot } from 'lwkt';
import { native } from './lib/native.ts';
import { startPool } from './lib/piscina.ts';
import { main, type Probe } from './lib/report.ts';

const CALLS = 200_000;
const STREAM = 2_000_000;
const MESSAGES = 5000;
const POSTS = 100_000;

export async function suite(): Promise<{ probes: readonly Probe[]; done: () => Promise<void> }> {
  const machine = await boot({ program: new URL('./programs/kernel.ts', import.meta.url), cpus: 2 });
  const pool = startPool();
  const worker = new Worker(new URL('./workers/echo.ts', import.meta.url));
  await once(worker, 'message');
  const ask = (name: string, n: number): Promise<number> =>
    machine.spawn(name, [n], { cpu: 0 }) as Promise<number>;
  const roundTrips = async (): Promise<number> => {
    const start = performance.now();
    for (let i = 0; i < MESSAGES; i++) {
      worker.postMessage({ kind: 'echo' });
      await once(worker, 'message');
    }
    return ((performance.now() - start) * 1e6) / MESSAGES;
  };
  const posts = async (): Promise<number> => {
    const start = performance.now();
    for (let i = 0; i < POSTS; i++) worker.postMessage({ kind: 'count' });
    worker.postMessage({ kind: 'report' });
    await once(worker, 'message');
    return ((performance.now() - start) * 1e6) / POSTS;
  };
  const tasks = async (): Promise<number> => {
    const start = performance.now();
    for (let i = 0; i < MESSAGES; i++) await pool.run(i, { name: 'add' });
    return ((performance.now() - start) * 1e6) / MESSAGES;
  };
  await ask('ipiCall', CALLS);
  const probes: Probe[] = [
    {
      title: 'IPI call',
      unit: 'ns',
      target: '1.3 times the bounce',
      contestants: [
        { name: 'C bounce of a cache line', measure: () => native('bounce', 1_000_000) },
        { name: 'lwkt', measure: () => ask('ipiCall', CALLS) },
        { name: 'postMessage round trip', measure: roundTrips },
        { name: 'Piscina task', measure: tasks },
      ],
    },
    {
      title: 'IPI stream',
      unit: 'ns',
      target: '12 ns',
      contestants: [
        { name: 'C ring', measure: () => native('ring', 20_000_000) },
        { name: 'lwkt', measure: () => ask('ipiStream', STREAM) },
        { name: 'postMessage', measure: posts },
      ],
    },
  ];
  return {
    probes,
    done: async () => {
      await machine.stop();
      await worker.terminate();
      await pool.destroy();
    },
  };
}

if (import.meta.main) await main(suite);
