/**
 * What every thread of a latency run shares on its cpu: the region, found once, and what is set at its begin.
 *
 * A cpu is bound before anything is sent to it, so that the IPI function finds everything.
 */
import { clock } from '../plan/clock.ts';
import type { IpiPlan } from '../plan/ipi-plan.ts';
import { Region, REGION } from '../plan/region.ts';
import { eventKind, type EventName, type Trace } from '../plan/trace.ts';
import { watchCollections } from './collections.ts';
import { ipiFunc, mycpu, shared, type IpiFunc } from '../../lwkt.ts';

/** What a bound cpu has. */
interface Bound {
  readonly region: Region;
  readonly stamps: Float64Array;
  readonly m: Region['m'];
  readonly ranWord: number;
  /** Only with a limit to break at: notes cost a look at the clock each. */
  readonly trace: Trace | undefined;
}

let bound: Bound | undefined;

/** The region's words, for a machine of so many cpus; made by whoever asks first. */
export function regionWords(cpus: number, ring: number): Int32Array {
  return shared.i32(REGION, Region.words(cpus, ring));
}

/** Binds this cpu. */
export function bind(plan: IpiPlan): void {
  const all = new Region(regionWords(plan.cpus, plan.ring), plan.cpus, plan.ring);
  if (plan.breakNs !== 0) watchCollections();
  bound = {
    region: all,
    stamps: all.stamps,
    m: all.m,
    ranWord: all.ranWord(mycpu()),
    trace: plan.breakNs === 0 ? undefined : all.trace(mycpu()),
  };
}

function here(): Bound {
  if (bound === undefined) throw new Error(`cpu ${mycpu()} was not bound before it was used`);
  return bound;
}

/** The region of this run. */
export function region(): Region {
  return here().region;
}

/** Functions for note(): one number for each event. */
const KINDS = {
  queued: eventKind('queued'),
  acknowledged: eventKind('acknowledged'),
  ran: eventKind('ran'),
} as const;

/** Notes what this cpu does, when the run is traced. */
export function note(name: EventName, value = 0): void {
  const { trace, region: of } = here();
  if (trace === undefined || of.frozen) return;
  trace.note(clock(), eventKind(name), value);
}

/** The same with a time that is known. */
export function noteAt(at: number, name: keyof typeof KINDS, value: number): void {
  const { trace, region: of } = here();
  if (trace === undefined || of.frozen) return;
  trace.note(at, KINDS[name], value);
}

/** What a measured IPI runs: says when, in the stamp that the sender named. */
function arrived(slot: number, sample: number): void {
  const { stamps, m, ranWord, trace } = bound as Bound;
  const now = clock();
  stamps[slot] = now;
  m[ranWord] = ((m[ranWord] as number) + 1) | 0;
  if (trace !== undefined) noteAt(now, 'ran', sample);
}

/** An IPI with a stamp of its own. */
export const arriveIpi: IpiFunc = ipiFunc(function benchArrive(slot, sample) {
  arrived(slot, sample);
});

/** An IPI that goes to many: each cpu has its stamp. */
export const arriveHereIpi: IpiFunc = ipiFunc(function benchArriveHere(sample) {
  arrived(mycpu(), sample);
});

/** What storms send. */
export const stormIpi: IpiFunc = ipiFunc(function benchStorm() {});
