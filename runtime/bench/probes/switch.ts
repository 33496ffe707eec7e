/** What does a switch between threads of one cpu cost, with 2 to 1,000,000 of them? */
import type { Bench } from '../bench.ts';
import {
  bootCosts,
  first,
  javascript,
  javascriptCurve,
  lwkt,
  lwktCurve,
  program,
  programCurve,
} from '../contenders.ts';
import { awaits, generators } from '../peers/javascript.ts';
import { compare, grow } from '../rows.ts';
import type { Row } from '../schema.ts';

const SIZES = [2, 1000, 60_000];
const CURVE = [2, 10, 100, 1000, 10_000, 100_000, 1_000_000];
const QUICK_CURVE = [2, 1000, 100_000];
/** Stacks of 8 kB each: more would not fit into a small computer. */
const MOST_CONTEXTS = 100_000;
const MOST_GOROUTINES = 100_000;
/** Turns of each goroutine or process, at least. */
const TURNS = 10;

const INCLUDES =
  'one yield of a thread that goes on: run queue, accounting, choice of the next thread, its resumption. ' +
  'Without making and joining the threads. Each thread has the same number of turns, which is checked';

export const bench: Bench = async (options, tell) => {
  const { vs, quick } = options;
  const points = quick ? QUICK_CURVE : CURVE;
  await using costs = await bootCosts({ cpus: 1, threads: Math.max(...SIZES, ...points) + 10_000 });
  const ours = (threads: number) => (n: number) => costs.ask('benchSwitches', [threads, n]);
  const rows: Row[] = [];
  for (const [i, size] of SIZES.entries()) {
    tell.progress(`${size} threads`, i / 4);
    const settings = { step: size };
    // Their first turns cannot be told from the rest: enough of them that this is little.
    const several = { step: size * TURNS };
    const contenders = [
      lwkt(costs, ours(size), settings),
      ...(await program(vs, 'native', 'C, least possible', 'asm-switch', first(size), settings)),
      ...(await program(vs, 'native', 'C swapcontext', 'switch', first(size), settings)),
      ...javascript(vs, 'bare generators', (n) => generators(size, n), settings),
      ...javascript(vs, 'await', (n) => awaits(size, n), settings),
      ...(await program(vs, 'go', 'Go', 'switch', first(size), several)),
      ...(await program(vs, 'erlang', 'Erlang', 'switch', first(size), several)),
    ];
    const figure = {
      id: `switch.${size}`,
      title: `switch between ${size.toLocaleString('en-US')} threads of a cpu`,
      includes: INCLUDES,
      unit: 'ns',
      aim: { most: 30 },
    };
    rows.push(...(await compare('switch', [figure], contenders, options)));
  }
  tell.progress('more and more threads', 3 / 4);
  const limited =
    (most: number, what: string) =>
    (x: number): string | ReturnType<typeof first> =>
      x > most ? `${x} ${what} take too much memory` : first(x);
  const step = (x: number): number => x;
  const growth = await grow(
    {
      id: 'switch.threads',
      bench: 'switch',
      title: 'a switch, by the number of threads',
      unit: 'ns',
      axis: 'threads',
    },
    points,
    [
      lwktCurve(costs, ours, { step }),
      ...(await programCurve(
        vs,
        'native',
        'C swapcontext',
        'switch',
        limited(MOST_CONTEXTS, 'stacks of 8 kB'),
        { step },
      )),
      ...(await programCurve(vs, 'go', 'Go', 'switch', limited(MOST_GOROUTINES, 'goroutines'), { step })),
      ...javascriptCurve(vs, 'await', (x) => (n) => awaits(x, n), { step }),
    ],
    options,
  );
  return { rows, runs: [], maps: [], growth: [growth] };
};
