/** All comparisons at a glance: how many times lwkt is better than each contestant. */
import * as Plot from '@observablehq/plot';
import type { Contestant, Row, Spread } from '../schema.ts';
import { KIND_COLOUR } from './bars.ts';
import { advantage, capital, clip, figure, logTicks } from '../figures.ts';
import { chart, roomFor, spaced, type Drawing } from './svg.ts';

/** A contestant of the row with that number. */
interface Mark extends Spread {
  readonly row: number;
  readonly name: string;
  readonly kind: Contestant['kind'];
}

/** Where the name of a mark may stand, in pixels below it. */
const PLACES = [-12, 14, -24] as const;

function marksOf(rows: readonly Row[]): Mark[] {
  return rows.flatMap((row, i) =>
    row.contestants.flatMap((contestant): Mark[] => {
      const times = contestant.kind === 'lwkt' ? null : advantage(contestant, row);
      return times === null ? [] : [{ row: i, name: contestant.name, kind: contestant.kind, ...times }];
    }),
  );
}

/** The place of each name that has one; of names too close together the rest is left to the cards. */
function placesOf(marks: readonly Mark[], toPixel: (times: number) => number): Map<Mark, number> {
  const found = new Map<Mark, number>();
  const ends = new Map<string, number>();
  for (const mark of marks.toSorted((a, b) => a.median - b.median)) {
    const half = mark.name.length * 2.9 + 4;
    const middle = toPixel(mark.median);
    const place = PLACES.find((dy) => (ends.get(`${mark.row}/${dy}`) ?? -Infinity) <= middle - half);
    if (place === undefined) continue;
    ends.set(`${mark.row}/${place}`, middle + half);
    found.set(mark, place);
  }
  return found;
}

/** What the chart shows, in words. */
function summary(rows: readonly Row[], marks: readonly Mark[]): string {
  const words = rows.map(({ title }, i) => {
    const of = marks.filter(({ row }) => row === i);
    return `${title}: ${of.map(({ name, median }) => `${name} ${figure(median)}`).join(', ')}`;
  });
  return `How many times better lwkt is. ${words.join('; ')}`;
}

/** What draws the chart; null when there is nobody to compare with. */
export function overviewDrawing(all: readonly Row[]): Drawing | null {
  const rows = all.filter((row) => marksOf([row]).length > 0);
  const marks = marksOf(rows);
  if (marks.length === 0) return null;
  const titles = rows.map(({ title }) => capital(title));
  const low = Math.min(0.5, ...marks.map(({ least }) => least)) / 1.3;
  const high = Math.max(2, ...marks.map(({ most }) => most)) * 1.4;
  return (width, narrow) => {
    const left = narrow ? 10 : roomFor(titles, 290);
    const right = narrow ? 10 : 40;
    const span = width - left - right;
    const toPixel = (times: number): number => left + (Math.log(times / low) / Math.log(high / low)) * span;
    const places = placesOf(marks, toPixel);
    const down = narrow ? 9 : 0;
    const named = PLACES.map((dy) =>
      Plot.text(
        marks.filter((mark) => places.get(mark) === dy),
        {
          x: 'median',
          y: 'row',
          text: 'name',
          dy,
          fontSize: 10.5,
          fill: 'var(--quiet)',
          stroke: 'var(--ground)',
        },
      ),
    );
    const height = narrow ? 46 : 48;
    return chart(
      {
        width,
        height: 66 + titles.length * height,
        marginLeft: left,
        marginRight: right,
        marginTop: 24,
        marginBottom: 42,
        x: {
          type: 'log',
          domain: [low, high],
          ticks: spaced(logTicks(low, high), toPixel, (x) => `${figure(x)} ×`),
          tickFormat: (x: number) => `${figure(x)} ×`,
          label: narrow ? 'lwkt is so many times better' : 'lwkt is so many times better than this one',
          labelAnchor: 'center',
          labelArrow: 'none',
        },
        y: { type: 'point', domain: titles.map((_, i) => i), axis: null, padding: 0.5 },
        marks: [
          Plot.rect([{}], { x1: low, x2: 1, fill: 'var(--raised)' }),
          Plot.ruleY(titles, { y: (_: string, i: number) => i, stroke: 'var(--grid)', dy: down }),
          Plot.ruleX([1], { stroke: 'var(--accent)', strokeWidth: 2 }),
          Plot.text([1], {
            x: (x: number) => x,
            frameAnchor: 'top',
            text: ['lwkt'],
            dy: -16,
            fill: 'var(--accent)',
            fontWeight: 700,
          }),
          Plot.text(titles, {
            y: (_: string, i: number) => i,
            text: (title: string) => clip(title, 44),
            frameAnchor: 'left',
            textAnchor: narrow ? 'start' : 'end',
            dx: narrow ? 0 : -10,
            dy: narrow ? -9 : 0,
            ...(narrow && { fill: 'currentColor', stroke: 'var(--ground)', strokeWidth: 5 }),
          }),
          ...(narrow ? [] : named),
          Plot.ruleY(marks, {
            x1: 'least',
            x2: 'most',
            y: 'row',
            stroke: ({ kind }: Mark) => KIND_COLOUR[kind],
            strokeWidth: 2,
            dy: down,
          }),
          Plot.dot(marks, {
            x: 'median',
            y: 'row',
            r: 5,
            symbol: ({ kind }: Mark) => (kind === 'native' ? 'diamond' : 'circle'),
            fill: ({ kind }: Mark) => KIND_COLOUR[kind],
            stroke: 'var(--ground)',
            strokeWidth: 1,
            dy: down,
            title: ({ name, median }: Mark) => `${name}: ${figure(median)} times`,
          }),
        ],
      },
      summary(rows, marks),
    );
  };
}
