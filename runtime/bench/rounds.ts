/**
 * Rounds of measurements that can be believed on a noisy machine: every round takes each contender forward and
 * backward (A B C C B A), and only ratios inside a round are formed, so that a machine that gets slower or faster
 * meanwhile does so for all.
 *
 * A measurement during which others used the cores is repeated; what stays disturbed is marked, and used only as far
 * as undisturbed rounds are missing.
 */
import { foreignMs, isDisturbed, usage, type Usage } from './disturbance.ts';
import { median } from './figures.ts';
import type { Contestant, Spread } from './schema.ts';

/** Somebody who is measured. */
export interface Contender {
  readonly name: string;
  readonly kind: Contestant['kind'];
  /**
   * Does `n` operations, checks what came of them, and returns the cost of one; of a row with several figures, each
   * of them. Throws when the result is wrong.
   */
  readonly measure: (n: number) => Promise<number | readonly number[]>;
  /** Fewest operations that make sense, and what their number is a multiple of; default 1. */
  readonly step?: number;
  /** The work is what it is: `n` is not asked for. */
  readonly fixed?: boolean;
  /** A process of its own each time: there is nothing to get warm. */
  readonly fresh?: boolean;
  /**
   * Makes what it runs on anew, as a machine that boots again: called before every round but the first. What a
   * compiler or an allocator once decided, and keeps, is then in the spread of the rounds.
   */
  readonly renew?: () => Promise<void>;
}

/** Somebody who cannot be measured here. */
export interface Absent {
  readonly name: string;
  readonly kind: Contestant['kind'];
  readonly why: string;
}

/** How much is measured. */
export interface Effort {
  readonly rounds: number;
  /** Milliseconds of one measurement, two of which make a round. */
  readonly sampleMs: number;
  /** Milliseconds that code runs at least before it counts. */
  readonly warmMs: number;
  /** How often a disturbed measurement is repeated; 0: it is marked at once, and so is its round. */
  readonly repeats: number;
  readonly interrupted: AbortSignal;
}

/** What came out for one contender, one for each figure of the row. */
export interface Outcome {
  readonly name: string;
  readonly kind: Contestant['kind'];
  readonly cost: readonly Spread[];
  /** The figure of the first contender over that of this one, formed inside each round. */
  readonly ratio: readonly Spread[];
  readonly rounds: number;
  readonly disturbed: number;
  readonly why: string | undefined;
}

/** How a disturbed measurement is noticed; tests bring their own. */
export interface Watcher {
  look(): Usage | undefined;
}

/** Warm-up ends when two measurements in a row agree so well, or after so many; fewer when it is renewed. */
const AGREE = 0.1;
const MOST_WARM_UPS = 6;
const MOST_AGAIN = 3;
const GROW = 100;
const MOST_OPERATIONS = 2 ** 30;

function figures(name: string, cost: number | readonly number[]): readonly number[] {
  const list = typeof cost === 'number' ? [cost] : cost;
  if (list.length === 0 || !list.every((value) => Number.isFinite(value) && value >= 0)) {
    throw new Error(`${name} gives ${String(cost)}, which is no figure`);
  }
  return list;
}

/**
 * Measures until it is warm: for a while, and until two measurements in a row agree or `most` did not.
 *
 * @returns the last cost
 */
async function warm(
  { contender, n }: Runner,
  most: number,
  { warmMs, interrupted }: Effort,
): Promise<number> {
  const began = performance.now();
  let before = Infinity;
  for (let tries = 0; tries < most && !interrupted.aborted;) {
    const [cost = NaN] = figures(contender.name, await contender.measure(n));
    if (performance.now() - began >= warmMs) {
      if (Math.abs(cost - before) <= AGREE * cost) return cost;
      tries++;
    }
    before = cost;
  }
  return before;
}

/** A contender that is warm, with how many operations take about `sampleMs`. */
async function warmUp(contender: Contender, effort: Effort): Promise<Runner> {
  const { step = 1, fixed = false } = contender;
  const { sampleMs, interrupted } = effort;
  const round = (n: number): number => Math.max(1, Math.round(Math.min(n, MOST_OPERATIONS) / step)) * step;
  let n = round(1);
  // Twice, since a computer that stands still for a moment makes few operations look like enough.
  for (let enough = fixed ? 2 : 0; enough < 2 && n < MOST_OPERATIONS && !interrupted.aborted;) {
    const [cost = NaN] = figures(contender.name, await contender.measure(n));
    const ms = (cost * n) / 1e6;
    enough = ms >= sampleMs / 2 ? enough + 1 : 0;
    if (enough === 0) n = Math.max(n + step, round(n * Math.min(GROW, sampleMs / Math.max(ms, 1e-6))));
  }
  if (contender.fresh === true) return { contender, n };
  const cost = await warm({ contender, n }, MOST_WARM_UPS, effort);
  // Warm, more of them take as long.
  return { contender, n: fixed ? n : Math.max(n, round((sampleMs * 1e6) / Math.max(cost, 1e-3))) };
}

/** Makes what a contender runs on anew, and warm. */
async function renew(runner: Runner, effort: Effort): Promise<void> {
  if (runner.contender.renew === undefined) return;
  await runner.contender.renew();
  await warm(runner, MOST_AGAIN, effort);
}

interface Sample {
  readonly costs: readonly number[];
  readonly disturbed: boolean;
}

async function sample({ contender, n }: Runner, repeats: number, watcher: Watcher): Promise<Sample> {
  let best: { costs: readonly number[]; foreign: number } | undefined;
  for (let tries = 0; tries <= repeats; tries++) {
    const from = watcher.look();
    const costs = figures(contender.name, await contender.measure(n));
    const to = watcher.look();
    if (!isDisturbed(from, to)) return { costs, disturbed: false };
    const foreign = foreignMs(from, to);
    if (best === undefined || foreign < best.foreign) best = { costs, foreign };
  }
  return { costs: best?.costs ?? [], disturbed: true };
}

/** The same twice: on the way there, and on the way back. */
type Pair = readonly [number, number];

interface Round {
  /** Of each contender, each figure, on the way there and back. */
  readonly costs: readonly (readonly Pair[])[];
  readonly disturbed: readonly boolean[];
}

/** One who is warm. */
interface Runner {
  readonly contender: Contender;
  readonly n: number;
}

/** A contender that failed in the middle of a round. */
class Dropped extends Error {
  readonly runner: Runner;

  constructor(runner: Runner, cause: unknown) {
    super(textOf(cause), { cause });
    this.runner = runner;
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Does something for a contender, which is left out when it fails. */
async function orDropped<T>(runner: Runner, what: () => Promise<T>): Promise<T> {
  try {
    return await what();
  } catch (error) {
    throw new Dropped(runner, error);
  }
}

async function oneRound(runners: readonly Runner[], repeats: number, watcher: Watcher): Promise<Round> {
  const there: Sample[] = [];
  const back: Sample[] = [];
  const take = (runner: Runner): Promise<Sample> => orDropped(runner, () => sample(runner, repeats, watcher));
  for (const runner of runners) there.push(await take(runner));
  for (const runner of runners.toReversed()) back.unshift(await take(runner));
  const pairs = there.map((one, i) => [one, back[i] as Sample] as const);
  return {
    costs: pairs.map(([a, b]) => a.costs.map((cost, figure): Pair => [cost, b.costs[figure] ?? NaN])),
    disturbed: pairs.map(([a, b]) => a.disturbed || b.disturbed),
  };
}

/**
 * Measures contenders against the first one. Who fails is left out, and told with the reason.
 *
 * @param effort - at least one round; disturbed ones are repeated, up to as many again
 */
export async function compete(
  entered: readonly (Contender | Absent)[],
  effort: Effort,
  watcher: Watcher = { look: () => usage() },
): Promise<Outcome[]> {
  const reasons = new Map<string, string>();
  let runners: Runner[] = [];
  for (const contender of entered) {
    if ('why' in contender) {
      reasons.set(contender.name, contender.why);
      continue;
    }
    try {
      runners.push(await warmUp(contender, effort));
    } catch (error) {
      reasons.set(contender.name, textOf(error));
    }
  }
  let clean: Round[] = [];
  let marked: Round[] = [];
  const most = effort.repeats === 0 ? effort.rounds : 2 * effort.rounds;
  while (clean.length < effort.rounds && clean.length + marked.length < most) {
    if (effort.interrupted.aborted || runners.length === 0) break;
    try {
      if (clean.length + marked.length !== 0) {
        for (const runner of runners) await orDropped(runner, () => renew(runner, effort));
      }
      const round = await oneRound(runners, effort.repeats, watcher);
      (round.disturbed.includes(true) ? marked : clean).push(round);
    } catch (error) {
      if (!(error instanceof Dropped)) throw error;
      const { contender } = error.runner;
      const index = runners.indexOf(error.runner);
      reasons.set(contender.name, error.message);
      runners = runners.toSpliced(index, 1);
      const without = (round: Round): Round => ({
        costs: round.costs.toSpliced(index, 1),
        disturbed: round.disturbed.toSpliced(index, 1),
      });
      clean = clean.map(without);
      marked = marked.map(without);
    }
  }
  const rounds = [...clean, ...marked].slice(0, effort.rounds);
  return entered.map(({ name, kind }) => {
    const index = runners.findIndex(({ contender }) => contender.name === name);
    if (index !== -1 && rounds.length !== 0) {
      const found = outcome(name, kind, rounds, index);
      // Without the first one there is nothing to form a ratio with.
      return runners[0]?.contender.name === entered[0]?.name ? found : { ...found, ratio: [] };
    }
    const why = reasons.get(name) ?? 'interrupted';
    return { name, kind, cost: [], ratio: [], rounds: 0, disturbed: 0, why };
  });
}

/** Medians of the rounds' means; least and most of all that was measured. */
function spreadOfPairs(pairs: readonly Pair[]): Spread {
  const all = pairs.flat();
  return {
    median: median(pairs.map(([there, back]) => (there + back) / 2)),
    least: Math.min(...all),
    most: Math.max(...all),
    n: all.length,
  };
}

function outcome(name: string, kind: Contestant['kind'], rounds: readonly Round[], index: number): Outcome {
  const figuresIn = rounds[0]?.costs[index]?.length ?? 0;
  const cost: Spread[] = [];
  const ratio: Spread[] = [];
  for (let figure = 0; figure < figuresIn; figure++) {
    const pairs = rounds.map(({ costs }) => costs[index]?.[figure] ?? ([NaN, NaN] as const));
    const ratios = rounds.map(({ costs }, i) => {
      const [there, back] = costs[0]?.[figure] ?? [NaN, NaN];
      const [a, b] = pairs[i] ?? [NaN, NaN];
      return { mean: (there + back) / (a + b), halves: [there / a, back / b] };
    });
    cost.push(spreadOfPairs(pairs));
    const halves = ratios.flatMap((one) => one.halves);
    ratio.push({
      median: median(ratios.map(({ mean }) => mean)),
      least: Math.min(...halves),
      most: Math.max(...halves),
      n: halves.length,
    });
  }
  return {
    name,
    kind,
    cost,
    ratio,
    rounds: rounds.length,
    disturbed: rounds.filter(({ disturbed }) => disturbed[0] === true || disturbed[index] === true).length,
    why: undefined,
  };
}
