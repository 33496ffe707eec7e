/** Growth: how a cost changes with the amount of work, on two logarithmic scales. */
import * as Plot from '@observablehq/plot';
import type { Growth } from '../schema.ts';
import { amount, clip, count } from '../figures.ts';
import { key } from './lines.ts';
import { html, type Markup } from './markup.ts';
import { lineStyle } from './palette.ts';
import { readout } from './readout.ts';
import { type Drawing, apart, chart, logGrid, logScale, twice } from './svg.ts';

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

/** Where everything lies. */
interface Frame {
  readonly lines: readonly { name: string; kind: Curve['kind']; points: readonly Point[] }[];
  readonly place: (at: number) => number;
  readonly low: number;
  readonly high: number;
  readonly least: number;
  readonly most: number;
  /** What the places of the axis are called. */
  readonly named: ReadonlyMap<number, string>;
}

function frameOf(growth: Growth): Frame | null {
  const place = placed(growth);
  const lines = growth.curves.map((curve) => ({
    name: curve.name,
    kind: curve.kind,
    points: pointsOf(curve),
  }));
  const all = lines.flatMap(({ points }) => points);
  if (all.length === 0) return null;
  const least = Math.min(...all.map(({ at }) => place(at)));
  const steps = [...new Set(all.map(({ at }) => at))];
  return {
    lines,
    place,
    low: Math.min(...all.map((point) => point.least)) / 1.2,
    high: Math.max(...all.map((point) => point.most)) * 1.2,
    least,
    most: Math.max(least * 1.01, ...all.map(({ at }) => place(at))),
    named: new Map(steps.map((at) => [place(at), count(at)])),
  };
}

/** The number of cores, where a curve over cpus goes beyond it; else null. */
export function crowdedFrom({ axis, curves }: Growth, cores: number): number | null {
  if (axis !== 'cpus') return null;
  const all = curves.flatMap(({ points }) => points.map(({ at }) => at));
  return all.some((at) => at <= cores) && all.some((at) => at > cores) ? cores : null;
}

/** A line at the number of cores. */
function coresMarks(growth: Growth, cores: number, narrow: boolean): Plot.Markish[] {
  const at = crowdedFrom(growth, cores);
  if (at === null) return [];
  return [
    Plot.ruleX([at], { stroke: 'var(--quiet)', strokeDasharray: '3 4', strokeWidth: 1.5 }),
    Plot.text([at], {
      x: (x: number) => x,
      frameAnchor: 'top',
      textAnchor: 'start',
      dx: 6,
      text: [narrow ? `${count(at)} cores` : `as many as there are cores: ${count(at)}`],
      fill: 'var(--quiet)',
      stroke: 'var(--ground)',
      strokeWidth: 4,
    }),
  ];
}

function margins(narrow: boolean): Record<`margin${'Left' | 'Right' | 'Top' | 'Bottom'}`, number> {
  return { marginLeft: 58, marginRight: narrow ? 34 : 196, marginTop: 14, marginBottom: 44 };
}

function drawn(growth: Growth, frame: Frame, cores: number, [width, narrow]: Parameters<Drawing>): Markup {
  const { unit, axis, title } = growth;
  const { lines, place, low, high, least, most, named } = frame;
  const height = narrow ? 270 : 360;
  const around = margins(narrow);
  const inner = height - around.marginTop - around.marginBottom;
  const toPixel = (y: number): number => (Math.log(high / y) / Math.log(high / low)) * inner;
  const places = apart(
    lines.map(({ points }) => toPixel(points.at(-1)?.median ?? high)),
    15,
    inner,
  );
  const x = ({ at }: Point): number => place(at);
  const curveMarks = ({ points, kind, name }: Frame['lines'][number], i: number): Plot.Markish[] => {
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
              text: [clip(name, 26)],
              textAnchor: 'start',
              dx: 10,
              fill: colour,
              fontWeight: 600,
            }),
          ]),
    ];
  };
  return chart(
    {
      width,
      height,
      ...around,
      x: {
        type: 'log',
        domain: [least, most],
        ticks: narrow && named.size > 5 ? [...named.keys()].filter((_, i) => i % 2 === 0) : [...named.keys()],
        tickFormat: (at: number) => named.get(at) ?? count(at),
        label: axis,
        labelAnchor: 'center',
        labelArrow: 'none',
      },
      y: logScale(low, high, (y: number) => amount(y, unit)),
      marks: [logGrid(low, high), ...coresMarks(growth, cores, narrow), ...lines.flatMap(curveMarks)],
    },
    `${title}, ${unit} by ${axis}. ${summary(growth)}`,
  );
}

/**
 * What draws the curves alone; null when none has a point.
 *
 * @param cores - of the machine: marked where an axis of cpus goes beyond
 */
export function growthDrawing(growth: Growth, cores: number): Drawing | null {
  const frame = frameOf(growth);
  return frame === null ? null : (...size) => drawn(growth, frame, cores, size);
}

/** Draws the curves, with what reads them; null when none has a point. */
export function growthChart(growth: Growth, cores: number): Markup | null {
  const frame = frameOf(growth);
  if (frame === null) return null;
  const { lines, place, least, most } = frame;
  const { unit, axis } = growth;
  return twice((width, narrow) => {
    const { marginLeft, marginRight } = margins(narrow);
    return html`${narrow && key(lines.map(({ name }) => name))}${readout(
      drawn(growth, frame, cores, [width, narrow]),
      { from: marginLeft / width, to: 1 - marginRight / width, least, most, title: axis, unit },
      lines.map(({ name, points }, i) => ({
        name,
        colour: lineStyle(i).colour,
        points: points.map(({ at, median }) => [place(at), median, at]),
      })),
    )}`;
  });
}
