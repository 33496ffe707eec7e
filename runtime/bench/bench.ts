/** What a benchmark is: the contract between the verb and those who measure. */
import type { PeerName } from './peers/names.ts';
import type { IpiPlan } from './plan/ipi-plan.ts';
import type { BenchPart } from './schema.ts';

/** Checked options, the same for every benchmark; each takes what it needs. */
export interface BenchOptions {
  readonly cpus: number;
  /** Milliseconds of one measurement, all its rounds together. */
  readonly durationMs: number;
  readonly ring: number;
  /** Rounds of each comparison. */
  readonly rounds: number;
  /** Fewer and shorter measurements. */
  readonly quick: boolean;
  /** Whom lwkt is compared with. */
  readonly vs: ReadonlySet<PeerName>;
  /** The runs of `ipi`; their time is that of one round. */
  readonly ipi: readonly IpiPlan[];
  /** Whether `ipi` measures all pairs of cpus. */
  readonly map: boolean;
  /** The runs that `ipi` leaves out because it is to be quick, and nobody named them. */
  readonly leftOut: readonly IpiPlan[];
  /** Ends the run early, with what there is. */
  readonly interrupted: AbortSignal;
}

/** What a benchmark tells while it runs. */
export interface BenchEvents {
  /** Where it stands: what it measures now, and how much of its work is done, 0 .. 1. */
  progress(what: string, share: number): void;
  /** Something that the reader of the figures should know, as a measurement that was left out. */
  note(text: string): void;
}

/**
 * Runs a benchmark. When `options.interrupted` is aborted it stops soon, and its part has what there is.
 *
 * @throws LwktError when a machine does not boot
 */
export type Bench = (options: BenchOptions, tell: BenchEvents) => Promise<BenchPart>;
