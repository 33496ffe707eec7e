/** What the command line says, checked as a whole before anything boots. */
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { LwktError } from '../base/errors.ts';
import { DEFAULT_RING, MAXCPU, MAX_RING, MIN_RING } from '../base/params.ts';
import type { BenchOptions } from './bench.ts';
import { BENCHES } from './benches.ts';
import { peersOf } from './peers/names.ts';
import { ipiPlans, planId, wantsMap, type GivenIpiOptions } from './ipi/plans.ts';

/** What commander gives. */
export interface GivenBenchOptions extends GivenIpiOptions {
  readonly cpus?: number;
  /** Milliseconds. */
  readonly duration?: number;
  readonly ring?: number;
  readonly rounds?: number;
  readonly quick?: boolean;
  /** Names separated by commas; default all. */
  readonly vs?: string;
}

/** Milliseconds of one measurement, all its rounds together, and how many rounds. */
export const DEFAULT_MS = 1000;
export const QUICK_MS = 100;
const DEFAULT_ROUNDS = 5;
const QUICK_ROUNDS = 2;
const MOST_DURATION_MS = 24 * 3_600_000;

function refuse(message: string): never {
  throw new LwktError('ERR_LWKT_OPTION', message);
}

function whole(option: string, least: number, most: number, initial: number): z.ZodDefault<z.ZodNumber> {
  const error = (issue: { input?: unknown }): string =>
    `${option}: ${String(issue.input)} must be a whole number of ${least} .. ${most}`;
  return z.number({ error }).int({ error }).min(least, { error }).max(most, { error }).default(initial);
}

function period(option: string, least: number, most: number, initial: number): z.ZodDefault<z.ZodNumber> {
  const error = (issue: { input?: unknown }): string =>
    `${option}: ${String(issue.input)} ms must be ${least} ms or more, and ${most} ms at most`;
  return z.number({ error }).min(least, { error }).max(most, { error }).default(initial);
}

/** The names of the benchmarks asked for, in the order of the table. */
export function benchNames(given: readonly string[]): string[] {
  const known = [...BENCHES.keys()];
  const wrong = given.find((name) => name !== 'all' && !BENCHES.has(name));
  if (wrong !== undefined) refuse(`there is no benchmark '${wrong}'; there are ${known.join(', ')}, or all`);
  return given.includes('all') ? known : known.filter((name) => given.includes(name));
}

/** Options that only `ipi` has. */
const OF_IPI = ['mode', 'wake', 'load', 'rate', 'break'] as const;
/** Least time of a round: below, a machine has not even got warm. */
const LEAST_ROUND_MS = 5;

/**
 * Checks options and fills in defaults.
 *
 * @param names - of the benchmarks that are to run
 * @throws LwktError ERR_LWKT_OPTION naming option, value and limit
 */
export function benchOptions(
  names: readonly string[],
  given: GivenBenchOptions,
  interrupted: AbortSignal,
): BenchOptions {
  const quick = given.quick ?? false;
  const foreign = OF_IPI.find((option) => given[option] !== undefined);
  if (foreign !== undefined && !names.includes('ipi'))
    refuse(`--${foreign} is for ipi alone: lwkt bench ipi --${foreign} ${given[foreign] ?? ''}`);
  const cores = availableParallelism();
  const schema = z.object({
    cpus: whole('--cpus', 1, MAXCPU, Math.min(MAXCPU, Math.max(2, cores))),
    duration: period('--duration', LEAST_ROUND_MS, MOST_DURATION_MS, quick ? QUICK_MS : DEFAULT_MS),
    ring: whole('--ring', MIN_RING, MAX_RING, DEFAULT_RING).refine((n) => (n & (n - 1)) === 0, {
      error: (issue) => `--ring: ${String(issue.input)} must be a power of two`,
    }),
    rounds: whole('--rounds', 1, 1000, quick ? QUICK_ROUNDS : DEFAULT_ROUNDS),
  });
  const parsed = schema.safeParse(given);
  if (!parsed.success) refuse(parsed.error.issues[0]?.message ?? 'bad options');
  const { cpus, duration, ring, rounds } = parsed.data;
  if (duration / rounds < LEAST_ROUND_MS) {
    refuse(
      `--duration: ${duration} ms in ${rounds} rounds is less than ${LEAST_ROUND_MS} ms each; give more, or --rounds 1`,
    );
  }
  const settings = { cpus: given.cpus, cores, ring, durationMs: duration / rounds, quick };
  const vs = peersOf(given.vs ?? 'all');
  const ipi = names.includes('ipi') ? ipiPlans(given, settings) : [];
  const map = names.includes('ipi') && cpus > 1 && wantsMap(given);
  const known = new Set(ipi.map(planId));
  const all = names.includes('ipi') && quick ? ipiPlans(given, { ...settings, quick: false }) : [];
  const leftOut = all.filter((plan) => !known.has(planId(plan)));
  return { cpus, durationMs: duration, ring, rounds, quick, vs, ipi, map, leftOut, interrupted };
}
