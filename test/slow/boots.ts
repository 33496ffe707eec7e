/**
 * Boots and stops machines in a row and tells what stays: memory, threads of the process, handles.
 *
 *   node --expose-gc test/slow/boots.ts [COUNT]
 *
 * COUNT is 1000 unless given, or LWKT_TEST_BOOTS. Prints one JSON line; ends with 1 when something leaks.
 */
import { readFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { boot } from '../../runtime/index.ts';

/** Most bytes that may stay for each machine, and beyond that for all: the allocator's own slack. */
const PER_BOOT = 60_000;
const SLACK = 48 * 1024 * 1024;

const count = Number(process.argv[2] ?? process.env['LWKT_TEST_BOOTS'] ?? 1000);
const program = new URL('../host/programs/basic.ts', import.meta.url);

interface Seen {
  rss: number;
  threads: number;
  resources: string[];
}

async function look(): Promise<Seen> {
  for (let i = 0; i < 10; i++) {
    globalThis.gc?.();
    await turn();
  }
  const threads = /^Threads:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return {
    rss: process.memoryUsage.rss(),
    threads: Number(threads),
    resources: process.getActiveResourcesInfo().toSorted(),
  };
}

async function once(i: number): Promise<void> {
  const machine = await boot({ program, cpus: 1 + (i % 2) });
  const result = (await machine.run(i)) as number[];
  if (result[0] !== i * 10) throw new Error(`machine ${i} gave ${String(result)}`);
  await machine.heaps();
  const { forced, leftovers } = await machine.stop();
  if (forced.length + leftovers.length !== 0)
    throw new Error(`machine ${i} left ${JSON.stringify(leftovers)}`);
}

const warmUp = Math.min(50, Math.max(10, Math.floor(count / 10)));
for (let i = 0; i < warmUp; i++) await once(i);
const before = await look();
const start = performance.now();
for (let i = 0; i < count; i++) await once(i);
const after = await look();
const faults: string[] = [];
const growth = after.rss - before.rss;
if (growth > SLACK + count * PER_BOOT) faults.push(`${growth} bytes stayed`);
if (after.threads > before.threads) faults.push(`${after.threads} threads instead of ${before.threads}`);
if (after.resources.join() !== before.resources.join()) faults.push(`handles: ${after.resources.join(' ')}`);
console.log(
  JSON.stringify({ count, ms: Math.round(performance.now() - start), growth, before, after, faults }),
);
process.exitCode = faults.length === 0 ? 0 : 1;
