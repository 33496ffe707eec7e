/**
 * What does it cost to have another cpu do something: awake, one after the other; awake, one way; asleep?
 *
 * `lwkt bench ipi` shows the latencies themselves, under load; here they stand beside what others take.
 */
import type { Bench } from '../bench.ts';
import { bootCosts, first, javascript, lwkt, program } from '../contenders.ts';
import { bounce, wake } from '../peers/javascript.ts';
import { postStream } from '../peers/messageport.ts';
import { poolContenders, startPools, stopPools } from '../peers/pools.ts';
import type { Pool } from '../peers/pool.ts';
import { compare, effortOf } from '../rows.ts';
import type { Row } from '../schema.ts';

/** Milliseconds in which an idle worker has surely gone to sleep. */
const IDLE_MS = 1;

/** Tasks one after the other. */
async function tasks(pool: Pool, n: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < n; i++) {
    const result = await pool.run('add', i);
    if (result !== i + 1) throw new Error(`a task returned ${result}, not ${i + 1}`);
  }
  return ((performance.now() - start) * 1e6) / n;
}

/** From the call until a task begins on a worker that has slept; the median. */
async function taskWake(pool: Pool, n: number): Promise<number> {
  const all: number[] = [];
  for (let i = 0; i < n; i++) {
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    const start = performance.timeOrigin + performance.now();
    all.push((await pool.run('first', undefined)) - start);
  }
  return (all.toSorted((a, b) => a - b)[n >> 1] ?? NaN) * 1e6;
}

export const bench: Bench = async (options, tell) => {
  const { vs } = options;
  const rows: Row[] = [];
  const pools = await startPools(vs, 1);
  try {
    await using costs = await bootCosts({ cpus: 2 });
    tell.progress('call', 0);
    rows.push(
      ...(await compare(
        'call',
        [
          {
            id: 'ipi.call',
            title: 'IPI call, both cpus awake',
            includes:
              'send, run the function on the other cpu, see it completed, one after the other; of a pool, a task and its result. Without waking a cpu that sleeps. Calls and the sum of their arguments are checked',
            unit: 'ns',
            aim: { times: 1.3, of: 'C bounce of a cache line' },
          },
        ],
        [
          lwkt(costs, (n) => costs.ask('benchIpiCalls', [n])),
          ...(await program(vs, 'native', 'C bounce of a cache line', 'bounce', first())),
          ...javascript(vs, 'Atomics bounce', bounce),
          ...(await program(vs, 'go', 'Go channels', 'call', first())),
          ...(await program(vs, 'erlang', 'Erlang', 'call', first())),
          ...poolContenders(pools, 1, tasks),
        ],
        options,
      )),
    );
    tell.progress('stream', 1 / 3);
    rows.push(
      ...(await compare(
        'call',
        [
          {
            id: 'ipi.stream',
            title: 'IPI stream, one way',
            includes:
              'a record into the ring and its function run on the other cpu, as fast as they come, until the last has run. Records and the sum of their arguments are checked',
            unit: 'ns',
            aim: { times: 3.6, of: 'C ring' },
          },
        ],
        [
          lwkt(costs, (n) => costs.ask('benchIpiStream', [n])),
          ...(await program(vs, 'native', 'C ring', 'ring', first())),
          ...(vs.has('messageport')
            ? [{ name: 'postMessage', kind: 'peer' as const, measure: postStream }]
            : []),
          ...(await program(vs, 'go', 'Go channel', 'stream', first())),
          ...(await program(vs, 'erlang', 'Erlang', 'stream', first())),
        ],
        options,
      )),
    );
    tell.progress('wake-up', 2 / 3);
    // Each takes more than a millisecond of idling first, so their number is what the time allows.
    const times = Math.max(5, Math.round(effortOf(options).sampleMs / 2));
    const settings = { fixed: true };
    rows.push(
      ...(await compare(
        'call',
        [
          {
            id: 'wake.parked',
            title: 'wake a cpu that sleeps, one way',
            includes:
              'from before the send until the function runs on a cpu that had slept for a millisecond: the system call, and the wake-up of thread and core. Medians of many',
            unit: 'ns',
            aim: { times: 1.15, of: 'C futex' },
          },
        ],
        [
          lwkt(costs, () => costs.ask('benchWakes', [times]), settings),
          ...(await program(
            vs,
            'native',
            'C futex',
            'wake',
            async (run) => (await run(times))[0] ?? NaN,
            settings,
          )),
          ...javascript(vs, 'Atomics.wait and notify', () => wake(times), settings),
          ...poolContenders(pools, 1, (pool) => taskWake(pool, times), true),
        ],
        options,
      )),
    );
    return { rows, runs: [], maps: [], growth: [] };
  } finally {
    await stopPools(pools);
  }
};
