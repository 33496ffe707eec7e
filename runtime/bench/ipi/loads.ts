/** Loads as text: `compute:10us+gc`. */
import { LwktError } from '../../base/errors.ts';
import { LOADS, type Load, type LoadName } from '../plan/ipi-plan.ts';

const TIME_UNITS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 };
const LEAST_NS = 100;
const MOST_NS = 2e9;
const MOST_RATE = 1e8;
const MOST_THREADS = 50_000;
/** Parameters of loads that are written without one. */
const DEFAULTS: Readonly<Record<LoadName, number>> = {
  none: 0,
  compute: 10e3,
  crit: 50e3,
  storm: 1e6,
  gc: 0,
  mplock: 0,
  switch: 100,
};

function refuse(message: string): never {
  throw new LwktError('ERR_LWKT_OPTION', message);
}

/** A rate as text: `1000`, `1e6/s`. NaN if it is none. */
export function rateOf(text: string): number {
  return /^\d+(?:\.\d+)?(?:e\d+)?(?:\/s)?$/i.test(text) ? Number(text.replace(/\/s$/, '')) : NaN;
}

/** A time as text, in nanoseconds: `10us`. NaN if it is none. */
export function nanoseconds(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ns|us|µs|ms|s)$/.exec(text);
  const unit = TIME_UNITS[(match?.[2] ?? '').replace('µ', 'u')];
  return match === null || unit === undefined ? NaN : Number(match[1]) * unit;
}

function parameter(load: string, kind: string, text: string): number {
  if (kind === '') return refuse(`--load: '${load}' takes no parameter`);
  if (kind === 'time') {
    const ns = nanoseconds(text);
    if (ns >= LEAST_NS && ns <= MOST_NS) return ns;
    return refuse(`--load: '${load}': write a time of 100ns .. 2s, as in 10us`);
  }
  if (kind === 'rate') {
    const rate = rateOf(text);
    if (rate >= 1 && rate <= MOST_RATE) return rate;
    return refuse(`--load: '${load}': write IPIs per second, 1 .. 1e8, as in 1e6/s`);
  }
  const threads = Number(text);
  if (Number.isInteger(threads) && threads >= 1 && threads <= MOST_THREADS) return threads;
  return refuse(`--load: '${load}': write how many threads, 1 .. ${MOST_THREADS}`);
}

function partOf(text: string): Load {
  const [name = '', value] = text.split(':', 2);
  const known = LOADS.find(([load]) => load === name);
  if (known === undefined)
    refuse(`--load: there is no load '${text}'; there are ${LOADS.map(([load]) => load).join(', ')}`);
  const [load, kind] = known;
  return { name: load, value: value === undefined ? DEFAULTS[load] : parameter(text, kind, value) };
}

/**
 * One load, or a mix.
 *
 * @throws LwktError ERR_LWKT_OPTION
 */
export function loadsOf(text: string): Load[] {
  const parts = text.split('+').map((part) => partOf(part.trim()));
  const twice = parts.find(({ name }, i) => parts.findIndex((other) => other.name === name) !== i);
  if (twice !== undefined) refuse(`--load: '${text}' has ${twice.name} twice`);
  if (parts.length > 1 && parts.some(({ name }) => name === 'none'))
    refuse(`--load: '${text}': none cannot be mixed`);
  return parts.filter(({ name }) => name !== 'none');
}

/** A time as an option takes it. */
export function shownTime(ns: number): string {
  if (ns >= 1e6) return `${ns / 1e6}ms`;
  return ns >= 1e3 ? `${ns / 1e3}us` : `${ns}ns`;
}

function shownPart({ name, value }: Load): string {
  const kind = LOADS.find(([known]) => known === name)?.[1];
  if (kind === 'time') return `${name}:${shownTime(value)}`;
  if (kind === 'rate') return `${name}:${value >= 1e5 ? value.toExponential().replace('+', '') : value}/s`;
  return kind === 'count' ? `${name}:${value}` : name;
}

/** Loads as they are written. */
export function shownLoads(loads: readonly Load[]): string {
  return loads.length === 0 ? 'none' : loads.map(shownPart).join('+');
}
