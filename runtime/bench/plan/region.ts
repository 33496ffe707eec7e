/**
 * The shared memory of a latency run: one named region that the threads write and the host reads when they are done.
 *
 * ## Words
 *
 *   word        written by      mode     meaning
 *   stop        sender, host    atomic   the threads end
 *   ready       threads         atomic   threads of loads that have begun
 *   frozen      sender          atomic   traces are to be kept as they are
 *   turn        both in turn    atomic   token mode: whose turn it is to take the token
 *   storm       storm threads   atomic   IPIs sent, and refused since the ring was full
 *   ran         each cpu        plain    functions of the run that ran there; a line each
 *   stamps      receivers       plain    64-bit floats: when the function of an IPI ran
 *   histograms  their recorder  plain    see histogram.ts
 *   traces      each cpu        plain    see trace.ts
 *
 * ## Ordering
 *
 *   A stamp is read after the completion of its IPI was seen, which orders it (ring.ts). Everything else that is plain
 *   is read after the threads were joined.
 */
import { MAXCPU } from '../../base/params.ts';
import type { Atomic } from '../../shared-memory/struct.ts';
import { addA, ldA, stA, type Mem } from '../../shared-memory/word.ts';
import { HISTOGRAM_WORDS, SharedHistogram } from './histogram.ts';
import { DISTRIBUTIONS } from './ipi-plan.ts';
import { Trace, TRACE_WORDS } from './trace.ts';

/** Name of the region. */
export const REGION = 'lwkt.bench';

const LINE = 32;
const STOP = 0 as Atomic;
const READY = LINE as Atomic;
const FROZEN = (2 * LINE) as Atomic;
const TURN = (3 * LINE) as Atomic;
const STORM_SENT = (4 * LINE) as Atomic;
const STORM_REFUSED = (4 * LINE + 1) as Atomic;
const RAN = 5 * LINE;

/** Histograms: those of a run, or one for each cpu. */
function histograms(cpus: number): number {
  return Math.max(DISTRIBUTIONS.length, cpus);
}

/** Stamps: one for each IPI on its way, and one for each cpu. */
function stampsOf(ring: number): number {
  return Math.max(ring, MAXCPU);
}

/** The region as one corner sees it. */
export class Region {
  readonly m: Mem;
  readonly stamps: Float64Array;
  readonly #histograms: number;
  readonly #traces: number;

  constructor(m: Mem, cpus: number, ring: number) {
    this.m = m;
    const at = RAN + cpus * LINE;
    this.stamps = new Float64Array(m.buffer, m.byteOffset + at * 4, stampsOf(ring));
    this.#histograms = at + 2 * stampsOf(ring);
    this.#traces = this.#histograms + histograms(cpus) * HISTOGRAM_WORDS;
  }

  /** Length of the region in words. */
  static words(cpus: number, ring: number): number {
    return RAN + cpus * (LINE + TRACE_WORDS) + 2 * stampsOf(ring) + histograms(cpus) * HISTOGRAM_WORDS;
  }

  histogram(index: number): SharedHistogram {
    return new SharedHistogram(this.m, this.#histograms + index * HISTOGRAM_WORDS);
  }

  trace(cpu: number): Trace {
    return new Trace(this.m, this.#traces + cpu * TRACE_WORDS);
  }

  get stopped(): boolean {
    return ldA(this.m, 0, STOP) !== 0;
  }

  stop(): void {
    stA(this.m, 0, STOP, 1);
  }

  get ready(): number {
    return ldA(this.m, 0, READY);
  }

  /** A thread of a load has begun. */
  begun(): void {
    addA(this.m, 0, READY, 1);
  }

  get frozen(): boolean {
    return ldA(this.m, 0, FROZEN) !== 0;
  }

  freeze(): void {
    stA(this.m, 0, FROZEN, 1);
  }

  get turn(): number {
    return ldA(this.m, 0, TURN);
  }

  set turn(cpu: number) {
    stA(this.m, 0, TURN, cpu);
  }

  /** Adds what a storm thread has sent. */
  addStorm(sent: number, refused: number): void {
    addA(this.m, 0, STORM_SENT, sent);
    addA(this.m, 0, STORM_REFUSED, refused);
  }

  get stormSent(): number {
    return ldA(this.m, 0, STORM_SENT) >>> 0;
  }

  get stormRefused(): number {
    return ldA(this.m, 0, STORM_REFUSED) >>> 0;
  }

  /** Word of the functions that ran on a cpu. */
  ranWord(cpu: number): number {
    return RAN + cpu * LINE;
  }

  /** Functions that ran on all cpus, as 32 bits count. */
  ran(cpus: number): number {
    let sum = 0;
    for (let cpu = 0; cpu < cpus; cpu++) sum = (sum + (this.m[this.ranWord(cpu)] as number)) | 0;
    return sum >>> 0;
  }
}
