/** From histograms in shared memory to percentiles, by HdrHistogram. */
import * as hdr from 'hdr-histogram-js';
import { supports, type PercentileKey } from '../percentiles.ts';
import type { Recorded } from '../plan/histogram.ts';
import type { Distribution, Spread } from '../schema.ts';

/** 0.1 % of what the shared histogram gives. */
const DIGITS = 3;
const MOST_NS = 2 ** 41;

/** One histogram of all rounds. */
function merged(rounds: readonly Recorded[]): hdr.Histogram {
  const all = hdr.build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: MOST_NS,
    numberOfSignificantValueDigits: DIGITS,
    bitBucketSize: 64,
    autoResize: false,
    useWebAssembly: false,
  });
  for (const { buckets, min, max } of rounds) {
    for (const [i, [middle, many]] of buckets.entries()) {
      // The ends are known exactly.
      const last = i === buckets.length - 1;
      const ends = last ? 1 : 0;
      if (last) all.recordValue(Math.min(max, MOST_NS));
      if (many > ends)
        all.recordValueWithCount(Math.min(Math.max(min, Math.min(middle, max)), MOST_NS), many - ends);
    }
  }
  return all;
}

/** The middle, least and most of some values. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
  return { median, least: sorted[0] ?? 0, most: sorted.at(-1) ?? 0, n: sorted.length };
}

/** A percentile of one histogram, never above its greatest value. */
function percentile(histogram: hdr.Histogram, p: number, max: number): number {
  return Math.min(histogram.getValueAtPercentile(p), max);
}

/** Percentile of one round. */
export function percentileOf(recorded: Recorded, p: number): number {
  return percentile(merged([recorded]), p, recorded.max);
}

/** What the rounds of a run have recorded, as one distribution; undefined if that is nothing. */
export function distribution(name: string, given: readonly Recorded[]): Distribution | undefined {
  const rounds = given.filter(({ count }) => count !== 0);
  if (rounds.length === 0) return undefined;
  const all = merged(rounds);
  const max = Math.max(...rounds.map((round) => round.max));
  const at = (key: PercentileKey, p: number): number | null =>
    supports(all.totalCount, key) ? percentile(all, p, max) : null;
  const each = (p: number): Spread => spreadOf(rounds.map((round) => percentileOf(round, p)));
  const eachOf = (key: PercentileKey, p: number): Spread | null =>
    rounds.every((round) => supports(round.count, key)) ? each(p) : null;
  return {
    name,
    count: all.totalCount,
    min: Math.min(...rounds.map(({ min }) => min)),
    mean: all.mean,
    stddev: all.stdDeviation,
    p50: percentile(all, 50, max),
    p90: at('p90', 90),
    p99: at('p99', 99),
    p999: at('p999', 99.9),
    p9999: at('p9999', 99.99),
    max,
    rounds:
      rounds.length === 1
        ? null
        : { p50: each(50), p90: eachOf('p90', 90), p99: eachOf('p99', 99), p999: eachOf('p999', 99.9) },
    hdr: hdr.encodeIntoCompressedBase64(all),
  };
}
