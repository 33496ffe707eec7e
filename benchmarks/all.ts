/** Every probe, one after the other; prints Markdown and keeps the figures: `node benchmarks/all.ts [--rounds N]`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { suite as boots } from './boot.ts';
import { suite as files } from './files.ts';
import { suite as ipi } from './ipi.ts';
import { environment, runSuite, table, type Result } from './lib/report.ts';
import { suite as mandelbrot } from './mandelbrot.ts';
import { suite as memory } from './memory.ts';
import { suite as spawn } from './spawn.ts';
import { suite as switches } from './switch.ts';
import { suite as sync } from './sync.ts';
import { suite as token } from './token.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });
const rounds = Number(values.rounds);
const results: Result[] = [];
for (const suite of [switches, spawn, ipi, token, sync, boots, memory, mandelbrot, files]) {
  const some = await runSuite(suite, rounds);
  for (const result of some) console.log(table(result));
  results.push(...some);
}
const where = environment();
console.log(`${rounds} rounds; ${JSON.stringify(where)}`);
const folder = new URL('./results/', import.meta.url);
await mkdir(folder, { recursive: true });
const name = `${new Date().toISOString().slice(0, 10)}-${String(where['commit'])}.json`;
await writeFile(
  new URL(name, folder),
  `${JSON.stringify({ version: 1, environment: where, rounds, results }, null, 1)}\n`,
);
