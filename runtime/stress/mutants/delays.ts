/**
 * What setups change in the kernel as it is, which has to stand it: most hold a cpu at a point where nothing may go
 * wrong however long it stands there, as it may where many share a core. A mistake at that point then has a window of
 * microseconds, not of nanoseconds.
 */
import type { Edit } from './edit.ts';

/** Holds a cpu that takes IPIs for some 50 us, at one record in four. */
const HOLD_DRAIN = 'if ((source.taken & 3) === 0) for (let i = 0; i < 2000; i++) pause();';
/** Holds a cpu that sends for some 20 us, at one record in four. */
export const HOLD_PUSH = 'if ((w & 3) === 0) for (let i = 0; i < 1000; i++) ldA(m, base, RINDEX);';
/** Holds a cpu for some 0.2 ms: what is loaded does not matter. */
const HOLD_MOVE = 'for (let i = 0; i < 15000; i++) ldA(m, td, TD_CPU);';
/** Holds a cpu for some 10 us: what is loaded does not matter. */
export const HOLD_MUTEX = 'for (let i = 0; i < 500; i++) ldA(m, mu, S_STATE);';
const HOLD_SEMAPHORE = 'for (let i = 0; i < 500; i++) ldA(m, sem, S_STATE);';
export const HOLD_CONDITION = 'for (let i = 0; i < 500; i++) ldA(m, cond, S_WAITERS);';

/** Between writing a record's words and publishing it. */
export const SLOW_WRITER: readonly Edit[] = [
  {
    file: 'shared-memory/ring',
    find: 'm[slot + 3] = arg2; st(m, base, WRITTEN',
    replace: `m[slot + 3] = arg2; ${HOLD_PUSH} st(m, base, WRITTEN`,
  },
];

/** Between finding a record and reading its words. */
export const SLOW_READER: readonly Edit[] = [
  {
    file: 'scheduler/ipiq-drain',
    find: 'if (!isStamped(head, source.stamp)) break; const arg0',
    replace: `if (!isStamped(head, source.stamp)) break; ${HOLD_DRAIN} const arg0`,
  },
];

/** A token that other cpus wait for is handed over at every release, not only at one in sixteen. */
export const HAND_OVER_OFTEN: readonly Edit[] = [
  { file: 'scheduler/token-owner', find: 'const CLOCK_MASK = 15;', replace: 'const CLOCK_MASK = 0;' },
];

/** Between giving a thread to another cpu and telling that one. */
export const SLOW_MOVE: readonly Edit[] = [
  {
    file: 'scheduler/move',
    find: 'stA(m, td, TD_CPU, target); sendIpi(target',
    replace: `stA(m, td, TD_CPU, target); ${HOLD_MOVE} sendIpi(target`,
  },
];

/** Between the two halves of letting a mutex go, of beginning to wait for a condition, of giving a unit back. */
export const SLOW_LOCKS: readonly Edit[] = [
  {
    file: 'scheduler/mutex',
    find: 'stA(m, mu, S_STATE, 0); if (ldA(m, mu, S_WAITERS) !== 0)',
    replace: `stA(m, mu, S_STATE, 0); ${HOLD_MUTEX} if (ldA(m, mu, S_WAITERS) !== 0)`,
  },
  {
    file: 'scheduler/semaphore',
    find: 'const now = ldA(m, sem, S_STATE); if',
    replace: `const now = ldA(m, sem, S_STATE); ${HOLD_SEMAPHORE} if`,
  },
  {
    file: 'scheduler/condition',
    find: 'announce(ident, life); mutexUnlock(mu);',
    replace: `announce(ident, life); ${HOLD_CONDITION} mutexUnlock(mu);`,
  },
];
