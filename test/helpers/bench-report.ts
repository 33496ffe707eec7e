/**
 * Reports of benchmarks that never ran: plausible, of every part, the same for the same seed, with real histograms.
 *
 * The figures are drawn from log-normal distributions with the tails that the loads have; who tests what is shown, or
 * what is compared, changes them as needed.
 */
import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import type {
  BenchReport,
  Contestant,
  Distribution,
  Growth,
  LatencyRun,
  PairMap,
  Row,
  Spread,
} from '../../runtime/bench/schema.ts';

/** Numbers in (0, 1), the same for the same seed. */
function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
}

/** Draws around a median; `sigma` is the spread in powers of e. */
type Draw = (random: () => number) => number;

function around(median: number, sigma: number): Draw {
  return (random) =>
    median * Math.exp(sigma * Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random()));
}

/** One of several, by their shares. */
function mix(...parts: readonly (readonly [share: number, draw: Draw])[]): Draw {
  return (random) => {
    let left = random();
    for (const [share, draw] of parts) {
      left -= share;
      if (left < 0) return draw(random);
    }
    return parts[0]?.[1](random) ?? 0;
  };
}

/** A distribution of `count` samples, in whole nanoseconds. */
export function distribution(name: string, draw: Draw, count: number, random: () => number): Distribution {
  const histogram = build({
    highestTrackableValue: 1e10,
    numberOfSignificantValueDigits: 2,
    bitBucketSize: 32,
  });
  let min = Infinity;
  for (let i = 0; i < count; i++) {
    const sample = Math.max(1, Math.round(draw(random)));
    min = Math.min(min, sample);
    histogram.recordValue(sample);
  }
  const at = (percentile: number): number => histogram.getValueAtPercentile(percentile);
  return {
    name,
    count,
    min,
    mean: histogram.mean,
    stddev: histogram.stdDeviation,
    p50: at(50),
    p90: at(90),
    p99: at(99),
    p999: at(99.9),
    p9999: at(99.99),
    max: histogram.maxValue,
    hdr: encodeIntoCompressedBase64(histogram),
  };
}

const HICCUP: readonly [number, Draw] = [0.0002, around(60_000, 0.6)];

/** What a load does to an IPI: how long until it is noticed. */
const NOTICED: Readonly<Record<string, Draw>> = {
  none: mix([0.9998, around(62, 0.12)], HICCUP),
  'compute:10us': mix([0.9998, (random) => 60 + 10_000 * random()], HICCUP),
  'crit:50us': mix([0.5, (random) => 60 + 50_000 * random()], [0.4998, around(70, 0.15)], HICCUP),
  'storm:1e6/s': mix([0.92, around(160, 0.35)], [0.0798, around(900, 0.5)], HICCUP),
  gc: mix([0.985, around(75, 0.2)], [0.0148, around(1_400_000, 0.4)], HICCUP),
  switch: mix([0.9998, around(118, 0.25)], HICCUP),
};

function latencyRun(mode: string, wake: string, load: string, count: number, seed: number): LatencyRun {
  const random = uniform(seed);
  const wakeUp: Draw = wake === 'parked' ? around(38_000, 0.15) : () => 0;
  const queued: Draw = (r) => (NOTICED[load] ?? around(62, 0.12))(r) + wakeUp(r);
  const run = around(24, 0.15);
  const back = around(58, 0.14);
  const total: Draw = (r) => queued(r) + run(r) + back(r);
  return {
    id: `${mode}/${wake}/${load}`,
    mode,
    wake,
    load,
    loop: 'closed',
    rate: null,
    cpus: 2,
    ring: 256,
    seconds: 2,
    overheadNs: 24,
    distributions: [
      distribution('round trip', total, count, random),
      distribution('queued to noticed', queued, count, random),
      distribution('noticed to run', run, count, random),
      distribution('run to acknowledged', back, count, random),
    ],
    baselineNs: 112,
    counters: { ipiq_count: count, ipiq_fifofull: 0, gc_major: load === 'gc' ? 31 : 0 },
    broke: null,
  };
}

function spread(median: number, random: () => number, width = 0.06): Spread {
  return { median, least: median * (1 - width * random()), most: median * (1 + width * random()) };
}

type Entrant = readonly [name: string, kind: Contestant['kind'], cost: number | string];

function row(
  [id, title, unit, target, limit]: readonly [string, string, string, string | null, number | null],
  includes: string,
  entrants: readonly Entrant[],
  random: () => number,
): Row {
  const own = Number(entrants[0]?.[2]);
  const more = unit === '× one thread' || unit === 'least / most';
  const contestants = entrants.map(([name, kind, cost]): Contestant => {
    const why = typeof cost === 'string' ? cost : null;
    const figure = typeof cost === 'string' ? null : spread(cost, random);
    const ratio =
      figure === null
        ? null
        : name === 'lwkt'
          ? { median: 1, least: 1, most: 1 }
          : spread(own / figure.median, random);
    return {
      name,
      kind,
      cost: figure,
      ratio,
      rounds: why === null ? 5 : 0,
      disturbed: name === 'Piscina' ? 1 : 0,
      why,
    };
  });
  const met = limit === null ? null : more ? own >= limit : own <= limit;
  const bench = id.split('.')[0] ?? id;
  return { id, bench, title, includes, unit, more, target, met, limit, contestants };
}

function rows(random: () => number): Row[] {
  const noErlang: Entrant = ['Erlang', 'peer', 'erl is not installed'];
  return [
    row(
      ['ipi.call', 'IPI call, both CPUs awake', 'ns', '≤ 1.3 × the C bounce', 146],
      'Send, run the function on the other CPU, see that it is done.',
      [
        ['lwkt', 'lwkt', 151],
        ['C cache-line bounce', 'native', 112],
        ['Go channel', 'peer', 78_000],
        noErlang,
        ['MessagePort', 'peer', 44_100],
        ['Piscina', 'peer', 45_200],
        ['Comlink', 'peer', 61_000],
      ],
      random,
    ),
    row(
      ['ipi.stream', 'IPI stream, one way', 'ns', '≤ 12 ns', 12],
      'A function run for each; the sender does not wait.',
      [
        ['lwkt', 'lwkt', 11.2],
        ['C ring, SPSC', 'native', 3.3],
        ['Go channel', 'peer', 42],
        noErlang,
        ['postMessage', 'peer', 1_010],
      ],
      random,
    ),
    row(
      ['ipi.wake', 'Wake a parked CPU', 'ns', '≤ 1.15 × C futex', 42_800],
      'From the store to the first instruction of the sleeper, one way.',
      [
        ['lwkt', 'lwkt', 38_900],
        ['C futex', 'native', 37_200],
        ['JS wait/notify', 'peer', 40_100],
      ],
      random,
    ),
    ...[2, 1000, 60_000].map((threads, i) =>
      row(
        [
          `switch.${threads}`,
          `Switch between ${threads.toLocaleString('en-US')} threads`,
          'ns',
          '≤ 30 ns',
          30,
        ],
        'Yield, run queue, accounting, resume of the next thread.',
        [
          ['lwkt', 'lwkt', [27.4, 28.1, 41.8][i] ?? 0],
          ['C swapcontext', 'native', [159, 160, 405][i] ?? 0],
          ['await', 'peer', [23.7, 26.1, 71.5][i] ?? 0],
          ['Go', 'peer', [35, 46, 514][i] ?? 0],
          noErlang,
        ],
        random,
      ),
    ),
    row(
      ['spawn.own', 'Create, run, exit, join on the own CPU', 'ns', '≤ 150 ns', 150],
      'Descriptor, argument, scheduling, an empty body, the result.',
      [
        ['lwkt', 'lwkt', 148],
        ['C pthread', 'native', 31_000],
        ['async function', 'peer', 31],
        ['Go', 'peer', 254],
      ],
      random,
    ),
    row(
      ['token.own', 'Token, get and release', 'ns', '≤ 6 ns', 6],
      'Get, a store, release; nobody else wants it.',
      [
        ['lwkt', 'lwkt', 14.6],
        ['C pthread mutex', 'native', 4.1],
        ['atomics-sync Mutex', 'peer', 'not on the registry'],
      ],
      random,
    ),
    row(
      ['token.fairness', 'token, two cpus: how evenly they share', 'least / most', '≥ 0.9 least / most', 0.9],
      'Sections of the one that had fewer over those of the other.',
      [
        ['lwkt', 'lwkt', 0.97],
        ['C pthread mutex', 'native', 0.81],
        ['spinning on Atomics', 'peer', 0.18],
      ],
      random,
    ),
    row(
      ['memory.thread', 'Memory of a waiting thread', 'bytes', '≤ 400 bytes', 400],
      'Descriptor and heap after a collection; tables sized at boot are not in it.',
      [
        ['lwkt', 'lwkt', 307],
        ['bare generator', 'native', 136],
        ['Go', 'peer', 2_584],
      ],
      random,
    ),
    row(
      ['jobs.mandelbrot', 'Mandelbrot by single rows, two CPUs', '× one thread', '≥ 1.95 ×', 1.95],
      'Against one plain thread that does all rows.',
      [
        ['lwkt', 'lwkt', 1.97],
        ['C, two threads', 'native', 2],
        ['Piscina', 'peer', 1.5],
        ['tinypool', 'peer', 1.21],
      ],
      random,
    ),
    row(
      ['boot.two', 'Boot of a two-CPU machine', 'ms', '≤ 60 ms', 60],
      'To the first instruction of a thread, compiled.',
      [
        ['lwkt', 'lwkt', 57],
        ['bare Workers', 'native', 33],
        ['Piscina', 'peer', 39],
      ],
      random,
    ),
  ];
}

function pairMap(cpus: number, random: () => number): PairMap {
  const table = (median: number, sigma: number): (number | null)[][] =>
    Array.from({ length: cpus }, (_, from) =>
      Array.from({ length: cpus }, (__, to) =>
        from === to
          ? null
          : Math.round(
              around(median * (Math.trunc(from / 4) === Math.trunc(to / 4) ? 1 : 2.2), sigma)(random),
            ),
      ),
    );
  return {
    id: `map.${cpus}`,
    title: 'Round trip between each two CPUs',
    cpus,
    median: table(150, 0.06),
    p99: table(420, 0.2),
  };
}

function growth(random: () => number): Growth[] {
  const curve = (
    name: string,
    kind: Contestant['kind'],
    at: readonly number[],
    cost: (x: number) => number,
    most = Infinity,
  ): Growth['curves'][number] => ({
    name,
    kind,
    points: at.map((x) =>
      x > most
        ? { at: x, cost: null, why: 'out of memory' }
        : { at: x, cost: spread(cost(x), random, 0.1), why: null },
    ),
  });
  const threads = [2, 10, 100, 1000, 10_000, 100_000, 1_000_000];
  const tokens = [1, 3, 10, 30, 100, 300, 1000];
  const steps = [100, 1000, 10_000, 100_000, 1_000_000];
  return [
    {
      id: 'switch.threads',
      bench: 'switch',
      title: 'A switch, with more threads',
      unit: 'ns',
      axis: 'threads',
      curves: [
        curve('lwkt', 'lwkt', threads, (x) => 27 + 3e-3 * x ** 0.75),
        curve('C swapcontext', 'native', threads, (x) => 158 + 0.02 * x ** 0.85, 100_000),
        curve('await', 'peer', threads, (x) => 23 + 6e-3 * x ** 0.8),
        curve('Go', 'peer', threads, (x) => 34 + 0.5 * x ** 0.6),
      ],
    },
    {
      id: 'jobs.grain',
      bench: 'jobs',
      title: 'a task of a chosen size, by the steps of arithmetic in it',
      unit: 'ns',
      axis: 'steps',
      baseline: 'a loop of one plain thread',
      curves: [
        curve('lwkt', 'lwkt', steps, (x) => 900 + x / 2),
        curve('a loop of one plain thread', 'peer', steps, (x) => 20 + x),
        curve('Piscina', 'peer', steps, (x) => 35_000 + x / 1.5),
      ],
    },
    {
      id: 'memory.threads',
      bench: 'memory',
      title: 'memory of a thread that waits, by the number of threads',
      unit: 'bytes',
      axis: 'threads',
      curves: [
        curve('lwkt', 'lwkt', threads, (x) => 300 + 4000 / x),
        curve('C pthread, smallest stack', 'native', threads, () => 8500, 10_000),
      ],
    },
    {
      id: 'token.contention',
      bench: 'token',
      title: 'a section of two cpus, by the share of time that each wants to be inside',
      unit: 'ns',
      axis: '% inside',
      curves: [curve('lwkt', 'lwkt', [0, 10, 50, 90, 100], (x) => 55 + x / 2)],
    },
    {
      id: 'token.count',
      bench: 'token',
      title: 'Getting all of several tokens',
      unit: 'ns',
      axis: 'tokens',
      curves: [
        curve('lwkt', 'lwkt', tokens, (x) => 15 * x),
        curve('C pthread mutex', 'native', tokens, (x) => 4 * x),
      ],
    },
  ];
}

/**
 * A report with every part.
 *
 * @param seed - of the samples and the spreads
 * @param samples - of each latency run; more make longer tails
 * @param cpus - of the map
 */
export function benchReport(seed = 1, samples = 20_000, cpus = 8): BenchReport {
  const random = uniform(seed);
  const runs = [
    ...Object.keys(NOTICED).map((load, i) => latencyRun('pair', 'awake', load, samples, seed + i)),
    latencyRun('pair', 'parked', 'none', samples / 10, seed + 20),
    latencyRun('broadcast', 'awake', 'none', samples, seed + 21),
    latencyRun('broadcast', 'awake', 'compute:10us', samples, seed + 22),
  ];
  return {
    version: 1,
    verb: 'bench',
    command: 'lwkt bench all --cpus 2 --duration 2s --rounds 5 --html report.html',
    started: '2026-11-24T05:13:12.742Z',
    seconds: 418.2,
    interrupted: false,
    environment: {
      node: '26.10.0',
      v8: '14.6.202.34-node.34',
      flags: [],
      platform: 'linux',
      arch: 'x64',
      kernel: '6.12.43',
      cpu: 'AMD EPYC',
      cores: 2,
      memoryBytes: 8 * 1024 ** 3,
      load: 0.4,
      lwkt: '0.1.0',
      commit: '3c8bd75',
      compiler: 'gcc 12.2.0',
    },
    noise: {
      clockNs: 24,
      clockStepNs: 1,
      hiccups: [
        { core: 0, seconds: 2, p99: 90, p999: 5_200, max: 412_000 },
        { core: 1, seconds: 2, p99: 95, p999: 7_900, max: 1_310_000 },
      ],
      steal: 0.012,
    },
    rows: rows(random),
    runs,
    maps: [pairMap(cpus, random)],
    growth: growth(random),
  };
}
