/** Percentile curves of latency. */
import * as Plot from '@observablehq/plot';
import { clip, figure, logTicks, median, percentileName, time } from '../figures.ts';
import { key, linesOf, summary, type Line } from './lines.ts';
import { html, type Markup } from './markup.ts';
import { lineStyle } from './palette.ts';
import { readout } from './readout.ts';
import type { RunGroup } from './runs.ts';
import { type Drawing, apart, chart, logGrid, logScale, twice } from './svg.ts';

/** A level to compare with, across the chart. */
export interface Level {
  readonly name: string;
  readonly ns: number;
}

/** Percentile curves of a group and what draws them. */
interface Curves {
  readonly lines: readonly Line[];
  /** How many samples the longest run has. */
  readonly most: number;
  readonly draw: Drawing;
}

function margins(
  narrow: boolean,
): Record<'marginLeft' | 'marginRight' | 'marginTop' | 'marginBottom', number> {
  return { marginLeft: 58, marginRight: narrow ? 14 : 196, marginTop: 16, marginBottom: 46 };
}

/** Percentile curves of a group: how long the slowest of so many take. */
export function curveDrawing(group: RunGroup, given: readonly Level[]): Curves {
  const levels = given.filter(({ ns }) => ns > 0);
  const lines = linesOf(group);
  const all = lines.flatMap(({ samples }) => samples.curve.map(({ ns }) => Math.max(1, ns)));
  const values = [...all, ...levels.map(({ ns }) => ns)];
  const low = Math.min(...values) / 1.3;
  const high = Math.max(...values) * 1.3;
  const most = Math.max(10, ...lines.flatMap(({ samples }) => samples.curve.map(({ inverse }) => inverse)));
  const percentiles = [2, ...logTicks(10, most).filter((x) => Number.isInteger(Math.log10(x)))];
  const label = `Percentiles of the ${group.shown}, ${group.title}. ${summary(lines)}`;
  const draw: Drawing = (width, narrow) => {
    const height = narrow ? 300 : 420;
    const around = margins(narrow);
    const inner = height - around.marginTop - around.marginBottom;
    const toPixel = (ns: number): number => (Math.log(high / ns) / Math.log(high / low)) * inner;
    const toValue = (pixel: number): number => high * (low / high) ** (pixel / inner);
    const names = [
      ...lines.map(({ name, samples }, i) => ({
        text: clip(name, 22),
        ns: Math.max(1, samples.curve.at(-1)?.ns ?? 1),
        colour: lineStyle(i).colour,
      })),
      ...levels.map(({ name, ns }) => ({
        text: `${clip(name, 14)} ${time(ns)}`,
        ns,
        colour: 'var(--quiet)',
      })),
    ];
    const places = apart(
      names.map(({ ns }) => toPixel(ns)),
      15,
      inner,
    );
    const labels = names.map(({ text, colour }, i) =>
      Plot.text([[most, toValue(places[i] ?? 0)]], {
        text: [text],
        textAnchor: 'start',
        dx: 8,
        fill: colour,
        fontWeight: 600,
      }),
    );
    const narrowLabels = levels.map(({ name, ns }) =>
      Plot.text([[most, ns]], {
        text: [`${clip(name, 20)} ${time(ns)}`],
        textAnchor: 'end',
        dx: -2,
        dy: -8,
        fill: 'var(--quiet)',
        stroke: 'var(--ground)',
        strokeWidth: 4,
      }),
    );
    const marks: Plot.Markish[] = [
      logGrid(low, high),
      ...levels.map(({ ns }) =>
        Plot.ruleY([ns], { stroke: 'var(--quiet)', strokeDasharray: '1 4', strokeWidth: 1.5 }),
      ),
      ...lines.map(({ samples }, i) => {
        const { colour, dash } = lineStyle(i);
        return Plot.line(
          samples.curve.map(({ inverse, ns }): [number, number] => [inverse, Math.max(1, ns)]),
          { stroke: colour, strokeWidth: 2.2, ...(dash !== undefined && { strokeDasharray: dash }) },
        );
      }),
      ...(narrow ? narrowLabels : labels),
    ];
    return chart(
      {
        width,
        height,
        ...around,
        x: {
          type: 'log',
          domain: [1, most],
          ticks: percentiles,
          tickFormat: percentileName,
          label: narrow ? 'percentile' : 'percentile: so many IPIs took at most so long',
          labelAnchor: 'center',
          labelArrow: 'none',
        },
        y: logScale(low, high, time),
        marks,
      },
      label,
    );
  };
  return { lines, most, draw };
}

/** The same, for the page: in both widths, with what a pointer reads. */
export function curves(group: RunGroup, levels: readonly Level[]): Markup {
  const { lines, most, draw } = curveDrawing(group, levels);
  return twice((width, narrow) => {
    const { marginLeft, marginRight } = margins(narrow);
    return html`${narrow && key(lines.map(({ name }) => name))}${readout(
      draw(width, narrow),
      { from: marginLeft / width, to: 1 - marginRight / width, least: 1, most, title: 'percentile' },
      lines.map(({ name, samples }, i) => ({
        name,
        colour: lineStyle(i).colour,
        points: samples.curve.map(({ inverse, ns }) => [inverse, ns]),
      })),
    )}`;
  });
}

/** The C bounce that was measured beside a group's runs; null without a compiler. */
export function bounceLevel({ runs }: RunGroup): Level | null {
  const measured = runs.flatMap(({ baselineNs }) => (baselineNs === null ? [] : [baselineNs]));
  return measured.length === 0 ? null : { name: 'C bounce', ns: Number(figure(median(measured))) };
}
