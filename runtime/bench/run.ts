/** Runs benchmarks one after the other and puts what they found into one report. */
import type { BenchEvents, BenchOptions } from './bench.ts';
import { announcement } from './announcement.ts';
import { BENCHES } from './benches.ts';
import { quietNoise, stealBetween, ticks, watchedMs, worse } from './noise.ts';
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
  const watchMs = watchedMs(options.quick);
  const parts: BenchPart[] = [];
  for (const line of announcement(names, options)) tell.note(line);
  const before = await ticks();
  tell.progress('noise of this machine', 0);
  const quietBefore = await quietNoise(watchMs);
  const weightOf = (name: string): number => BENCHES.get(name)?.seconds[options.quick ? 0 : 1] ?? 0;
  const all = names.reduce((sum, name) => sum + weightOf(name), 0);
  let done = 0;
  for (const name of names) {
    if (options.interrupted.aborted) break;
    const entry = BENCHES.get(name);
    const weight = weightOf(name);
    const bench = await entry?.load();
    const part = await bench?.(options, {
      progress: (what, share) => tell.progress(`${name}: ${what}`, (done + share * weight) / all),
      note: (text) => tell.note(`${name}: ${text}`),
    });
    done += weight;
    parts.push(part ?? NO_PARTS);
  }
  const quietAfter = options.interrupted.aborted ? quietBefore : await quietNoise(watchMs);
  return {
    version: 1,
    verb: 'bench',
    command,
    started,
    seconds: Math.round((performance.now() - began) / 100) / 10,
    interrupted: options.interrupted.aborted,
    environment: where,
    noise: { ...worse(quietBefore, quietAfter), steal: stealBetween(before, await ticks()) },
    ...merged(parts),
  };
}
