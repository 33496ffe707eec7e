import test from 'ava';
import { foreignCores, foreignMs, isDisturbed, usage } from '../../runtime/bench/disturbance.ts';
import type { BenchOptions } from '../../runtime/bench/bench.ts';
import { median } from '../../runtime/bench/figures.ts';
import { compete, type Contender, type Effort } from '../../runtime/bench/rounds.ts';
import { compare } from '../../runtime/bench/rows.ts';
import { Row } from '../../runtime/bench/schema.ts';

const EFFORT: Effort = {
  rounds: 3,
  sampleMs: 1,
  warmMs: 0,
  repeats: 2,
  interrupted: new AbortController().signal,
};
const QUIET = { look: () => undefined };

/** One whose costs are given, the last one again and again; `log` notes that it was measured. */
function scripted(name: string, costs: readonly number[], log: string[] = []): Contender {
  let next = 0;
  return {
    name,
    kind: 'peer',
    fixed: true,
    measure: () => {
      log.push(name);
      return Promise.resolve(costs[Math.min(next++, costs.length - 1)] ?? NaN);
    },
  };
}

/** /proc/stat and /proc/self/stat of a machine with two cores, in ticks. */
function proc(user: number, steal: number, own: number): (path: string) => string {
  return (path) =>
    path === '/proc/stat'
      ? `cpu  ${user} 0 0 1000 5 0 0 ${steal} 0 0\ncpu0 1 0 0 0 0 0 0 0 0 0\ncpu1 1 0 0 0 0 0 0 0 0 0\nintr 1\n`
      : `42 (a (strange) name) S 1 1 1 0 -1 4194304 1 0 0 0 ${own} 0 0 0 20 0 1 0 1 1 1`;
}

test('disturbance: what neither idles nor is ours, and what was stolen, is foreign', (t) => {
  const at = (user: number, steal: number, own: number, wall: number) =>
    usage(proc(user, steal, own), () => wall);
  const from = at(100, 10, 50, 0);
  t.deepEqual(from, { wall: 0, busy: 1000, own: 500, steal: 100, cores: 2 });
  t.is(foreignMs(from, at(120, 10, 70, 100)), 0, 'all ours');
  t.is(foreignMs(from, at(130, 12, 70, 100)), 120, 'ten ticks of others, two stolen');
  t.is(foreignMs(from, at(110, 10, 70, 100)), 0, 'sampled less than ours is nothing');
  t.is(foreignCores(from, at(130, 12, 70, 1000)), 120 / (1000 - (from?.wall ?? NaN)));
  t.is(foreignCores(from, undefined), 0);
  t.false(isDisturbed(from, at(123, 10, 70, 100)), 'three ticks may be chance');
  t.true(isDisturbed(from, at(124, 10, 70, 100)));
  t.false(isDisturbed(from, at(170, 10, 70, 5000)), 'half a second of ten is little');
  t.true(isDisturbed(from, at(100, 210, 70, 5000)), 'steal counts');
});

test('disturbance: nothing is called disturbed where the system does not tell', (t) => {
  const broken = usage(() => {
    throw new Error('ENOENT');
  });
  t.is(broken, undefined);
  t.is(
    usage(() => 'something else'),
    undefined,
  );
  t.false(isDisturbed(broken, broken));
});

test('rounds: everyone is measured forward and backward', async (t) => {
  const log: string[] = [];
  const all = ['A', 'B', 'C'].map((name) => scripted(name, [5], log));
  await compete(all, { ...EFFORT, rounds: 2 }, QUIET);
  t.is(log.join(''), `AABBCC${'ABCCBA'.repeat(2)}`, 'after a warm-up each');
});

test('rounds: ratios are formed inside a round, so a machine that gets slower does not matter', async (t) => {
  // The machine gets ten times slower from round to round; B always takes twice as long as A.
  const slower = (base: number): number[] => [1, 1, 1, 1, 10, 10, 100, 100].map((factor) => base * factor);
  const [a, b] = await compete([scripted('A', slower(4)), scripted('B', slower(8))], EFFORT, QUIET);
  t.deepEqual(a?.ratio, [{ median: 1, least: 1, most: 1, n: 6 }]);
  t.deepEqual(b?.ratio, [{ median: 0.5, least: 0.5, most: 0.5, n: 6 }]);
  t.deepEqual(b?.cost, [{ median: 80, least: 8, most: 800, n: 6 }]);
  t.is(b?.rounds, 3);
});

test('rounds: a drift within a round is taken out by the way back', async (t) => {
  // Each measurement takes one more than the one before; both cost the same.
  let clock = 0;
  const drifting = (name: string): Contender => ({
    name,
    kind: 'peer',
    fixed: true,
    measure: () => Promise.resolve(100 + clock++),
  });
  const [, b] = await compete([drifting('A'), drifting('B')], EFFORT, QUIET);
  t.is(b?.ratio[0]?.median, 1);
  t.true((b?.ratio[0]?.least ?? 1) < 1 && (b?.ratio[0]?.most ?? 1) > 1, 'the spread shows it');
});

/** A watcher that calls some measurements disturbed, by their number. */
function disturbing(which: (sample: number) => boolean): { look: () => ReturnType<typeof usage> } {
  let looks = 0;
  let busy = 0;
  return {
    look: () => {
      if (looks % 2 === 1 && which((looks - 1) / 2)) busy += 1000;
      looks++;
      return { wall: looks * 100, busy, own: 0, steal: 0, cores: 2 };
    },
  };
}

test('rounds: a disturbed measurement is repeated, and what it gave is thrown away', async (t) => {
  // Warm-up 7 and 7; the first measurement, disturbed, says 999.
  const [a] = await compete(
    [scripted('A', [7, 7, 999, 7])],
    EFFORT,
    disturbing((sample) => sample === 0),
  );
  t.deepEqual(a?.cost, [{ median: 7, least: 7, most: 7, n: 6 }]);
  t.is(a?.disturbed, 0);
});

test('rounds: what stays disturbed is marked, and whole rounds are repeated first', async (t) => {
  const log: string[] = [];
  const always = await compete(
    [scripted('A', [7], log)],
    EFFORT,
    disturbing(() => true),
  );
  t.is(always[0]?.rounds, 3);
  t.is(always[0]?.disturbed, 3, 'marked');
  t.is(log.length, 2 + 6 * 2 * 3, 'six rounds of two measurements, three tries each');
  // The first round is disturbed in all tries of its first measurement; three good ones follow.
  const once = await compete(
    [scripted('A', [7, 7, 9, 9, 9, 7])],
    EFFORT,
    disturbing((sample) => sample < 3),
  );
  t.is(once[0]?.disturbed, 0);
  t.deepEqual(once[0]?.cost, [{ median: 7, least: 7, most: 7, n: 6 }]);
});

test('rounds: without repeats a disturbed round is marked at once', async (t) => {
  const log: string[] = [];
  const effort = { ...EFFORT, repeats: 0 };
  const [a] = await compete(
    [scripted('A', [7], log)],
    effort,
    disturbing(() => true),
  );
  t.is(a?.disturbed, 3);
  t.is(log.length, 2 + 3 * 2);
});

test('rounds: batches are sized by time, in whole steps', async (t) => {
  const sizes: number[] = [];
  const contender: Contender = {
    name: 'A',
    kind: 'peer',
    step: 64,
    measure: (n) => {
      sizes.push(n);
      return Promise.resolve(100);
    },
  };
  await compete([contender], { ...EFFORT, sampleMs: 10 }, QUIET);
  t.true(sizes.every((n) => n % 64 === 0));
  t.is(sizes[0], 64);
  const last = sizes.at(-1) ?? 0;
  t.true(last * 100 >= 5e6 && last * 100 <= 11e6, `${last} operations of 100 ns take about 10 ms`);
});

test('rounds: warm-up goes on until two measurements agree', async (t) => {
  const log: string[] = [];
  const cooling = scripted('A', [900, 500, 300, 200, 199, 7], log);
  const [a] = await compete([{ ...cooling, fixed: false, step: 2 ** 30 }], { ...EFFORT, rounds: 1 }, QUIET);
  t.deepEqual(a?.cost, [{ median: 7, least: 7, most: 7, n: 2 }], 'what was measured before does not count');
});

test('rounds: code runs for a while before it counts, also when two measurements agree at once', async (t) => {
  const began = performance.now();
  const times: number[] = [];
  const contender: Contender = {
    name: 'A',
    kind: 'lwkt',
    fixed: true,
    measure: () => {
      times.push(performance.now() - began);
      return Promise.resolve(1);
    },
  };
  await compete([contender], { ...EFFORT, rounds: 1, warmMs: 20 }, QUIET);
  t.true((times.at(-2) ?? 0) >= 20, 'the two that count come after it');
});

test('rounds: what a contender runs on is another one each round, and warm again before it counts', async (t) => {
  const log: string[] = [];
  const renewed = scripted('A', [5, 5, 4, 4, 90, 7, 7, 6, 6, 8, 8, 2], log);
  const contender = {
    ...renewed,
    renew: () => {
      log.push('renewed');
      return Promise.resolve();
    },
  };
  const [a] = await compete([contender], EFFORT, QUIET);
  t.is(log.join(' '), 'A A A A renewed A A A A A renewed A A A A');
  t.deepEqual(
    a?.cost,
    [{ median: 4, least: 2, most: 6, n: 6 }],
    'neither the 90 nor the 7 and 8 after it count',
  );
});

test('rounds: who cannot be renewed is left out with the reason', async (t) => {
  const contender = { ...scripted('B', [1]), renew: () => Promise.reject(new Error('no memory')) };
  const [a, b] = await compete([scripted('A', [2]), contender], EFFORT, QUIET);
  t.is(a?.rounds, 3);
  t.is(b?.why, 'no memory');
});

test('rounds: who fails is left out with the reason, the others go on', async (t) => {
  const wrong: Contender = {
    name: 'B',
    kind: 'peer',
    fixed: true,
    measure: () => Promise.reject(new Error('the sum is 3, not 4')),
  };
  let turns = 0;
  const later: Contender = {
    name: 'C',
    kind: 'peer',
    fixed: true,
    measure: () => (++turns === 4 ? Promise.reject(new Error('a message is missing')) : Promise.resolve(1)),
  };
  const absent = { name: 'D', kind: 'native', why: 'there is no compiler' } as const;
  const found = await compete([scripted('A', [2]), wrong, later, absent, scripted('E', [4])], EFFORT, QUIET);
  t.deepEqual(
    found.map(({ name, why }) => [name, why]),
    [
      ['A', undefined],
      ['B', 'the sum is 3, not 4'],
      ['C', 'a message is missing'],
      ['D', 'there is no compiler'],
      ['E', undefined],
    ],
  );
  t.deepEqual(found[4]?.ratio, [{ median: 0.5, least: 0.5, most: 0.5, n: 6 }]);
  t.is(found[4]?.rounds, 3);
});

test('rounds: without the first one there are costs, and no ratios', async (t) => {
  const absent = { name: 'A', kind: 'lwkt', why: 'there is no dist/' } as const;
  const [a, b] = await compete([absent, scripted('B', [4]), scripted('C', [8])], EFFORT, QUIET);
  t.is(a?.why, 'there is no dist/');
  t.deepEqual(b?.cost, [{ median: 4, least: 4, most: 4, n: 6 }]);
  t.deepEqual(b?.ratio, []);
});

test('rounds: a figure that is none is a failure, not a number', async (t) => {
  const found = await compete([scripted('A', [NaN]), scripted('B', [-1])], EFFORT, QUIET);
  t.deepEqual(
    found.map(({ why }) => why),
    ['A gives NaN, which is no figure', 'B gives -1, which is no figure'],
  );
});

test('rounds: an interruption ends them with what there is', async (t) => {
  const stop = new AbortController();
  let turns = 0;
  const contender: Contender = {
    name: 'A',
    kind: 'peer',
    fixed: true,
    measure: () => {
      if (++turns === 4) stop.abort();
      return Promise.resolve(1);
    },
  };
  const [a] = await compete([contender], { ...EFFORT, interrupted: stop.signal }, QUIET);
  t.is(a?.rounds, 1);
});

test('rounds: several figures at once keep apart', async (t) => {
  const pair = (name: string, cost: number, fairness: number): Contender => ({
    name,
    kind: 'peer',
    fixed: true,
    measure: () => Promise.resolve([cost, fairness]),
  });
  const [, b] = await compete([pair('A', 50, 0.9), pair('B', 100, 0.3)], EFFORT, QUIET);
  t.deepEqual(
    b?.cost.map((spread) => spread.median),
    [100, 0.3],
  );
  t.deepEqual(
    b?.ratio.map((spread) => Math.round(spread.median * 1000)),
    [500, 3000],
  );
});

test('median: the middle, or the mean of the two in the middle', (t) => {
  t.is(median([3, 1, 2]), 2);
  t.is(median([4, 1, 2, 3]), 2.5);
});

test('rounds: over a figure of 0 there is no ratio', async (t) => {
  const options: BenchOptions = {
    cpus: 2,
    durationMs: 1,
    ring: 256,
    rounds: 1,
    quick: true,
    vs: new Set(),
    ipi: [],
    map: false,
    leftOut: [],
    interrupted: new AbortController().signal,
  };
  const never = (name: string, kind: Contender['kind']): Contender => ({
    name,
    kind,
    fixed: true,
    measure: () => Promise.resolve(0),
  });
  const figure = {
    id: 'share',
    title: 'share',
    includes: 'least over most',
    unit: 'least / most',
    more: true,
  };
  const [row] = await compare('fight', [figure], [never('A', 'lwkt'), never('B', 'peer')], options);
  t.deepEqual(
    row?.contestants.map(({ cost, ratio }) => [cost?.median, ratio]),
    [
      [0, null],
      [0, null],
    ],
  );
  t.true(Row.safeParse(row).success);
});

/** One whose cost is another one in each round. */
function byRound(name: string, kind: Contender['kind'], costs: readonly number[]): Contender {
  let round = 0;
  return {
    name,
    kind,
    fixed: true,
    measure: () => Promise.resolve(costs[round] ?? NaN),
    renew: () => {
      round++;
      return Promise.resolve();
    },
  };
}

test('rows: an aim over another one is judged, and drawn, by the ratios of rounds', async (t) => {
  const figure = { id: 'a', title: 'a', includes: '', unit: 'ns' } as const;
  const options = {
    rounds: 3,
    durationMs: 6,
    quick: true,
    interrupted: new AbortController().signal,
  } as BenchOptions;
  // Ratios of 1, 2 and 1.33: their median is not that of 30 over 15.
  const ours = (): Contender => byRound('A', 'lwkt', [10, 30, 40]);
  const theirs = byRound('B', 'peer', [10, 15, 30]);
  const [row] = await compare(
    'fight',
    [{ ...figure, aim: { times: 1.5, of: 'B' } }],
    [ours(), theirs],
    options,
  );
  t.like(row, { target: '≤ 1.5 × B', met: true, certain: false });
  t.is(row?.contestants[1]?.ratio?.median, 40 / 30);
  t.is(row?.limit, (30 / (40 / 30)) * 1.5, 'above what lwkt took, as the verdict says');
  const [loose] = await compare('fight', [{ ...figure, aim: { most: 40 } }], [ours()], options);
  t.like(loose, { target: '≤ 40 ns', met: true, certain: true, limit: 40 });
});
