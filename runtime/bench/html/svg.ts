/**
 * Charts as static SVG, without a browser.
 *
 * A chart takes its colours from the page: `currentColor`, or a variable of `style.ts`. So one drawing is right in
 * light and dark. What a chart shows is said again in its label, and as a table below it.
 */
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { logTicks } from '../figures.ts';
import { html, Markup } from './markup.ts';

const { document } = parseHTML('<!doctype html><html><body></body></html>') as { document: never };

/** What lies behind Plot's types of a browser. */
interface Drawn {
  readonly outerHTML: string;
}

/** Widths of a chart: of a page on a desk, of a phone, of a card in a grid. */
export const WIDE = 1000;
export const NARROW = 340;
export const CARD = 300;

/** The scale of figures from least to most, logarithmic. */
export function logScale(low: number, high: number, tickFormat: (y: number) => string): Plot.ScaleOptions {
  return { type: 'log', domain: [low, high], ticks: logTicks(low, high), tickFormat, label: null };
}

/** The lines of such a scale. */
export function logGrid(low: number, high: number): Plot.Markish {
  return Plot.gridY(logTicks(low, high), { stroke: 'var(--grid)', strokeOpacity: 1 });
}

/**
 * Draws a chart.
 *
 * @param label - what it shows, with the key figures, for those who do not see it
 */
export function chart(options: Plot.PlotOptions, label: string): Markup {
  const plot = Plot.plot({
    style: { fontSize: '12px' },
    ...options,
    document,
  }) as unknown as Drawn;
  const text = plot.outerHTML
    // The page has the rules that Plot would repeat in each chart.
    .replace(/<style>[^<]*<\/style>/, '')
    .replace(/^<svg /, html`<svg role="img" aria-label="${label}" `.text)
    .replace(/ class="plot-[^"]*"/, ' class="plot"')
    // Half a thousandth of a pixel nobody sees.
    .replace(/(\d+\.\d\d)\d+/g, '$1');
  return new Markup(text);
}

/** Draws a chart for one of the widths; `narrow` for a phone. */
export type Drawing = (width: number, narrow: boolean) => Markup;

/** A chart that is drawn twice, for a desk and for a phone; the page shows the one that fits. */
export function twice(draw: Drawing): Markup {
  return html`<div class="wide">${draw(WIDE, false)}</div>
    <div class="narrow">${draw(NARROW, true)}</div>`;
}

/** Places for labels near where they belong, at least `gap` apart, none beyond `most`; in the order given. */
export function apart(wanted: readonly number[], gap: number, most: number): number[] {
  const order = wanted.map((_, i) => i).toSorted((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0));
  const placed = [...wanted];
  let last = -Infinity;
  for (const i of order) {
    placed[i] = last = Math.max(wanted[i] ?? 0, last + gap);
  }
  let next = most + gap;
  for (const i of order.toReversed()) {
    placed[i] = next = Math.min(placed[i] ?? 0, next - gap);
  }
  return placed;
}

/** Those of an axis's ticks whose labels do not touch, from the first on. */
export function spaced(
  ticks: readonly number[],
  toPixel: (tick: number) => number,
  name: (tick: number) => string,
): number[] {
  let end = -Infinity;
  return ticks.filter((tick) => {
    const half = name(tick).length * 3.4 + 4;
    if (toPixel(tick) - half < end) return false;
    end = toPixel(tick) + half;
    return true;
  });
}

/**
 * Room for names at a chart's left side, in pixels.
 *
 * @param each - of a character: the widest of the usual system fonts needs 0.62 of the font's size, and 0.7 in bold
 */
export function roomFor(names: readonly string[], most: number, each = 7.5): number {
  return Math.min(most, 14 + Math.max(0, ...names.map(({ length }) => length)) * each);
}
