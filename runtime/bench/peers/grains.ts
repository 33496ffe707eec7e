/** Tasks of a chosen size, in a loop and in a pool. */
import { grain, GRAIN_FLIGHT, GRAIN_SEEDS, grainSum } from '../plan/grain.ts';
import type { Pool } from './pool.ts';

function checked(sum: number, steps: number, n: number): void {
  const expected = grainSum(steps, n);
  if (sum !== expected) throw new Error(`the results add up to ${sum}, not ${expected}`);
}

/** One after the other, in a loop; nanoseconds of each. */
export function plainGrains(steps: number, n: number): number {
  let sum = 0;
  const start = performance.now();
  for (let i = 0; i < n; i++) sum += grain(steps, i % GRAIN_SEEDS);
  const took = performance.now() - start;
  checked(sum, steps, n);
  return (took * 1e6) / n;
}

/** From one thread to a pool, some of them under way at any time; nanoseconds of each. */
export async function pooledGrains(pool: Pool, steps: number, n: number): Promise<number> {
  let sum = 0;
  let next = 0;
  const ask = async (): Promise<void> => {
    while (next < n) {
      const result = await pool.run('work', { steps, seed: next++ % GRAIN_SEEDS });
      sum += result;
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: Math.min(n, GRAIN_FLIGHT) }, ask));
  const took = performance.now() - start;
  checked(sum, steps, n);
  return (took * 1e6) / n;
}
