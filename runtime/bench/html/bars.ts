/** Everyone who does an operation, as bars on a logarithmic scale. */
import * as Plot from '@observablehq/plot';
import type { Contestant, Row, Spread } from '../schema.ts';
import { amount, clip, logTicks } from '../figures.ts';
import type { Markup } from './markup.ts';
import { CARD, chart, roomFor, spaced } from './svg.ts';

/** Colours of contestants, by what they are. */
export const KIND_COLOUR: Readonly<Record<Contestant['kind'], string>> = {
  lwkt: 'var(--accent)',
  native: 'var(--native)',
  peer: 'var(--peer)',
};

/** A contestant with a figure that a logarithmic scale can show. */
interface Bar {
  readonly name: string;
  readonly kind: Contestant['kind'];
  readonly cost: Spread;
}

/** Longest name that has room beside its bar. */
const NAME = 19;

function barsOf({ contestants }: Row): Bar[] {
  return contestants.flatMap(({ name, kind, cost }) =>
    cost !== null && cost.median > 0 && Number.isFinite(cost.median)
      ? [{ name, kind, cost: { ...cost, least: Math.max(cost.least, cost.median / 1000) } }]
      : [],
  );
}

/** What the bars show, in words. */
function summary(row: Row, of: readonly Bar[]): string {
  const aim = row.limit === undefined || row.limit === null ? '' : `; aim ${amount(row.limit, row.unit)}`;
  return `${row.title}: ${of.map(({ name, cost }) => `${name} ${amount(cost.median, row.unit)}`).join(', ')}${aim}`;
}

/** Bars of one row, as a card of the grid; null when nobody has a figure. */
export function bars(row: Row): Markup | null {
  const of = barsOf(row);
  if (of.length === 0) return null;
  const limit = row.limit !== undefined && row.limit !== null && row.limit > 0 ? row.limit : null;
  const ends = of.flatMap(({ cost }) => [cost.least, cost.most]);
  if (limit !== null) ends.push(limit);
  const low = Math.min(...ends);
  const high = Math.max(...ends, low * 1.5);
  // The shortest bar still shows: a logarithmic scale has no zero to begin at.
  const from = low / (high / low) ** 0.15;
  const left = roomFor(
    of.map(({ name }) => clip(name, NAME)),
    144,
    6.9,
  );
  const right = 58;
  const y = (_: Bar, i: number): number => i;
  const spread = { x1: ({ cost }: Bar) => cost.least, x2: ({ cost }: Bar) => cost.most, y };
  return chart(
    {
      width: CARD,
      height: 26 + of.length * 26 + (limit === null ? 4 : 18),
      marginLeft: left,
      marginRight: right,
      marginTop: limit === null ? 4 : 18,
      marginBottom: 22,
      x: {
        type: 'log',
        domain: [from, high],
        ticks: spaced(
          logTicks(from, high),
          (x) => (Math.log(x / from) / Math.log(high / from)) * (CARD - left - right),
          (x) => amount(x, row.unit),
        ),
        tickFormat: (x: number) => amount(x, row.unit),
        label: null,
        tickSize: 3,
      },
      y: { domain: of.map((_, i) => i), axis: null, padding: 0.3 },
      marks: [
        Plot.text(of, {
          y,
          text: ({ name }: Bar) => clip(name, NAME),
          frameAnchor: 'left',
          textAnchor: 'end',
          dx: -6,
          fontSize: 11,
        }),
        Plot.barX(of, {
          x1: from,
          x2: ({ cost }: Bar) => cost.median,
          y,
          fill: ({ kind }: Bar) => KIND_COLOUR[kind],
        }),
        Plot.ruleY(of, { ...spread, stroke: 'var(--ground)', strokeWidth: 5 }),
        Plot.ruleY(of, { ...spread, stroke: 'var(--ink)', strokeWidth: 2 }),
        Plot.text(of, {
          y,
          text: ({ cost }: Bar) => amount(cost.median, row.unit),
          frameAnchor: 'right',
          textAnchor: 'end',
          dx: right - 2,
        }),
        ...(limit === null
          ? []
          : [
              Plot.ruleX([limit], { stroke: 'var(--good)', strokeWidth: 2, strokeDasharray: '4 3' }),
              Plot.text([limit], {
                x: (x: number) => x,
                frameAnchor: 'top',
                text: [`aim ${amount(limit, row.unit)}`],
                dy: -14,
                fill: 'var(--good)',
                fontWeight: 600,
              }),
            ]),
      ],
    },
    summary(row, of),
  );
}
