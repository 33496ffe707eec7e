/** Tasks of a size that is chosen: the same arithmetic for every contender in JavaScript. */

/** Tasks under way at once. */
export const GRAIN_FLIGHT = 64;

/** Different tasks; the number of tasks is a multiple of it. */
export const GRAIN_SEEDS = 16;

/**
 * One task: so many steps of a linear congruential generator, each of which needs the one before.
 *
 * @returns the state that it ends with
 */
export function grain(steps: number, seed: number): number {
  let state = seed;
  for (let i = 0; i < steps; i++) state = (Math.imul(state, 1_103_515_245) + 12_345) | 0;
  return state;
}

const known = new Map<number, number>();

/** What the results of `n` tasks add up to, `n` a multiple of GRAIN_SEEDS; of each size it is worked out once. */
export function grainSum(steps: number, n: number): number {
  let sum = known.get(steps);
  if (sum === undefined) {
    sum = 0;
    for (let seed = 0; seed < GRAIN_SEEDS; seed++) sum += grain(steps, seed);
    known.set(steps, sum);
  }
  return (sum * n) / GRAIN_SEEDS;
}
