/**
 * The sending side of a run: sends, waits, and records how long each IPI took.
 *
 * Only the sender records, so a histogram has one writer. Latency counts from when an IPI was due: in an open loop that
 * is its place in the schedule, however late the sender comes to it; in a closed loop it is when it is sent.
 *
 * The time of the measuring is taken off: between two stamps lies one look at the clock; a round trip contains another
 * one, of the function.
 */
import { Globaldata } from '../../shared-memory/layout/globaldata.ts';
import { globaldataOf } from '../../shared-memory/layout/memory-map.ts';
import { BELL_ASLEEP, BELL_POLLING, sourceBit } from '../../shared-memory/doorbell.ts';
import { ldA, pause } from '../../shared-memory/word.ts';
import { cpu as kernel } from '../../scheduler/globaldata.ts';
import {
  ipiqDone,
  lwktSendIpiq,
  lwktSendIpiqMask,
  lwktSendIpiqPassive,
  lwktWaitIpiq,
  mycpu,
  safepoint,
} from '../../lwkt.ts';
import { clock } from '../plan/clock.ts';
import type { SharedHistogram } from '../plan/histogram.ts';
import { DISTRIBUTIONS, receivers, type IpiPlan } from '../plan/ipi-plan.ts';
import type { Region } from '../plan/region.ts';
import { arriveHereIpi, arriveIpi, noteAt } from './bound.ts';

/** What a phase does with the times that it sees. */
export type Phase = 'warm' | 'measured' | 'staged';

/** Nanoseconds that a cpu has between saying that it sleeps and sleeping. */
const SETTLE_NS = 20_000;

/** Groups in which unsent IPIs are recorded. */
const UNSENT_STEPS = 10_000;

/** A sample above the limit. */
export interface Broke {
  readonly sample: number;
  readonly ns: number;
  /** When its function ran. */
  readonly at: number;
}

/** Sends rounds of IPIs in one mode. */
export class Sender {
  readonly #plan: IpiPlan;
  readonly #stamps: Float64Array;
  readonly #targets: readonly number[];
  readonly #region: Region;
  readonly #oneWay: SharedHistogram;
  readonly #roundTrip: SharedHistogram;
  readonly #stages: readonly SharedHistogram[];
  readonly #clockNs: number;
  /** Words of the targets' doorbells. */
  readonly #bells: readonly number[];
  readonly #seqs: number[];
  readonly #queued: Float64Array;
  /** Round that the next send belongs to. */
  #sample = 0;
  phase: Phase = 'warm';
  broke: Broke | undefined;
  /** IPIs of each phase. */
  readonly sent: Record<Phase, number> = { warm: 0, measured: 0, staged: 0 };

  constructor(plan: IpiPlan, region: Region, clockNs: number) {
    this.#plan = plan;
    this.#stamps = region.stamps;
    this.#targets = receivers(plan);
    const [oneWay, roundTrip, ...stages] = DISTRIBUTIONS.map((_, i) => region.histogram(i)) as [
      SharedHistogram,
      SharedHistogram,
      ...SharedHistogram[],
    ];
    for (const histogram of [oneWay, roundTrip, ...stages]) histogram.reset();
    this.#region = region;
    this.#oneWay = oneWay;
    this.#roundTrip = roundTrip;
    this.#stages = stages;
    this.#clockNs = clockNs;
    const { map } = kernel.arena;
    this.#bells = this.#targets.map((cpu) => globaldataOf(map, cpu));
    this.#seqs = this.#targets.map(() => 0);
    this.#queued = new Float64Array(this.#targets.length);
  }

  /** IPIs that one round sends. */
  get perRound(): number {
    return this.#targets.length;
  }

  /** Records one IPI of a phase. */
  record(sample: number, due: number, ran: number, acknowledged: number): void {
    this.sent[this.phase]++;
    if (this.phase !== 'measured') return;
    const way = ran - due - this.#clockNs;
    this.#oneWay.record(way);
    this.#roundTrip.record(acknowledged - due - 2 * this.#clockNs);
    this.#limit(sample, way, ran);
  }

  /** Records what has no function of ours at the other end. */
  recordRoundTrip(sample: number, due: number, back: number): void {
    this.sent[this.phase]++;
    if (this.phase !== 'measured') return;
    const ns = back - due - this.#clockNs;
    this.#roundTrip.record(ns);
    this.#limit(sample, ns, back);
  }

  /** Records IPIs that were due and could not be sent, as late as they are now: they are later than that. */
  recordUnsent(firstDue: number, period: number, rounds: number, now: number): void {
    const step = Math.ceil(rounds / UNSENT_STEPS);
    for (let done = 0; done < rounds; done += step) {
      const ns = Math.max(0, now - firstDue - done * period);
      const many = Math.min(step, rounds - done) * this.perRound;
      if (this.#plan.mode !== 'token') this.#oneWay.record(ns, many);
      this.#roundTrip.record(ns, many);
    }
  }

  #limit(sample: number, ns: number, at: number): void {
    const { breakNs } = this.#plan;
    if (breakNs === 0 || ns <= breakNs || this.broke !== undefined) return;
    this.broke = { sample, ns, at };
    this.#region.freeze();
  }

  /** Records the stages of one IPI. */
  #recordStages(queued: number, noticed: number, ran: number, acknowledged: number): void {
    // Seen from here, the doorbell may be found taken later than the function ran; and a cpu that polls has none.
    const seen = Math.min(noticed, ran);
    const times = [seen - queued - this.#clockNs, ran - seen, acknowledged - ran - this.#clockNs];
    for (const [i, ns] of times.entries()) this.#stages[i]?.record(ns);
  }

  /** Waits until every target sleeps; gives up when the time is over. */
  #untilAsleep(end: number): boolean {
    const { m } = kernel;
    for (const bell of this.#bells) {
      while ((ldA(m, bell, Globaldata.bell) & BELL_ASLEEP) === 0) {
        safepoint();
        pause();
        if (clock() > end || this.#region.stopped) return false;
      }
    }
    const settled = clock() + SETTLE_NS;
    while (clock() < settled) pause();
    return true;
  }

  /** When a target was seen to have taken its doorbell; Infinity where none was rung: it polls, and runs what it sees. */
  #noticed(target: number): number {
    const { m } = kernel;
    const bell = this.#bells[target] as number;
    const bit = sourceBit(mycpu());
    const cpu = this.#targets[target] as number;
    const seq = this.#seqs[target] as number;
    const rung = ldA(m, bell, Globaldata.bell);
    if ((rung & bit) === 0 && (rung & BELL_POLLING) !== 0) return Infinity;
    while ((ldA(m, bell, Globaldata.bell) & bit) !== 0 && !ipiqDone(cpu, seq)) safepoint();
    return clock();
  }

  /**
   * Sends one round and waits for all of it.
   *
   * @param due - when it should have been sent; 0 for now
   * @param end - when the phase is over
   * @returns false if the time was over before it was sent
   */
  round(due: number, end: number): boolean {
    const { mode, wake } = this.#plan;
    // In an open loop the schedule decides, not the target.
    if (due === 0 && wake !== 'awake' && !this.#untilAsleep(end)) return false;
    const sample = this.#sample++;
    if (mode === 'broadcast') this.#broadcast(sample);
    else for (let i = 0; i < this.#targets.length; i++) this.#send(i, sample);
    // Broadcast lists the targets in their order, as here.
    const last = this.#targets.length - 1;
    const noticed =
      this.phase === 'staged' && mode !== 'self' && mode !== 'passive' ? this.#noticed(last) : 0;
    for (let i = 0; i <= last; i++) {
      this.#wait(i);
      const acknowledged = clock();
      const queued = this.#queued[i] as number;
      const ran = this.#stamps[this.#targets[i] as number] as number;
      noteAt(acknowledged, 'acknowledged', sample);
      this.record(sample, due === 0 ? queued : due, ran, acknowledged);
      if (noticed !== 0 && i === last) this.#recordStages(queued, noticed, ran, acknowledged);
    }
    return true;
  }

  #send(i: number, sample: number): void {
    const cpu = this.#targets[i] as number;
    const queued = clock();
    this.#queued[i] = queued;
    this.#seqs[i] =
      this.#plan.mode === 'passive'
        ? lwktSendIpiqPassive(cpu, arriveIpi, cpu, sample)
        : lwktSendIpiq(cpu, arriveIpi, cpu, sample);
    noteAt(queued, 'queued', sample);
  }

  #broadcast(sample: number): void {
    const queued = clock();
    const sent = lwktSendIpiqMask('others', arriveHereIpi, sample);
    for (const [i, { seq }] of sent.entries()) {
      this.#seqs[i] = seq;
      this.#queued[i] = queued;
    }
    noteAt(queued, 'queued', sample);
  }

  #wait(i: number): void {
    const cpu = this.#targets[i] as number;
    const seq = this.#seqs[i] as number;
    if (this.#plan.mode !== 'passive') {
      lwktWaitIpiq(cpu, seq);
      return;
    }
    // lwktWaitIpiq() would wake it, after a while.
    while (!ipiqDone(cpu, seq)) {
      safepoint();
      pause();
    }
  }
}
