/** Runs benchmarks one after the other and puts what they found into one report. */
import type { BenchEvents, BenchOptions } from './bench.ts';
import { BENCHES } from './benches.ts';
import { environment } from './environment.ts';
import type { BenchPart, BenchReport } from './schema.ts';

const NO_PARTS: BenchPart = { rows: [], runs: [], maps: [], growth: [] };

function merged(parts: readonly BenchPart[]): BenchPart {
  return {
    rows: parts.flatMap(({ rows }) => rows),
    runs: parts.flatMap(({ runs }) => runs),
    maps: parts.flatMap(({ maps }) => maps),
    growth: parts.flatMap(({ growth }) => growth),
  };
}

/**
 * Runs benchmarks.
 *
 * @param names - of the table BENCHES
 * @param command - the command that repeats the run, for the report
 * @throws LwktError when a machine does not boot
 */
export async function runBenches(
  names: readonly string[],
  options: BenchOptions,
  command: string,
  tell: BenchEvents,
): Promise<BenchReport> {
  const began = performance.now();
  const started = new Date().toISOString();
  const where = environment();
  const parts: BenchPart[] = [];
  for (const [i, name] of names.entries()) {
    if (options.interrupted.aborted) break;
    const bench = await BENCHES.get(name)?.load();
    const part = await bench?.(options, {
      progress: (what, share) => tell.progress(`${name}: ${what}`, (i + share) / names.length),
      note: (text) => tell.note(`${name}: ${text}`),
    });
    parts.push(part ?? NO_PARTS);
  }
  return {
    version: 1,
    verb: 'bench',
    command,
    started,
    seconds: Math.round((performance.now() - began) / 100) / 10,
    interrupted: options.interrupted.aborted,
    environment: where,
    noise: null,
    ...merged(parts),
  };
}
