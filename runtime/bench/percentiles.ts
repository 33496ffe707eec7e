/**
 * The percentiles of a report, and how many samples each takes: so many that one of them lies beyond it. The p99.99 of
 * a thousand samples would be their maximum again, under a name that promises more.
 */
import type { Distribution } from './schema.ts';

/** Field, name, per cent, and the fewest samples. */
export const PERCENTILES = [
  ['p50', 'p50', 50, 1],
  ['p90', 'p90', 90, 10],
  ['p99', 'p99', 99, 100],
  ['p999', 'p99.9', 99.9, 1000],
  ['p9999', 'p99.99', 99.99, 10_000],
] as const;

/** Field of a percentile. */
export type PercentileKey = (typeof PERCENTILES)[number][0];

/** Whether so many samples have such a percentile. */
export function supports(count: number, percentile: PercentileKey): boolean {
  return PERCENTILES.some(([key, , , least]) => key === percentile && count >= least);
}

/** A percentile of a distribution, also of a report from when they were all written; null where samples are missing. */
export function percentileIn(distribution: Distribution, percentile: PercentileKey): number | null {
  return supports(distribution.count, percentile) ? distribution[percentile] : null;
}
