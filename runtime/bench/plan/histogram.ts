/**
 * A log-linear histogram in shared memory: one corner records, anybody reads.
 *
 * A value is a whole number of nanoseconds. Below 128 each has a bucket of its own; above, each power of two is cut
 * into 64, so a bucket is at most 1/64 of its value wide. What a reader gets is the middle of a bucket: at most 0.8 %
 * off. Least and most are exact.
 *
 * ## Words
 *
 *   word      written by   mode    meaning
 *   ends      recorder     plain   two 64-bit floats: least, most
 *   buckets   recorder     plain   64-bit counters, low and high word
 *
 *   Whole once the recorder has told the reader, by whatever way, that it is done.
 *
 * ## Cost
 *
 *   7 ns a value where an atomic takes 8: a count of leading zeros, one counter, two comparisons.
 */
import { count, ldCount, type Mem } from '../../shared-memory/word.ts';
import type { Plain } from '../../shared-memory/struct.ts';

const SUB_BITS = 6;
const SUB = 1 << SUB_BITS;
/** Values below have buckets of their own. */
const EXACT = 2 * SUB;
/** Values are below two to this power: 36 minutes. Longer ones are counted in the last bucket. */
const MOST_BITS = 41;
const BUCKETS = (MOST_BITS - SUB_BITS) * SUB + SUB;
/** Values below fit the quick way: shifts work on 32 bits. */
const QUICK = 2 ** 31;
const LIMIT = 2 ** MOST_BITS - 1;

const LEAST = 0;
const MOST = 1;
/** 64-bit floats before the buckets; a whole line. */
const ENDS = 16;

/** Words of one histogram, in whole lines. */
export const HISTOGRAM_WORDS = 2 * ENDS + Math.ceil((2 * BUCKETS) / 32) * 32;

/** Bucket of a value: a whole number, 0 or more. */
function bucketOf(ns: number): number {
  if (ns < EXACT) return ns;
  if (ns < QUICK) {
    const shift = 31 - SUB_BITS - Math.clz32(ns);
    return (shift << SUB_BITS) + (ns >> shift);
  }
  const value = Math.min(ns, LIMIT);
  const shift = 31 - Math.clz32(value / 2 ** 16) + 16 - SUB_BITS;
  return (shift << SUB_BITS) + Math.floor(value / 2 ** shift);
}

/** The least value of a bucket, and the one after its greatest. */
function bounds(bucket: number): readonly [number, number] {
  if (bucket < EXACT) return [bucket, bucket + 1];
  const shift = (bucket >> SUB_BITS) - 1;
  const low = (bucket - (shift << SUB_BITS)) * 2 ** shift;
  return [low, low + 2 ** shift];
}

/** What was recorded, as the reader sees it. */
export interface Recorded {
  readonly count: number;
  /** Least and most; 0 when nothing was recorded. */
  readonly min: number;
  readonly max: number;
  /** Middle of each bucket that has any, ascending, and how many. */
  readonly buckets: readonly (readonly [number, number])[];
}

/** One histogram. */
export class SharedHistogram {
  readonly #m: Mem;
  readonly #buckets: number;
  readonly #ends: Float64Array;

  /**
   * @param m - words of a region that begins on a multiple of 8 bytes
   * @param base - even word offset; HISTOGRAM_WORDS from there on are its own
   */
  constructor(m: Mem, base: number) {
    this.#m = m;
    this.#buckets = base + 2 * ENDS;
    this.#ends = new Float64Array(m.buffer, m.byteOffset + base * 4, ENDS);
  }

  /** Forgets everything. Recorder only. */
  reset(): void {
    this.#m.fill(0, this.#buckets, this.#buckets + 2 * BUCKETS);
    this.#ends.fill(0);
    this.#ends[LEAST] = Infinity;
  }

  /**
   * Notes a value, or the same one several times. Recorder only.
   *
   * @param ns - nanoseconds; below 0 is 0, fractions are rounded
   * @param many - 1 or more
   */
  record(ns: number, many = 1): void {
    const ends = this.#ends;
    const value = ns <= 0 ? 0 : ns < QUICK - 1 ? (ns + 0.5) | 0 : Math.round(ns);
    if (value < (ends[LEAST] as number)) ends[LEAST] = value;
    if (value > (ends[MOST] as number)) ends[MOST] = value;
    const bucket = (2 * bucketOf(value)) as Plain;
    if (many === 1) count(this.#m, this.#buckets, bucket);
    else this.#add(bucket, many);
  }

  #add(bucket: number, many: number): void {
    const m = this.#m;
    const at = this.#buckets + bucket;
    const low = ((m[at] as number) >>> 0) + many;
    m[at] = low | 0;
    m[at + 1] = ((m[at + 1] as number) + Math.floor(low / 2 ** 32)) | 0;
  }

  /** Everything that was recorded. */
  read(): Recorded {
    const [least = 0, most = 0] = this.#ends;
    let n = 0;
    const buckets: (readonly [number, number])[] = [];
    for (let i = 0; i < BUCKETS; i++) {
      const many = ldCount(this.#m, this.#buckets, (2 * i) as Plain);
      if (many === 0) continue;
      n += many;
      const [low, next] = bounds(i);
      // Of the values within, the middle; they are whole numbers.
      buckets.push([Math.floor((low + next - 1) / 2), many]);
    }
    return { count: n, min: n === 0 ? 0 : least, max: most, buckets };
  }
}
