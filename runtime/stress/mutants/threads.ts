/** Mutants of threads: descriptors, their lists, results, references, moves, kills; and of the arena's own tables. */
import type { Mutant } from './mutant.ts';

const EXIT = 'scheduler/exit';
const MOVE = 'scheduler/move';
const SCHEDULE = 'scheduler/schedule';
const THREAD = 'scheduler/thread';
const LOCK = 'shared-memory/lock';

export const THREAD_MUTANTS: readonly Mutant[] = [
  {
    name: 'exit-leaves-list',
    origin: 'D9',
    title: 'a joined thread stays on the list of all threads of its cpu, and its descriptor is used again',
    setup: 'threads',
    edits: [
      {
        file: EXIT,
        find: 'st(m, td, TD_JOINER, TAKEN); unlinkThread(td);',
        replace: 'st(m, td, TD_JOINER, TAKEN);',
      },
    ],
  },
  {
    name: 'linked-by-its-maker',
    origin: 'D10',
    title: 'a thread made for another cpu is linked on the list of the cpu that made it',
    setup: 'threads',
    edits: [
      {
        file: 'scheduler/create',
        find: 'const handle = handleOf(td); if (target === cpu.id) adopt(td); else sendIpi(target, IPI.adopt, handle, 0, 0); return handle; } function flagsOf',
        replace:
          'const handle = handleOf(td); if (target === cpu.id) adopt(td); else { linkThread(td); sendIpi(target, IPI.adopt, handle, 0, 0); } return handle; } function flagsOf',
      },
    ],
  },
  {
    name: 'acquire-does-not-ask',
    origin: 'D11',
    title: 'a thread is taken wherever it stands, also in the middle of its function',
    setup: 'threads',
    edits: [
      {
        file: MOVE,
        find: 'else if (hasNotStarted(td)) reply(',
        replace: 'else if (hasNotStarted(td) || isMovable(ld(cpu.m, td, TD_FUNC))) reply(',
      },
    ],
  },
  {
    name: 'refs-not-atomic',
    origin: 'D12',
    title: 'references are counted by a load and a store',
    setup: 'threads, held',
    edits: [
      {
        file: 'scheduler/refs',
        find: 'addA(m, td, TD_REFS, 1);',
        replace: 'stA(m, td, TD_REFS, ldA(m, td, TD_REFS) + 1);',
      },
    ],
  },
  {
    name: 'counters-shared',
    origin: 'D17',
    title: 'all cpus count the threads they make in one word',
    setup: 'threads, made',
    edits: [
      {
        file: THREAD,
        find: 'count(m, gd, CREATED);',
        replace: 'count(m, cpu.arena.map.globaldata, CREATED);',
      },
    ],
  },
  {
    name: 'joined-before-result',
    origin: 'thread',
    title: 'a join is answered before the result lies in the descriptor',
    setup: 'threads',
    edits: [
      {
        file: EXIT,
        find: 'exportResult(td); unlinkThread(td); st(m, td, TD_JOINER, TAKEN); sendIpi(dcpu, IPI.joined, joiner, handleOf(td), 0);',
        replace: 'sendIpi(dcpu, IPI.joined, joiner, handleOf(td), 0); exportResult(td); unlinkThread(td);',
      },
    ],
  },
  {
    name: 'freed-twice',
    origin: 'thread',
    title: 'the descriptor of a thread joined from another cpu is freed twice',
    setup: 'threads',
    quick: true,
    edits: [
      {
        file: EXIT,
        find: 'return takeValue(cpu.arena, cpu.id, td); } finally { lwktFreeThread(td); }',
        replace:
          'return takeValue(cpu.arena, cpu.id, td); } finally { lwktFreeThread(td); lwktFreeThread(td); }',
      },
    ],
  },
  {
    name: 'descriptor-leaks',
    origin: 'thread',
    title: 'the descriptor of a thread joined from another cpu is never freed',
    setup: 'threads',
    edits: [
      {
        file: EXIT,
        find: 'return takeValue(cpu.arena, cpu.id, td); } finally { lwktFreeThread(td); }',
        replace: 'return takeValue(cpu.arena, cpu.id, td); } finally { if (td === 0) lwktFreeThread(td); }',
      },
    ],
  },
  {
    name: 'handle-never-dies',
    origin: 'thread',
    title: 'a freed descriptor keeps its generation: an old handle means the next thread in it',
    setup: 'threads',
    edits: [
      {
        file: 'shared-memory/descriptor',
        find: 'stA(arena.m, td, TD_GEN, (ldOwn(arena.m, td, TD_GEN) + 1) & GEN_MASK);',
        replace: 'stA(arena.m, td, TD_GEN, ldOwn(arena.m, td, TD_GEN) & GEN_MASK);',
      },
    ],
  },
  {
    name: 'kill-wakes-nobody',
    origin: 'thread',
    title: 'a thread that is killed while it waits goes on waiting',
    setup: 'threads',
    edits: [
      {
        file: 'scheduler/kill',
        find: 'giveUpMplock(td); setRunnable(td);',
        replace: 'giveUpMplock(td);',
      },
    ],
  },
  {
    name: 'kill-leaves-wait-entry',
    origin: 'thread',
    title: 'a thread that is killed in a wait queue stays linked there',
    setup: 'threads',
    edits: [
      {
        file: 'scheduler/wait',
        find: 'if (ld(m, td, TD_WAIT_ON) === w) unlink(w, td);',
        replace: 'if (ld(m, td, TD_WAIT_ON) === w && timer !== undefined) unlink(w, td);',
      },
    ],
  },
  {
    name: 'moved-keeps-its-stack',
    origin: 'thread',
    title:
      'a cpu keeps the stack of a thread that moved away, and goes on with it when the thread comes back',
    setup: 'tokens that move',
    edits: [
      {
        file: MOVE,
        find: 'dropRelease(td); dropSleeper(td); stacks[slotOf(td)] = null; const { who, target } = request;',
        replace: 'dropRelease(td); dropSleeper(td); const { who, target } = request;',
      },
    ],
  },
  {
    name: 'served-by-the-old-cpu',
    origin: 'thread',
    title: 'what is asked of a thread that has moved on is done where it was',
    setup: 'tokens that move',
    edits: [
      {
        file: SCHEDULE,
        find: 'if (dcpu !== id) return ELSEWHERE;',
        replace: '',
      },
    ],
  },
  {
    name: 'request-not-sent-on',
    origin: 'thread',
    title: 'what is asked of a thread that has moved on is dropped',
    setup: 'threads, moved',
    edits: [
      {
        file: SCHEDULE,
        find: 'if (where === ELSEWHERE) sendOn(handle, func, arg1, arg2); else if',
        replace:
          'if (where === ELSEWHERE) { if (cpu.intrNesting === 0) sendOn(handle, func, arg1, arg2); } else if',
      },
    ],
  },
  {
    name: 'early-request-lost',
    origin: 'thread',
    title: 'what is asked of a thread that is still on its way here is dropped',
    setup: 'threads',
    edits: [
      {
        file: SCHEDULE,
        find: 'if (list === undefined) early.set(handle, [[func, arg1, arg2]]); else list.push([func, arg1, arg2]);',
        replace: '',
      },
    ],
  },
  {
    name: 'adopted-before-it-came',
    origin: 'thread',
    title: 'a thread that leaves is still marked as one that has come',
    setup: 'threads, moved',
    edits: [
      {
        file: MOVE,
        find: '(flags & ~AT_HOME) | TDF_MOVED | stopped);',
        replace: '(flags & ~(AT_HOME & ~TDF_ADOPTED)) | TDF_MOVED | stopped);',
      },
    ],
  },
  {
    name: 'made-stopped-runs',
    origin: 'thread',
    title: 'a thread that is made stopped is put on the run queue like any other',
    setup: 'threads',
    edits: [
      { file: 'scheduler/create', find: 'if ((flags & TDF_STOPREQ) === 0) {', replace: 'if (flags !== 0) {' },
    ],
  },
  {
    name: 'stop-leaves-on-queue',
    origin: 'thread',
    title: 'a thread that is stopped stays on the run queue',
    setup: 'threads',
    edits: [
      {
        file: SCHEDULE,
        find: 'dequeue(td); if (ld(m, td, TD_WMESG) === 0) st(m, td, TD_WMESG, WMESG_STOPPED);',
        replace: 'if (ld(m, td, TD_WMESG) === 0) st(m, td, TD_WMESG, WMESG_STOPPED);',
      },
    ],
  },
  {
    name: 'move-starts-the-stopped',
    origin: 'thread',
    title: 'a stopped thread that is taken to another cpu is runnable there',
    setup: 'threads',
    edits: [
      {
        file: MOVE,
        find: 'const stopped = (flags & (TDF_RUNQ | TDF_KILLED)) === 0 ? TDF_STOPREQ : 0;',
        replace: 'const stopped = 0;',
      },
    ],
  },
  {
    name: 'priority-starts-the-stopped',
    origin: 'thread',
    title: 'a stopped thread whose priority is changed is put on the run queue',
    setup: 'threads',
    edits: [{ file: SCHEDULE, find: 'if (queued) setRunnable(td);', replace: 'setRunnable(td);' }],
  },
  {
    name: 'killed-runs-on',
    origin: 'thread',
    title: 'a thread that was killed is switched to as if it were not',
    setup: 'threads',
    edits: [
      {
        file: 'scheduler/switch',
        find: '& TDF_KILLED) === 0;',
        replace: '& TDF_KILLED) !== -1;',
      },
    ],
  },
  {
    name: 'ended-runs-again',
    origin: 'thread',
    title: 'a thread that has ended and is not joined yet can be made runnable: it starts again',
    setup: 'threads',
    edits: [
      {
        file: SCHEDULE,
        find: 'if (where === HERE) return tryRefOf(handle);',
        replace: 'if (where === HERE || where === ENDED_HERE) return tryRefOf(handle);',
      },
      { file: SCHEDULE, find: 'if ((flags & TDF_EXITED) !== 0) return; if', replace: 'if' },
    ],
  },
  {
    name: 'promise-never-settled',
    origin: 'thread',
    title: 'a promise that settles is still counted as outstanding',
    setup: 'threads',
    edits: [
      {
        file: 'scheduler/until',
        find: 'outcome.value = value; addPromises(-1);',
        replace: 'outcome.value = value;',
      },
    ],
  },
  {
    name: 'table-lock-no-cas',
    origin: 'lock',
    title: 'the lock of the tables of messages and descriptors is looked at and then stored',
    setup: 'threads',
    edits: [
      {
        file: LOCK,
        find: 'if (casA(m, lock, STATE, 0, me) === 0) return true;',
        replace: 'if (ldFree(m, lock, me)) return true;',
      },
      {
        file: LOCK,
        find: 'function acquire(',
        replace:
          'const ldFree = (m, lock, me) => { if (m[lock + STATE] !== 0) return false; m[lock + STATE] = me; return true; }; function acquire(',
      },
    ],
  },
  {
    name: 'table-lock-wakes-nobody',
    origin: 'lock',
    title: 'who releases the lock of a table does not wake who sleeps on it',
    setup: 'threads',
    edits: [
      {
        file: LOCK,
        find: 'if ((xchgA(m, lock, STATE, 0) & SLEEPERS) !== 0) {',
        replace: 'if ((xchgA(m, lock, STATE, 0) & SLEEPERS) === 1) {',
      },
    ],
  },
];
