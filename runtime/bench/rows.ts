/** From what competed to rows and curves of a report. */
import type { BenchOptions } from './bench.ts';
import { compete, type Absent, type Contender, type Effort, type Outcome } from './rounds.ts';
import type { Contestant, Growth, Row, Spread } from './schema.ts';

/** When a figure is good enough: so much at most or at least, or so many times what another one takes. */
export type Aim =
  { readonly most: number } | { readonly least: number } | { readonly times: number; readonly of: string };

/** One figure that contenders are compared by. */
export interface Figure {
  readonly id: string;
  readonly title: string;
  readonly includes: string;
  readonly unit: string;
  /** More is better; default: less is. */
  readonly more?: boolean;
  readonly aim?: Aim;
}

/** Rounds of a point of a curve, at most. */
const MOST_CURVE_ROUNDS = 3;
const MOST_QUICK_CURVE_ROUNDS = 2;

/** Milliseconds in which V8 has compiled what is hot: until then its compilers share the cores with who is measured. */
const WARM_MS = 300;
const QUICK_WARM_MS = 50;

/** How much is measured for a row. */
export function effortOf({ rounds, durationMs, quick, interrupted }: BenchOptions): Effort {
  // A round measures everyone twice.
  return {
    rounds,
    sampleMs: durationMs / rounds / 2,
    warmMs: quick ? QUICK_WARM_MS : WARM_MS,
    repeats: quick ? 0 : 2,
    interrupted,
  };
}

/** Long times in milliseconds. */
function inWords(value: number, unit: string): string {
  return unit === 'ns' && value >= 1e6 ? `${value / 1e6} ms` : `${value} ${unit}`;
}

/** A ratio, unless one side never came to its turn: then its figure was 0, and there is none. */
function told(ratio: Spread | undefined): Spread | null {
  if (ratio === undefined) return null;
  return [ratio.median, ratio.least, ratio.most].every(Number.isFinite) ? ratio : null;
}

/** What is said of an aim, and by which figures. */
type Verdict = Pick<Row, 'target' | 'met' | 'certain' | 'limit'>;

/** Judges by the median; certain where the ends of the spread say the same. */
function judged(spread: Spread, reaches: (value: number) => boolean): Pick<Row, 'met' | 'certain'> {
  const met = reaches(spread.median);
  return { met, certain: reaches(spread.least) === met && reaches(spread.most) === met };
}

function verdict(aim: Aim | undefined, unit: string, index: number, outcomes: readonly Outcome[]): Verdict {
  const ours = outcomes[0]?.cost[index];
  const unjudged = { met: null, certain: null, limit: null };
  if (aim === undefined || ours === undefined) return { target: null, ...unjudged };
  if ('most' in aim) {
    const { most } = aim;
    return { target: `≤ ${inWords(most, unit)}`, ...judged(ours, (value) => value <= most), limit: most };
  }
  if ('least' in aim) {
    const { least } = aim;
    return { target: `≥ ${least} ${unit}`, ...judged(ours, (value) => value >= least), limit: least };
  }
  const { times, of } = aim;
  const target = `≤ ${times} × ${of}`;
  const ratio = told(outcomes.find(({ name }) => name === of)?.ratio[index]);
  if (ratio === null) return { target, ...unjudged };
  // The median of ratios is not the ratio of medians: what is judged by the one is drawn by the one.
  const limit = (ours.median / ratio.median) * times;
  return { target, ...judged(ratio, (value) => value <= times), limit };
}

function contestant({ name, kind, cost, ratio, rounds, disturbed, why }: Outcome, index: number): Contestant {
  return {
    name,
    kind,
    cost: cost[index] ?? null,
    ratio: told(ratio[index]),
    rounds,
    disturbed,
    why: why ?? null,
  };
}

/**
 * Compares contenders by one figure or several that they all measure at once.
 *
 * @param contenders - the first is lwkt
 * @throws Error when lwkt itself fails: its result was wrong
 */
export async function compare(
  bench: string,
  all: readonly Figure[],
  contenders: readonly (Contender | Absent)[],
  options: BenchOptions,
): Promise<Row[]> {
  const outcomes = await compete(contenders, effortOf(options));
  const [first] = outcomes;
  const optional = contenders[0] !== undefined && 'why' in contenders[0];
  if (first?.why !== undefined && !optional && !options.interrupted.aborted)
    throw new Error(`${bench}: ${first.why}`);
  return all.map(({ id, title, includes, unit, more = false, aim }, index) => ({
    id,
    bench,
    title,
    includes,
    unit,
    more,
    ...verdict(aim, unit, index, outcomes),
    contestants: outcomes.map((one) => contestant(one, index)),
  }));
}

/** Who is measured at a point of a curve; undefined leaves the point out. */
export type Curve = Pick<Contestant, 'name' | 'kind'> & {
  readonly at: (x: number) => Contender['measure'] | string | undefined;
  readonly step?: (x: number) => number;
} & Pick<Contender, 'fixed' | 'fresh' | 'renew'>;

/**
 * Measures how a cost grows.
 *
 * @param points - ascending
 */
export async function grow(
  about: Omit<Growth, 'curves'>,
  points: readonly number[],
  curves: readonly Curve[],
  options: BenchOptions,
): Promise<Growth> {
  const { rounds, ...effort } = effortOf(options);
  // The points are many, and nothing in a curve marks what was disturbed: its shape tells.
  const most = options.quick ? MOST_QUICK_CURVE_ROUNDS : MOST_CURVE_ROUNDS;
  const few = { ...effort, rounds: Math.min(rounds, most), repeats: 0 };
  const found = curves.map(({ name, kind }): Growth['curves'][number] => ({ name, kind, points: [] }));
  for (const x of points) {
    if (options.interrupted.aborted) break;
    const entered = curves.flatMap(({ name, kind, at, step, ...settings }): (Contender | Absent)[] => {
      const measure = at(x);
      if (measure === undefined) return [];
      if (typeof measure === 'string') return [{ name, kind, why: measure }];
      return [{ name, kind, measure, ...settings, step: step?.(x) ?? 1 }];
    });
    for (const { name, cost, why } of await compete(entered, few)) {
      found
        .find((curve) => curve.name === name)
        ?.points.push({ at: x, cost: cost[0] ?? null, why: why ?? null });
    }
  }
  return { ...about, curves: found };
}

/** The same with something made for each point alone, as a machine of so many cpus, and gone before the next. */
export async function growWith<T extends AsyncDisposable>(
  about: Omit<Growth, 'curves'>,
  points: readonly number[],
  make: (x: number) => Promise<T>,
  curves: (made: T) => readonly Curve[],
  options: BenchOptions,
): Promise<Growth> {
  let all: Growth = { ...about, curves: [] };
  for (const x of points) {
    if (options.interrupted.aborted) break;
    await using made = await make(x);
    const { curves: found } = await grow(about, [x], curves(made), options);
    const before = all.curves;
    const joined = found.map((curve, i) => {
      const { name, kind } = curve;
      return { name, kind, points: [...(before[i]?.points ?? []), ...curve.points] };
    });
    all = { ...about, curves: joined };
  }
  return all;
}
