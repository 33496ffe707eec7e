/** What is going to be measured, and about how long it takes: said before it begins. */
import { counted } from '../base/counted.ts';
import type { BenchOptions } from './bench.ts';
import { BENCHES } from './benches.ts';
import { watchedMs } from './noise.ts';
import { DEFAULT_MS, QUICK_MS } from './options.ts';
import { shownLoads } from './ipi/loads.ts';
import type { IpiPlan } from './plan/ipi-plan.ts';

/** Milliseconds of one round of `ipi` beside what it measures: booting, getting warm, stopping. */
const ROUND_MS = 500;

/** A time that nobody knows exactly. */
export function about(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

/** Milliseconds of the latencies. */
function ipiMs({ ipi, map, rounds, durationMs }: BenchOptions): number {
  const runs = ipi.reduce((sum, plan) => sum + rounds * (plan.durationMs + ROUND_MS), 0);
  return runs + (map ? durationMs + ROUND_MS : 0);
}

/** Milliseconds of all, the look at the noise included; longer measurements make the rest longer in proportion. */
function allMs(names: readonly string[], options: BenchOptions): number {
  const { quick, durationMs } = options;
  const longer = Math.max(1, durationMs / (quick ? QUICK_MS : DEFAULT_MS));
  return names.reduce(
    (sum, name) =>
      sum +
      (name === 'ipi' ? ipiMs(options) : longer * 1000 * (BENCHES.get(name)?.seconds[quick ? 0 : 1] ?? 0)),
    2 * (watchedMs(quick) + ROUND_MS),
  );
}

/** What is different in some runs: their modes and their loads. */
function kinds(plans: readonly IpiPlan[]): string {
  const loads = plans.filter((plan) => plan.loads.length !== 0).map((plan) => shownLoads(plan.loads));
  const modes = plans.filter((plan) => plan.loads.length === 0).map(({ mode }) => mode);
  const parts: [string, string[]][] = [
    ['modes', modes],
    ['loads', loads],
  ];
  return parts
    .filter(([, names]) => names.length !== 0)
    .map(([what, names]) => `${what} ${names.join(', ')}`)
    .join('; ');
}

function ofIpi(options: BenchOptions, time?: string): string[] {
  const { ipi, map, leftOut, rounds, durationMs } = options;
  const ms = durationMs / rounds;
  const each = ms < 1000 ? `${Math.round(ms)} ms` : about(ms);
  const parts = [
    ...(ipi.length === 0
      ? []
      : [`${counted(ipi.length, 'combination')} in ${counted(rounds, 'round')} of ${each}`]),
    ...(map ? ['the map of all pairs'] : []),
  ];
  const lines = [`ipi: ${[parts.join(', and '), ...(time === undefined ? [] : [time])].join(': ')}`];
  if (leftOut.length === 0) return lines;
  return [
    ...lines,
    `ipi: left out by --quick: ${kinds(leftOut)}; --mode, --wake and --load name what is wanted, without --quick all are measured`,
  ];
}

/**
 * Lines that say what a run is going to do.
 *
 * @param names - of the table BENCHES
 */
export function announcement(names: readonly string[], options: BenchOptions): string[] {
  const time = `about ${about(allMs(names, options))} on two cores, more on a busy computer`;
  const alone = names.length === 1;
  if (alone && names[0] === 'ipi') return ofIpi(options, time);
  const list = [
    alone ? `${names[0] ?? ''}: ${time}` : `${names.length} benchmarks, ${time}: ${names.join(', ')}`,
  ];
  return names.includes('ipi') ? [...list, ...ofIpi(options)] : list;
}
