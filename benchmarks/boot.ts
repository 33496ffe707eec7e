/**
 * How long from nothing to the first instruction of a thread, on a machine of two cpus?
 *
 * In: the arena, two workers, loading the program on both, one spawn. Out: loading the host's modules, once a
 * process. Sources are stripped of their types at every start; the package is compiled.
 */
import { existsSync } from 'node:fs';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type * as Host from 'lwkt';
import { boot } from 'lwkt';
import { startPool } from './lib/piscina.ts';
import { main, type Probe } from './lib/report.ts';

const PROGRAM = new URL('./programs/first.ts', import.meta.url);
const COMPILED_PROGRAM = new URL('./programs/first-compiled.mjs', import.meta.url);
const COMPILED = new URL('../dist/index.js', import.meta.url);

function now(): number {
  return performance.timeOrigin + performance.now();
}

async function machineWith(host: typeof Host, program: URL): Promise<number> {
  const start = now();
  const machine = await host.boot({ program, cpus: 2 });
  const first = (await machine.run()) as number;
  await machine.stop();
  return first - start;
}

async function workers(): Promise<number> {
  const start = now();
  const both = [1, 2].map(() => new Worker(new URL('./workers/echo.ts', import.meta.url)));
  const times = await Promise.all(both.map(async (worker) => (await once(worker, 'message'))[0] as number));
  await Promise.all(both.map((worker) => worker.terminate()));
  return Math.max(...times) - start;
}

async function piscina(): Promise<number> {
  const start = now();
  const pool = startPool();
  const times = await Promise.all(
    [1, 2].map(() => pool.run(undefined, { name: 'first' }) as Promise<number>),
  );
  await pool.destroy();
  return Math.max(...times) - start;
}

export async function suite(): Promise<{ probes: readonly Probe[]; done: () => Promise<void> }> {
  const contestants = [
    { name: 'two bare Workers', measure: workers },
    { name: 'lwkt, TypeScript sources', measure: () => machineWith({ boot } as typeof Host, PROGRAM) },
    { name: 'Piscina, two tasks', measure: piscina },
  ];
  if (existsSync(COMPILED)) {
    const compiled = (await import(COMPILED.href)) as typeof Host;
    contestants.push({
      name: 'lwkt, compiled (dist)',
      measure: () => machineWith(compiled, COMPILED_PROGRAM),
    });
  } else process.stderr.write('no dist/: `npm run build` first to measure the compiled package\n');
  return {
    probes: [{ title: 'boot, two cpus', unit: 'ms', target: '60 ms compiled', contestants }],
    done: () => Promise.resolve(),
  };
}

if (import.meta.main) await main(suite);
