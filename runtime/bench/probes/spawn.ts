/** What does a thread cost from creation to join, on its own cpu and on another? */
import type { Bench } from '../bench.ts';
import { bootCosts, first, javascript, lwkt, lwktCurve, program } from '../contenders.ts';
import { asyncCall, bareGenerator } from '../peers/javascript.ts';
import { poolContenders, startPools, stopPools } from '../peers/pools.ts';
import { compare, growWith } from '../rows.ts';

const FLIGHT = 64;
const CPUS = [2, 4, 8, 16, 32];
const QUICK_CPUS = [2, 8];

export const bench: Bench = async (options, tell) => {
  const { vs, quick } = options;
  const pools = await startPools(vs, 1);
  try {
    await using costs = await bootCosts({ cpus: 2 });
    tell.progress('own cpu', 0);
    const own = await compare(
      'spawn',
      [
        {
          id: 'spawn.own',
          title: 'create, run, exit and join a thread of the own cpu',
          includes:
            'descriptor, argument, scheduling, an empty body, its result at the joiner, one thread after the other. Without the first compilation. The sum of the results is checked',
          unit: 'ns',
          aim: { most: 150 },
        },
      ],
      [
        lwkt(costs, (n) => costs.ask('benchSpawnOwn', [n])),
        ...(await program(vs, 'native', 'C pthread', 'pthread-create', first())),
        ...javascript(vs, 'bare generator', bareGenerator),
        ...javascript(vs, 'async function', asyncCall),
        ...(await program(vs, 'go', 'Go', 'spawn', first())),
        ...(await program(vs, 'erlang', 'Erlang', 'spawn', first())),
      ],
      options,
    );
    tell.progress('another cpu', 1 / 3);
    const flying = async (run: (...args: number[]) => Promise<number[]>, n: number): Promise<number> =>
      (await run(n, FLIGHT))[0] ?? NaN;
    const other = await compare(
      'spawn',
      [
        {
          id: 'spawn.other',
          title: `the same on another cpu, ${FLIGHT} in flight`,
          includes:
            'the same, over the ring to the other cpu and back; of a pool, a task that returns its argument plus one, with as many under way, on one worker',
          unit: 'ns',
          aim: { most: 1500 },
        },
      ],
      [
        lwkt(costs, (n) => costs.ask('benchSpawnOther', [n, FLIGHT]), { step: FLIGHT }),
        ...(await program(vs, 'go', 'Go', 'flight', flying, { step: FLIGHT })),
        ...(await program(vs, 'erlang', 'Erlang', 'flight', flying, { step: FLIGHT })),
        ...poolContenders(pools, FLIGHT, async (pool, n) => {
          let sum = 0;
          const start = performance.now();
          for (let done = 0; done < n; done += FLIGHT) {
            const all = await Promise.all(Array.from({ length: FLIGHT }, (_, i) => pool.run('add', i)));
            for (const result of all) sum += result;
          }
          const took = performance.now() - start;
          const expected = (n / FLIGHT) * ((FLIGHT * (FLIGHT + 1)) / 2);
          if (sum !== expected) throw new Error(`the results add up to ${sum}, not ${expected}`);
          return (took * 1e6) / n;
        }),
      ],
      options,
    );
    tell.progress('more and more cpus', 2 / 3);
    const growth = await growWith(
      {
        id: 'spawn.cpus',
        bench: 'spawn',
        title: `a thread on the other cpus in turn, ${FLIGHT} in flight, by the number of cpus`,
        unit: 'ns',
        axis: 'cpus',
      },
      quick ? QUICK_CPUS : CPUS,
      (cpus) => bootCosts({ cpus }),
      (machine) => [
        lwktCurve(machine, () => (n) => machine.ask('benchSpawnOther', [n, FLIGHT]), { step: () => FLIGHT }),
      ],
      options,
    );
    return { rows: [...own, ...other], runs: [], maps: [], growth: [growth] };
  } finally {
    await stopPools(pools);
  }
};
