/**
 * What others take of the computer while something is measured: time that the hypervisor stole, and cpu time that
 * was neither idle nor ours.
 *
 * Linux tells both in /proc/stat, in ticks of 10 ms; ours is in /proc/self/stat, children that have ended included.
 * Elsewhere nothing is known, and nothing is called disturbed.
 */
import { readFileSync } from 'node:fs';

/** Milliseconds since some beginning. */
export interface Usage {
  /** Time on the wall. */
  readonly wall: number;
  /** Of all cores together: cpu time that somebody used. */
  readonly busy: number;
  /** Of it, this process with its children. */
  readonly own: number;
  /** Of all cores together: taken by the hypervisor. */
  readonly steal: number;
  readonly cores: number;
}

/** Reads a file of /proc as text. */
export type ProcReader = (path: string) => string;

const TICK_MS = 10;
/** From so much foreign time on a measurement is disturbed: three ticks, or a tenth of the cores. */
const LEAST_MS = 3 * TICK_MS;
const SHARE = 0.1;

function ticks(text: string | undefined): number {
  return Number(text ?? NaN) * TICK_MS;
}

/** What has been used until now; undefined where the system does not tell. */
export function usage(
  read: ProcReader = (path) => readFileSync(path, 'utf8'),
  now: () => number = () => performance.now(),
): Usage | undefined {
  let stat: string;
  let self: string;
  try {
    stat = read('/proc/stat');
    self = read('/proc/self/stat');
  } catch {
    return undefined;
  }
  const [, user, nice, system, , , irq, softirq, steal] = /^cpu +.*/m.exec(stat)?.[0].split(/ +/) ?? [];
  // The name of the program stands in parentheses and may hold anything; utime is the twelfth field after it.
  const mine = self.slice(self.lastIndexOf(')') + 2).split(' ');
  const found: Usage = {
    wall: now(),
    busy: ticks(user) + ticks(nice) + ticks(system) + ticks(irq) + ticks(softirq),
    own: [11, 12, 13, 14].reduce((sum, field) => sum + ticks(mine[field]), 0),
    steal: ticks(steal),
    cores: stat.match(/^cpu\d+ /gm)?.length ?? NaN,
  };
  return Object.values(found).every(Number.isFinite) ? found : undefined;
}

/** Milliseconds of cpu time that others took between two looks; 0 where nothing is known. */
export function foreignMs(from: Usage | undefined, to: Usage | undefined): number {
  if (from === undefined || to === undefined) return 0;
  // Ticks are sampled: a little less than nothing is nothing.
  return Math.max(0, to.busy - from.busy - (to.own - from.own)) + Math.max(0, to.steal - from.steal);
}

/** Cores that others kept busy between two looks, on the average; 0 where nothing is known. */
export function foreignCores(from: Usage | undefined, to: Usage | undefined): number {
  return from === undefined || to === undefined ? 0 : foreignMs(from, to) / Math.max(1, to.wall - from.wall);
}

/** True when others took so much between two looks that what was measured is theirs as well. */
export function isDisturbed(from: Usage | undefined, to: Usage | undefined): boolean {
  if (from === undefined || to === undefined) return false;
  return foreignMs(from, to) > Math.max(LEAST_MS, SHARE * (to.wall - from.wall) * to.cores);
}
