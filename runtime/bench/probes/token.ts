/** What does a token cost: alone, fought over, and when its owner sleeps? */
import type { Bench, BenchOptions } from '../bench.ts';
import { bootCosts, first, javascript, lwkt, lwktCurve, program, type Costs } from '../contenders.ts';
import { mutexAlone } from '../peers/javascript.ts';
import { compare, grow } from '../rows.ts';
import type { Growth, Row } from '../schema.ts';
import { foughtCurves, foughtRows } from './fights.ts';

const TOKENS = [1, 10, 100, 1000];
/** Tokens that the other cpu had last, each taken once. */
const ASLEEP = 500;
const SETTLE_MS = 2;
const MOST_LOOKS = 2000;

/** Until a cpu sleeps. */
async function untilParked(costs: Costs, cpu: number): Promise<void> {
  for (let looks = 0; looks < MOST_LOOKS; looks++) {
    if (costs.machine.stats().cpus[cpu]?.state === 'park') return;
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  }
  throw new Error(`cpu ${cpu} does not go to sleep`);
}

async function asleep(costs: Costs): Promise<number> {
  await costs.ask('benchTokensOnce', [ASLEEP], 1);
  await untilParked(costs, 1);
  return costs.ask('benchTokensOnce', [ASLEEP], 0);
}

async function rowsOf(options: BenchOptions): Promise<[Row[], Growth]> {
  const { vs } = options;
  await using costs = await bootCosts({ cpus: 2 });
  const alone = await compare(
    'token',
    [
      {
        id: 'token.alone',
        title: 'token, uncontended',
        includes: 'get, one store, release, by a thread of the cpu that owns it',
        unit: 'ns',
        aim: { most: 6 },
      },
    ],
    [
      lwkt(costs, (n) => costs.ask('benchLockAlone', ['token', n])),
      ...(await program(vs, 'native', 'C pthread mutex', 'mutex', first())),
      ...javascript(vs, 'Atomics futex mutex', mutexAlone),
      ...(await program(vs, 'go', 'Go sync.Mutex', 'mutex', first())),
    ],
    options,
  );
  const sleeping = await compare(
    'token',
    [
      {
        id: 'token.asleep',
        title: 'token whose owner cpu sleeps',
        includes: `the first get and release of each of ${ASLEEP} tokens that another cpu had last, which has gone to sleep since; looking each up by its array included`,
        unit: 'ns',
      },
    ],
    [lwkt(costs, () => asleep(costs), { fixed: true })],
    options,
  );
  const growth = await grow(
    {
      id: 'token.tokens',
      bench: 'token',
      title: 'get and release, uncontended, by the number of tokens taken in turn from a list',
      unit: 'ns',
      axis: 'tokens',
    },
    TOKENS,
    [lwktCurve(costs, (tokens) => (n) => costs.ask('benchTokensInTurn', [tokens, n]), { step: (x) => x })],
    options,
  );
  return [[...alone, ...sleeping], growth];
}

export const bench: Bench = async (options, tell) => {
  tell.progress('alone', 0);
  const [rows, growth] = await rowsOf(options);
  tell.progress('fought over', 1 / 3);
  const fought = await foughtRows(
    'token',
    'token',
    'one token',
    { cost: { times: 1.03, of: 'C spinlock' }, fairness: { least: 0.9 } },
    options,
  );
  tell.progress('more and more cpus', 2 / 3);
  const curves = await foughtCurves('token', 'token', 'one token', options);
  return { rows: [...rows, ...fought], runs: [], maps: [], growth: [growth, ...curves] };
};
