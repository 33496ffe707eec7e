/** What a lock costs when cpus fight over it: rows and curves that tokens, the MP lock and mutexes have in common. */
import type { BenchOptions } from '../bench.ts';
import { bootCosts, javascript, lwkt, lwktCurve, program, type Costs } from '../contenders.ts';
import { fight as fightMutex } from '../peers/javascript.ts';
import { SECTION, type Fight, type Fought, type LockName } from '../plan/fight.ts';
import type { Absent, Contender } from '../rounds.ts';
import { compare, effortOf, growWith, type Aim, type Curve } from '../rows.ts';
import type { Growth, Row } from '../schema.ts';

const CPUS = [2, 4, 8, 16, 32];
const QUICK_CPUS = [2, 8];
/** Share of the time between two gets that is spent inside, in per cent. */
const CONTENTION = [1, 10, 25, 50, 75, 100];
const QUICK_CONTENTION = [10, 100];
/** A fight has to last for some quanta of the owner, and for the scheduler of the system to have its say. */
const LEAST_MS = 20;

/** Milliseconds of one fight. */
function fightMs(options: BenchOptions): number {
  return Math.max(LEAST_MS, effortOf(options).sampleMs);
}

async function fought(costs: Costs, plan: Fight): Promise<[number, number]> {
  const { ns, fairness } = await costs.ask<Fought>('benchFight', [plan]);
  return [ns, fairness];
}

/** Others who fight over a mutex. */
async function mutexes(options: BenchOptions): Promise<(Contender | Absent)[]> {
  const { vs } = options;
  const ms = fightMs(options);
  const fixed = { fixed: true };
  return [
    ...(await program(vs, 'native', 'C spinlock', 'contend', (run) => run('spin', ms), fixed)),
    ...(await program(vs, 'native', 'C pthread mutex', 'contend', (run) => run('mutex', ms), fixed)),
    ...javascript(vs, 'Atomics futex mutex', () => fightMutex(ms, SECTION), fixed),
    ...(await program(vs, 'go', 'Go sync.Mutex', 'contend', (run) => run(ms), fixed)),
  ];
}

/** One lock, two cpus, sections of 50 ns: their cost and how evenly they are shared. */
export async function foughtRows(
  bench: string,
  lock: LockName,
  title: string,
  aims: { readonly cost?: Aim; readonly fairness?: Aim },
  options: BenchOptions,
): Promise<Row[]> {
  await using costs = await bootCosts({ cpus: 2 });
  const plan: Fight = { lock, cpus: 2, ms: fightMs(options), pause: 0 };
  const includes = `a thread of each of two cpus takes ${title} for sections of some 50 ns without a pause`;
  const checked = 'The increments of an unprotected counter inside are checked';
  return await compare(
    bench,
    [
      {
        id: `${lock}.fought`,
        title: `${title}, two cpus, 50 ns sections`,
        includes: `${includes}; time over the sections of both together. ${checked}`,
        unit: 'ns',
        ...(aims.cost && { aim: aims.cost }),
      },
      {
        id: `${lock}.fairness`,
        title: `${title}, two cpus: how evenly they share`,
        includes: `${includes}; sections of the cpu that had fewer over those of the other. ${checked}`,
        unit: 'least / most',
        more: true,
        ...(aims.fairness && { aim: aims.fairness }),
      },
    ],
    [lwkt(costs, () => fought(costs, plan), { fixed: true }), ...(await mutexes(options))],
    options,
  );
}

/** How the cost of a section grows with cpus, and with contention. */
export async function foughtCurves(
  bench: string,
  lock: LockName,
  title: string,
  options: BenchOptions,
): Promise<Growth[]> {
  const { quick } = options;
  const ms = fightMs(options);
  const curve = (costs: Costs, at: (x: number) => () => Promise<[number, number]>): Curve[] => [
    lwktCurve(costs, at, { fixed: true }),
  ];
  return [
    await growWith(
      {
        id: `${lock}.cpus`,
        bench,
        title: `a section of ${title}, full contention, by the number of cpus`,
        unit: 'ns',
        axis: 'cpus',
      },
      quick ? QUICK_CPUS : CPUS,
      (cpus) => bootCosts({ cpus }),
      (costs) => curve(costs, (cpus) => () => fought(costs, { lock, cpus, ms, pause: 0 })),
      options,
    ),
    await growWith(
      {
        id: `${lock}.contention`,
        bench,
        title: `a section of ${title} of two cpus, by the share of time that each wants to be inside`,
        unit: 'ns',
        axis: '% inside',
      },
      quick ? QUICK_CONTENTION : CONTENTION,
      () => bootCosts({ cpus: 2 }),
      (costs) =>
        curve(costs, (share) => () => {
          const pause = Math.round((SECTION * (100 - share)) / share);
          return fought(costs, { lock, cpus: 2, ms, pause });
        }),
      options,
    ),
  ];
}
