/** Jobs by the size of their tasks, and by the number of cpus. */
import type { BenchOptions } from '../bench.ts';
import { bootCosts, javascriptCurve, lwktCurve, programCurve, type Costs } from '../contenders.ts';
import { pooledGrains, plainGrains } from '../peers/grains.ts';
import type { PoolPeer } from '../peers/pools.ts';
import { GRAIN_SEEDS } from '../plan/grain.ts';
import type { Picture } from '../plan/work.ts';
import { grow, growWith, type Curve } from '../rows.ts';
import type { Growth } from '../schema.ts';

/** What a task handed on must be quicker than. */
const PLAIN = 'a loop of one plain thread';
const STEPS = [100, 1000, 10_000, 100_000, 1_000_000];
const QUICK_STEPS = [1000, 100_000];
const CPUS = [1, 2, 4, 8, 16, 32];
const QUICK_CPUS = [2, 8];

/** From which size on a task is worth handing to another cpu: the cost of one, of all ways to do it. */
export async function grainCurve(
  costs: Costs,
  pools: readonly PoolPeer[],
  options: BenchOptions,
): Promise<Growth> {
  const { vs, quick } = options;
  const step = (): number => GRAIN_SEEDS;
  return grow(
    {
      id: 'jobs.grain',
      bench: 'jobs',
      title:
        'a task of a chosen size, many of them from one thread to two cpus, by the steps of arithmetic in it, about a nanosecond each',
      unit: 'ns',
      axis: 'steps',
      baseline: PLAIN,
    },
    quick ? QUICK_STEPS : STEPS,
    [
      lwktCurve(costs, (steps) => (n) => costs.ask('benchGrains', [steps, n]), { step }),
      ...javascriptCurve(vs, PLAIN, (steps) => async (n) => plainGrains(steps, n), {
        step,
      }),
      ...pools.map((peer): Curve => ({
        name: peer.name,
        kind: 'peer',
        at: (steps) => ('why' in peer ? peer.why : (n) => pooledGrains(peer.pool, steps, n)),
        step,
      })),
    ],
    options,
  );
}

/** A whole picture, by the number of cpus; as many threads in C. */
export async function pictureCurve(
  picture: Picture,
  draw: (costs: Costs) => Promise<number>,
  options: BenchOptions,
): Promise<Growth> {
  const { vs, quick } = options;
  const { width, height, iterations } = picture;
  const threads = await programCurve(
    vs,
    'native',
    'C threads',
    'mandelbrot',
    (cpus) => async (run) => {
      const [ms = NaN] = await run(cpus, width, height, iterations);
      return ms * 1e6;
    },
    { fixed: true },
  );
  return growWith(
    {
      id: 'jobs.cpus',
      bench: 'jobs',
      title: `mandelbrot by single rows, ${width} × ${height}, by the number of cpus`,
      unit: 'ns',
      axis: 'cpus',
    },
    quick ? QUICK_CPUS : CPUS,
    (cpus) => bootCosts({ cpus }),
    (costs) => [lwktCurve(costs, () => async () => (await draw(costs)) * 1e6, { fixed: true }), ...threads],
    options,
  );
}
