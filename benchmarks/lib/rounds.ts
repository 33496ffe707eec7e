/**
 * Rounds of measurements that can be believed on a noisy machine: every round takes each contestant forward and
 * backward (A B C C B A), and only ratios inside a round are formed. Reported are medians over the rounds.
 */

/** One thing to measure: gives the cost of one operation in its own unit, or undefined if it cannot run here. */
export interface Contestant {
  readonly name: string;
  readonly measure: () => Promise<number | undefined>;
}

/** What came out for one contestant. */
export interface Outcome {
  readonly name: string;
  /** Median cost; undefined if it could not run. */
  readonly cost: number | undefined;
  /** Median, least and most of the ratio to the first contestant of the same round. */
  readonly ratio: { readonly median: number; readonly least: number; readonly most: number } | undefined;
}

/** The middle of a list; the mean of the two middle ones if it is even. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/**
 * Measures contestants against the first one.
 *
 * @param rounds - at least 1
 */
export async function compete(contestants: readonly Contestant[], rounds: number): Promise<Outcome[]> {
  const costs = contestants.map((): number[] => []);
  const ratios = contestants.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    const sums = contestants.map(() => 0);
    const order = [...contestants.keys(), ...[...contestants.keys()].toReversed()];
    for (const index of order) {
      const cost = await contestants[index]?.measure();
      sums[index] = (sums[index] ?? NaN) + (cost ?? NaN);
    }
    sums.forEach((sum, index) => {
      costs[index]?.push(sum / 2);
      ratios[index]?.push(sum / (sums[0] ?? NaN));
    });
  }
  return contestants.map(({ name }, index) => {
    const known = (costs[index] ?? []).filter(Number.isFinite);
    const known2 = (ratios[index] ?? []).filter(Number.isFinite);
    return {
      name,
      cost: known.length === 0 ? undefined : median(known),
      ratio:
        known2.length === 0
          ? undefined
          : { median: median(known2), least: Math.min(...known2), most: Math.max(...known2) },
    };
  });
}
