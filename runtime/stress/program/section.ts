/**
 * A section that only one thread may be in: everything in it is plain words, so that whatever two threads do at once
 * shows.
 */
import { failed, hold, type Torture } from './harness.ts';

/** Words of one section: a line, and one more for the canaries. */
export const SECTION_WORDS = 64;
const SUM = 0;
const INSIDE = 1;
const GEN = 2;
const CANARY = 32;
const CANARIES = 8;

/**
 * Goes through a section once.
 *
 * @param m - the region
 * @param base - offset of the section
 * @param which - its number, for messages
 */
export function goThrough(t: Torture, m: Int32Array, base: number, which: number): void {
  const me = t.line;
  const other = m[base + INSIDE] as number;
  if (other !== 0) failed('exclusion', me, which, other);
  m[base + INSIDE] = me;
  const sum = m[base + SUM] as number;
  for (let i = 0; i < CANARIES; i++) m[base + CANARY + i] = me ^ sum ^ i;
  hold(t);
  for (let i = 0; i < CANARIES; i++) {
    const found = m[base + CANARY + i] as number;
    if (found !== (me ^ sum ^ i)) {
      failed('canary', me, which, i, found, me ^ sum ^ i);
      break;
    }
  }
  const now = m[base + INSIDE] as number;
  if (now !== me) failed('exclusion', me, which, now);
  m[base + SUM] = (sum + 1) | 0;
  m[base + INSIDE] = 0;
}

/** How often threads have gone through. */
export function sumOf(m: Int32Array, base: number): number {
  return m[base + SUM] as number;
}

/**
 * Compares a token's generation with the last one that was noted in its section.
 *
 * @param fresh - the token was just got: the generation has moved
 */
export function noteGeneration(
  t: Torture,
  m: Int32Array,
  base: number,
  which: number,
  gen: number,
  fresh: boolean,
): void {
  const last = m[base + GEN] as number;
  const step = (gen - last) | 0;
  if (gen === 0 || step < 0 || (fresh && step === 0)) failed('generation', t.line, which, gen, last);
  m[base + GEN] = gen;
}
