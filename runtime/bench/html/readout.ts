/** Data that lets the page tell, where a pointer rests on a chart, what each line has there. */
import { html, json, type Markup } from './markup.ts';

/** The horizontal axis of a chart: a logarithmic scale between two shares of the chart's width. */
interface Axis {
  readonly from: number;
  readonly to: number;
  readonly least: number;
  readonly most: number;
  /** `percentile` for 1/(1 - p); anything else is shown as a number with this name. */
  readonly title: string;
  /** Of the values; nanoseconds if left out. */
  readonly unit?: string;
}

/** A line of the chart. */
interface ReadoutLine {
  readonly name: string;
  readonly colour: string;
  readonly points: readonly (readonly number[])[];
}

/** Three digits: what the chart shows, and no more bytes. */
function short(value: number): number {
  return Number(value.toPrecision(4));
}

/** A chart with the data of its lines. Without a script it is the chart alone. */
export function readout(chart: Markup, axis: Axis, lines: readonly ReadoutLine[]): Markup {
  const data = {
    axis,
    lines: lines.map(({ name, colour, points }) => ({
      name,
      colour,
      points: points.map((p) => p.map(short)),
    })),
  };
  return html`<div class="readout">
    ${chart}
    <script type="application/json">
      ${json(data)}
    </script>
  </div>`;
}
