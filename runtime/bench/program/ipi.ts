/**
 * One run from its begin to its end: binds the cpus, starts the loads, gets warm, measures, looks at the stages, and
 * stops everything.
 */
import { clock, clockReport } from '../plan/clock.ts';
import { receivers, type IpiPlan, type IpiResult } from '../plan/ipi-plan.ts';
import { join, kthread, lwktSendIpiq, lwktYield, safepoint, sleep } from '../../lwkt.ts';
import { region } from './bound.ts';
import { bindAll, startLoads, wakeUpIpi } from './load.ts';
import { Pipeline } from './pipeline.ts';
import { Sender } from './sender.ts';
import { startOther, tokenRound } from './token.ts';

type Steps = Generator<unknown, void, unknown>;

/** Share of the duration for the look at the stages. */
const STAGED = 0.25;
/** The code is warm after so many rounds, or after this time. */
const WARM_ROUNDS = 20_000;
const WARM_NS = 100e6;
/** How much longer than it should last an open loop may take to send what was due: itself, and this at least. */
const GRACE_NS = 1e9;

/** True where IPIs to one cpu do not wait for each other: in an open loop they are sent when they are due. */
function isPiped({ mode, rate }: IpiPlan): boolean {
  return mode === 'pipelined' || (rate !== 0 && (mode === 'pair' || mode === 'passive'));
}

/** One run. Lives on the sending cpu. */
class Run {
  readonly #plan: IpiPlan;
  readonly #region = region();
  readonly #sender: Sender;
  readonly #pipeline: Pipeline | undefined;
  readonly clockNs = clockReport().cost;
  #rounds = 0;
  unsent = 0;
  seconds = 0;

  constructor(plan: IpiPlan) {
    this.#plan = plan;
    this.#sender = new Sender(plan, this.#region, this.clockNs);
    this.#pipeline = isPiped(plan) ? new Pipeline(plan, this.#region, this.#sender) : undefined;
  }

  get sender(): Sender {
    return this.#sender;
  }

  get #over(): boolean {
    return this.#region.stopped || this.#sender.broke !== undefined;
  }

  *#round(due: number, end: number): Generator<unknown, boolean, unknown> {
    const sample = this.#rounds++;
    if (this.#plan.mode === 'token') {
      yield* tokenRound(this.#sender, sample, due);
      return true;
    }
    const pipeline = this.#pipeline;
    // Getting warm, and the look at the stages, are closed loops.
    if (pipeline === undefined || (due === 0 && this.#plan.mode !== 'pipelined'))
      return this.#sender.round(due, end);
    pipeline.harvest();
    if (pipeline.full) pipeline.waitOne();
    pipeline.send(due);
    return true;
  }

  /** As many rounds as the time lets, and one at least. */
  *#closed(end: number, most: number): Steps {
    for (let i = 0; i < most && !this.#over && (i === 0 || clock() < end); i++) {
      if (!(yield* this.#round(0, i === 0 ? Infinity : end))) return;
      if (safepoint()) yield* lwktYield();
    }
  }

  /** Rounds on time, or as soon after as the sender gets to them. */
  *#open(start: number, ns: number): Steps {
    const period = 1e9 / this.#plan.rate;
    const rounds = Math.max(1, Math.floor(ns / period));
    const end = start + ns + Math.max(ns, GRACE_NS);
    for (let i = 0; i < rounds; i++) {
      const due = start + i * period;
      while (clock() < due && !this.#over) {
        this.#pipeline?.harvest();
        if (safepoint()) yield* lwktYield();
      }
      if (this.#over) return;
      const now = clock();
      if (now > end) {
        this.#sender.recordUnsent(due, period, rounds - i, now);
        this.unsent = (rounds - i) * this.#sender.perRound;
        return;
      }
      yield* this.#round(due, end);
    }
  }

  /** Gets the code compiled. */
  *warm(): Steps {
    this.#sender.phase = 'warm';
    yield* this.#closed(clock() + WARM_NS, WARM_ROUNDS);
    this.#pipeline?.drain();
  }

  *measure(ns: number): Steps {
    this.#sender.phase = 'measured';
    const start = clock();
    if (this.#plan.rate === 0) yield* this.#closed(start + ns, Infinity);
    else yield* this.#open(start, ns);
    this.#pipeline?.drain();
    this.seconds = (clock() - start) / 1e9;
  }

  /** The look at the stages: one at a time, whatever the schedule. */
  *stages(ns: number): Steps {
    this.#sender.phase = 'staged';
    yield* this.#closed(clock() + ns, Infinity);
  }
}

/** True where each stage of an IPI can be told: its doorbell stands for it alone. */
function hasStages({ mode, breakNs }: IpiPlan): boolean {
  return breakNs === 0 && (mode === 'pair' || mode === 'fan-out' || mode === 'broadcast');
}

/** Runs a plan; on cpu 0. */
export const benchIpi = kthread(function* benchIpi(plan: IpiPlan) {
  for (const td of bindAll(plan)) yield* join(td);
  const r = region();
  const run = new Run(plan);
  const loads = [...startLoads(plan), ...(plan.mode === 'token' ? startOther(plan) : [])];
  while (r.ready < loads.length && !r.stopped) yield* sleep(0.1);
  const staged = hasStages(plan) ? STAGED : 0;
  yield* run.warm();
  yield* run.measure(plan.durationMs * 1e6 * (1 - staged));
  if (staged !== 0) yield* run.stages(plan.durationMs * 1e6 * staged);
  r.stop();
  if (plan.wake === 'loop') for (const cpu of receivers(plan)) lwktSendIpiq(cpu, wakeUpIpi);
  for (const td of loads) yield* join(td);
  const { sent, broke } = run.sender;
  const result: IpiResult = {
    sent: sent.measured,
    staged: sent.staged,
    warm: sent.warm,
    unsent: run.unsent,
    ran: r.ran(plan.cpus),
    seconds: run.seconds,
    clockNs: run.clockNs,
    stormSent: r.stormSent,
    stormRefused: r.stormRefused,
    broke,
  };
  return result;
});
