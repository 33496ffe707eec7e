/** The runs of a group as lines of a chart, decoded, with their key. */
import type { LatencyRun } from '../schema.ts';
import { time } from '../figures.ts';
import { percentileIn } from '../percentiles.ts';
import { samplesOf, type Samples } from '../samples.ts';
import { html, type Markup } from './markup.ts';
import { lineStyle } from './palette.ts';
import { loadName, wholeOf, type RunGroup } from './runs.ts';

/** A run, decoded. */
export interface Line {
  readonly run: LatencyRun;
  readonly name: string;
  readonly samples: Samples;
  readonly p50: number;
  /** Null where samples are missing. */
  readonly p99: number | null;
  readonly max: number;
}

/** The runs that have samples. */
export function linesOf({ runs, shown }: RunGroup): Line[] {
  return runs.flatMap((run) => {
    const whole = wholeOf(run, shown);
    if (whole === undefined || whole.count === 0) return [];
    const { p50, max } = whole;
    const p99 = percentileIn(whole, 'p99');
    return [{ run, name: loadName(run), samples: samplesOf(whole), p50, p99, max }];
  });
}

/** What is drawn, in words. */
export function summary(lines: readonly Line[]): string {
  return lines
    .map(({ name, p50, p99, max }) => {
      const tail = p99 === null ? '' : `, p99 ${time(p99)}`;
      return `${name}: median ${time(p50)}${tail}, longest ${time(max)}`;
    })
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
