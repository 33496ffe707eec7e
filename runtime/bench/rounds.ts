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

/** Warm-up ends when two measurements in a row agree so well, or after so many. */
const AGREE = 0.1;
const MOST_WARM_UPS = 6;
const GROW = 10;
const MOST_OPERATIONS = 2 ** 30;

function figures(name: string, cost: number | readonly number[]): readonly number[] {
  const list = typeof cost === 'number' ? [cost] : cost;
  if (list.length === 0 || !list.every((value) => Number.isFinite(value) && value >= 0)) {
    throw new Error(`${name} gives ${String(cost)}, which is no figure`);
  }
  return list;
}

/** How many operations take about `sampleMs`, found while the code gets warm. */
async function warmUp(contender: Contender, { sampleMs, interrupted }: Effort): Promise<number> {
  const { step = 1, fixed = false } = contender;
  const round = (n: number): number => Math.max(1, Math.round(Math.min(n, MOST_OPERATIONS) / step)) * step;
  let n = round(1);
  let before = Infinity;
  for (let tries = 0; tries < MOST_WARM_UPS && !interrupted.aborted;) {
    const [cost = NaN] = figures(contender.name, await contender.measure(n));
    const ms = (cost * n) / 1e6;
    const enough = fixed || ms >= sampleMs / 2 || n >= MOST_OPERATIONS;
    if (enough && Math.abs(cost - before) <= AGREE * cost) break;
    if (enough) tries++;
    before = cost;
    n = fixed ? n : round(Math.max(step, n * Math.min(GROW, sampleMs / Math.max(ms, 1e-6))));
  }
  return n;
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

async function oneRound(runners: readonly Runner[], repeats: number, watcher: Watcher): Promise<Round> {
  const there: Sample[] = [];
  const back: Sample[] = [];
  const take = async (runner: Runner): Promise<Sample> => {
    try {
      return await sample(runner, repeats, watcher);
    } catch (error) {
      throw new Dropped(runner, error);
    }
  };
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
      runners.push({ contender, n: await warmUp(contender, effort) });
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
