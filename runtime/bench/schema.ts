/**
 * What a benchmark run has found, as one JSON object: written by `lwkt bench --json`, read by `lwkt bench compare`
 * and by the HTML page. The schema is the contract between those who measure and those who show; its descriptions are
 * what `docs/bench-report.md` prints.
 *
 * All times are nanoseconds unless a field says otherwise. `version` changes when a field changes its meaning or
 * goes; new fields may come, and a reader passes over those that it does not know.
 */
import { z } from 'zod';

/** A spread of repeated measurements. */
export const Spread = z
  .object({
    median: z.number(),
    least: z.number(),
    most: z.number(),
    n: z
      .number()
      .optional()
      .describe('how many measurements: of fewer, the whole spread is wider than what they show'),
  })
  .meta({ id: 'Spread', description: 'Repeated measurements: the median, and how far they went.' });

/** Where and with what it was measured. */
export const Environment = z
  .object({
    node: z.string().describe('version of Node.js'),
    v8: z.string().describe('version of V8'),
    flags: z.array(z.string()).describe('options that Node.js was started with'),
    platform: z.string().describe('as in `linux`'),
    arch: z.string().describe('as in `x64`'),
    kernel: z.string().describe('release of the operating system’s kernel'),
    cpu: z.string().describe('model of the processor'),
    cores: z.number().describe('logical processors that Node.js may use'),
    memoryBytes: z.number().describe('memory of the machine'),
    load: z.number().describe('one-minute load of the machine when the run began'),
    lwkt: z.string().describe('version of lwkt'),
    commit: z.string().nullable().describe('of the checkout; null outside of one'),
    compiler: z
      .string()
      .nullable()
      .describe('that built the native baselines; null if there is none, and no baselines then'),
  })
  .meta({ id: 'Environment', description: 'Where and with what it was measured.' });

/** What the machine adds to every figure: below this nothing can be told. */
export const Noise = z
  .object({
    clockNs: z.number().describe('cost of one look at the clock'),
    clockStepNs: z.number().describe('smallest step that the clock makes'),
    hiccups: z
      .array(
        z.object({
          core: z.number(),
          seconds: z.number().describe('how long it was watched'),
          p99: z.number().describe('99 % of the gaps were at most so long'),
          p999: z.number().describe('99.9 % of the gaps were at most so long'),
          max: z.number().describe('longest gap'),
        }),
      )
      .describe('of each core watched: gaps in a loop that does nothing but look at the clock'),
    steal: z
      .number()
      .nullable()
      .describe('share of time that the host took away, 0 .. 1; null where the kernel does not tell'),
  })
  .meta({
    id: 'Noise',
    description: 'What the machine adds to every figure: below this nothing can be told.',
  });

/** Who is measured: this project, the physical limit beside it, or what else one would use. */
export const ContestantKind = z.enum(['lwkt', 'native', 'peer']).meta({
  id: 'ContestantKind',
  description: 'This project, the physical limit beside it, or what else one would use.',
});

export const Contestant = z
  .object({
    name: z.string(),
    kind: ContestantKind,
    cost: Spread.nullable().describe('of one operation, in the row’s unit; null if it cannot run here'),
    ratio: Spread.nullable().describe(
      'figure of lwkt over the figure of this one, formed inside each round: where less is better, above 1 this one is faster',
    ),
    rounds: z.number().describe('rounds that count'),
    disturbed: z
      .number()
      .describe('rounds disturbed by others (steal, foreign use of the cpu) that no repetition made good'),
    why: z.string().nullable().describe('why it cannot run here; null if it did'),
  })
  .meta({ id: 'Contestant', description: 'One who does the operation of a row.' });

/** One row of the comparison: one operation, everyone who can do it, in the same minutes. */
export const Row = z
  .object({
    id: z.string().describe('stable name, as in `switch.1000`: `compare` pairs rows by it'),
    bench: z.string().describe('the benchmark that measured it, as in `switch`'),
    title: z.string(),
    includes: z.string().describe('what one operation is, and what the figure contains'),
    unit: z.string().describe('of the costs, as in `ns`'),
    more: z.boolean().describe('true where more is better (speed-up, operations per second)'),
    target: z.string().nullable().describe('the aim of the project, in words'),
    met: z.boolean().nullable().describe('whether it was met; null if its baseline could not run'),
    certain: z
      .boolean()
      .nullable()
      .optional()
      .describe('whether each round alone would have judged so; null or left out where nothing is judged'),
    limit: z
      .number()
      .nullable()
      .optional()
      .describe(
        'the figure of lwkt at which the aim is just met, in the row’s unit; of an aim over another one’s figure from the ratios that judge it; null or left out where no figure says it',
      ),
    contestants: z.array(Contestant).min(1).describe('the first is lwkt'),
  })
  .meta({
    id: 'Row',
    description: 'One operation, and everyone who can do it, measured in the same minutes.',
  });

/** Percentiles of one distribution of latencies, with the histogram itself. */
export const Distribution = z
  .object({
    name: z
      .string()
      .describe(
        '`one way`, `round trip`, or a stage: `queued to noticed`, `noticed to run`, `run to acknowledged`',
      ),
    count: z.number().describe('samples'),
    min: z.number(),
    mean: z.number(),
    stddev: z.number(),
    p50: z.number(),
    p90: z.number().nullable().describe('null of less than 10 samples'),
    p99: z.number().nullable().describe('null of less than 100 samples'),
    p999: z.number().nullable().describe('99.9 %; null of less than 1,000 samples'),
    p9999: z.number().nullable().describe('99.99 %; null of less than 10,000 samples'),
    max: z.number(),
    rounds: z
      .object({
        p50: Spread,
        p90: Spread.nullable().optional().describe('null when a round has less than 10 samples'),
        p99: Spread.nullable().describe('null when a round has less than 100 samples'),
        p999: Spread.nullable().optional().describe('null when a round has less than 1,000 samples'),
      })
      .nullable()
      .optional()
      .describe('these percentiles in each round alone; null or left out when there was only one'),
    hdr: z.string().describe('the whole histogram: HdrHistogram, V2 compressed, base64'),
  })
  .meta({
    id: 'Distribution',
    description: 'Percentiles of one distribution of latencies, with the histogram itself.',
  });

/** One latency run: IPIs of one mode, under one load. */
export const LatencyRun = z
  .object({
    id: z
      .string()
      .describe('stable name, as in `pair/awake/compute:10us`: `compare` pairs latency runs by it'),
    mode: z.string().describe('who sends to whom, as in `pair` or `broadcast`'),
    wake: z.string().describe('what the receiver does when it has nothing to do, as in `awake` or `parked`'),
    load: z.string().describe('what the receiving cpu does meanwhile, as in `none` or `compute:10us`'),
    loop: z
      .enum(['closed', 'open'])
      .describe(
        'closed: the next one is sent when the last has come back. open: at times that were set before, and latency counts from those times',
      ),
    rate: z.number().nullable().describe('IPIs per second that were intended; null in a closed loop'),
    cpus: z.number().describe('cpus of the machine'),
    ring: z.number().describe('slots of each ring'),
    seconds: z.number().describe('how long it was measured'),
    overheadNs: z
      .number()
      .describe(
        'cost of one look at the clock: one has been taken off each time one way, two off each round trip',
      ),
    distributions: z.array(Distribution).min(1),
    baselineNs: z
      .number()
      .nullable()
      .describe(
        'a round trip of the C program that bounces a cache line, the quickest of the run; null without a compiler, and where sleep or work of the receiver is in the figures',
      ),
    counters: z.record(z.string(), z.number()).describe('what was counted meanwhile, by name'),
    broke: z
      .object({
        ns: z.number(),
        sample: z.number().describe('which sample it was, from 0'),
        trace: z.array(z.string()).describe('what each cpu did around it, a line each'),
      })
      .nullable()
      .describe('the first IPI slower than `--break`; null if there was none'),
  })
  .meta({ id: 'LatencyRun', description: 'One latency run: IPIs of one mode, under one load.' });

/** Latency of each ordered pair of cpus. */
export const PairMap = z
  .object({
    id: z.string(),
    title: z.string(),
    cpus: z.number(),
    median: z
      .array(z.array(z.number().nullable()))
      .describe('`median[from][to]`; null on the diagonal, and for a pair that was not measured'),
    p99: z
      .array(z.array(z.number().nullable()))
      .describe('`p99[from][to]`, likewise; null also of less than 100 samples'),
  })
  .meta({ id: 'PairMap', description: 'Latency of each ordered pair of cpus.' });

/** How a cost grows with the work: one curve for each contestant. */
export const Growth = z
  .object({
    id: z.string().describe('stable name: `compare` pairs curves by it'),
    bench: z.string(),
    title: z.string(),
    unit: z.string(),
    axis: z.string().describe('what grows, as in `threads`'),
    baseline: z
      .string()
      .optional()
      .describe('the curve that another must be below to be worth its while; left out where there is none'),
    curves: z.array(
      z.object({
        name: z.string(),
        kind: ContestantKind,
        points: z.array(
          z.object({
            at: z.number().describe('how much of what grows'),
            cost: Spread.nullable().describe('null if it could not be measured'),
            why: z.string().nullable().describe('why it could not be measured; null if it was'),
          }),
        ),
      }),
    ),
  })
  .meta({ id: 'Growth', description: 'How a cost grows with the work: one curve for each contestant.' });

export const BenchReport = z
  .object({
    version: z.literal(1).describe('changes when a field changes its meaning or goes'),
    verb: z.literal('bench'),
    command: z.string().describe('the command that repeats the run'),
    started: z.string().describe('ISO 8601'),
    seconds: z.number().describe('how long the whole run took'),
    interrupted: z.boolean().describe('true if it was stopped before its end: then some parts are missing'),
    environment: Environment,
    noise: Noise.nullable(),
    rows: z.array(Row),
    runs: z.array(LatencyRun),
    maps: z.array(PairMap),
    growth: z.array(Growth),
  })
  .meta({ title: 'Report of lwkt bench', description: 'What a benchmark run has found.' });

export type Spread = z.infer<typeof Spread>;
export type Environment = z.infer<typeof Environment>;
export type Noise = z.infer<typeof Noise>;
export type Contestant = z.infer<typeof Contestant>;
export type Row = z.infer<typeof Row>;
export type Distribution = z.infer<typeof Distribution>;
export type LatencyRun = z.infer<typeof LatencyRun>;
export type PairMap = z.infer<typeof PairMap>;
export type Growth = z.infer<typeof Growth>;
export type BenchReport = z.infer<typeof BenchReport>;

/** What one benchmark adds to a report. */
export type BenchPart = Pick<BenchReport, 'rows' | 'runs' | 'maps' | 'growth'>;
