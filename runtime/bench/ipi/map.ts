/** The map: every cpu to every other one. */
import { bootFor } from '../machine.ts';
import { supports } from '../percentiles.ts';
import type { IpiPlan } from '../plan/ipi-plan.ts';
import type { PairMap } from '../schema.ts';
import { percentileOf } from './distribution.ts';

/** Milliseconds of one pair, at least. */
const LEAST_MS = 5;

/**
 * Measures round trips of all ordered pairs, one pair at a time, the others idle.
 *
 * @param ms - for all of them
 */
export async function pairMap(
  cpus: number,
  ring: number,
  ms: number,
  interrupted: AbortSignal,
): Promise<PairMap> {
  const each = Math.max(LEAST_MS, ms / (cpus * (cpus - 1)));
  const plan: IpiPlan = {
    mode: 'pair',
    wake: 'awake',
    loads: [],
    rate: 0,
    cpus,
    ring,
    durationMs: each,
    breakNs: 0,
  };
  const empty = (): (number | null)[][] =>
    Array.from({ length: cpus }, () => Array.from({ length: cpus }, () => null));
  const median = empty();
  const p99 = empty();
  const { machine, region } = await bootFor(plan);
  try {
    for (let cpu = 0; cpu < cpus; cpu++) await machine.spawn('benchReady', [plan], { cpu });
    for (let from = 0; from < cpus; from++) {
      for (let to = 0; to < cpus; to++) {
        if (from === to || interrupted.aborted) continue;
        await machine.spawn('benchPair', [to, each * 1e6], { cpu: from });
        const recorded = region.histogram(0).read();
        (median[from] as (number | null)[])[to] = percentileOf(recorded, 50);
        if (supports(recorded.count, 'p99'))
          (p99[from] as (number | null)[])[to] = percentileOf(recorded, 99);
      }
    }
  } finally {
    await machine.stop();
  }
  return { id: `ipi.map.${cpus}`, title: 'IPI round trip from cpu to cpu', cpus, median, p99 };
}
