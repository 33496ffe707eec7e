import test from 'ava';
import { breakEvens } from '../../runtime/bench/break-even.ts';
import type { Growth } from '../../runtime/bench/schema.ts';

type Costs = readonly (number | null)[];

const AT = [10, 100, 1000];

function growth(baseline: string | undefined, curves: Readonly<Record<string, Costs>>): Growth {
  return {
    id: 'g',
    bench: 'b',
    title: 't',
    unit: 'ns',
    axis: 'steps',
    ...(baseline !== undefined && { baseline }),
    curves: Object.entries(curves).map(([name, costs]) => ({
      name,
      kind: 'peer',
      points: costs.map((cost, i) => ({
        at: AT[i] ?? NaN,
        cost: cost === null ? null : { median: cost, least: cost, most: cost },
        why: cost === null ? 'not here' : null,
      })),
    })),
  };
}

test('break-even: on a straight line over logarithmic scales', (t) => {
  // Ten times the baseline at 10, as much at 100, a tenth at 1000.
  const [exact] = breakEvens(growth('base', { base: [1, 1, 1], one: [10, 1, 0.1] }));
  t.is(exact?.at, 100);
  const [between] = breakEvens(growth('base', { base: [1, 1, 1], one: [100, 10, 0.1] }));
  t.true(Math.abs((between?.at ?? NaN) - 10 ** 2.5) < 1e-6, String(between?.at));
});

test('break-even: the last crossing counts, nowhere is null, from the first point on is told', (t) => {
  const found = breakEvens(
    growth('base', { base: [1, 1, 1], back: [0.5, 0.5, 2], twice: [0.5, 2, 0.5], all: [0.5, 0.5, 0.5] }),
  );
  t.deepEqual(
    found.map(({ name, at, throughout }) => [name, at === null ? null : Math.round(at), throughout]),
    [
      ['back', null, false],
      ['twice', 316, false],
      ['all', 10, true],
    ],
  );
});

test('break-even: points that were not measured are passed over; no baseline, nothing to say', (t) => {
  const [found] = breakEvens(growth('base', { base: [1, null, 1], one: [10, 0.1, 0.1] }));
  t.is(Math.round(found?.at ?? NaN), 100, 'the middle one has nothing to be compared with');
  t.deepEqual(breakEvens(growth('base', { base: [1, 1, 1], one: [null, null, null] })), []);
  t.deepEqual(breakEvens(growth(undefined, { base: [1], one: [2] })), []);
  t.deepEqual(breakEvens(growth('gone', { base: [1], one: [2] })), []);
});
