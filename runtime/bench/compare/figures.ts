/**
 * The figures of a report that another report can be compared with, by name.
 *
 * A machine drifts: the same C program takes twice as long minutes later. So each figure carries, where there is one,
 * its ratio to a native baseline of the same minutes, and `compare.ts` takes that when both reports have it.
 */
import { percentileInterval } from '../samples.ts';
import type { BenchReport, Contestant, Distribution, Growth, LatencyRun, Row, Spread } from '../schema.ts';

/** One figure of lwkt. */
export interface Figure {
  /** What pairs it with the same one of another report. */
  readonly key: string;
  readonly kind: 'row' | 'latency' | 'growth';
  readonly unit: string;
  /** True where more is better. */
  readonly more: boolean;
  /** Null when it could not be measured; then `why` says why. */
  readonly value: Spread | null;
  readonly why: string | null;
  /** By the name of the native baseline: the figure over that of the baseline. */
  readonly ratios: ReadonlyMap<string, Spread>;
}

function native({ kind, cost }: { kind: Contestant['kind']; cost: Spread | null }): boolean {
  return kind === 'native' && cost !== null;
}

function ofRow({ id, unit, more, contestants }: Row): Figure {
  const own = contestants.find(({ kind }) => kind === 'lwkt');
  const ratios = contestants.flatMap((c): [string, Spread][] =>
    native(c) && c.ratio !== null ? [[c.name, c.ratio]] : [],
  );
  return {
    key: id,
    kind: 'row',
    unit,
    more,
    value: own?.cost ?? null,
    why: own?.why ?? null,
    ratios: new Map(ratios),
  };
}

/** Percentiles that are compared: name, share, and samples that there must be. */
const PERCENTILES = [
  ['p50', 'p50', 0.5, 20],
  ['p90', 'p90', 0.9, 100],
  ['p99', 'p99', 0.99, 1000],
  ['p999', 'p99.9', 0.999, 10_000],
] as const;

/** Of the whole way; stages are for reading, the whole is what must not get slower. */
const WHOLE = new Set(['round trip', 'one way']);

/** How far a percentile goes: over the rounds, and as far as so many samples can tell; null if they tell nothing. */
function percentile(d: Distribution, [key, , share, least]: (typeof PERCENTILES)[number]): Spread | null {
  const median = d[key];
  if (median === null || d.count < least) return null;
  // Of an older report, which has them of two percentiles only, the next one below.
  const rounds = d.rounds?.[key] ?? d.rounds?.[key === 'p90' ? 'p50' : 'p99'] ?? undefined;
  const [low, high] = percentileInterval(d, share) ?? [median, median];
  const relative = (end: number | undefined): number =>
    rounds === undefined || end === undefined || rounds.median <= 0 ? 1 : end / rounds.median;
  return {
    median,
    least: Math.min(low, median * Math.min(1, relative(rounds?.least))),
    most: Math.max(high, median * Math.max(1, relative(rounds?.most))),
    n: rounds?.n,
  };
}

function times({ median, least, most, n }: Spread, factor: number): Spread {
  return { median: median * factor, least: least * factor, most: most * factor, n };
}

function ofRun({ id, distributions, baselineNs }: LatencyRun): Figure[] {
  return distributions
    .filter(({ name }) => WHOLE.has(name))
    .flatMap((d) =>
      PERCENTILES.flatMap((p): Figure[] => {
        const value = percentile(d, p);
        if (value === null) return [];
        const bounced = baselineNs !== null && baselineNs > 0;
        const ratios = new Map(bounced ? [['C bounce', times(value, 1 / baselineNs)]] : []);
        const key = `${id} ${d.name} ${p[1]}`;
        return [{ key, kind: 'latency', unit: 'ns', more: false, value, why: null, ratios }];
      }),
    );
}

/** A quotient of two spreads: as far as their ends can make it go. */
function over(a: Spread, b: Spread): Spread {
  return { median: a.median / b.median, least: a.least / b.most, most: a.most / b.least, n: a.n };
}

function ofGrowth({ id, unit, axis, curves }: Growth): Figure[] {
  const natives = curves.filter(({ kind }) => kind === 'native');
  return curves
    .filter(({ kind }) => kind === 'lwkt')
    .flatMap(({ name, points }) =>
      points.map(({ at, cost, why }): Figure => {
        const ratios = natives.flatMap((curve): [string, Spread][] => {
          const base = curve.points.find((point) => point.at === at)?.cost ?? null;
          return cost === null || base === null || base.least <= 0 ? [] : [[curve.name, over(cost, base)]];
        });
        const who = name === 'lwkt' ? '' : ` ${name}`;
        return {
          key: `${id}${who} at ${at} ${axis}`,
          kind: 'growth',
          unit,
          more: false,
          value: cost,
          why,
          ratios: new Map(ratios),
        };
      }),
    );
}

/** All figures of a report, in its order. Of two with the same key the first stands. */
export function figuresOf({ rows, runs, growth }: BenchReport): Map<string, Figure> {
  const all = [...rows.map(ofRow), ...runs.flatMap(ofRun), ...growth.flatMap(ofGrowth)];
  const byKey = new Map<string, Figure>();
  for (const figure of all) if (!byKey.has(figure.key)) byKey.set(figure.key, figure);
  return byKey;
}
