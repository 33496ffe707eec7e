/**
 * What host and cpus say to each other: IPI numbers, the boot message, the control surface. Types and numbers only.
 *
 * Three ways cross the border: words of the arena, IPIs through the ring matrix (the host is its last corner), and
 * the control port (Comlink) for what is slow.
 */
import type { MessagePort } from 'node:worker_threads';

/** IPI functions of the kernel, by name; the value is the number that crosses in a ring. */
export const IPI = {
  /** (handle) A thread made by another corner comes to its cpu. */
  adopt: 0,
  /** (handle, joiner) Somebody on another cpu waits for a thread. */
  join: 1,
  /** (joiner, handle) A thread that was waited for has ended; its result is in its descriptor. */
  joined: 2,
  /** (handle) Make a thread runnable. */
  schedule: 3,
  /** (handle) Take a thread off its run queue. */
  deschedule: 4,
  /** (handle, priority) Change a thread's priority. */
  setPri: 5,
  /** (token, cpu) A cpu waits for a token that was seen here. */
  tokenRequest: 6,
  /** (token) A token was handed to this cpu. */
  tokenGrant: 7,
  /** (cpu, handle) Make that thread runnable, or with 0 ring the cpu, when all records before have returned. */
  echo: 8,
  /** () Nothing but the ring of the doorbell. */
  wake: 9,
  /** (handle, joiner) A joiner waits no longer. */
  unjoin: 10,
  /** (handle) End a thread at its next safepoint. */
  kill: 11,
  /** (handle, thread, cpu) A thread asks for another one to be moved to its cpu. */
  acquire: 12,
  /** (thread, handle, reason) What became of that. */
  acquired: 13,
  /** (queue, thread, gen) A thread wants to wait on a queue whose token is here. */
  block: 14,
  /** (thread, wait, gen) It has been signalled. */
  unblocked: 15,
  /** (queue, thread or 0, most) A thread signals a queue whose token is here. */
  signal: 16,
  /** (thread, wait, result) Its signal woke so many; or it does not wait, and this is the generation. */
  answered: 17,
  /** (queue, thread, wait) A thread waits on a queue no longer. */
  unblock: 18,
  /** (number, left) Wake who sleeps on a number: all, or with cpus left to ask, one. */
  wakeup: 19,
  /** (handle, number) End the sleep of one thread on a number. */
  rouse: 20,
  /** (token) A token that no cpu owns was let go, and threads here wait for it. */
  tokenFree: 21,
} as const;

/** Messages a cpu sends to the host's corner. */
export const HOST = {
  /** (handle, request) A thread that the host waits for has ended; its result is in its descriptor. */
  exited: 0,
  /** (handle) A detached thread ended by an error, which is in its descriptor. */
  failed: 1,
} as const;

/** What a cpu's worker is started with. */
export interface CpuBoot {
  readonly memory: { readonly buffer: SharedArrayBuffer };
  readonly cpu: number;
  /** The control port of this cpu. */
  readonly port: MessagePort;
  /** File descriptor that threads' standard output goes to: 1 or 2. */
  readonly stdout: number;
  /** Clear the host's status line before printing. */
  readonly statusLine: boolean;
}

/** What a cpu registered when it loaded the program. */
export interface Loaded {
  /** Thread functions by number. */
  readonly threads: readonly string[];
  /** IPI functions by number. */
  readonly ipis: readonly string[];
  /** Number of the default export's thread function; -1 if there is no default export, -2 if it is not a kthread. */
  readonly main: number;
}

/** Memory of a cpu's heap. */
export interface CpuHeap {
  /** Bytes of live and dead JavaScript objects. */
  readonly used: number;
  /** Bytes taken from the system. */
  readonly total: number;
}

/** What a cpu answers over its control port. */
export interface CpuControl {
  /** Loads a program module. */
  load(url: string): Promise<Loaded>;
  /** The value of a tunable as this cpu sees it. */
  sysctl(name: string): number;
  /** The cpu's JavaScript heap, after a garbage collection if asked. */
  heap(collect: boolean): CpuHeap;
}

/** A thread that a cpu still had when it halted. */
export interface Leftover {
  readonly handle: number;
  readonly name: string;
  readonly cpu: number;
  /** Why it waits, or 'running'. */
  readonly wmesg: string;
  /** The error that it ended by and that nobody has been told. */
  readonly error?: unknown;
}

/** What a cpu's task returns when it halts. */
export interface CpuEnd {
  readonly leftovers: readonly Leftover[];
  /** Threads beyond those listed. */
  readonly more: number;
}
