/** The benchmarks by name. Each is loaded when it runs. */
import type { Bench } from './bench.ts';

/** A benchmark as the command line shows it. */
export interface BenchEntry {
  /** One line for the help. */
  readonly title: string;
  /** How long it takes beside the others: seconds of a quick run on a busy computer. */
  readonly weight: number;
  readonly load: () => Promise<Bench>;
}

export const BENCHES: ReadonlyMap<string, BenchEntry> = new Map<string, BenchEntry>([
  [
    'ipi',
    {
      title: 'latency of IPIs: modes, ways to wake, loads, and a map of all pairs of cpus',
      weight: 22,
      load: async () => (await import('./ipi/bench.ts')).ipiBench,
    },
  ],
  [
    'call',
    {
      title: 'an IPI beside what others take: call, stream, wake-up',
      weight: 56,
      load: async () => (await import('./probes/call.ts')).bench,
    },
  ],
  [
    'switch',
    {
      title: 'a switch between threads of a cpu, 2 to 1,000,000 of them',
      weight: 75,
      load: async () => (await import('./probes/switch.ts')).bench,
    },
  ],
  [
    'spawn',
    {
      title: 'a thread from creation to join, on its cpu and on another',
      weight: 29,
      load: async () => (await import('./probes/spawn.ts')).bench,
    },
  ],
  [
    'token',
    {
      title: 'a token: alone, fought over, with an owner that sleeps',
      weight: 24,
      load: async () => (await import('./probes/token.ts')).bench,
    },
  ],
  [
    'mplock',
    {
      title: 'the MP lock, alone and fought over',
      weight: 21,
      load: async () => (await import('./probes/mplock.ts')).bench,
    },
  ],
  [
    'sync',
    {
      title: 'mutex, spinlock, semaphore, rwlock',
      weight: 33,
      load: async () => (await import('./probes/sync.ts')).bench,
    },
  ],
  [
    'waitq',
    {
      title: 'waiting on a queue and being signalled',
      weight: 12,
      load: async () => (await import('./probes/waitq.ts')).bench,
    },
  ],
  [
    'boot',
    {
      title: 'from nothing to the first instruction of a thread',
      weight: 14,
      load: async () => (await import('./probes/boot.ts')).bench,
    },
  ],
  [
    'memory',
    {
      title: 'what a waiting thread takes',
      weight: 31,
      load: async () => (await import('./probes/memory.ts')).bench,
    },
  ],
  [
    'jobs',
    {
      title: 'two whole applications: files and a picture',
      weight: 16,
      load: async () => (await import('./probes/jobs.ts')).bench,
    },
  ],
]);
