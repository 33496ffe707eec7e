/** What a run is to do, as the host tells it to the threads; plain data, cloned. */
import type { HoldPart } from './random.ts';
import type { Check } from './checks.ts';
import type { SuiteName } from './suites.ts';

/** A checked plan. */
export interface StressPlan {
  /** What is asked for: one suite, or all of them one after the other and at last all at once. */
  readonly suite: SuiteName | 'all';
  readonly cpus: number;
  /** Threads of a suite on each cpu. */
  readonly threads: number;
  readonly durationMs: number;
  readonly seed: number;
  /** Tokens, and wait queues, that the threads fight for. */
  readonly tokens: number;
  readonly hold: readonly HoldPart[];
  /** Most tokens held at once. */
  readonly nested: number;
  /** Weights of the operations that were asked for by name; others have their defaults. */
  readonly weights: Readonly<Record<string, number>>;
  /** Run so long, pause so long, in turns; 0 for no pauses. */
  readonly stutterMs: number;
  /** Milliseconds between two moves of a thread to another cpu; 0 for none. */
  readonly shuffleMs: number;
  /** One hold in a thousand is so long; 0 for none. */
  readonly longHoldMs: number;
  readonly chaos: number;
  readonly ring: number;
  /** Milliseconds without any progress after which the run is given up. */
  readonly stallMs: number;
  /** Least over most, of the operations of a suite's threads, below which the run fails; 0 for any. */
  readonly fairness: number;
  /** The check that is to fail, since its threads do wrong on purpose; empty for none. */
  readonly busted: Check | '';
}

/** What is in use of the arena when no thread of a suite is left. */
export interface ArenaUse {
  /** Named objects, and the bytes they take. */
  readonly names: number;
  readonly namedBytes: number;
  /** Thread descriptors that were ever used. */
  readonly descriptors: number;
}

/** What the controller thread says at the end of a phase. */
export interface PhaseReport {
  /** Messages of threads that ended by an error. */
  readonly errors: readonly string[];
  /** What was left behind, by name; empty when nothing was. */
  readonly left: Readonly<Record<string, number>>;
  readonly arena: ArenaUse;
}
