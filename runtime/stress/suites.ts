/**
 * The suites as data: what their threads do, how often, and what is checked. The code of an operation is found by its
 * name in program/, by a table that the type checker holds complete.
 */

/** One suite. */
interface SuiteData {
  readonly title: string;
  /** Operations with their default weights, in the order of their counters. At most 28. */
  readonly operations: Readonly<Record<string, number>>;
  /** Its threads go from cpu to cpu under --shuffle. */
  readonly movable: boolean;
}

export const SUITES = {
  tokens: {
    title: 'mutual exclusion, generations, several tokens at once, loss by blocking, kill of waiters',
    operations: { get: 20, try: 8, nested: 6, again: 3, lose: 4, gen: 3, keep: 3, kill: 1, relay: 1 },
    movable: true,
  },
  ipiq: {
    title: 'every IPI arrives once, in order, whole, where it should, when it rang; completion is visible',
    operations: {
      send: 20,
      wait: 20,
      nowait: 10,
      passive: 6,
      many: 2,
      manyWait: 2,
      allWait: 1,
      await: 6,
      burst: 1,
      reply: 6,
      fill: 1,
      answer: 6,
      heard: 1,
    },
    movable: true,
  },
  mplock: {
    title: 'one cpu at a time, counts, loss and return over a block, kill of waiters',
    operations: { get: 20, try: 8, nested: 4, lose: 4, kill: 1 },
    movable: true,
  },
  waitq: {
    title:
      'first come first served, no lost wake-up, time limits, wake-ups by strangers, by token and by message, kill of waiters',
    operations: { fifo: 10, box: 10, timed: 4, poke: 3, kill: 1, mode: 1, naps: 1, signal: 6 },
    movable: false,
  },
  preempt: {
    title:
      'interrupt threads run at once, by priority, never in a critical section; the most urgent runs first',
    operations: { local: 10, remote: 10, crit: 6, storm: 4, mp: 2, order: 2, urgent: 3, turns: 2, work: 4 },
    movable: false,
  },
  threads: {
    title:
      'create, join, fail, kill, stop, hold, move: every thread ends once, with its own result, and stands when stopped',
    operations: {
      join: 12,
      fail: 3,
      tree: 2,
      kill: 4,
      detached: 4,
      stopped: 4,
      priority: 3,
      hold: 3,
      move: 4,
      halt: 3,
      until: 3,
    },
    movable: false,
  },
  sync: {
    title:
      'mutex, spinlock, semaphore, condition, rwlock, barrier, once: exclusion, hand-over, poison, kill of waiters',
    operations: {
      mutex: 12,
      try: 6,
      guard: 4,
      spin: 8,
      semaphore: 8,
      queue: 8,
      read: 10,
      write: 4,
      barrier: 1,
      once: 1,
      kill: 2,
      poison: 1,
      relay: 1,
    },
    movable: true,
  },
} as const satisfies Readonly<Record<string, SuiteData>>;

export type SuiteName = keyof typeof SUITES;

/** Operation names of a suite. */
export type OperationName<S extends SuiteName> = keyof (typeof SUITES)[S]['operations'] & string;

export const SUITE_NAMES = Object.keys(SUITES) as SuiteName[];

/** The number of a suite: it names the suite in the record. */
export function suiteIndex(name: SuiteName): number {
  return SUITE_NAMES.indexOf(name);
}

/** Names of a suite's operations, in the order of their counters. */
export function operationNames(name: SuiteName): readonly string[] {
  return Object.keys(SUITES[name].operations);
}

/** Default weights in the same order. */
export function defaultWeights(name: SuiteName): readonly number[] {
  return Object.values(SUITES[name].operations);
}
