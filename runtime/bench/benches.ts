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
  [
    'call',
    {
      title: 'an IPI beside what others take: call, stream, wake-up',
      load: async () => (await import('./probes/call.ts')).bench,
    },
  ],
  [
    'switch',
    {
      title: 'a switch between threads of a cpu, 2 to 1,000,000 of them',
      load: async () => (await import('./probes/switch.ts')).bench,
    },
  ],
  [
    'spawn',
    {
      title: 'a thread from creation to join, on its cpu and on another',
      load: async () => (await import('./probes/spawn.ts')).bench,
    },
  ],
  [
    'token',
    {
      title: 'a token: alone, fought over, with an owner that sleeps',
      load: async () => (await import('./probes/token.ts')).bench,
    },
  ],
  [
    'mplock',
    {
      title: 'the MP lock, alone and fought over',
      load: async () => (await import('./probes/mplock.ts')).bench,
    },
  ],
  [
    'sync',
    {
      title: 'mutex, spinlock, semaphore, rwlock',
      load: async () => (await import('./probes/sync.ts')).bench,
    },
  ],
  [
    'waitq',
    {
      title: 'waiting on a queue and being signalled',
      load: async () => (await import('./probes/waitq.ts')).bench,
    },
  ],
  [
    'boot',
    {
      title: 'from nothing to the first instruction of a thread',
      load: async () => (await import('./probes/boot.ts')).bench,
    },
  ],
  [
    'memory',
    {
      title: 'what a waiting thread takes',
      load: async () => (await import('./probes/memory.ts')).bench,
    },
  ],
  [
    'jobs',
    {
      title: 'two whole applications: files and a picture',
      load: async () => (await import('./probes/jobs.ts')).bench,
    },
  ],
]);
