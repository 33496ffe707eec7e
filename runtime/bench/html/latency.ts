/** Charts of latency: percentile curves, histograms, and where the time goes. */
import * as Plot from '@observablehq/plot';
import type { LatencyRun } from '../schema.ts';
import { clip, figure, logTicks, middle, percentileName, time } from '../figures.ts';
import { samplesOf, type Samples } from '../samples.ts';
import { html, type Markup } from './markup.ts';
import { lineStyle } from './palette.ts';
import { readout } from './readout.ts';
import { loadName, stages, wholeOf, type RunGroup } from './runs.ts';
import { apart, chart, roomFor, spaced, twice } from './svg.ts';

/** A run, decoded. */
interface Line {
  readonly run: LatencyRun;
  readonly name: string;
  readonly samples: Samples;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** A level to compare with, across the chart. */
export interface Level {
  readonly name: string;
  readonly ns: number;
}

function linesOf({ runs, shown }: RunGroup): Line[] {
  return runs.flatMap((run) => {
    const whole = wholeOf(run, shown);
    if (whole === undefined || whole.count === 0) return [];
    const { p50, p99, max } = whole;
    return [{ run, name: loadName(run), samples: samplesOf(whole), p50, p99, max }];
  });
}

/** What is drawn, in words. */
function summary(lines: readonly Line[]): string {
  return lines
    .map(({ name, p50, p99, max }) => `${name}: median ${time(p50)}, p99 ${time(p99)}, longest ${time(max)}`)
    .join('; ');
}

/** A key for a chart whose lines are not named in it. */
export function key(names: readonly string[]): Markup {
  const items = names.map((name, i) => {
    const { colour, dash } = lineStyle(i);
    return html`<li>
      <svg width="26" height="8" aria-hidden="true">
        <line
          x2="26"
          y1="4"
          y2="4"
          stroke="${colour}"
          stroke-width="2.5"
          stroke-dasharray="${dash ?? ''}"
        /></svg
      >${name}
    </li>`;
  });
  return html`<ul class="key">
    ${items}
  </ul>`;
}

/** Percentile curves of a group: how long the slowest of so many take. */
export function curves(group: RunGroup, given: readonly Level[]): Markup {
  const levels = given.filter(({ ns }) => ns > 0);
  const lines = linesOf(group);
  const all = lines.flatMap(({ samples }) => samples.curve.map(({ ns }) => Math.max(1, ns)));
  const values = [...all, ...levels.map(({ ns }) => ns)];
  const low = Math.min(...values) / 1.3;
  const high = Math.max(...values) * 1.3;
  const most = Math.max(10, ...lines.flatMap(({ samples }) => samples.curve.map(({ inverse }) => inverse)));
  const percentiles = [2, ...logTicks(10, most).filter((x) => Number.isInteger(Math.log10(x)))];
  const label = `Percentiles of the ${group.shown}, ${group.title}. ${summary(lines)}`;
  const draw = (width: number, narrow: boolean): Markup => {
    const height = narrow ? 300 : 420;
    const margins = { marginLeft: 58, marginRight: narrow ? 14 : 165, marginTop: 16, marginBottom: 44 };
    const inner = height - margins.marginTop - margins.marginBottom;
    const toPixel = (ns: number): number => (Math.log(high / ns) / Math.log(high / low)) * inner;
    const toValue = (pixel: number): number => high * (low / high) ** (pixel / inner);
    const names = [
      ...lines.map(({ name, samples }, i) => ({
        text: clip(name, 24),
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
      Plot.gridY(logTicks(low, high), { stroke: 'var(--grid)', strokeOpacity: 1 }),
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
    const drawn = chart(
      {
        width,
        height,
        ...margins,
        x: {
          type: 'log',
          domain: [1, most],
          ticks: percentiles,
          tickFormat: percentileName,
          label: narrow ? 'percentile' : 'percentile: so many IPIs took at most so long',
          labelAnchor: 'center',
          labelArrow: 'none',
        },
        y: {
          type: 'log',
          domain: [low, high],
          ticks: logTicks(low, high),
          tickFormat: time,
          label: null,
        },
        marks,
      },
      label,
    );
    const { marginLeft, marginRight } = margins;
    return html`${narrow && key(lines.map(({ name }) => name))}${readout(
      drawn,
      { from: marginLeft / width, to: 1 - marginRight / width, least: 1, most, title: 'percentile' },
      lines.map(({ name, samples }, i) => ({
        name,
        colour: lineStyle(i).colour,
        points: samples.curve.map(({ inverse, ns }) => [inverse, ns]),
      })),
    )}`;
  };
  return twice(draw);
}

/** Beside the histograms, so that a label at the end of the axis has room. */
const SIDE = 24;

/** Where the samples of a group lie: one histogram for each load, over the same times. */
export function histograms(group: RunGroup): Markup | null {
  const lines = linesOf(group).filter(({ samples }) => samples.bins.length > 0);
  if (lines.length === 0) return null;
  const low = Math.min(...lines.flatMap(({ samples }) => samples.bins.map(({ from }) => from)));
  const high = Math.max(...lines.flatMap(({ samples }) => samples.bins.map(({ to }) => to)));
  const label = `Histograms of the ${group.shown}, ${group.title}. ${summary(lines)}`;
  const draw = (width: number, narrow: boolean): Markup => {
    const bars = lines.flatMap(({ samples, name }, i) => {
      const tallest = Math.max(...samples.bins.map(({ share }) => share));
      // A single sample of a million still shows as a line.
      return samples.bins.map(({ from, to, share }) => ({
        name,
        from,
        to,
        height: Math.max(0.02, share / tallest),
        colour: lineStyle(i).colour,
      }));
    });
    const figures = lines.map(({ name, p50, p99, max }) => ({
      name,
      text: `p50 ${time(p50)} · p99 ${time(p99)} · max ${time(max)}`,
    }));
    const percentiles = lines.flatMap(({ name, p50, p99 }) => [
      { name, at: p50 },
      { name, at: p99 },
    ]);
    return chart(
      {
        width,
        height: 34 + lines.length * (narrow ? 78 : 72),
        marginLeft: SIDE,
        marginRight: SIDE,
        marginTop: 8,
        marginBottom: 26,
        fy: { domain: lines.map(({ name }) => name), axis: null, padding: 0.08 },
        x: {
          type: 'log',
          domain: [low / 1.1, high * 1.1],
          ticks: spaced(
            logTicks(low / 1.1, high * 1.1),
            (ns) => (Math.log((ns * 1.1) / low) / Math.log((high / low) * 1.21)) * (width - 2 * SIDE),
            time,
          ),
          tickFormat: time,
          label: null,
        },
        y: { domain: [0, narrow ? 1.8 : 1.45], axis: null },
        marks: [
          Plot.ruleY([0], { stroke: 'var(--line)' }),
          Plot.rect(bars, {
            x1: 'from',
            x2: 'to',
            y1: 0,
            y2: 'height',
            fy: 'name',
            fill: 'colour',
            inset: 0.3,
          }),
          Plot.ruleX(percentiles, {
            x: 'at',
            y1: 0,
            y2: 1.1,
            fy: 'name',
            stroke: 'currentColor',
            strokeDasharray: '2 2',
          }),
          Plot.text(lines, {
            fy: 'name',
            text: ({ name }: Line) => clip(name, 28),
            frameAnchor: 'top-left',
            fontWeight: 600,
          }),
          Plot.text(figures, {
            fy: 'name',
            text: 'text',
            frameAnchor: narrow ? 'top-left' : 'top-right',
            dy: narrow ? 14 : 0,
            fill: 'var(--quiet)',
          }),
        ],
      },
      label,
    );
  };
  return twice(draw);
}

/** Steps of the heat scale that stages take, so that neighbours differ and their text can be read. */
const STAGE_STEPS = [1, 3, 5, 2, 4, 6];

/** Where the mean time of a group's IPIs goes; null where the stages were not measured. */
export function stageBars(group: RunGroup): Markup | null {
  const measured = group.runs.filter((run) => stages(run).length > 1);
  if (measured.length === 0) return null;
  const names = [...new Set(measured.flatMap((run) => stages(run).map(({ name }) => name)))];
  const step = (name: string): number => STAGE_STEPS[names.indexOf(name) % STAGE_STEPS.length] ?? 0;
  const totals: { load: string; text: string }[] = [];
  const parts = measured.flatMap((run) => {
    const of = stages(run);
    const total = of.reduce((sum, { mean }) => sum + mean, 0);
    totals.push({ load: loadName(run), text: time(total) });
    let x = 0;
    return of.map(({ name, mean }) => {
      const share = total === 0 ? 0 : mean / total;
      const from = x;
      x += share;
      return { load: loadName(run), from, to: x, share, name, mean };
    });
  });
  const loads = totals.map(({ load }) => load);
  const words = totals.map(({ load, text }) => {
    const of = parts.filter((part) => part.load === load);
    return `${load}: ${text}, of which ${of.map(({ name, share }) => `${name} ${Math.round(share * 100)} %`).join(', ')}`;
  });
  const draw = (width: number, narrow: boolean): Markup =>
    chart(
      {
        width,
        height: 14 + loads.length * (narrow ? 46 : 34),
        marginLeft: narrow ? 4 : roomFor(loads, 250, 8.4),
        marginRight: 64,
        marginTop: 4,
        marginBottom: 4,
        x: { domain: [0, 1], axis: null },
        y: { domain: loads, axis: null, padding: narrow ? 0.44 : 0.2 },
        marks: [
          Plot.barX(parts, {
            x1: 'from',
            x2: 'to',
            y: 'load',
            fill: ({ name }: { name: string }) => `var(--h${step(name)})`,
            insetRight: 1,
          }),
          Plot.text(
            parts.filter(({ share }) => share > (narrow ? 0.18 : 0.05)),
            {
              x: ({ from, to }: { from: number; to: number }) => (from + to) / 2,
              y: 'load',
              text: ({ mean }: { mean: number }) => time(mean),
              fill: ({ name }: { name: string }) => `var(--t${step(name)})`,
            },
          ),
          Plot.text(loads, {
            x: 0,
            y: (load: string) => load,
            text: (load: string) => clip(load, 30),
            textAnchor: narrow ? 'start' : 'end',
            dx: narrow ? 0 : -8,
            dy: narrow ? -20 : 0,
            fontWeight: 600,
          }),
          Plot.text(totals, { x: 1, y: 'load', text: 'text', textAnchor: 'start', dx: 6 }),
        ],
      },
      `Mean time of the stages, ${group.title}. ${words.join('; ')}`,
    );
  const stageKey = names.map(
    (name) => html`<li><i class="swatch" style="background:var(--h${step(name)})"></i>${name}</li>`,
  );
  return html`<ul class="key">
      ${stageKey}
    </ul>
    ${twice(draw)}`;
}

/** The C bounce that was measured beside a group's runs; null without a compiler. */
export function bounceLevel({ runs }: RunGroup): Level | null {
  const measured = runs.flatMap(({ baselineNs }) => (baselineNs === null ? [] : [baselineNs]));
  return measured.length === 0 ? null : { name: 'C bounce', ns: Number(figure(middle(measured))) };
}
