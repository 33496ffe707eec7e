/** The map of all ordered pairs of cpus. */
import * as Plot from '@observablehq/plot';
import type { PairMap } from '../schema.ts';
import { figure, median, time } from '../figures.ts';
import type { Markup } from './markup.ts';
import { HEAT_STEPS } from './palette.ts';
import { chart, twice } from './svg.ts';

/** Most cpus whose cells have room for their figure. */
const LABELLED = { wide: 16, narrow: 6 };

/** A pair that was measured. */
interface Cell {
  readonly from: number;
  readonly to: number;
  readonly ns: number;
}

function cellsOf(table: PairMap['median']): Cell[] {
  return table.flatMap((row, from) => row.flatMap((ns, to) => (ns === null ? [] : [{ from, to, ns }])));
}

/** What a map shows, in words. */
export function mapSummary({ median: table }: PairMap): string {
  const cells = cellsOf(table).toSorted((a, b) => a.ns - b.ns);
  const [fastest] = cells;
  const slowest = cells.at(-1);
  if (fastest === undefined || slowest === undefined) return 'no pair was measured';
  const pair = ({ from, to, ns }: Cell): string => `CPU ${from} to ${to} ${time(ns)}`;
  return `fastest ${pair(fastest)}, slowest ${pair(slowest)}, middle ${time(median(cells.map(({ ns }) => ns)))}`;
}

/**
 * Shades of a table: equal steps of the logarithm from the fastest pair to the slowest, or to 1.5 times the fastest,
 * so that noise alone does not paint a pattern.
 */
export function heatSteps(values: readonly number[]): (ns: number) => number {
  const low = Math.max(1, Math.min(...values));
  const high = Math.max(low * 1.5, ...values);
  return (ns) =>
    Math.min(
      HEAT_STEPS - 1,
      Math.floor((Math.log(Math.max(ns, low) / low) / Math.log(high / low)) * HEAT_STEPS),
    );
}

/** Draws one table of a map; null when no pair was measured. */
export function heatMap(map: PairMap, which: 'median' | 'p99'): Markup | null {
  const cells = cellsOf(map[which]);
  if (cells.length === 0) return null;
  const step = heatSteps(cells.map(({ ns }) => ns));
  const cpus = Array.from({ length: map.cpus }, (_, i) => i);
  const label = `${map.title}, ${which}: ${map.cpus} CPUs; ${mapSummary({ ...map, median: map[which] })}`;
  const draw = (width: number, narrow: boolean): Markup => {
    const cell = Math.min(narrow ? 52 : 64, Math.floor((width - 60) / map.cpus));
    const labelled = map.cpus <= (narrow ? LABELLED.narrow : LABELLED.wide);
    // Of a wide row of cells every number of a cpu has no room.
    const every = Math.ceil(18 / cell);
    const ticks = cpus.filter((cpu) => cpu % every === 0);
    return chart(
      {
        width: 56 + cell * map.cpus,
        height: 44 + Math.min(cell, 44) * map.cpus,
        marginLeft: 46,
        marginTop: 34,
        marginRight: 10,
        marginBottom: 10,
        x: {
          domain: cpus,
          axis: 'top',
          ticks,
          label: 'to CPU',
          labelAnchor: 'left',
          labelArrow: 'none',
          tickSize: 0,
          padding: 0.04,
        },
        y: { domain: cpus, ticks, label: 'from', labelArrow: 'none', tickSize: 0, padding: 0.04 },
        marks: [
          Plot.cell(
            cpus.map((cpu) => ({ cpu })),
            { x: 'cpu', y: 'cpu', fill: 'none', stroke: 'var(--grid)' },
          ),
          Plot.cell(cells, {
            x: 'to',
            y: 'from',
            fill: ({ ns }: Cell) => `var(--h${step(ns)})`,
            title: ({ from, to, ns }: Cell) => `CPU ${from} to CPU ${to}: ${time(ns)}`,
          }),
          ...(labelled
            ? [
                Plot.text(cells, {
                  x: 'to',
                  y: 'from',
                  text: ({ ns }: Cell) => figure(ns),
                  fill: ({ ns }: Cell) => `var(--t${step(ns)})`,
                  pointerEvents: 'none',
                }),
              ]
            : []),
        ],
      },
      label,
    );
  };
  return twice(draw);
}
