/** What is fought over, and how hard: the plan of a contended measurement. */

/** What can be fought over. */
export const LOCKS = [
  'token',
  'mplock',
  'mutex',
  'guard',
  'spinlock',
  'semaphore',
  'rwlock-read',
  'rwlock-write',
] as const;

export type LockName = (typeof LOCKS)[number];

/** Increments of the unprotected counter in each section: some 50 ns. */
export const SECTION = 25;

/** A fight. */
export interface Fight {
  readonly lock: LockName;
  readonly cpus: number;
  readonly ms: number;
  /** Increments of a private counter between two sections: none is full contention. */
  readonly pause: number;
}

/** What came of it. */
export interface Fought {
  readonly ns: number;
  /** Fewest sections of a cpu over most. */
  readonly fairness: number;
}
