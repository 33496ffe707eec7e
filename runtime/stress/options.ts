/** What the command line says, checked as a whole before anything boots. */
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { DEFAULT_RING, MAXCPU, MAX_RING, MIN_RING } from '../base/params.ts';
import { CHAOS } from './chaos.ts';
import { CHECKS } from './checks.ts';
import { refuse } from './parse.ts';
import type { StressPlan } from './plan.ts';
import type { HoldPart } from './random.ts';
import { defaultWeights, operationNames, SUITE_NAMES, SUITES, type SuiteName } from './suites.ts';

/** What commander gives. */
export interface StressOptions {
  readonly cpus?: number;
  readonly threads?: number;
  readonly duration?: number;
  readonly seed?: number;
  readonly tokens?: number;
  readonly hold?: readonly HoldPart[];
  readonly nested?: number;
  readonly ops?: Readonly<Record<string, number>>;
  readonly stutter?: number;
  readonly shuffle?: number;
  readonly longHold?: number;
  readonly chaos?: number;
  readonly ring?: number;
  readonly stall?: number;
  readonly interval?: number;
  readonly fairness?: number;
  readonly dump?: string | false;
  readonly json?: boolean;
  readonly failFast?: boolean;
  readonly busted?: string;
  readonly mutant?: string;
  readonly mutants?: true | string;
  readonly listMutants?: true;
  readonly jobs?: number;
}

/** Most threads of one suite on all cpus. */
const MOST_THREADS = 16_384;
const MOST_PER_CPU = 1024;
const MOST_TOKENS = 1024;
/** Milliseconds that each phase has at least. */
const SHORTEST_PHASE_MS = 100;
const MOST_DURATION_MS = 30 * 24 * 3_600_000;

/** Weights by suite and operation; a bare operation means that of the suites that run. */
function namedWeights(
  suites: readonly SuiteName[],
  given: Readonly<Record<string, number>>,
): Record<string, number> {
  const all: Record<string, number> = {};
  for (const [name, weight] of Object.entries(given)) {
    const found = suites.flatMap((suite) =>
      operationNames(suite)
        .map((operation) => ({ operation, key: `${suite}.${operation}` }))
        .filter(({ operation, key }) => name === operation || name === key),
    );
    if (found.length === 0) {
      const known = suites.map((suite) => `${suite}: ${operationNames(suite).join(', ')}`).join('; ');
      refuse(`--ops: there is no operation '${name}'; there are ${known}`);
    }
    for (const { key } of found) all[key] = weight;
  }
  for (const suite of suites) {
    const sum = operationNames(suite).reduce(
      (total, operation, i) => total + (all[`${suite}.${operation}`] ?? defaultWeights(suite)[i] ?? 0),
      0,
    );
    if (sum === 0) refuse(`--ops: every operation of suite '${suite}' has weight 0: nothing is left to do`);
  }
  return all;
}

function whole(option: string, least: number, most: number, initial: number): z.ZodDefault<z.ZodNumber> {
  const error = (issue: { input?: unknown }): string =>
    `${option}: ${String(issue.input)} must be a whole number of ${least} .. ${most}`;
  return z.number({ error }).int({ error }).min(least, { error }).max(most, { error }).default(initial);
}

function share(option: string): z.ZodDefault<z.ZodNumber> {
  const error = (issue: { input?: unknown }): string =>
    `${option}: ${String(issue.input)} must be a number of 0 .. 1: least over most, as in 0.5`;
  return z.number({ error }).min(0, { error }).max(1, { error }).default(0);
}

function period(option: string, least: number, most: number, initial: number): z.ZodDefault<z.ZodNumber> {
  const error = (issue: { input?: unknown }): string =>
    `${option}: ${String(issue.input)} ms must be ${least} ms or more, and ${most} ms at most`;
  return z.number({ error }).min(least, { error }).max(most, { error }).default(initial);
}

const DEFAULT_HOLD: readonly HoldPart[] = [
  { percent: 80, ns: 50 },
  { percent: 19, ns: 2000 },
  { percent: 1, ns: 50_000 },
];

function numbers(options: StressOptions): {
  [
    K in
      | 'cpus'
      | 'threads'
      | 'duration'
      | 'seed'
      | 'tokens'
      | 'nested'
      | 'stutter'
      | 'shuffle'
      | 'longHold'
      | 'chaos'
      | 'ring'
      | 'stall'
      | 'interval'
      | 'fairness'
  ]: number;
} {
  const schema = z.object({
    cpus: whole('--cpus', 1, MAXCPU, Math.min(MAXCPU, availableParallelism())),
    threads: whole('--threads', 1, MOST_PER_CPU, 4),
    duration: period('--duration', 100, MOST_DURATION_MS, 30_000),
    seed: whole('--seed', 0, 0x7fff_ffff, (Date.now() ^ (process.pid << 12)) & 0x7fff_ffff),
    tokens: whole('--tokens', 1, MOST_TOKENS, 4),
    nested: whole('--nested', 1, 8, Math.min(3, options.tokens ?? 4)),
    stutter: period('--stutter', 0, MOST_DURATION_MS, 0),
    shuffle: period('--shuffle', 0, MOST_DURATION_MS, 0),
    longHold: period('--long-hold', 0, 60_000, 0),
    chaos: whole('--chaos', 0, CHAOS.length - 1, 0),
    ring: whole('--ring', MIN_RING, MAX_RING, DEFAULT_RING),
    stall: period('--stall', 500, 3_600_000, 15_000),
    interval: period('--interval', 100, MOST_DURATION_MS, 10_000),
    fairness: share('--fairness'),
  });
  const parsed = schema.safeParse(options);
  if (!parsed.success) refuse(parsed.error.issues[0]?.message ?? 'options are wrong');
  return parsed.data;
}

/** The suites of a plan. */
export function suitesOf({ suite }: Pick<StressPlan, 'suite'>): readonly SuiteName[] {
  return suite === 'all' ? SUITE_NAMES : [suite];
}

function bustedCheck(name: string | undefined, suites: readonly SuiteName[]): StressPlan['busted'] {
  if (name === undefined) return '';
  const known = CHECKS.find(([check]) => check === name);
  if (known === undefined) {
    return refuse(
      `--busted: there is no check '${name}'; there are ${CHECKS.map(([check]) => check).join(', ')}`,
    );
  }
  const [check, , by] = known;
  const can: readonly string[] = by;
  if (can.length !== 0 && !suites.some((suite) => can.includes(suite))) {
    return refuse(
      `--busted: suite '${suites.join(', ')}' never makes check '${check}' fail; ${can.join(', ')} does`,
    );
  }
  return check;
}

/** A run has as many phases as suites, and one more of all together. */
function leastDuration(suites: readonly SuiteName[]): number {
  return SHORTEST_PHASE_MS * (suites.length === 1 ? 1 : suites.length + 1);
}

type Given = ReturnType<typeof numbers>;

/** What is wrong with the times when they are seen together. */
function checkTimes(given: Given, suites: readonly SuiteName[], hold: readonly HoldPart[]): void {
  const { cpus, threads, duration, longHold, stutter, shuffle, stall } = given;
  const least = leastDuration(suites);
  if (duration < least)
    refuse(
      `--duration: ${duration} ms for ${suites.length} suites; give ${least} ms or more, or name one suite`,
    );
  const longest = hold.reduce((most, { ns }) => Math.max(most, ns), 0) / 1e6;
  for (const [option, ms] of [
    ['--hold', longest],
    ['--long-hold', longHold],
    ['--stutter', stutter],
    ['--shuffle', shuffle],
  ] as const) {
    if (ms >= duration) refuse(`${option}: ${ms} ms is not shorter than the duration of ${duration} ms`);
  }
  if (Math.max(longest, longHold) * 4 >= stall) {
    refuse(
      `--hold: ${Math.max(longest, longHold)} ms is too near to --stall ${stall} ms: a hold would look like a hang`,
    );
  }
  const mean = hold.reduce((sum, { percent, ns }) => sum + (percent / 100) * ns, 0) / 1e6 + longHold / 1000;
  const all = cpus * threads * mean;
  if (all >= stall) {
    refuse(
      `--hold: when ${cpus * threads} threads hold one thing after the other, the last one waits ${Math.round(all)} ms, ` +
        `which looks like a hang; use shorter holds, fewer threads, or raise --stall (${stall} ms)`,
    );
  }
}

/** What is wrong with the rest. */
function checkTogether(given: Given, suites: readonly SuiteName[], ringGiven: boolean): void {
  const { cpus, threads, tokens, nested, ring, chaos, shuffle } = given;
  if (cpus * threads > MOST_THREADS)
    refuse(`--threads: ${threads} on each of ${cpus} cpus are more than ${MOST_THREADS} threads of a suite`);
  if ((ring & (ring - 1)) !== 0) refuse(`--ring: ${ring} must be a power of two`);
  const slots = CHAOS[chaos]?.ring ?? 0;
  if (ringGiven && slots !== 0 && ring !== slots)
    refuse(
      `--ring: ${ring} slots, but chaos ${chaos} has rings of ${slots}; leave --ring out, or use --chaos 2`,
    );
  if (nested > tokens)
    refuse(`--nested: ${nested} tokens at once, but there are only ${tokens}: raise --tokens`);
  if (shuffle === 0) return;
  if (cpus === 1) refuse('--shuffle: with one cpu there is nowhere to move to; use --cpus 2 or more');
  if (!suites.some((suite) => SUITES[suite].movable)) {
    const movable = SUITE_NAMES.filter((suite) => SUITES[suite].movable).join(', ');
    refuse(`--shuffle: threads of suite '${suites.join(', ')}' do not move; those of ${movable} do`);
  }
}

function suiteNamed(name: string): StressPlan['suite'] {
  if (name === 'all' || name in SUITES) return name as StressPlan['suite'];
  return refuse(`there is no suite '${name}'; there are ${SUITE_NAMES.join(', ')}, all`);
}

/**
 * Checks all options, also against each other.
 *
 * @throws LwktError ERR_LWKT_OPTION
 */
export function stressPlan(
  name: string,
  options: StressOptions,
): StressPlan & { readonly intervalMs: number } {
  const suite = suiteNamed(name);
  const suites = suitesOf({ suite });
  const given = numbers(options);
  const { cpus, threads, duration, tokens, nested, ring, chaos, longHold, stutter } = given;
  const hold = options.hold ?? DEFAULT_HOLD;
  checkTogether(given, suites, options.ring !== undefined);
  checkTimes(given, suites, hold);
  return {
    suite,
    cpus,
    threads,
    durationMs: duration,
    seed: given.seed,
    tokens,
    hold,
    nested,
    weights: namedWeights(suites, options.ops ?? {}),
    stutterMs: stutter,
    shuffleMs: given.shuffle,
    longHoldMs: longHold,
    chaos,
    ring: CHAOS[chaos]?.ring || ring,
    stallMs: given.stall,
    fairness: given.fairness,
    busted: bustedCheck(options.busted, suites),
    intervalMs: given.interval,
  };
}

/** A time as an option takes it. */
function shownMs(ms: number): string {
  if (ms !== 0 && ms % 60_000 === 0) return `${ms / 60_000}m`;
  return ms !== 0 && ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}

/** The options that repeat a run, in full; they are also the parameters of the verdict. */
export function shownPlan(plan: StressPlan): [string, string][] {
  const hold = plan.hold.map(({ percent, ns }) => `${percent}%${ns}ns`).join(',');
  const ops = Object.entries(plan.weights)
    .map(([name, weight]) => `${name}=${weight}`)
    .join(',');
  return [
    ['cpus', String(plan.cpus)],
    ['threads', String(plan.threads)],
    ['duration', shownMs(plan.durationMs)],
    ['seed', String(plan.seed)],
    ['tokens', String(plan.tokens)],
    ['hold', hold],
    ['nested', String(plan.nested)],
    ...(ops === '' ? [] : ([['ops', ops]] as [string, string][])),
    ['stutter', shownMs(plan.stutterMs)],
    ['shuffle', shownMs(plan.shuffleMs)],
    ['long-hold', shownMs(plan.longHoldMs)],
    ['chaos', String(plan.chaos)],
    ['ring', String(plan.ring)],
    ['stall', shownMs(plan.stallMs)],
    ...(plan.fairness === 0 ? [] : ([['fairness', String(plan.fairness)]] as [string, string][])),
    ...(plan.busted === '' ? [] : ([['busted', plan.busted]] as [string, string][])),
  ];
}
