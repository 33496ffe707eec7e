/**
 * Delays that setups put into the kernel: each holds a cpu at a point where nothing may go wrong however long it stands
 * there, as it may where many share a core. A mistake at that point then has a window of microseconds.
 */
import type { Edit } from './edit.ts';

/** Holds a cpu that takes IPIs for some 50 us, at one record in four. */
const HOLD_DRAIN = 'if ((source.taken & 3) === 0) for (let i = 0; i < 2000; i++) pause();';
/** Holds a cpu for some 10 us: what is loaded does not matter. */
export const HOLD_MUTEX = 'for (let i = 0; i < 500; i++) ldA(m, mu, S_STATE);';
export const HOLD_CONDITION = 'for (let i = 0; i < 500; i++) ldA(m, cond, S_WAITERS);';

/** Between finding a record and reading its words. */
export const SLOW_READER: readonly Edit[] = [
  {
    file: 'scheduler/ipiq-drain',
    find: 'if (!isStamped(head, source.stamp)) break; const arg0',
    replace: `if (!isStamped(head, source.stamp)) break; ${HOLD_DRAIN} const arg0`,
  },
];

/** Between the two halves of letting a mutex go, and of beginning to wait for a condition. */
export const SLOW_UNLOCK: readonly Edit[] = [
  {
    file: 'scheduler/mutex',
    find: 'stA(m, mu, S_STATE, 0); if (ldA(m, mu, S_WAITERS) !== 0)',
    replace: `stA(m, mu, S_STATE, 0); ${HOLD_MUTEX} if (ldA(m, mu, S_WAITERS) !== 0)`,
  },
  {
    file: 'scheduler/condition',
    find: 'announce(ident, life); mutexUnlock(mu);',
    replace: `announce(ident, life); ${HOLD_CONDITION} mutexUnlock(mu);`,
  },
];
