/** From the command line to the runs of `lwkt bench ipi`. */
import { LwktError } from '../../base/errors.ts';
import { MODES, WAKES, type IpiPlan, type Mode, type Wake } from '../plan/ipi-plan.ts';
import { loadsOf, nanoseconds, rateOf, shownLoads } from './loads.ts';

/** What commander gives. */
export interface GivenIpiOptions {
  readonly mode?: string;
  readonly wake?: string;
  readonly load?: string;
  readonly rate?: string;
  readonly break?: string;
}

/** What all runs share. */
export interface IpiSettings {
  /** Undefined if it was not said. */
  readonly cpus: number | undefined;
  readonly cores: number;
  readonly ring: number;
  /** Of one round. */
  readonly durationMs: number;
  readonly quick: boolean;
}

const MOST_RATE = 1e8;
const LEAST_BREAK_NS = 100;

/** The loads of a run without options; all of them in mode pair, the receiver awake. */
const ALL_LOADS = ['compute:10us', 'crit:50us', 'storm:1e6/s', 'gc', 'mplock', 'switch', 'compute:10us+gc'];
const QUICK_LOADS = ['compute:10us', 'crit:50us', 'gc'];

/** One combination, before it is checked. */
interface Combination {
  readonly mode: string;
  readonly wake: string;
  readonly load: string;
}

function refuse(message: string): never {
  throw new LwktError('ERR_LWKT_OPTION', message);
}

/** What is looked at when nothing is asked for. */
function everything(quick: boolean): Combination[] {
  const modes = quick ? ['pair', 'pipelined'] : MODES.map(([mode]) => mode);
  return [
    ...modes.map((mode) => ({ mode, wake: 'awake', load: 'none' })),
    ...['parked', 'loop'].map((wake) => ({ mode: 'pair', wake, load: 'none' })),
    ...(quick ? QUICK_LOADS : ALL_LOADS).map((load) => ({ mode: 'pair', wake: 'awake', load })),
  ];
}

function listed<T extends string>(
  option: string,
  text: string,
  known: readonly (readonly [T, string])[],
): T[] {
  return text.split(',').map((part) => {
    const name = part.trim().replace(/^\+/, '');
    const found = known.find(([one]) => one === name)?.[0];
    return (
      found ?? refuse(`${option}: there is no '${part}'; there are ${known.map(([one]) => one).join(', ')}`)
    );
  });
}

/** What `--mode` also takes: no run, but the map of all pairs. */
export const MAP = ['map', 'round trips of all pairs of cpus, one pair at a time'] as const;

/** True if the map of all pairs is wanted: it was named, or nothing was. */
export function wantsMap({ mode, wake, load, rate }: GivenIpiOptions): boolean {
  if (mode !== undefined) return listed('--mode', mode, [...MODES, MAP]).includes(MAP[0]);
  return wake === undefined && load === undefined && rate === undefined;
}

function combinations(given: GivenIpiOptions, quick: boolean): Combination[] {
  const { mode, wake, load, rate } = given;
  if (mode === undefined && wake === undefined && load === undefined && rate === undefined)
    return everything(quick);
  const modes = listed('--mode', mode ?? 'pair', [...MODES, MAP]).filter((name) => name !== MAP[0]);
  const wakes = listed('--wake', wake ?? 'awake', WAKES);
  const loads = (load ?? 'none').split(',');
  return modes.flatMap((m) => wakes.flatMap((w) => loads.map((l) => ({ mode: m, wake: w, load: l.trim() }))));
}

function checkedRate(text: string | undefined, durationMs: number): number {
  if (text === undefined) return 0;
  const rate = rateOf(text);
  if (!(rate > 0 && rate <= MOST_RATE)) {
    refuse(
      `--rate: '${text}' must be IPIs per second, above 0 and at most 1e8, as in 10000 or 1e6/s; without it the loop is closed`,
    );
  }
  if (rate * durationMs < 1000) {
    refuse(`--rate: at ${text} none is due within a round of ${durationMs} ms; give a longer --duration`);
  }
  return rate;
}

function checkedBreak(text: string | undefined): number {
  if (text === undefined) return 0;
  const ns = nanoseconds(text);
  if (!(ns >= LEAST_BREAK_NS)) refuse(`--break: '${text}' must be a time of 100ns or more, as in 1ms`);
  return ns;
}

/** What does not go together, with the reason; undefined if all is well. */
function contradiction({ mode, wake, loads, cpus }: IpiPlan): string | undefined {
  const storm = loads.some(({ name }) => name === 'storm');
  if (mode !== 'self' && cpus < 2) return `--cpus ${cpus}: mode ${mode} needs 2 cpus or more`;
  if (mode === 'self' && loads.length !== 0)
    return `mode self runs its function on the sending cpu at once: --load ${shownLoads(loads)} would not reach it`;
  if (mode === 'self' && wake !== 'awake') return `mode self: the sending cpu cannot be ${wake}`;
  if (wake !== 'awake' && loads.length !== 0)
    return `--wake ${wake}: under --load ${shownLoads(loads)} the receiving cpu never sleeps`;
  if (mode === 'passive' && wake !== 'awake')
    return `mode passive wakes nobody: with --wake ${wake} nothing would arrive`;
  if (mode === 'token' && wake !== 'awake')
    return `mode token: the other cpu takes the token in turn, so it cannot be ${wake}`;
  if (storm && (mode === 'fan-out' || mode === 'broadcast'))
    return `--load storm needs cpus that do not receive: not in mode ${mode}`;
  if (storm && cpus < 3) return `--cpus ${cpus}: --load storm needs a third cpu to send it`;
  return undefined;
}

/** Cpus of a run that says nothing about them: no more than it needs, but for modes that are about many. */
function defaultCpus(mode: Mode, load: string, cores: number): number {
  if (load.includes('storm')) return 3;
  return mode === 'fan-out' || mode === 'broadcast' ? Math.max(3, cores) : 2;
}

/**
 * The runs.
 *
 * @throws LwktError ERR_LWKT_OPTION for what is unknown, out of range or contradictory
 */
export function ipiPlans(given: GivenIpiOptions, settings: IpiSettings): IpiPlan[] {
  const { cpus, cores, ring, durationMs, quick } = settings;
  if (given.mode !== undefined && wantsMap(given) && (cpus ?? cores) < 2)
    refuse(`--cpus ${cpus ?? cores}: the map needs 2 cpus or more`);
  const rate = checkedRate(given.rate, durationMs);
  const breakNs = checkedBreak(given.break);
  const asked = combinations(given, quick);
  const plans = asked.map(({ mode, wake, load }): IpiPlan => ({
    mode: mode as Mode,
    wake: wake as Wake,
    loads: loadsOf(load),
    rate,
    cpus: cpus ?? defaultCpus(mode as Mode, load, cores),
    ring,
    durationMs,
    breakNs,
  }));
  const chosen = given.mode !== undefined || given.wake !== undefined || given.load !== undefined;
  // What nobody asked for in particular is left out when it cannot be.
  const kept = chosen ? plans : plans.filter((plan) => contradiction(plan) === undefined);
  for (const plan of kept) {
    const reason = contradiction(plan);
    if (reason !== undefined) refuse(reason);
  }
  return kept;
}

/** Stable name of a run. */
export function planId({ mode, wake, loads, rate }: IpiPlan): string {
  const open = rate === 0 ? '' : `@${rate}/s`;
  return `${mode}/${wake}/${shownLoads(loads)}${open}`;
}
