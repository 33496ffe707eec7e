/** Histograms of latency, and where the time goes. */
import * as Plot from '@observablehq/plot';
import { clip, logTicks, time } from '../figures.ts';
import { linesOf, summary, type Line } from './lines.ts';
import { html, type Markup } from './markup.ts';
import { lineStyle } from './palette.ts';
import { loadName, stages, type RunGroup } from './runs.ts';
import { chart, roomFor, spaced, twice } from './svg.ts';

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
      text: `p50 ${time(p50)} · p99 ${time(p99 ?? NaN)} · max ${time(max)}`,
    }));
    const percentiles = lines.flatMap(({ name, p50, p99 }) => [
      { name, at: p50 },
      ...(p99 === null ? [] : [{ name, at: p99 }]),
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
