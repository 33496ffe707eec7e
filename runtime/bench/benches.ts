/** The benchmarks by name. Each is loaded when it runs. */
import type { Bench } from './bench.ts';

/** A benchmark as the command line shows it. */
export interface BenchEntry {
  /** One line for the help. */
  readonly title: string;
  /** How long it takes on two cores that nobody else uses, with all peers: of a quick run, and of a whole one. */
  readonly seconds: readonly [quick: number, whole: number];
  readonly load: () => Promise<Bench>;
}

export const BENCHES: ReadonlyMap<string, BenchEntry> = new Map<string, BenchEntry>([
  [
    'ipi',
    {
      title: 'latency of IPIs: modes, ways to wake, loads, and a map of all pairs of cpus',
      seconds: [6, 33],
      load: async () => (await import('./ipi/bench.ts')).ipiBench,
    },
  ],
  [
    'call',
    {
      title: 'an IPI beside what others take: call, stream, wake-up',
      seconds: [11, 65],
      load: async () => (await import('./probes/call.ts')).bench,
    },
  ],
  [
    'switch',
    {
      title: 'a switch between threads of a cpu, 2 to 1,000,000 of them',
      seconds: [18, 90],
      load: async () => (await import('./probes/switch.ts')).bench,
    },
  ],
  [
    'spawn',
    {
      title: 'a thread from creation to join, on its cpu and on another',
      seconds: [8, 50],
      load: async () => (await import('./probes/spawn.ts')).bench,
    },
  ],
  [
    'token',
    {
      title: 'a token: alone, fought over, with an owner that sleeps',
      seconds: [9, 48],
      load: async () => (await import('./probes/token.ts')).bench,
    },
  ],
  [
    'mplock',
    {
      title: 'the MP lock, alone and fought over',
      seconds: [5, 37],
      load: async () => (await import('./probes/mplock.ts')).bench,
    },
  ],
  [
    'sync',
    {
      title: 'mutex, spinlock, semaphore, rwlock',
      seconds: [9, 49],
      load: async () => (await import('./probes/sync.ts')).bench,
    },
  ],
  [
    'waitq',
    {
      title: 'waiting on a queue and being signalled',
      seconds: [4, 37],
      load: async () => (await import('./probes/waitq.ts')).bench,
    },
  ],
  [
    'boot',
    {
      title: 'from nothing to the first instruction of a thread',
      seconds: [6, 23],
      load: async () => (await import('./probes/boot.ts')).bench,
    },
  ],
  [
    'memory',
    {
      title: 'what a waiting thread takes',
      seconds: [6, 10],
      load: async () => (await import('./probes/memory.ts')).bench,
    },
  ],
  [
    'jobs',
    {
      title: 'two whole applications: files and a picture',
      seconds: [21, 176],
      load: async () => (await import('./probes/jobs.ts')).bench,
    },
  ],
]);
