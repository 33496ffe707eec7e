/**
 * A section that only one thread may be in: everything in it is plain words, so that whatever two threads do at once
 * shows.
 */
import { failed, hold, switchAway, type Torture } from './harness.ts';

/** Words of one section: a line, and one more for the canaries. */
export const SECTION_WORDS = 64;
const SUM = 0;
const INSIDE = 1;
const GEN = 2;
const CANARY = 32;
const CANARIES = 8;

/**
 * Enters a section and writes the canaries.
 *
 * @param m - the region
 * @param base - offset of the section
 * @param which - its number, for messages
 * @returns how often threads have gone through: for goOut()
 */
export function goIn(t: Torture, m: Int32Array, base: number, which: number): number {
  const me = t.line;
  const other = m[base + INSIDE] as number;
  if (other !== 0) failed('exclusion', me, { section: which, inside: other });
  m[base + INSIDE] = me;
  const sum = m[base + SUM] as number;
  for (let i = 0; i < CANARIES; i++) m[base + CANARY + i] = me ^ sum ^ i;
  return sum;
}

/** Looks whether everything is as it was left, and leaves. */
export function goOut(t: Torture, m: Int32Array, base: number, which: number, sum: number): void {
  const me = t.line;
  for (let i = 0; i < CANARIES; i++) {
    const found = m[base + CANARY + i] as number;
    if (found !== (me ^ sum ^ i)) {
      failed('canary', me, { section: which, canary: i, expectedWord: me ^ sum ^ i, foundWord: found });
      break;
    }
  }
  const now = m[base + INSIDE] as number;
  if (now !== me) failed('exclusion', me, { section: which, inside: now });
  m[base + SUM] = (sum + 1) | 0;
  m[base + INSIDE] = 0;
}

/** Goes through a section once, without an interrupt point. */
export function goThrough(t: Torture, m: Int32Array, base: number, which: number): void {
  const sum = goIn(t, m, base, which);
  hold(t);
  goOut(t, m, base, which, sum);
}

/** Goes through a section, and blocks in it as often as not: for what is held also then. */
export function* stayIn(
  t: Torture,
  m: Int32Array,
  base: number,
  which: number,
): Generator<unknown, void, unknown> {
  const sum = goIn(t, m, base, which);
  hold(t);
  if (t.next(2) === 0) yield* switchAway(t);
  goOut(t, m, base, which, sum);
}

/** True while a thread is inside. */
export function isInside(m: Int32Array, base: number): boolean {
  return m[base + INSIDE] !== 0;
}

/** Takes back that a thread has gone through, on purpose: as an update that another one has overwritten. */
export function loseUpdate(m: Int32Array, base: number): void {
  m[base + SUM] = ((m[base + SUM] as number) - 1) | 0;
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
  if (gen === 0 || step < 0 || (fresh && step === 0))
    failed('generation', t.line, { token: which, generation: gen, last });
  m[base + GEN] = gen;
}
