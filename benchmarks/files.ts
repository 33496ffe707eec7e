/**
 * 200 text files of 1 MB: hash and word count, two cpus against one plain thread and against Piscina.
 *
 * The files are made anew, from a fixed seed, in a temporary folder, and read once before: the page cache is warm.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { boot } from 'lwkt';
import { startPool } from './lib/piscina.ts';
import { main, type Probe } from './lib/report.ts';
import { countFile } from './lib/work.ts';

const FILES = 200;
const BYTES = 1_000_000;

/** Words of 1 to 12 letters, from a linear congruential generator. */
function makeText(seed: number): Buffer {
  const bytes = Buffer.alloc(BYTES);
  let state = seed;
  let left = 0;
  for (let i = 0; i < BYTES; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    bytes[i] = left === 0 ? 32 : 97 + ((state >> 16) % 26);
    left = left === 0 ? 1 + ((state >> 16) % 12) : left - 1;
  }
  return bytes;
}

export async function suite(): Promise<{ probes: readonly Probe[]; done: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'lwkt-bench-files-'));
  const paths = Array.from({ length: FILES }, (_, i) => join(folder, `${i}.txt`));
  for (const [i, path] of paths.entries()) await writeFile(path, makeText(i + 1));
  const machine = await boot({ program: new URL('./programs/files.ts', import.meta.url), cpus: 2 });
  const pool = startPool();
  const timed = async (count: () => Promise<number>): Promise<number> => {
    const start = performance.now();
    const words = await count();
    if (words !== expected) throw new Error(`${words} words counted, there are ${expected}`);
    return performance.now() - start;
  };
  const plain = (): number => paths.reduce((sum, path) => sum + countFile(path), 0);
  const expected = plain();
  const ours = async (): Promise<number> => (await machine.run(paths)) as number;
  const tasks = async (): Promise<number> => {
    const counts = (await Promise.all(paths.map((path) => pool.run(path, { name: 'file' })))) as number[];
    return counts.reduce((sum, words) => sum + words, 0);
  };
  await ours();
  await tasks();
  return {
    probes: [
      {
        title: '200 files of 1 MB: hash and word count, two cpus',
        unit: 'ms',
        target: 'ratio 0.53: 1.9 times as fast as one thread',
        contestants: [
          { name: 'one plain thread', measure: () => timed(() => Promise.resolve(plain())) },
          { name: 'lwkt', measure: () => timed(ours) },
          { name: 'Piscina', measure: () => timed(tasks) },
        ],
      },
    ],
    done: async () => {
      await machine.stop();
      await pool.destroy();
      await rm(folder, { recursive: true });
    },
  };
}

if (import.meta.main) await main(suite);
