/** What the command line says, checked as a whole before anything boots. */
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { LwktError } from '../base/errors.ts';
import { DEFAULT_RING, MAXCPU, MAX_RING, MIN_RING } from '../base/params.ts';
import { CHAOS } from './chaos.ts';
import type { StressPlan } from './plan.ts';
import { CHECKS } from './record.ts';
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
  readonly json?: boolean;
  readonly failFast?: boolean;
  readonly busted?: string;
  readonly mutant?: string;
  readonly mutants?: boolean | string;
}

/** Most threads of one suite on all cpus. */
const MOST_THREADS = 16_384;
const MOST_PER_CPU = 1024;
const MOST_TOKENS = 1024;
const MOST_DURATION_MS = 30 * 24 * 3_600_000;

const UNITS_NS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

function refuse(message: string): never {
  throw new LwktError('ERR_LWKT_OPTION', message);
}

/** A time with its unit, in nanoseconds. */
function time(option: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)$/.exec(text.trim());
  const unit = UNITS_NS[match?.[2] ?? ''];
  if (match === null || unit === undefined) {
    refuse(
      `${option}: '${text}' is not a time; write a number and its unit, as in 50ns, 2us, 1ms, 30s, 5m, 2h`,
    );
  }
  return Number(match[1]) * unit;
}

/** A parser for times of a millisecond and more; gives milliseconds. */
export function milliseconds(option: string): (text: string) => number {
  return (text) => time(option, text) / 1e6;
}

/** A parser for hold times: `2us`, or shares of 100 percent as in `90%50ns,10%1ms`. */
export function holdTimes(text: string): HoldPart[] {
  const parts = text.split(',').map((part) => {
    const match = /^(?:(\d+)%)?(.+)$/.exec(part.trim());
    return {
      percent: match?.[1] === undefined ? undefined : Number(match[1]),
      ns: time('--hold', match?.[2] ?? ''),
    };
  });
  if (parts.length === 1 && parts[0]?.percent === undefined) return [{ percent: 100, ns: parts[0]?.ns ?? 0 }];
  const shares = parts.map(({ percent, ns }) => ({
    percent: percent ?? refuse(`--hold: '${text}': a mix needs a share for each part, as in 90%50ns,10%1ms`),
    ns,
  }));
  const sum = shares.reduce((all, { percent }) => all + percent, 0);
  if (sum !== 100) refuse(`--hold: '${text}': the shares sum up to ${sum} percent, not 100`);
  return shares;
}

/** A parser for `--ops get=10,tokens.try=0`. */
export function weights(text: string, before: Readonly<Record<string, number>> = {}): Record<string, number> {
  const given: Record<string, number> = { ...before };
  for (const part of text.split(',')) {
    const [name = '', value = ''] = part.split('=', 2);
    const weight = Number(value);
    if (value === '' || !Number.isInteger(weight) || weight < 0 || weight > 1_000_000) {
      refuse(`--ops: '${part}' is not operation=weight with a whole number of 0 .. 1000000, as in get=10`);
    }
    given[name.trim()] = weight;
  }
  return given;
}

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
  });
  const parsed = schema.safeParse(options);
  if (!parsed.success) refuse(parsed.error.issues[0]?.message ?? 'options are wrong');
  return parsed.data;
}

/** The suites of a plan. */
export function suitesOf({ suite }: Pick<StressPlan, 'suite'>): readonly SuiteName[] {
  return suite === 'all' ? SUITE_NAMES : [suite];
}

function bustedCheck(name: string | undefined): StressPlan['busted'] {
  if (name === undefined) return '';
  const known = CHECKS.find(([check]) => check === name)?.[0];
  return (
    known ??
    refuse(`--busted: there is no check '${name}'; there are ${CHECKS.map(([check]) => check).join(', ')}`)
  );
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
  const given = numbers(options);
  const { cpus, threads, duration, tokens, nested, ring, chaos, longHold, stutter } = given;
  const hold = options.hold ?? DEFAULT_HOLD;
  if (cpus * threads > MOST_THREADS)
    refuse(`--threads: ${threads} on each of ${cpus} cpus are more than ${MOST_THREADS} threads of a suite`);
  if ((ring & (ring - 1)) !== 0) refuse(`--ring: ${ring} must be a power of two`);
  if (nested > tokens)
    refuse(`--nested: ${nested} tokens at once, but there are only ${tokens}: raise --tokens`);
  const longest = hold.reduce((most, { ns }) => Math.max(most, ns), 0) / 1e6;
  if (longest >= duration) refuse(`--hold: ${longest} ms is not shorter than the duration of ${duration} ms`);
  if (longHold >= duration)
    refuse(`--long-hold: ${longHold} ms is not shorter than the duration of ${duration} ms`);
  if (stutter >= duration)
    refuse(`--stutter: ${stutter} ms is not shorter than the duration of ${duration} ms`);
  if (Math.max(longest, longHold) * 4 >= given.stall) {
    refuse(
      `--hold: ${Math.max(longest, longHold)} ms is too near to --stall ${given.stall} ms: a hold would look like a hang`,
    );
  }
  return {
    suite,
    cpus,
    threads,
    durationMs: duration,
    seed: given.seed,
    tokens,
    hold,
    nested,
    weights: namedWeights(suitesOf({ suite }), options.ops ?? {}),
    stutterMs: stutter,
    shuffleMs: given.shuffle,
    longHoldMs: longHold,
    chaos,
    ring: CHAOS[chaos]?.ring || ring,
    stallMs: given.stall,
    busted: bustedCheck(options.busted),
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
    ...(plan.busted === '' ? [] : ([['busted', plan.busted]] as [string, string][])),
  ];
}
