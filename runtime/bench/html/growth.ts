/** Growth: how a cost changes with the amount of work, on two logarithmic scales. */
import * as Plot from '@observablehq/plot';
import type { Growth } from '../schema.ts';
import { amount, clip, count, logTicks } from '../figures.ts';
import { key } from './lines.ts';
import { html, type Markup } from './markup.ts';
import { lineStyle } from './palette.ts';
import { readout } from './readout.ts';
import { apart, chart, twice } from './svg.ts';

type Curve = Growth['curves'][number];

/** A measured point that a logarithmic scale can show. */
interface Point {
  readonly at: number;
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** Contention grows from nothing, which no logarithmic scale has: such an axis is shown as steps. */
function placed(growth: Growth): (at: number) => number {
  const all = [...new Set(growth.curves.flatMap(({ points }) => points.map(({ at }) => at)))].toSorted(
    (a, b) => a - b,
  );
  return all.some((at) => at <= 0) ? (at) => 2 ** all.indexOf(at) : (at) => at;
}

function pointsOf({ points }: Curve): Point[] {
  return points.flatMap(({ at, cost }) =>
    cost === null || cost.median <= 0 || !Number.isFinite(cost.median)
      ? []
      : [{ at, ...cost, least: Math.max(cost.least, cost.median / 100) }],
  );
}

/** What the curves show, in words. */
function summary({ curves, unit, axis }: Growth): string {
  return curves
    .map((curve) => {
      const points = pointsOf(curve);
      const first = points[0];
      const last = points.at(-1);
      if (first === undefined || last === undefined) return `${curve.name}: not measured`;
      return `${curve.name}: ${amount(first.median, unit)} at ${count(first.at)} ${axis}, ${amount(last.median, unit)} at ${count(last.at)}`;
    })
    .join('; ');
}

/** Draws the curves; null when none has a point. */
export function growthChart(growth: Growth): Markup | null {
  const { curves, unit, axis, title } = growth;
  const place = placed(growth);
  const lines = curves.map((curve) => ({ name: curve.name, kind: curve.kind, points: pointsOf(curve) }));
  const all = lines.flatMap(({ points }) => points);
  if (all.length === 0) return null;
  const low = Math.min(...all.map(({ least }) => least)) / 1.2;
  const high = Math.max(...all.map(({ most }) => most)) * 1.2;
  const least = Math.min(...all.map(({ at }) => place(at)));
  const most = Math.max(least * 1.01, ...all.map(({ at }) => place(at)));
  const steps = [...new Set(all.map(({ at }) => at))];
  const named = new Map(steps.map((at) => [place(at), count(at)]));
  const draw = (width: number, narrow: boolean): Markup => {
    const height = narrow ? 270 : 360;
    const margins = { marginLeft: 58, marginRight: narrow ? 34 : 196, marginTop: 14, marginBottom: 44 };
    const inner = height - margins.marginTop - margins.marginBottom;
    const toPixel = (y: number): number => (Math.log(high / y) / Math.log(high / low)) * inner;
    const places = apart(
      lines.map(({ points }) => toPixel(points.at(-1)?.median ?? high)),
      15,
      inner,
    );
    const x = ({ at }: Point): number => place(at);
    const drawn = chart(
      {
        width,
        height,
        ...margins,
        x: {
          type: 'log',
          domain: [least, most],
          ticks:
            narrow && named.size > 5 ? [...named.keys()].filter((_, i) => i % 2 === 0) : [...named.keys()],
          tickFormat: (at: number) => named.get(at) ?? count(at),
          label: axis,
          labelAnchor: 'center',
          labelArrow: 'none',
        },
        y: {
          type: 'log',
          domain: [low, high],
          ticks: logTicks(low, high),
          tickFormat: (y: number) => amount(y, unit),
          label: null,
        },
        marks: [
          Plot.gridY(logTicks(low, high), { stroke: 'var(--grid)', strokeOpacity: 1 }),
          ...lines.flatMap(({ points, kind, name }, i) => {
            const { colour, dash } = lineStyle(i);
            return [
              Plot.ruleX(points, {
                x,
                y1: 'least',
                y2: 'most',
                stroke: colour,
                strokeOpacity: 0.6,
                strokeWidth: 4,
              }),
              Plot.line(points, {
                x,
                y: 'median',
                stroke: colour,
                strokeWidth: kind === 'lwkt' ? 3 : 1.8,
                ...(dash !== undefined && { strokeDasharray: dash }),
              }),
              Plot.dot(points, { x, y: 'median', fill: colour, r: kind === 'lwkt' ? 4 : 3 }),
              ...(narrow || points.length === 0
                ? []
                : [
                    Plot.text([[most, high * (low / high) ** ((places[i] ?? 0) / inner)]], {
                      text: [clip(name, 22)],
                      textAnchor: 'start',
                      dx: 10,
                      fill: colour,
                      fontWeight: 600,
                    }),
                  ]),
            ];
          }),
        ],
      },
      `${title}, ${unit} by ${axis}. ${summary(growth)}`,
    );
    return html`${narrow && key(lines.map(({ name }) => name))}${readout(
      drawn,
      {
        from: margins.marginLeft / width,
        to: 1 - margins.marginRight / width,
        least,
        most,
        title: axis,
        unit,
      },
      lines.map(({ name, points }, i) => ({
        name,
        colour: lineStyle(i).colour,
        points: points.map((point) => [x(point), point.median, point.at]),
      })),
    )}`;
  };
  return twice(draw);
}
