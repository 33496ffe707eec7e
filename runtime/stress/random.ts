/** Chance from a seed: the same seed gives the same choices, whatever else the machine does. */

/** A repeatable generator whose whole state is one number, so that it can move with its thread. */
export interface Chance {
  state: number;
}

/** A generator for one user of a seed; users are told apart by any whole numbers. */
export function chance(seed: number, ...users: readonly number[]): Chance {
  let state = seed | 0;
  for (const user of users)
    state = Math.imul(state ^ Math.imul(user + 1, 0x9e37_79b1), 0x85eb_ca6b) ^ (state >>> 13);
  return { state };
}

/** A whole number of 0 .. n - 1 (mulberry32). */
export function below(c: Chance, n: number): number {
  const state = (c.state + 0x6d2b_79f5) | 0;
  c.state = state;
  let x = Math.imul(state ^ (state >>> 15), state | 1);
  x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
  return ((x ^ (x >>> 14)) >>> 0) % n;
}

/** Index into `weights`, each as likely as its share. */
export function pick(c: Chance, weights: readonly number[]): number {
  let left = below(
    c,
    weights.reduce((sum, weight) => sum + weight, 0),
  );
  for (let i = 0; i < weights.length; i++) {
    left -= weights[i] as number;
    if (left < 0) return i;
  }
  return weights.length - 1;
}

/** How long something is held: `percent` of the time up to `ns` nanoseconds. The percentages sum up to 100. */
export interface HoldPart {
  readonly percent: number;
  readonly ns: number;
}

/** Nanoseconds drawn from a distribution. */
export function drawHold(c: Chance, hold: readonly HoldPart[]): number {
  let left = below(c, 100);
  for (const { percent, ns } of hold) {
    left -= percent;
    if (left < 0) return ns;
  }
  return hold.at(-1)?.ns ?? 0;
}
