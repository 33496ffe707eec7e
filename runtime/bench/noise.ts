/** The noise floor: what the computer adds to every figure. */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { MAXCPU } from '../base/params.ts';
import { bootFor } from './machine.ts';
import type { Recorded } from './plan/histogram.ts';
import type { IpiPlan } from './plan/ipi-plan.ts';
import { percentileOf } from './ipi/distribution.ts';
import type { Noise } from './schema.ts';

const WATCH_MS = 500;
const QUICK_WATCH_MS = 100;

/** Milliseconds that each core is watched before a run, and again after. */
export function watchedMs(quick: boolean): number {
  return quick ? QUICK_WATCH_MS : WATCH_MS;
}

/** Times of all cores since boot, in ticks; undefined where the kernel does not tell. */
interface Ticks {
  readonly all: number;
  readonly stolen: number;
}

/** Place of stolen time in the line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal. */
const STEAL = 7;

/** Reads /proc/stat. */
export async function ticks(): Promise<Ticks | undefined> {
  try {
    const [line = ''] = (await readFile('/proc/stat', 'utf8')).split('\n');
    const times = line.trim().split(/\s+/).slice(1).map(Number);
    const stolen = times[STEAL];
    if (stolen === undefined) return undefined;
    return { all: times.slice(0, STEAL + 1).reduce((sum, n) => sum + n, 0), stolen };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Share of time stolen between two looks. */
export function stealBetween(before: Ticks | undefined, after: Ticks | undefined): number | null {
  if (before === undefined || after === undefined) return null;
  const all = after.all - before.all;
  return all === 0 ? 0 : (after.stolen - before.stolen) / all;
}

/** What the cores and the clock do, without what was stolen. */
export type Quiet = Omit<Noise, 'steal'>;

/** Looks at the clock, and at each core for gaps in a loop that does nothing else. All cores at once. */
export async function quietNoise(ms: number): Promise<Quiet> {
  const cpus = Math.min(MAXCPU, availableParallelism());
  const plan: IpiPlan = {
    mode: 'self',
    wake: 'awake',
    loads: [],
    rate: 0,
    cpus,
    ring: 16,
    durationMs: ms,
    breakNs: 0,
  };
  const { machine, region, clocks } = await bootFor(plan);
  try {
    const all = Array.from({ length: cpus }, (_, cpu) => machine.spawn('benchHiccups', [plan], { cpu }));
    await Promise.all(all);
    const hiccups = all.map((_, core) => {
      const recorded: Recorded = region.histogram(core).read();
      const at = (p: number): number => percentileOf(recorded, p);
      return { core, seconds: ms / 1000, p99: at(99), p999: at(99.9), max: recorded.max };
    });
    return {
      clockNs: Math.max(...clocks.map(({ cost }) => cost)),
      clockStepNs: Math.min(...clocks.map(({ step }) => step)),
      hiccups,
    };
  } finally {
    await machine.stop();
  }
}

/** Two looks as one: the worse of both. */
export function worse(a: Quiet, b: Quiet): Quiet {
  return {
    clockNs: Math.max(a.clockNs, b.clockNs),
    clockStepNs: Math.min(a.clockStepNs, b.clockStepNs),
    hiccups: a.hiccups.map((one, i) => {
      const other = b.hiccups[i] ?? one;
      return {
        core: one.core,
        seconds: one.seconds + other.seconds,
        p99: Math.max(one.p99, other.p99),
        p999: Math.max(one.p999, other.p999),
        max: Math.max(one.max, other.max),
      };
    }),
  };
}
