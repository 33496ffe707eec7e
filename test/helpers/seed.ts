/**
 * The one seed of a test run: LWKT_TEST_SEED, or the time. Printed by every test that uses it, so that a failure
 * can be run again.
 */
import type { ExecutionContext } from 'ava';
import { configureGlobal } from 'fast-check';

/** A whole number of 31 bits. */
export const SEED = Number(process.env['LWKT_TEST_SEED'] ?? Date.now()) & 0x7fff_ffff;

// fast-check prints seed and path of what fails.
configureGlobal({ seed: SEED });

/** Notes the seed in the log of a test and returns it. */
export function seedOf(t: ExecutionContext): number {
  t.log(`seed: LWKT_TEST_SEED=${SEED}`);
  return SEED;
}

/** A small repeatable generator (mulberry32): whole numbers of 0 .. n - 1. */
export function random(seed: number): (n: number) => number {
  let state = seed | 0;
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) % n;
  };
}
