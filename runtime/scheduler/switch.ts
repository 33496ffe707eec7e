/**
 * The dispatcher: picks the next thread, steps its generator until it blocks, and picks again.
 *
 * A running thread stays on its run queue, at the tail of its level; what blocks takes itself off first. So the
 * switch is one look at the run mask, one rotation, one `next`. The dispatcher returns to its caller, the cpu's
 * main loop, only when the machine halts or the event loop needs a turn.
 *
 * ## Cost
 *
 *   No atomic, no allocation, no clock: plain words of the cpu's own lines, one generator step.
 *
 * ## Rejected
 *
 *   One async function per thread: every step through the microtask queue, and nothing to preempt.
 *
 * Seed: lwkt_switch, lwkt_yield.
 */
import { LwktError } from '../base/errors.ts';
import type { ThreadRef } from '../base/ids.ts';
import { MachinePanic, panic } from '../base/panic.ts';
import * as paramsModule from '../base/params.ts';
import { eventCode } from '../shared-memory/layout/event.ts';
import * as globaldataLayoutModule from '../shared-memory/layout/globaldata.ts';
import * as threadLayoutModule from '../shared-memory/layout/thread.ts';
import * as tailqModule from '../shared-memory/tailq.ts';
import * as wordModule from '../shared-memory/word.ts';
import type { Blocking, Step } from './blocking.ts';
import * as blockingModule from './blocking.ts';
import * as eventsModule from './events.ts';
import * as globaldataModule from './globaldata.ts';
import type { ThreadStack } from './ipifunc.ts';
import * as idleModule from './idle.ts';
import * as mplockOwnerModule from './mplock-owner.ts';
import * as pollModule from './poll.ts';
import * as runqueueModule from './runqueue.ts';
import * as threadModule from './thread.ts';

// An import is read through its module's cell at every use; a constant of this file is folded into the code.
const { TDF_KILLED, TDF_LEAVING, TDF_RELEASE, TDF_TOKENS, TDPRI_CRIT } = paramsModule;
const { Globaldata } = globaldataLayoutModule;
const { Thread } = threadLayoutModule;
const { tailqFirst, tailqRotate } = tailqModule;
const { count, ld, st } = wordModule;
const { arm, BLOCKED, disarm, done, EXITING, forgottenYield, RESUME, takeArmed } = blockingModule;
const { counterField, cpu } = globaldataModule;
const { idle } = idleModule;
const { chooseForMplock, mplockIdle } = mplockOwnerModule;
const { poll } = pollModule;
const { dequeue, highestRunq, moveToTail } = runqueueModule;
const { commOf, handleOf, slotOf, stacks } = threadModule;
const { record } = eventsModule;

const SWITCHED = eventCode('switch');

const {
  threadq: TD_THREADQ,
  flags: TD_FLAGS,
  pri: TD_PRI,
  switches: TD_SWITCHES,
  wmesg: TD_WMESG,
  wait: TD_WAIT,
  mpcount: TD_MPCOUNT,
  preempted: TD_PREEMPTED,
} = Thread;
const { curthread: GD_CURTHREAD, tdrunq: GD_TDRUNQ } = Globaldata;
const SWITCH_COUNT = counterField('lwkt.switch_count');

/** Why the dispatcher came back. */
export type Why = 'halt' | 'turn' | 'loop';

/** What switch.ts calls upward; filled by boot.ts. */
export interface SwitchUpcalls {
  /** Makes the generator of a thread that runs for the first time. */
  start(td: ThreadRef): ThreadStack;
  /** The thread returned. */
  returned(td: ThreadRef, value: unknown): void;
  /** The thread threw. */
  threw(td: ThreadRef, error: unknown): void;
  /** The thread is killed, or exits: runs its finally blocks. */
  end(td: ThreadRef, stack: ThreadStack): IteratorResult<unknown, unknown>;
  /** The thread blocked and is killed, perhaps while it ran. */
  blockedKilled(td: ThreadRef): void;
  /** The thread blocked or ended on top of another one, which goes on. */
  switchBack(td: ThreadRef): void;
  /** The thread has a release hook, and is switched away from. */
  release(td: ThreadRef): void;
  /** The thread goes to another cpu. */
  leave(td: ThreadRef): void;
  /** The thread blocked with tokens in hand. */
  suspendTokens(td: ThreadRef): void;
  /** The thread that runs again had tokens in hand. */
  resumeTokens(td: ThreadRef): void;
  /** Another cpu has died, or all have seen that: no thread runs here now. */
  survive(): void;
}

let up: SwitchUpcalls;

/** Fills the upcalls. Context: boot; never blocks. */
export function setSwitchUpcalls(upcalls: SwitchUpcalls): void {
  up = upcalls;
}

/**
 * Runs threads until the machine halts or the event loop is needed.
 *
 * Context: idle; never blocks, but sleeps on the doorbell when there is nothing to do.
 *
 * @returns 'halt'; 'turn' when threads can run but the event loop must turn first; 'loop' when only the event loop
 *   can bring work
 */
export function dispatch(): Why {
  const { m, gd } = cpu;
  for (;;) {
    if (m[gd] !== 0 || --cpu.polls < 0) poll();
    if (cpu.resched) {
      cpu.resched = false;
      if (cpu.halted) return 'halt';
      if (cpu.mourns) up.survive();
      if (cpu.turn) {
        if (cpu.mpHeld || cpu.mpBell) mplockIdle();
        return 'turn';
      }
    }
    if (!runThreads() && idle()) return 'loop';
  }
}

/**
 * Runs one thread after the other until none can run, or there is something to look at before the next one. Apart from
 * the dispatcher, which calls much, so that V8 inlines here what each switch takes.
 *
 * @returns false when none can run
 */
function runThreads(): boolean {
  const { m, gd, idlethread } = cpu;
  for (;;) {
    const nq = highestRunq();
    if (nq < 0) return false;
    const head = gd + GD_TDRUNQ + 2 * nq;
    let td = tailqFirst(m, head);
    if (cpu.mpHeld || cpu.mpBell || m[td + TD_MPCOUNT] !== 0) {
      td = chooseForMplock(nq, td);
      if (td === 0) return false;
    } else tailqRotate(m, head, TD_THREADQ);
    step(td, idlethread);
    if (m[gd] !== 0 || cpu.resched || --cpu.polls < 0) return true;
  }
}

/**
 * Runs a thread until it blocks or ends; then `back` is the current thread again: the idle thread, or the one that
 * was preempted.
 *
 * Context: thread | idle; never blocks.
 */
export function step(td: ThreadRef, back: ThreadRef): void {
  const { m, gd } = cpu;
  count(m, gd, SWITCH_COUNT);
  if (cpu.events === 2) recordSwitch(td);
  m[td + TD_SWITCHES] = ((m[td + TD_SWITCHES] as number) + 1) | 0;
  const pri = (m[td + TD_PRI] as number) - TDPRI_CRIT;
  if (pri < 0) priorityProblem(td);
  m[td + TD_PRI] = pri;
  cpu.curthread = td;
  m[gd + GD_CURTHREAD] = td;
  if (((m[td + TD_FLAGS] as number) & TDF_TOKENS) !== 0) up.resumeTokens(td);
  let ended: boolean;
  try {
    // Room for a thread is made when it comes.
    const stack = stacks[slotOf(td)] as ThreadStack | null;
    const usual = stack !== null && ((m[td + TD_FLAGS] as number) & TDF_KILLED) === 0;
    const result = usual ? stack.next(RESUME) : firstOrLast(td);
    ended = result !== BLOCKED && hasReturned(td, result);
  } catch (error) {
    threw(td, error);
    ended = true;
  }
  if (ended) {
    setCurrent(back);
    return;
  }
  if (cpu.held !== 0) up.suspendTokens(td);
  if (back !== cpu.idlethread || ((m[td + TD_FLAGS] as number) & SELDOM) !== 0) {
    blockedSeldom(td, back);
    return;
  }
  m[td + TD_PRI] = (m[td + TD_PRI] as number) + TDPRI_CRIT;
  setCurrent(back);
}

/** The step of a thread that has no generator yet, or is killed. */
function firstOrLast(td: ThreadRef): IteratorResult<unknown, unknown> {
  const stack = stacks[slotOf(td)] ?? up.start(td);
  const killed = (ld(cpu.m, td, TD_FLAGS) & TDF_KILLED) !== 0;
  return killed ? up.end(td, stack) : stack.next(RESUME);
}

/** Goes on with a thread that stopped without blocking; true when it has ended, false when it blocked after all. */
function hasReturned(td: ThreadRef, stopped: IteratorResult<unknown, unknown>): boolean {
  const stack = stacks[slotOf(td)] as ThreadStack;
  for (let result = stopped; result !== BLOCKED;) {
    if (result.done === true) {
      if (ld(cpu.m, td, TD_PREEMPTED) !== 0) up.switchBack(td);
      up.returned(td, result.value);
      return true;
    }
    result = result === EXITING ? up.end(td, stack) : stack.throw(plainYield());
  }
  return false;
}

function threw(td: ThreadRef, error: unknown): void {
  if (error instanceof MachinePanic) throw error;
  if (ld(cpu.m, td, TD_PREEMPTED) !== 0) up.switchBack(td);
  up.threw(td, error);
}

/** What a thread that has blocked may be for there to be more to do, if it did not preempt another one. */
const SELDOM = TDF_KILLED | TDF_LEAVING | TDF_RELEASE;

function blockedSeldom(td: ThreadRef, back: ThreadRef): void {
  const { m } = cpu;
  const preempting = ld(m, td, TD_PREEMPTED) !== 0;
  if (preempting) up.switchBack(td);
  const flags = ld(m, td, TD_FLAGS);
  if ((flags & TDF_RELEASE) !== 0 && !preempting) up.release(td);
  if ((flags & TDF_KILLED) !== 0) up.blockedKilled(td);
  st(m, td, TD_PRI, ld(m, td, TD_PRI) + TDPRI_CRIT);
  setCurrent(back);
  if ((flags & TDF_LEAVING) !== 0) up.leave(td);
}

function recordSwitch(td: ThreadRef): void {
  record(SWITCHED, handleOf(td), 0);
}

function priorityProblem(td: ThreadRef): never {
  panic(
    `priority problem in lwkt_switch: td_pri ${ld(cpu.m, td, TD_PRI)} of '${commOf(td)}' on cpu ${cpu.id}`,
  );
}

function setCurrent(td: ThreadRef): void {
  cpu.curthread = td;
  if (td !== cpu.idlethread) st(cpu.m, cpu.gd, GD_CURTHREAD, td);
}

/** What is thrown into a thread that said `yield x` where `yield* x` was meant. */
function plainYield(): LwktError {
  const name = takeArmed();
  if (name !== '') return forgottenYield(name);
  return new LwktError(
    'ERR_LWKT_YIELD',
    'a thread yielded a plain value: `yield` alone means nothing here; use `yield* lwktYield()` to give way',
  );
}

/** Makes the current thread wait, for `ps` and the run queue. Context: thread; never blocks. */
export function blockSelf(wmesg: number, wait: number): IteratorYieldResult<undefined> {
  const { m, curthread } = cpu;
  dequeue(curthread);
  st(m, curthread, TD_WMESG, wmesg);
  st(m, curthread, TD_WAIT, wait);
  return BLOCKED;
}

/** Ends the wait of the current thread. Context: thread; never blocks. */
export function unblockSelf(): void {
  const { m, curthread } = cpu;
  st(m, curthread, TD_WMESG, 0);
  st(m, curthread, TD_WAIT, 0);
}

const yieldIterator = {
  [Symbol.iterator]: () => yieldIterator,
  next(resumed: unknown): Step<void> {
    if (resumed === RESUME) return done<void>(undefined);
    disarm();
    moveToTail(cpu.curthread);
    return BLOCKED;
  },
};

/**
 * Gives way to threads of the same or a higher priority, and to the event loop if it waits.
 *
 * Context: thread; blocks.
 *
 * @seed lwkt_yield
 */
export function lwktYield(): Blocking<void> {
  arm('lwktYield()');
  return yieldIterator;
}

const switchIterator = {
  [Symbol.iterator]: () => switchIterator,
  next(resumed: unknown): Step<void> {
    if (resumed === RESUME) return done<void>(undefined);
    disarm();
    return BLOCKED;
  },
};

/**
 * Switches to the next runnable thread; comes back when this one is picked again. A thread that took itself off
 * its queue (lwktDescheduleSelf) comes back once it is scheduled.
 *
 * Context: thread; blocks.
 *
 * @seed lwkt_switch
 */
export function lwktSwitch(): Blocking<void> {
  arm('lwktSwitch()');
  return switchIterator;
}
