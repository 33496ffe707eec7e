/** Mutants of the synchronisation objects, and of the sleep that they all rest on. */
import { HOLD_CONDITION, HOLD_MUTEX } from './delays.ts';
import type { Mutant } from './mutant.ts';

const TSLEEP = 'scheduler/tsleep';
const WAITING = 'scheduler/waiting';
const MUTEX = 'scheduler/mutex';
const SEMAPHORE = 'scheduler/semaphore';
const BARRIER = 'scheduler/barrier';
const RWLOCK = 'scheduler/rwlock';

export const SYNC_MUTANTS: readonly Mutant[] = [
  {
    name: 'sleeper-announced-late',
    origin: 'sleep',
    title: 'a thread tries the object first and announces itself as a sleeper after',
    setup: 'sync, barriers',
    edits: [
      {
        file: WAITING,
        find: 'announce(ident); got = attempt(tries); if (got) break;',
        replace: 'got = attempt(tries); if (got) break; announce(ident);',
      },
    ],
  },
  {
    name: 'waiter-not-counted',
    origin: 'lock',
    title: 'a waiter is not counted: a release sees nobody to wake',
    setup: 'sync',
    edits: [
      { file: WAITING, find: 'addA(m, ref, S_WAITERS, 1);', replace: 'addA(m, ref, S_WAITERS, 0);' },
      {
        file: WAITING,
        find: 'addA(m, ref, S_WAITERS, -1) - 1 : go();',
        replace: 'addA(m, ref, S_WAITERS, 0) : go();',
      },
    ],
  },
  {
    name: 'gives-up-with-the-wake-up',
    origin: 'lock',
    title: 'a waiter that is killed or out of time keeps the wake-up that it may have had',
    setup: 'sync, kills',
    edits: [
      { file: WAITING, find: 'if (!got && left !== 0) wakeFirst(ident);', replace: '' },
      { file: MUTEX, find: 'if (!finished && got) release(mu);', replace: '' },
    ],
  },
  {
    name: 'sleeps-mask-cleared-early',
    origin: 'sleep',
    title: 'the first sleeper that is woken takes the mark of its whole cpu away, though others sleep',
    setup: 'sync',
    edits: [
      {
        file: TSLEEP,
        find: 'if (inSlot[slot] === 0) andA(',
        replace: 'if (inSlot[slot] >= 0) andA(',
      },
    ],
  },
  {
    name: 'wakes-own-cpu-only',
    origin: 'sleep',
    title: 'a wake-up reaches the sleepers of its own cpu only',
    setup: 'sync',
    edits: [
      {
        file: TSLEEP,
        find: 'if (dcpu !== id && mayHave(slot, dcpu)) sendIpi(dcpu, IPI.wakeup, ident, 0, life);',
        replace: '',
      },
    ],
  },
  {
    name: 'mutex-no-cas',
    origin: 'lock',
    title: 'a mutex is looked at and then stored, not compared and swapped',
    setup: 'sync',
    edits: [
      {
        file: MUTEX,
        find: 'if (casA(cpu.m, mu, S_STATE, 0, handleOf(cpu.curthread)) !== 0) return false; hold(mu);',
        replace:
          'if (ldA(cpu.m, mu, S_STATE) !== 0) return false; stA(cpu.m, mu, S_STATE, handleOf(cpu.curthread)); hold(mu);',
      },
    ],
  },
  {
    name: 'mutex-looks-before-release',
    origin: 'lock',
    title: 'an unlock looks for waiters first and frees the mutex after',
    setup: 'sync, relays',
    edits: [
      {
        file: MUTEX,
        find: `stA(m, mu, S_STATE, 0); ${HOLD_MUTEX} if (ldA(m, mu, S_WAITERS) !== 0) wakeFirst(identOf(mu));`,
        replace: `const waiters = ldA(m, mu, S_WAITERS); ${HOLD_MUTEX} stA(m, mu, S_STATE, 0); if (waiters !== 0) wakeFirst(identOf(mu));`,
      },
    ],
  },
  {
    name: 'mutex-handed-over-twice',
    origin: 'lock',
    title: 'an unlock hands the mutex over and then frees it as well',
    setup: 'sync',
    edits: [
      {
        file: MUTEX,
        find: 'stA(m, mu, S_STATE, to); rouse(to, identOf(mu)); return true;',
        replace: 'stA(m, mu, S_STATE, to); rouse(to, identOf(mu)); return false;',
      },
    ],
  },
  {
    name: 'mutex-not-handed-over',
    origin: 'lock',
    title: 'an unlock takes the wish of the next one and does not give it the mutex',
    setup: 'sync',
    edits: [
      {
        file: MUTEX,
        find: 'stA(m, mu, S_STATE, to); rouse(to, identOf(mu)); return true;',
        replace: 'stA(m, mu, S_STATE, 0); rouse(to, identOf(mu)); return true;',
      },
    ],
  },
  {
    name: 'mutex-not-poisoned',
    origin: 'lock',
    title: 'a mutex whose holder failed is free as any other',
    setup: 'sync',
    edits: [
      {
        file: MUTEX,
        find: 'unhold(mu, td); setPoisoned(mu, true); release(mu);',
        replace: 'unhold(mu, td); release(mu);',
      },
    ],
  },
  {
    name: 'condition-unlocks-first',
    origin: 'lock',
    title: 'a condition lets the mutex go before it counts and announces the waiter',
    setup: 'sync, relays',
    edits: [
      {
        file: 'scheduler/condition',
        find: `addA(m, cond, S_WAITERS, 1); const sleep = announce(ident, life); ${HOLD_CONDITION} mutexUnlock(mu);`,
        replace: `mutexUnlock(mu); ${HOLD_CONDITION} addA(m, cond, S_WAITERS, 1); const sleep = announce(ident, life);`,
      },
    ],
  },
  {
    name: 'semaphore-take-not-atomic',
    origin: 'lock',
    title: 'a unit is taken by a load and a store',
    setup: 'sync',
    edits: [
      {
        file: SEMAPHORE,
        find: 'if (casA(m, sem, S_STATE, units, units - 1) === units) return true;',
        replace: 'm[sem + S_STATE] = units - 1; return true;',
      },
    ],
  },
  {
    name: 'semaphore-post-not-atomic',
    origin: 'lock',
    title: 'a unit is given back by a load and a store',
    setup: 'sync, relays',
    edits: [
      {
        file: SEMAPHORE,
        find: 'if (casA(m, sem, S_STATE, now, now + units) === now) break;',
        replace: 'm[sem + S_STATE] = now + units; break;',
      },
    ],
  },
  {
    name: 'semaphore-post-wakes-nobody',
    origin: 'lock',
    title: 'a unit that is given back wakes a waiter only if there were none before',
    setup: 'sync, relays',
    edits: [
      {
        file: SEMAPHORE,
        find: 'if (waiting === 0) return; if (units >= waiting)',
        replace: 'if (waiting === 0 || ldA(m, sem, S_STATE) !== units) return; if (units >= waiting)',
      },
    ],
  },
  {
    name: 'barrier-round-not-bumped',
    origin: 'lock',
    title: 'the last one starts the count again and does not open the round',
    setup: 'sync',
    edits: [
      {
        file: BARRIER,
        find: 'const then = last ? ((round + 1) << 16) | 0 : now + 1;',
        replace: 'const then = last ? (round << 16) | 0 : now + 1;',
      },
    ],
  },
  {
    name: 'barrier-count-not-reset',
    origin: 'lock',
    title: 'the last one opens the round and leaves the count as it is',
    setup: 'sync',
    quick: true,
    edits: [
      {
        file: BARRIER,
        find: 'const then = last ? ((round + 1) << 16) | 0 : now + 1;',
        replace: 'const then = last ? now + (1 << 16) : now + 1;',
      },
    ],
  },
  {
    name: 'barrier-count-not-atomic',
    origin: 'lock',
    title: 'who comes to a barrier is counted by a load and a store',
    setup: 'sync, barriers',
    edits: [
      {
        file: BARRIER,
        find: 'if (casA(m, b, S_STATE, now, then) !== now) continue;',
        replace: 'm[b + S_STATE] = then;',
      },
    ],
  },
  {
    name: 'barrier-counts-the-killed',
    origin: 'lock',
    title: 'a thread that is killed at a barrier still counts as one that has come',
    setup: 'sync',
    edits: [{ file: BARRIER, find: 'if (!over) leave(b, came);', replace: '' }],
  },
  {
    name: 'once-done-too-soon',
    origin: 'lock',
    title: 'what is to be done once counts as done when it begins',
    setup: 'sync',
    edits: [
      {
        file: 'scheduler/once',
        find: 'let finished = false; try { yield* body();',
        replace: 'let finished = false; casA(m, o, S_STATE, ONCE_UNDER_WAY, ONCE_DONE); try { yield* body();',
      },
    ],
  },
  {
    name: 'once-failure-is-done',
    origin: 'lock',
    title: 'what failed counts as done',
    setup: 'sync',
    quick: true,
    edits: [{ file: 'scheduler/once', find: 'finished ? ONCE_DONE : ONCE_NOT', replace: 'ONCE_DONE' }],
  },
  {
    name: 'once-not-marked',
    origin: 'lock',
    title: 'nobody is told that it is under way: a second thread begins as well',
    setup: 'sync',
    edits: [
      {
        file: 'scheduler/once',
        find: 'if (casA(m, o, S_STATE, ONCE_NOT, me) === ONCE_NOT) {',
        replace: 'if (ldA(m, o, S_STATE) === ONCE_NOT) {',
      },
    ],
  },
  {
    name: 'writer-among-readers',
    origin: 'lock',
    title: 'a writer enters although readers are in',
    setup: 'sync',
    edits: [
      {
        file: RWLOCK,
        find: 'casA(m, rw, S_STATE, 0, me) !== 0) return false;',
        replace:
          '(ldA(m, rw, S_STATE) & RWLOCK_WRITER) !== 0) return false; addA(m, rw, S_STATE, RWLOCK_WRITER);',
      },
    ],
  },
  {
    name: 'reader-beside-writer',
    origin: 'lock',
    title: 'a reader enters although a writer is in',
    setup: 'sync',
    edits: [
      {
        file: RWLOCK,
        find: 'if ((now & RWLOCK_WRITER) !== 0) return false; if (!invited',
        replace: 'if (!invited',
      },
    ],
  },
  {
    name: 'readers-not-invited',
    origin: 'lock',
    title: 'a writer that unlocks while another waits wakes neither readers nor that one',
    setup: 'sync',
    edits: [
      {
        file: RWLOCK,
        find: 'if (invited === 0 && wantWrite) wakeFirst(writeIdent(rw));',
        replace: '',
      },
    ],
  },
  {
    name: 'guests-not-uncounted',
    origin: 'lock',
    title: 'an invited reader that gives up still counts as invited: no writer ever enters again',
    setup: 'sync',
    edits: [
      {
        file: RWLOCK,
        find: 'if (phaseOf(now) !== phase) return addA(m, rw, INVITED, -1) - 1;',
        replace: 'if (phaseOf(now) !== phase) return ldA(m, rw, INVITED) - 1;',
      },
    ],
  },
  {
    name: 'last-reader-wakes-nobody',
    origin: 'lock',
    title: 'the last reader that leaves does not wake a writer that waits',
    setup: 'sync',
    edits: [
      {
        file: RWLOCK,
        find: 'if (left === 0 && ldA(m, rw, WANT_WRITE) !== 0) wakeFirst(writeIdent(rw));',
        replace: '',
      },
    ],
  },
  {
    name: 'spinlock-no-cas',
    origin: 'lock',
    title: 'a spinlock is looked at and then stored, not compared and swapped',
    setup: 'sync, spinlocks',
    edits: [
      {
        file: 'scheduler/spinlock',
        find: 'if (casA(cpu.m, spin, S_STATE, 0, handleOf(cpu.curthread)) !== 0) {',
        replace:
          'if (ldHint(cpu.m, spin, S_STATE) === 0) stA(cpu.m, spin, S_STATE, handleOf(cpu.curthread)); else {',
      },
    ],
  },
  {
    name: 'killed-keeps-its-place',
    origin: 'thread',
    title:
      'a thread that is killed while it sleeps stays among the sleepers, and takes the wake-ups of others',
    setup: 'sync, kills',
    edits: [
      { file: WAITING, find: 'dropSleeper(cpu.curthread); const left', replace: 'const left' },
      {
        file: TSLEEP,
        find: 'dropSleeper(cpu.curthread); unblockSelf(); return ENDED;',
        replace: 'unblockSelf(); return ENDED;',
      },
      { file: 'scheduler/exit', find: 'dropSleeper(td); const slot', replace: 'const slot' },
    ],
  },
];
