/** Mutants of preemption, priorities, run queues, timers and wait queues. */
import type { Mutant } from './mutant.ts';

const PREEMPT = 'scheduler/preempt';
const QUEUE = 'scheduler/wait-queue';
const WAIT = 'scheduler/wait';

export const SCHEDULING_MUTANTS: readonly Mutant[] = [
  {
    name: 'remote-wake-never-preempts',
    origin: 'D5',
    title: 'an interrupt thread woken by an IPI waits for the next switch',
    setup: 'preempt',
    edits: [
      {
        file: PREEMPT,
        find: 'if (!pending.includes(td)) pending.push(td);',
        replace: 'if (cpu.intrNesting !== 0) return; if (!pending.includes(td)) pending.push(td);',
      },
    ],
  },
  {
    name: 'no-resched',
    origin: 'D6',
    title: 'waking a more urgent thread does not ask the running one to give way',
    setup: 'preempt',
    edits: [
      {
        file: 'scheduler/schedule',
        find: '(ld(m, curthread, TD_PRI) & TDPRI_MASK)) cpu.resched = true;',
        replace: '(ld(m, curthread, TD_PRI) & TDPRI_MASK)) return;',
      },
    ],
  },
  {
    name: 'release-hook-on-return',
    origin: 'D13',
    title: 'the release hook of an interrupt thread runs when it returns to whom it preempted',
    setup: 'preempt',
    edits: [
      {
        file: 'scheduler/switch',
        find: 'if ((flags & TDF_RELEASE) !== 0 && !preempting) up.release(td);',
        replace: 'if ((flags & TDF_RELEASE) !== 0) up.release(td);',
      },
    ],
  },
  {
    name: 'preempts-in-crit',
    origin: 'priority',
    title: 'a critical section does not keep interrupt threads out',
    setup: 'preempt',
    quick: true,
    edits: [
      {
        file: PREEMPT,
        find: 'if ((ld(m, td, TD_PRI) & ~TDPRI_MASK) > critpri || ldA(m, ntd, TD_CPU) !== cpu.id) {',
        replace: 'if (ldA(m, ntd, TD_CPU) !== cpu.id) {',
      },
    ],
  },
  {
    name: 'preempts-the-more-urgent',
    origin: 'priority',
    title: 'an interrupt thread preempts whatever runs, however urgent',
    setup: 'preempt',
    edits: [{ file: PREEMPT, find: 'if (basePri(ntd) <= basePri(td)) return refused(MISS);', replace: '' }],
  },
  {
    name: 'pending-forgotten',
    origin: 'priority',
    title: 'the look of a more urgent interrupt thread forgets the less urgent ones that wait',
    setup: 'preempt',
    edits: [
      {
        file: PREEMPT,
        find: 'for (const ntd of pending) cpu.reqpri = Math.max(cpu.reqpri, basePri(ntd));',
        replace: 'pending.length = 0;',
      },
    ],
  },
  {
    name: 'count-not-given-back',
    origin: 'priority',
    title: 'an interrupt thread keeps the MP count that it inherited from whom it preempted',
    setup: 'preempt',
    edits: [{ file: PREEMPT, find: 'st(m, td, TD_MPCOUNT, own);', replace: '' }],
  },
  {
    name: 'count-not-inherited',
    origin: 'priority',
    title:
      'an interrupt thread does not inherit the MP count of whom it preempts: the lock is let go under that one',
    setup: 'preempt',
    quick: true,
    edits: [
      {
        file: PREEMPT,
        find: 'st(m, ntd, TD_MPCOUNT, ld(m, ntd, TD_MPCOUNT) + savecnt);',
        replace: 'st(m, ntd, TD_MPCOUNT, ld(m, ntd, TD_MPCOUNT));',
      },
    ],
  },
  {
    name: 'priority-ignored',
    origin: 'priority',
    title: 'the switch takes the least urgent runnable thread first',
    setup: 'preempt',
    quick: true,
    edits: [
      {
        file: 'scheduler/runqueue',
        find: 'const nq = 31 - Math.clz32(mask);',
        replace: 'const nq = 31 - Math.clz32(mask & -mask);',
      },
    ],
  },
  {
    name: 'yield-keeps-first-place',
    origin: 'priority',
    title: 'a thread that gives way stays at the head of its queue, and is picked again',
    setup: 'preempt',
    edits: [
      { file: 'scheduler/switch', find: '} else tailqRotate(m, head, TD_THREADQ);', replace: '}' },
      {
        file: 'scheduler/runqueue',
        find: 'if (m[head] === td) tailqRotate(m, head, TD_THREADQ);',
        replace: '',
      },
    ],
  },
  {
    name: 'sleeps-past-timers',
    origin: 'time',
    title: 'a cpu without work sleeps on when a timer is due',
    setup: 'waitq',
    edits: [
      {
        file: 'scheduler/idle',
        find: 'sleepOnBell(m, gd, Math.min(MAX_SLEEP_MS, (deadline - now) / 1e6));',
        replace: 'sleepOnBell(m, gd, MAX_SLEEP_MS);',
      },
    ],
  },
  {
    name: 'timers-early',
    origin: 'time',
    title: 'timers fire up to a tenth of a millisecond before their time',
    setup: 'waitq',
    edits: [
      {
        file: 'scheduler/timer',
        find: 'while (nextDeadline() <= now) {',
        replace: 'while (nextDeadline() <= now + 100_000) {',
      },
    ],
  },
  {
    name: 'timer-heap-unordered',
    origin: 'time',
    title: 'the heap of timers overlooks an only child: timers come late',
    setup: 'waitq',
    edits: [
      {
        file: 'scheduler/timer',
        find: 'if (child >= size) break;',
        replace: 'if (child + 1 >= size) break;',
      },
    ],
  },
  {
    name: 'shared-links',
    origin: 'D7',
    title: 'run queue and wait queue link threads through the same words',
    setup: 'waitq',
    edits: [{ file: QUEUE, find: 'const { waitq: TD_WAITQ,', replace: 'const { threadq: TD_WAITQ,' }],
  },
  {
    name: 'block-does-not-loop',
    origin: 'D8',
    title: 'a wake-up without a signal ends the wait',
    setup: 'waitq',
    quick: true,
    edits: [
      {
        file: WAIT,
        find: 'while (!state.over && inTime()) yield* once(w);',
        replace: 'if (!state.over && inTime()) yield* once(w);',
      },
    ],
  },
  {
    name: 'no-recheck-before-block',
    origin: 'wait',
    title: 'a thread blocks though its queue was signalled since it looked',
    setup: 'waitq',
    edits: [
      {
        file: WAIT,
        find: 'if (now !== gen) { lwktRelToken(tok); return now; }',
        replace: '',
      },
    ],
  },
  {
    name: 'signal-keeps-generation',
    origin: 'wait',
    title: 'a signal does not move the generation of its queue',
    setup: 'waitq',
    edits: [
      {
        file: QUEUE,
        find: 'const gen = (ld(m, w, W_GEN) + 1) | 0;',
        replace: 'const gen = ld(m, w, W_GEN);',
      },
    ],
  },
  {
    name: 'wakes-last-first',
    origin: 'wait',
    title: 'a signal wakes who came last',
    setup: 'waitq',
    quick: true,
    edits: [
      {
        file: QUEUE,
        find: 'const td = tailqFirst(m, w + W_WAITQ); unlink(w, td);',
        replace: 'const td = m[w + W_WAITQ + 1]; unlink(w, td);',
      },
    ],
  },
  {
    name: 'signal-wakes-all',
    origin: 'wait',
    title: 'a signal for one thread wakes all that wait',
    setup: 'waitq',
    edits: [
      {
        file: QUEUE,
        find: 'const count = Math.min(most, ld(m, w, W_COUNT));',
        replace: 'const count = ld(m, w, W_COUNT);',
      },
    ],
  },
  {
    name: 'answer-of-an-earlier-wait',
    origin: 'wait',
    title: 'the end of an earlier wait, still on its way, ends a later one',
    setup: 'waitq, both ways',
    edits: [
      {
        file: QUEUE,
        find: 'if (td === 0 || state?.seq !== seq) return; state.over = true;',
        replace: 'if (td === 0 || state === undefined) return; state.over = true;',
      },
    ],
  },
];
