/** The benchmarks by name. Each is loaded when it runs. */
import type { Bench } from './bench.ts';

/** A benchmark as the command line shows it. */
export interface BenchEntry {
  /** One line for the help. */
  readonly title: string;
  readonly load: () => Promise<Bench>;
}

export const BENCHES: ReadonlyMap<string, BenchEntry> = new Map<string, BenchEntry>([]);
