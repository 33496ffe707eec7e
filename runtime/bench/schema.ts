/**
 * What a benchmark run has found, as one JSON object: written by `lwkt bench --json`, read by `lwkt bench compare`
 * and by the HTML page. The schema is the contract between those who measure and those who show.
 *
 * All times are nanoseconds unless a field says otherwise. `version` changes when a field changes its meaning or
 * goes; new fields may come.
 */
import { z } from 'zod';

/** A spread of repeated measurements: the median, and how far they went. */
export const Spread = z.object({ median: z.number(), least: z.number(), most: z.number() });

/** Where and with what it was measured. */
export const Environment = z.object({
  node: z.string(),
  v8: z.string(),
  flags: z.array(z.string()),
  platform: z.string(),
  arch: z.string(),
  kernel: z.string(),
  cpu: z.string(),
  cores: z.number(),
  memoryBytes: z.number(),
  /** One-minute load of the machine when the run began. */
  load: z.number(),
  lwkt: z.string(),
  /** Of the checkout; null outside of one. */
  commit: z.string().nullable(),
  compiler: z.string().nullable(),
});

/** What the machine adds to every figure: below this nothing can be told. */
export const Noise = z.object({
  /** Cost of one look at the clock, and the smallest step it makes. */
  clockNs: z.number(),
  clockStepNs: z.number(),
  /** Of each core watched: longest and 99.9th percentile of gaps in a loop that does nothing else. */
  hiccups: z.array(
    z.object({ core: z.number(), seconds: z.number(), p99: z.number(), p999: z.number(), max: z.number() }),
  ),
  /** Share of time that the host took away (steal), 0 .. 1; null where the kernel does not tell. */
  steal: z.number().nullable(),
});

/** Who is measured: this project, the physical limit beside it, or what else one would use. */
export const ContestantKind = z.enum(['lwkt', 'native', 'peer']);

export const Contestant = z.object({
  name: z.string(),
  kind: ContestantKind,
  /** Cost of one operation in the row's unit; null if it cannot run here, and then `why` says why. */
  cost: Spread.nullable(),
  /** Cost of lwkt over the cost of this one, formed inside each round; above 1 this one is faster. */
  ratio: Spread.nullable(),
  rounds: z.number(),
  /** Rounds that were disturbed by others (steal, foreign cpu use) and could not be repeated undisturbed. */
  disturbed: z.number(),
  why: z.string().nullable(),
});

/** One row of the comparison: one operation, everyone who can do it, in the same minutes. */
export const Row = z.object({
  /** Stable name, as in `switch.1000`: `compare` pairs rows by it. */
  id: z.string(),
  bench: z.string(),
  title: z.string(),
  /** What one operation is, and what the figure contains. */
  includes: z.string(),
  unit: z.string(),
  /** True where more is better (speed-up, operations per second). */
  more: z.boolean(),
  /** The aim of the project, in words, and whether it was met: null if its baseline could not run. */
  target: z.string().nullable(),
  met: z.boolean().nullable(),
  /** The first is lwkt. */
  contestants: z.array(Contestant).min(1),
});

/** Percentiles of one distribution of latencies, with the histogram itself. */
export const Distribution = z.object({
  /** `one way`, `round trip`, or a stage: `queued to noticed`, `noticed to run`, `run to acknowledged`. */
  name: z.string(),
  count: z.number(),
  min: z.number(),
  mean: z.number(),
  stddev: z.number(),
  p50: z.number(),
  p90: z.number(),
  p99: z.number(),
  p999: z.number(),
  p9999: z.number(),
  max: z.number(),
  /** HdrHistogram, V2 compressed, base64. */
  hdr: z.string(),
});

/** One latency run: IPIs of one mode, under one load. */
export const LatencyRun = z.object({
  /** Stable name, as in `pair/awake/compute:10us`. */
  id: z.string(),
  mode: z.string(),
  wake: z.string(),
  load: z.string(),
  loop: z.enum(['closed', 'open']),
  /** IPIs per second that were intended; null in a closed loop. */
  rate: z.number().nullable(),
  cpus: z.number(),
  ring: z.number(),
  seconds: z.number(),
  /** The time that the measuring itself takes, already taken off each sample. */
  overheadNs: z.number(),
  distributions: z.array(Distribution).min(1),
  /** The C program that bounces a cache line, in the same minute; null without a compiler. */
  baselineNs: z.number().nullable(),
  counters: z.record(z.string(), z.number()),
  /** The first IPI slower than `--break`, and what each cpu did around it; null if there was none. */
  broke: z.object({ ns: z.number(), sample: z.number(), trace: z.array(z.string()) }).nullable(),
});

/** Latency of each ordered pair of cpus: `median[from][to]`, null on the diagonal. */
export const PairMap = z.object({
  id: z.string(),
  title: z.string(),
  cpus: z.number(),
  median: z.array(z.array(z.number().nullable())),
  p99: z.array(z.array(z.number().nullable())),
});

/** How a cost grows with the work: one curve for each contestant. */
export const Growth = z.object({
  id: z.string(),
  bench: z.string(),
  title: z.string(),
  unit: z.string(),
  /** What grows, as in `threads`. */
  axis: z.string(),
  curves: z.array(
    z.object({
      name: z.string(),
      kind: ContestantKind,
      points: z.array(z.object({ at: z.number(), cost: Spread.nullable(), why: z.string().nullable() })),
    }),
  ),
});

export const BenchReport = z.object({
  version: z.literal(1),
  verb: z.literal('bench'),
  /** The command that repeats the run. */
  command: z.string(),
  /** ISO 8601. */
  started: z.string(),
  seconds: z.number(),
  /** True if it was stopped before its end: then some parts are missing. */
  interrupted: z.boolean(),
  environment: Environment,
  noise: Noise.nullable(),
  rows: z.array(Row),
  runs: z.array(LatencyRun),
  maps: z.array(PairMap),
  growth: z.array(Growth),
});

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
