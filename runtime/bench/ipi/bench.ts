/**
 * `lwkt bench ipi`: every plan in rounds, the rounds of all plans taken in turn, so that what drifts touches all alike.
 */
import type { Bench, BenchEvents, BenchOptions } from '../bench.ts';
import { DISTRIBUTIONS, type IpiPlan } from '../plan/ipi-plan.ts';
import type { Distribution, LatencyRun, PairMap } from '../schema.ts';
import { isDisturbed, usage } from '../disturbance.ts';
import { C, external } from '../external.ts';
import { distribution } from './distribution.ts';
import { shownLoads } from './loads.ts';
import { pairMap } from './map.ts';
import { planId } from './plans.ts';
import { runRound, type Round } from './run.ts';

/** One round, and whether others disturbed it. */
interface Watched extends Round {
  readonly disturbed: boolean;
}

/** Rounds up to this long, in milliseconds, are repeated once when they were disturbed. */
const REPEATED_MS = 2000;

async function watched(plan: IpiPlan, interrupted: AbortSignal): Promise<Watched> {
  const before = usage();
  const round = await runRound(plan, interrupted);
  return { ...round, disturbed: isDisturbed(before, usage()) };
}

/** A round that nobody disturbed, if the second try gives one. */
async function calmRound(plan: IpiPlan, interrupted: AbortSignal): Promise<Watched> {
  const first = await watched(plan, interrupted);
  if (!first.disturbed || first.broke !== null || plan.durationMs > REPEATED_MS) return first;
  if (interrupted.aborted) return first;
  const second = await watched(plan, interrupted);
  // Stopped early, it is less than the first.
  return interrupted.aborted ? first : second;
}

/** Counters of rounds added up. */
function summed(rounds: readonly Watched[]): Record<string, number> {
  const disturbed = rounds.filter((round) => round.disturbed).length;
  const all: Record<string, number> = { 'disturbed rounds': disturbed };
  for (const { counters } of rounds) {
    for (const [name, n] of Object.entries(counters)) all[name] = (all[name] ?? 0) + n;
  }
  return all;
}

/** Round trips of the C program that bounces a cache line; and how often it runs in a round. */
const BOUNCES = 20_000;
const BOUNCE_RUNS = 3;

/** What bounces of a cache line between two cores take in C, nanoseconds; empty where that cannot be told. */
async function bounce({ vs }: BenchOptions, tell: BenchEvents): Promise<number[]> {
  const times: number[] = [];
  if (!vs.has('native')) return times;
  const program = await external(C, 'bounce');
  if ('why' in program) return times;
  try {
    for (let i = 0; i < BOUNCE_RUNS; i++) times.push(...(await program.run(BOUNCES)));
  } catch (error) {
    // Two threads that spin on one core take turns by the tick: then it is given up.
    tell.note(error instanceof Error ? error.message : String(error));
  }
  return times;
}

/**
 * The physical limit beside a run: the quickest of the bounces, since what others do can only make them slower. Only
 * where nothing but a cache line's way is in the figure: none for sleepers and cpus at work.
 */
function baselineOf({ mode, wake, loads }: IpiPlan, bounces: readonly number[]): number | null {
  const alone = mode !== 'self' && mode !== 'passive' && wake === 'awake' && loads.length === 0;
  return alone && bounces.length !== 0 ? Math.min(...bounces) : null;
}

/** The rounds of one plan as one run; undefined when nothing was recorded. */
function latencyRun(
  plan: IpiPlan,
  rounds: readonly Watched[],
  bounces: readonly number[],
): LatencyRun | undefined {
  const distributions = DISTRIBUTIONS.map((name, i) =>
    distribution(
      name,
      rounds.flatMap(({ recorded }) => recorded[i] ?? []),
    ),
  ).filter((one): one is Distribution => one !== undefined);
  if (distributions.length === 0) return undefined;
  const seconds = rounds.reduce((sum, { result }) => sum + result.seconds, 0);
  return {
    id: planId(plan),
    mode: plan.mode,
    wake: plan.wake,
    load: shownLoads(plan.loads),
    loop: plan.rate === 0 ? 'closed' : 'open',
    rate: plan.rate === 0 ? null : plan.rate,
    cpus: plan.cpus,
    ring: plan.ring,
    seconds,
    overheadNs: Math.max(...rounds.map(({ result }) => result.clockNs)),
    distributions,
    baselineNs: baselineOf(plan, bounces),
    counters: summed(rounds),
    broke: rounds.find(({ broke }) => broke !== null)?.broke ?? null,
  };
}

function noteUnsent(run: LatencyRun, tell: BenchEvents): void {
  const { unsent = 0, sent = 0 } = run.counters;
  if (unsent === 0) return;
  tell.note(
    `${run.id}: ${unsent} of ${unsent + sent} IPIs could not be sent in twice the time: the rate is above what this machine does; they are counted as late as they were`,
  );
}

/** The benchmark. */
export const ipiBench: Bench = async (options: BenchOptions, tell: BenchEvents) => {
  const { ipi: plans, rounds, interrupted } = options;
  const all = plans.map((): Watched[] => []);
  const steps = plans.length * rounds + (options.map ? 1 : 0);
  let done = 0;
  const bounces: number[] = [];
  for (let round = 0; round < rounds; round++) {
    if (!interrupted.aborted) bounces.push(...(await bounce(options, tell)));
    for (const [i, plan] of plans.entries()) {
      const found = all[i] as Watched[];
      const broken = found.some(({ broke }) => broke !== null);
      if (!interrupted.aborted && !broken) {
        tell.progress(`${planId(plan)}, round ${round + 1} of ${rounds}`, done / steps);
        found.push(await calmRound(plan, interrupted));
      }
      done++;
    }
  }
  const maps: PairMap[] = [];
  if (options.map && !interrupted.aborted) {
    tell.progress('map of all pairs', done / steps);
    maps.push(await pairMap(options.cpus, options.ring, options.durationMs, interrupted));
  }
  const runs = plans.flatMap((plan, i) => latencyRun(plan, all[i] as Watched[], bounces) ?? []);
  for (const run of runs) noteUnsent(run, tell);
  return { rows: [], runs, maps, growth: [] };
};
