/** What an IPI latency run is: the plan that the host hands to the threads. */

/** Ways of sending, and what they are. */
export const MODES = [
  ['self', 'to the sending cpu, where it runs at once'],
  ['pair', 'to one other cpu, one at a time'],
  ['fan-out', 'to every other cpu, one send each, then all are waited for'],
  ['broadcast', 'to every other cpu with one call, then all are waited for'],
  ['pipelined', 'to one other cpu, as many on their way as half a ring holds'],
  ['passive', 'to one other cpu without ringing its doorbell'],
  ['token', 'pair, and a token goes along: two cpus take it from each other in turn'],
] as const;

export type Mode = (typeof MODES)[number][0];

/** What the receiving cpu does when nothing is to be done. */
export const WAKES = [
  ['awake', 'it looks at its doorbell all the time'],
  ['parked', 'it sleeps on its doorbell: a notify wakes it'],
  ['loop', 'it sleeps in its event loop, since a promise is outstanding'],
] as const;

export type Wake = (typeof WAKES)[number][0];

/** Loads, and what their parameter is. */
export const LOADS = [
  ['none', '', 'nothing'],
  ['compute', 'time', 'computes, with a safepoint after each such time (default 10us)'],
  ['crit', 'time', 'one critical section of such a time after the other (default 50us)'],
  ['storm', 'rate', 'other cpus send it so many IPIs, together (default 1e6/s); needs a third cpu'],
  ['gc', '', 'allocates, so that V8 collects garbage'],
  ['mplock', '', 'threads take the MP lock in turn, for sections of 2 µs'],
  ['switch', 'count', 'so many threads that give way to each other all the time (default 100)'],
] as const;

export type LoadName = (typeof LOADS)[number][0];

/** One load, or a part of a mix. */
export interface Load {
  readonly name: LoadName;
  /** Nanoseconds, IPIs per second or threads; 0 for a load without parameter. */
  readonly value: number;
}

/** One run. */
export interface IpiPlan {
  readonly mode: Mode;
  readonly wake: Wake;
  /** What goes on on each receiving cpu; none means nothing. */
  readonly loads: readonly Load[];
  /** IPIs, or rounds of them, per second; 0 for a closed loop. */
  readonly rate: number;
  readonly cpus: number;
  readonly ring: number;
  readonly durationMs: number;
  /** Stop at the first IPI whose way takes longer, nanoseconds; 0 for never. */
  readonly breakNs: number;
}

/** What the sending thread reports. Times are nanoseconds, counts are IPIs. */
export interface IpiResult {
  /** Measured. */
  readonly sent: number;
  /** Sent again with a look at every stage. */
  readonly staged: number;
  /** Before that, to get warm; not measured. */
  readonly warm: number;
  /** Due, but the run was over before they could be sent; counted as late as they were then. */
  readonly unsent: number;
  /** Functions run, all together. */
  readonly ran: number;
  readonly seconds: number;
  /** Cost of one look at the clock, as taken off. */
  readonly clockNs: number;
  readonly stormSent: number;
  readonly stormRefused: number;
  /** The IPI that was slower than the limit: its number, from 0, and its time; undefined if none was. */
  readonly broke: { readonly sample: number; readonly ns: number; readonly at: number } | undefined;
}

/** Distributions of a run, in the order of their histograms in the region. */
export const DISTRIBUTIONS = [
  'one way',
  'round trip',
  'queued to noticed',
  'noticed to run',
  'run to acknowledged',
] as const;

/** Receiving cpus of a mode; the sender is cpu 0. */
export function receivers({ mode, cpus }: Pick<IpiPlan, 'mode' | 'cpus'>): number[] {
  if (mode === 'self') return [0];
  if (mode !== 'fan-out' && mode !== 'broadcast') return [1];
  return Array.from({ length: cpus - 1 }, (_, i) => i + 1);
}
