/** Figures as a person reads them. */
import type { Contestant, Row, Spread } from './schema.ts';

/** Three digits that count. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size >= 1000) return Number(value.toPrecision(3)).toLocaleString('en-US', { maximumFractionDigits: 0 });
  return String(Number(value.toPrecision(size >= 1 ? 3 : 2)));
}

/** The same for a column, where figures of a size have as many decimals. */
export function columnFigure(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** Units of time, and their nanoseconds. */
const TIMES = [
  ['ns', 1],
  ['µs', 1e3],
  ['ms', 1e6],
  ['s', 1e9],
] as const;

/** Units of memory, and their bytes. */
const SIZES = [
  ['B', 1],
  ['kB', 1e3],
  ['MB', 1e6],
  ['GB', 1e9],
] as const;

/** The unit that suits an amount, and how much it is. */
function suited(value: number, units: typeof TIMES | typeof SIZES): readonly [string, number] {
  return units.findLast(([, size]) => Math.abs(value) >= size) ?? units[0];
}

function inUnit(value: number, [name, size]: readonly [string, number]): string {
  return Number.isFinite(value) ? `${figure(value / size)} ${name}` : '–';
}

/** A time in the unit that suits it. */
export function time(ns: number): string {
  return inUnit(ns, suited(ns, TIMES));
}

/** A figure with its unit. */
export function amount(value: number, unit: string): string {
  if (unit === 'ns') return time(value);
  if (unit === 'bytes') return inUnit(value, suited(value, SIZES));
  // A unit of several words is said once, beside the title: `× one thread`, `least / most`.
  const [word = '', ...more] = unit.split(' ');
  if (more.length === 0 || word === '×') return `${figure(value)} ${word}`;
  return figure(value);
}

/** A whole number, with its thousands. */
export function count(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

/** How far repeated measurements went, both ends in the unit of the larger. */
export function range({ least, most }: Spread, unit: string): string {
  const size = unit === 'ns' ? suited(most, TIMES)[1] : unit === 'bytes' ? suited(most, SIZES)[1] : 1;
  return `${figure(least / size)} … ${amount(most, unit)}`;
}

/** A percentile's name, from how many samples there are for each one beyond it: 1/(1 - p). */
export function percentileName(inverse: number): string {
  // One more than the nines: 99.99 % and 99.995 % are two.
  const digits = Math.max(0, Math.ceil(Math.log10(Math.max(1, inverse)) - 1e-9) - 2);
  return `${(100 - 100 / inverse).toFixed(digits)} %`;
}

/**
 * How many times better lwkt is than a contestant, formed from the ratios of the rounds: above 1 lwkt is ahead,
 * whichever way the row's figure counts. Null where there is no ratio.
 */
export function advantage({ ratio }: Contestant, { more }: Row): Spread | null {
  if (ratio === null || ratio.least <= 0 || ratio.median <= 0) return null;
  return more ? ratio : { median: 1 / ratio.median, least: 1 / ratio.most, most: 1 / ratio.least };
}

/** How an aim was judged, with what single rounds say where they do not agree; empty where nothing was judged. */
export function judgement({ met, certain }: Row): string {
  if (met === null) return '';
  const [word, other] = met ? ['met', 'missed'] : ['missed', 'met'];
  return certain === false ? `${word}; ${other} in some rounds` : word;
}

/** Differences below a fifth are none. */
export const EQUAL = 1.2;

/** The times in a sentence, in units that suit them: `≤ 60000000 ns` becomes `≤ 60 ms`. */
export function timesIn(text: string): string {
  return text.replaceAll(/(\d+(?:\.\d+)?) ns\b/g, (_, ns: string) => time(Number(ns)));
}

/** A title as the beginning of something. */
export function capital(title: string): string {
  return title.charAt(0).toUpperCase() + title.slice(1);
}

/** Text of at most `most` characters. */
export function clip(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

/** Places of an axis with a logarithmic scale: powers of ten, or 1, 2, 5 where there are few. */
export function logTicks(least: number, most: number): number[] {
  const decades = Math.log10(most / least);
  if (!(least > 0) || !Number.isFinite(decades)) return [];
  const steps = decades < 0.8 ? [1, 1.5, 2, 3, 4, 5, 6, 8] : decades < 2.2 ? [1, 2, 5] : [1];
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(least)); power <= Math.ceil(Math.log10(most)); power++) {
    for (const step of steps) {
      const tick = step * 10 ** power;
      if (tick >= least * 0.999 && tick <= most * 1.001) ticks.push(tick);
    }
  }
  return ticks;
}

/** The middle of a list, the mean of the two middle ones if it is even; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}
