/** Parsers of what the options of `lwkt stress` take. All throw ERR_LWKT_OPTION with the value and the way out. */
import { LwktError } from '../base/errors.ts';
import type { HoldPart } from './random.ts';

const UNITS_NS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Refuses an option. @throws LwktError ERR_LWKT_OPTION */
export function refuse(message: string): never {
  throw new LwktError('ERR_LWKT_OPTION', message);
}

/** A time with its unit, in nanoseconds. */
function time(option: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)$/.exec(text.trim());
  const unit = UNITS_NS[match?.[2] ?? ''];
  if (match === null || unit === undefined) {
    refuse(
      `${option}: '${text}' is not a time; write a number and its unit, as in 50ns, 2us, 1ms, 30s, 5m, 2h`,
    );
  }
  return Number(match[1]) * unit;
}

/** A parser for times of a millisecond and more; gives milliseconds. */
export function milliseconds(option: string): (text: string) => number {
  return (text) => time(option, text) / 1e6;
}

/** A parser for hold times: `2us`, or shares of 100 percent as in `90%50ns,10%1ms`. */
export function holdTimes(text: string): HoldPart[] {
  const parts = text.split(',').map((part) => {
    const match = /^(?:(\d+)%)?(.+)$/.exec(part.trim());
    return {
      percent: match?.[1] === undefined ? undefined : Number(match[1]),
      ns: time('--hold', match?.[2] ?? ''),
    };
  });
  if (parts.length === 1 && parts[0]?.percent === undefined) return [{ percent: 100, ns: parts[0]?.ns ?? 0 }];
  const shares = parts.map(({ percent, ns }) => ({
    percent: percent ?? refuse(`--hold: '${text}': a mix needs a share for each part, as in 90%50ns,10%1ms`),
    ns,
  }));
  const sum = shares.reduce((all, { percent }) => all + percent, 0);
  if (sum !== 100) refuse(`--hold: '${text}': the shares sum up to ${sum} percent, not 100`);
  return shares;
}

/** A parser for `--ops get=10,tokens.try=0`. */
export function weights(text: string, before: Readonly<Record<string, number>> = {}): Record<string, number> {
  const given: Record<string, number> = { ...before };
  for (const part of text.split(',')) {
    const [name = '', value = ''] = part.split('=', 2);
    const weight = Number(value);
    if (value === '' || !Number.isInteger(weight) || weight < 0 || weight > 1_000_000) {
      refuse(`--ops: '${part}' is not operation=weight with a whole number of 0 .. 1000000, as in get=10`);
    }
    given[name.trim()] = weight;
  }
  return given;
}
