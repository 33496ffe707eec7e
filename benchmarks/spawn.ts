/**
 * What does a thread cost from creation to join?
 *
 * In: descriptor, arguments, scheduling, running an empty body, the result. Elsewhere: 64 in flight to another cpu,
 * against a pool with as many tasks in flight.
 */
import { boot } from 'lwkt';
import { native } from './lib/native.ts';
import { startPool } from './lib/piscina.ts';
import { main, type Probe } from './lib/report.ts';

const OWN = 300_000;
const OTHER = 64_000;
const TASKS = 6400;
const FLIGHT = 64;

function* body(n: number): Generator<undefined, number, unknown> {
  return n;
}

function bareGenerators(): number {
  let sum = 0;
  const start = performance.now();
  for (let i = 0; i < OWN; i++) sum += body(i).next().value ?? 0;
  const ns = ((performance.now() - start) * 1e6) / OWN;
  return sum < 0 ? NaN : ns;
}

async function asyncCalls(): Promise<number> {
  const call = async (n: number): Promise<number> => n;
  const start = performance.now();
  for (let i = 0; i < OWN; i++) await call(i);
  return ((performance.now() - start) * 1e6) / OWN;
}

export async function suite(): Promise<{ probes: readonly Probe[]; done: () => Promise<void> }> {
  const machine = await boot({ program: new URL('./programs/kernel.ts', import.meta.url), cpus: 2 });
  const pool = startPool();
  const ask = (name: string, ...args: number[]): Promise<number> =>
    machine.spawn(name, args, { cpu: 0 }) as Promise<number>;
  const tasks = async (): Promise<number> => {
    const start = performance.now();
    for (let done = 0; done < TASKS; done += FLIGHT) {
      await Promise.all(Array.from({ length: FLIGHT }, (_, i) => pool.run(i, { name: 'add' })));
    }
    return ((performance.now() - start) * 1e6) / TASKS;
  };
  await ask('spawnOwn', OWN);
  const probes: Probe[] = [
    {
      title: 'create, run, exit, join on the own cpu',
      unit: 'ns',
      target: '150 ns',
      contestants: [
        { name: 'bare generator', measure: () => Promise.resolve(bareGenerators()) },
        { name: 'lwkt', measure: () => ask('spawnOwn', OWN) },
        { name: 'async function', measure: asyncCalls },
        { name: 'C pthread', measure: () => native('pthread-create', 5000) },
      ],
    },
    {
      title: 'the same on another cpu, 64 in flight',
      unit: 'ns',
      target: '1,500 ns',
      contestants: [
        { name: 'Piscina task', measure: tasks },
        { name: 'lwkt', measure: () => ask('spawnOther', OTHER, FLIGHT) },
      ],
    },
  ];
  return {
    probes,
    done: async () => {
      await machine.stop();
      await pool.destroy();
    },
  };
}

if (import.meta.main) await main(suite);
