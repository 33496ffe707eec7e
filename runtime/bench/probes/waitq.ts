/** What does it cost to wait on a queue and be signalled, by a thread of the own cpu and of another? */
import type { Bench } from '../bench.ts';
import { bootCosts, first, javascript, lwkt, lwktCurve, program } from '../contenders.ts';
import { promiseHandOffs } from '../peers/javascript.ts';
import { compare, grow } from '../rows.ts';

const WAITERS = [1, 10, 100, 1000, 10_000, 100_000];
const QUICK_WAITERS = [1, 1000];
const CHECKED = 'The turns of both are checked';

export const bench: Bench = async (options, tell) => {
  const { vs, quick } = options;
  const points = quick ? QUICK_WAITERS : WAITERS;
  await using costs = await bootCosts({ cpus: 2, threads: Math.max(...points) + 1000 });
  tell.progress('own cpu', 0);
  const own = await compare(
    'waitq',
    [
      {
        id: 'waitq.own',
        title: 'hand a turn to another thread of the own cpu',
        includes: `a signal to the thread that waits, and one’s own wait: token of the queue, wake-up, switch. ${CHECKED}`,
        unit: 'ns',
      },
    ],
    [
      lwkt(costs, (n) => costs.ask('benchHandOffs', [n, 0]), { step: 2 }),
      ...javascript(vs, 'promises', promiseHandOffs, { step: 2 }),
      ...(await program(vs, 'go', 'Go channels', 'handoff', first(), { step: 2 })),
      ...(await program(vs, 'erlang', 'Erlang messages', 'handoff', first(), { step: 2 })),
    ],
    options,
  );
  tell.progress('another cpu', 1 / 3);
  const other = await compare(
    'waitq',
    [
      {
        id: 'waitq.other',
        title: 'hand a turn to a thread of another cpu',
        includes: `the same over cpus: the token of the queue, or a message, goes to and fro as well; both cpus are awake most of the time, and spin before they sleep. Of C, threads that sleep on conditions. ${CHECKED}`,
        unit: 'ns',
      },
    ],
    [
      lwkt(costs, (n) => costs.ask('benchHandOffs', [n, 1]), { step: 2 }),
      ...(await program(vs, 'native', 'C pthread condition', 'handoff', first(), { step: 2 })),
    ],
    options,
  );
  tell.progress('more and more waiters', 2 / 3);
  const growth = await grow(
    {
      id: 'waitq.waiters',
      bench: 'waitq',
      title: 'wait, be woken with all others by one signal, and switch, by the number of waiters',
      unit: 'ns',
      axis: 'waiters',
    },
    points,
    [lwktCurve(costs, (waiters) => (n) => costs.ask('benchCrowds', [waiters, n]), { step: (x) => x })],
    options,
  );
  return { rows: [...own, ...other], runs: [], maps: [], growth: [growth] };
};
