import { testProp, fc } from '@fast-check/ava';
import test from 'ava';
import '../helpers/seed.ts';
import * as hdr from 'hdr-histogram-js';
import { distribution, percentileOf, spreadOf } from '../../runtime/bench/ipi/distribution.ts';
import { HISTOGRAM_WORDS, SharedHistogram } from '../../runtime/bench/plan/histogram.ts';

/** What the buckets and HdrHistogram may be off, together: 1/128 and 1/1000. */
const MOST_ERROR = 0.01;

function histogram(): { m: Int32Array; shared: SharedHistogram } {
  const m = new Int32Array(new SharedArrayBuffer(4 * 2 * HISTOGRAM_WORDS));
  const shared = new SharedHistogram(m, HISTOGRAM_WORDS);
  shared.reset();
  return { m, shared };
}

/** The value that `p` percent of the values do not exceed. */
function exact(sorted: readonly number[], p: number): number {
  return sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)] as number;
}

/** Nanoseconds to half an hour, every size as likely as any other. */
const times = fc
  .tuple(fc.integer({ min: 0, max: 40 }), fc.double({ min: 1, max: 2, maxExcluded: true, noNaN: true }))
  .map(([bits, mantissa]) => Math.floor(2 ** bits * mantissa) - 1);

testProp(
  'histogram: every percentile is within 1 % of the exact one, and the ends are exact',
  [fc.array(times, { minLength: 1, maxLength: 400 })],
  (t, values) => {
    const { shared } = histogram();
    for (const value of values) shared.record(value);
    const recorded = shared.read();
    const sorted = values.toSorted((a, b) => a - b);
    t.is(recorded.count, values.length);
    t.is(recorded.min, sorted[0] as number);
    t.is(recorded.max, sorted.at(-1) as number);
    t.is(
      recorded.buckets.reduce((sum, [, n]) => sum + n, 0),
      values.length,
    );
    for (const p of [0, 1, 50, 90, 99, 99.9, 100]) {
      const is = exact(sorted, p);
      t.true(Math.abs(percentileOf(recorded, p) - is) <= MOST_ERROR * is + 1e-9, `p${p} of ${values.length}`);
    }
  },
);

testProp(
  'histogram: mean and deviation of a distribution are those of the values, within 1 %',
  [fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 1, maxLength: 200 })],
  (t, values) => {
    const { shared } = histogram();
    for (const value of values) shared.record(value);
    const found = distribution('one way', [shared.read()]);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
    t.true(Math.abs((found?.mean ?? NaN) - mean) <= MOST_ERROR * mean + 1e-9);
    // What a value is off adds to the deviation, whatever that is.
    t.true(
      Math.abs((found?.stddev ?? NaN) - Math.sqrt(variance)) <= MOST_ERROR * (mean + Math.sqrt(variance)),
    );
  },
);

testProp(
  'histogram: several at once are as many as one by one',
  [fc.array(fc.tuple(times, fc.integer({ min: 1, max: 50 })), { maxLength: 50 })],
  (t, entries) => {
    const one = histogram().shared;
    const many = histogram().shared;
    for (const [value, n] of entries) {
      for (let i = 0; i < n; i++) one.record(value);
      many.record(value, n);
    }
    t.deepEqual(many.read().buckets, one.read().buckets);
    t.is(many.read().count, one.read().count);
  },
);

testProp(
  'histogram: rounds merge into one distribution, and their spread is that of the rounds',
  [fc.array(fc.array(times, { minLength: 1, maxLength: 50 }), { minLength: 2, maxLength: 5 })],
  (t, rounds) => {
    const recorded = rounds.map((values) => {
      const { shared } = histogram();
      for (const value of values) shared.record(value);
      return shared.read();
    });
    const found = distribution('one way', recorded);
    const sorted = rounds.flat().toSorted((a, b) => a - b);
    t.is(found?.count, sorted.length);
    t.is(found?.max, sorted.at(-1));
    t.is(found?.p90 === null, sorted.length < 10);
    const p90 = found?.p90 ?? exact(sorted, 90);
    t.true(Math.abs(p90 - exact(sorted, 90)) <= MOST_ERROR * exact(sorted, 90) + 1e-9);
    t.deepEqual(found?.rounds?.p50, spreadOf(recorded.map((round) => percentileOf(round, 50))));
  },
);

test('histogram: what is below 0 is 0, fractions are rounded, beyond the last bucket only the end is exact', (t) => {
  const { shared } = histogram();
  for (const ns of [-5, 0.4, 1.6, 2 ** 50]) shared.record(ns);
  const recorded = shared.read();
  t.deepEqual(recorded.buckets.slice(0, 2), [
    [0, 2],
    [2, 1],
  ]);
  t.is(recorded.max, 2 ** 50);
  t.is(recorded.count, 4);
});

test('histogram: counts go beyond 32 bits', (t) => {
  const { shared } = histogram();
  for (let i = 0; i < 3; i++) shared.record(7, 2 ** 31);
  t.deepEqual(shared.read().buckets, [[7, 3 * 2 ** 31]]);
});

test('histogram: touches no word but its own', (t) => {
  const { m, shared } = histogram();
  for (let bits = 0; bits < 45; bits++) shared.record(2 ** bits);
  t.true(m.subarray(0, HISTOGRAM_WORDS).every((word) => word === 0));
});

test('distribution: a percentile that the samples do not support is null', (t) => {
  const { shared } = histogram();
  const keys = ['p50', 'p90', 'p99', 'p999', 'p9999'] as const;
  const known = (count: number): number => {
    while (shared.read().count < count) shared.record(100 + shared.read().count);
    const found = distribution('round trip', [shared.read()]);
    return keys.filter((key) => found?.[key] !== null).length;
  };
  t.deepEqual([1, 2, 9, 10, 99, 100, 999, 1000].map(known), [1, 1, 1, 2, 2, 3, 3, 4]);
  t.is(distribution('round trip', [shared.read()])?.p9999, null);
  shared.record(5, 9000);
  t.is(typeof distribution('round trip', [shared.read()])?.p9999, 'number');
});

test('distribution: the spread of p99 over rounds needs samples in each', (t) => {
  const rounds = [histogram().shared, histogram().shared];
  rounds[0]?.record(7, 500);
  rounds[1]?.record(9, 99);
  const spreads = (): unknown =>
    distribution(
      'round trip',
      rounds.map((round) => round.read()),
    )?.rounds;
  const both = { median: 8, least: 7, most: 9, n: 2 };
  t.deepEqual(spreads(), { p50: both, p90: both, p99: null, p999: null });
  rounds[1]?.record(9);
  t.deepEqual(spreads(), { p50: both, p90: both, p99: both, p999: null });
});

test('distribution: its histogram can be decoded and says the same', (t) => {
  const { shared } = histogram();
  for (let i = 1; i <= 10_000; i++) shared.record(i);
  const found = distribution('round trip', [shared.read()]);
  const decoded = hdr.decodeFromCompressedBase64(found?.hdr ?? '');
  t.is(decoded.totalCount, 10_000);
  t.is(decoded.getValueAtPercentile(99), found?.p99 ?? NaN);
});

test('distribution: of nothing there is none', (t) => {
  t.is(distribution('one way', [histogram().shared.read()]), undefined);
});
