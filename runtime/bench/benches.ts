/** The benchmarks by name. Each is loaded when it runs. */
import type { Bench } from './bench.ts';

/** A benchmark as the command line shows it. */
export interface BenchEntry {
  /** One line for the help. */
  readonly title: string;
  readonly load: () => Promise<Bench>;
}

export const BENCHES: ReadonlyMap<string, BenchEntry> = new Map<string, BenchEntry>([
  [
    'ipi',
    {
      title: 'latency of IPIs: modes, ways to wake, loads, and a map of all pairs of cpus',
      load: async () => (await import('./ipi/bench.ts')).ipiBench,
    },
  ],
]);
