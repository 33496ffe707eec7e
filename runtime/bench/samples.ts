/** The samples inside a distribution: percentiles for curves, bins for histograms. */
import { decodeFromCompressedBase64, JsHistogram } from 'hdr-histogram-js';
import { PERCENTILES, percentileIn } from './percentiles.ts';
import type { Distribution } from './schema.ts';

/** A value, how many samples have it, and how many have it or a smaller one. */
interface Step {
  readonly value: number;
  readonly here: number;
  readonly upTo: number;
}

/** A point of a percentile curve: `inverse` is 1/(1 - p), from 1 to the number of samples. */
export interface CurvePoint {
  readonly inverse: number;
  readonly ns: number;
}

/** Samples between two values, as a share of all. */
export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly share: number;
}

/** Points of a curve, and bins, in each power of ten. */
const POINTS_A_DECADE = 16;
const BINS_A_DECADE = 24;

/** Longest histogram that is decoded, in characters: two digits over ten powers of ten need some 4 kB. */
const MOST_TEXT = 1 << 20;

/** A distribution, decoded. */
export interface Samples {
  /** Points in order; the last is the maximum. */
  readonly curve: readonly CurvePoint[];
  /** Bins that are not empty, in order. */
  readonly bins: readonly Bin[];
}

/** The histogram itself; null when it cannot be read. */
function decoded({ hdr }: Distribution): JsHistogram | null {
  if (hdr.length > MOST_TEXT) return null;
  try {
    const histogram = decodeFromCompressedBase64(hdr, 64);
    return histogram instanceof JsHistogram && histogram.totalCount > 0 ? histogram : null;
  } catch {
    // Not from HdrHistogram, or cut off: what stands beside it must do.
    return null;
  }
}

function steps(histogram: JsHistogram): Step[] {
  const found: Step[] = [];
  const values = histogram.recordedValuesIterator;
  values.reset();
  while (values.hasNext()) {
    const { valueIteratedTo, countAddedInThisIterationStep, totalCountToThisValue } = values.next();
    found.push({ value: valueIteratedTo, here: countAddedInThisIterationStep, upTo: totalCountToThisValue });
  }
  return found;
}

function curveOf(found: readonly Step[], total: number): CurvePoint[] {
  const points: CurvePoint[] = [];
  let at = 0;
  for (let i = 0; ; i++) {
    const inverse = Math.min(total, 10 ** (i / POINTS_A_DECADE));
    const wanted = total * (1 - 1 / inverse);
    while (at < found.length - 1 && (found[at]?.upTo ?? 0) < wanted) at++;
    if (inverse >= total) break;
    points.push({ inverse, ns: found[at]?.value ?? 0 });
  }
  points.push({ inverse: total, ns: found.at(-1)?.value ?? 0 });
  return points;
}

function binsOf(found: readonly Step[], total: number): Bin[] {
  const bins = new Map<number, number>();
  for (const { value, here } of found) {
    const bin = Math.floor(Math.log10(Math.max(1, value)) * BINS_A_DECADE);
    bins.set(bin, (bins.get(bin) ?? 0) + here);
  }
  return [...bins]
    .toSorted(([a], [b]) => a - b)
    .map(([bin, n]) => ({
      from: 10 ** (bin / BINS_A_DECADE),
      to: 10 ** ((bin + 1) / BINS_A_DECADE),
      share: n / total,
    }));
}

/** The percentiles that stand beside the histogram, as a curve without it. */
function coarse(distribution: Distribution): CurvePoint[] {
  const { count, min, max } = distribution;
  const known: readonly (readonly [number, number | null])[] = [
    [1, min],
    ...PERCENTILES.map(
      ([key, , p]) => [Math.round(100 / (100 - p)), percentileIn(distribution, key)] as const,
    ),
    [Math.max(1, count), max],
  ];
  return known.flatMap(([inverse, ns]) => (ns === null || inverse > count ? [] : [{ inverse, ns }]));
}

/**
 * Decodes a distribution.
 *
 * @returns the percentiles alone, without bins, when the histogram cannot be read
 */
export function samplesOf(distribution: Distribution): Samples {
  const histogram = decoded(distribution);
  const found = histogram === null ? [] : steps(histogram);
  const total = found.at(-1)?.upTo ?? 0;
  if (total === 0) return { curve: coarse(distribution), bins: [] };
  return { curve: curveOf(found, total), bins: binsOf(found, total) };
}

/** Standard deviations that hold 99 % of a normal distribution. */
const SURE = 2.58;

/**
 * How far a percentile may be from the one of endlessly many such samples: a 99 % interval of its rank, which needs no
 * assumption about the distribution.
 *
 * @param share - the percentile, 0 .. 1
 * @returns null when the histogram cannot be read
 */
export function percentileInterval(distribution: Distribution, share: number): [number, number] | null {
  const histogram = decoded(distribution);
  if (histogram === null) return null;
  const off = SURE * Math.sqrt((share * (1 - share)) / histogram.totalCount);
  const at = (p: number): number => histogram.getValueAtPercentile(100 * Math.min(1, Math.max(0, p)));
  return [at(share - off), at(share + off)];
}
