/**
 * Making threads runnable, stopping them, changing their priority: here, and by IPI on other cpus.
 *
 * A thread that waits for something checks for it when it runs again, so scheduling a waiting thread is harmless:
 * it looks and goes on waiting.
 *
 * ## Ordering
 *
 *   B1  ask: a thread's `cpu` is loaded (atomic), then the IPI goes there, and finds the descriptor as the cpu that
 *       gave the thread away left it: move.ts, pair A1.
 *
 * Seed: lwkt_schedule, lwkt_schedule_self, lwkt_deschedule, lwkt_deschedule_self, lwkt_setpri, lwkt_setpri_self.
 */
import { LwktError } from '../base/errors.ts';
import type { Td, ThreadRef } from '../base/ids.ts';
import * as paramsModule from '../base/params.ts';
import { panic } from '../base/panic.ts';
import { PROC_SLEEP, PROC_STATS } from '../base/proc.ts';
import { IPI } from '../base/protocol.ts';
import { wmesgCode } from '../base/wmesg.ts';
import * as threadLayoutModule from '../shared-memory/layout/thread.ts';
import * as wordModule from '../shared-memory/word.ts';
import * as globaldataModule from './globaldata.ts';
import * as ipifuncModule from './ipifunc.ts';
import * as ipiqModule from './ipiq.ts';
import * as runqueueModule from './runqueue.ts';
import * as threadModule from './thread.ts';

// An import is read through its module's cell at every use; a constant of this file is folded into the code.
const {
  TDF_ADOPTED,
  TDF_EXITED,
  TDF_EXITING,
  TDF_KILLED,
  TDF_PREEMPTABLE,
  TDF_PREEMPT_LOCK,
  TDF_RUNQ,
  TDF_STOPREQ,
  TDPRI_IDLE_THREAD,
  TDPRI_MASK,
  TDPRI_MAX,
} = paramsModule;
const { Thread } = threadLayoutModule;
const { ld, ldA, st } = wordModule;
const { cpu } = globaldataModule;
const { runIpi } = ipifuncModule;
const { sendIpi } = ipiqModule;
const { dequeue, enqueue } = runqueueModule;
const { commOf, handleOf, refOf, tryRefOf } = threadModule;

const {
  flags: TD_FLAGS,
  pri: TD_PRI,
  cpu: TD_CPU,
  wmesg: TD_WMESG,
  waitOn: TD_WAIT_ON,
  proc: TD_PROC,
  procStat: TD_PROC_STAT,
} = Thread;
const WMESG_STOPPED = wmesgCode('stopped');
/** Requests for threads on their way before the list is looked through. */
const MOST_EARLY = 64;

/**
 * Makes a thread of this cpu runnable, and asks for a switch if it is more urgent than the running one.
 *
 * Context: thread | ipi | idle; never blocks.
 *
 * @seed _lwkt_wantresched
 */
export function setRunnable(td: ThreadRef): void {
  const { m, curthread } = cpu;
  const flags = ld(m, td, TD_FLAGS);
  if ((flags & TDF_EXITED) !== 0) return;
  if (ld(m, td, TD_WMESG) === WMESG_STOPPED) st(m, td, TD_WMESG, 0);
  if ((flags & (TDF_RUNQ | TDF_PREEMPTABLE)) === TDF_PREEMPTABLE) {
    enqueue(td);
    interrupt(td);
    return;
  }
  enqueue(td);
  if ((ld(m, td, TD_PRI) & TDPRI_MASK) > (ld(m, curthread, TD_PRI) & TDPRI_MASK)) cpu.resched = true;
}

/** Upcall of preempt.ts: an interrupt thread became runnable. */
let interrupt: (td: ThreadRef) => void = () => {};

/** Fills the upcall. Context: boot; never blocks. */
export function setInterrupt(run: (td: ThreadRef) => void): void {
  interrupt = run;
}

/** What came for threads that are still on their way to this cpu: function and two arguments each. Per cpu. */
const early = new Map<number, number[][]>();

/** Keeps a request for a thread that belongs to this cpu and has not come yet. Context: thread | ipi; never blocks. */
export function later(handle: number, func: number, arg1: number, arg2: number): void {
  // A handle read while its thread was freed elsewhere never arrives.
  if (early.size >= MOST_EARLY)
    for (const known of early.keys()) if (tryRefOf(known) === 0) early.delete(known);
  const list = early.get(handle);
  if (list === undefined) early.set(handle, [[func, arg1, arg2]]);
  else list.push([func, arg1, arg2]);
}

/** The thread has come: does what was asked of it meanwhile. Context: thread | ipi; never blocks. */
export function arrived(td: ThreadRef): void {
  if (early.size === 0) return;
  const handle = handleOf(td);
  const list = early.get(handle);
  early.delete(handle);
  for (const [func = 0, arg1 = 0, arg2 = 0] of list ?? []) runIpi(func, handle, arg1, arg2);
}

/** Where a thread stands, for what is asked of it. */
export const GONE = 0;
export const HERE = 1;
export const ENDED_HERE = 2;
export const COMING = 3;
export const ELSEWHERE = 4;

/**
 * Where a thread is. One that is here stays so until the caller returns, since only this cpu ends or gives away its
 * threads; the others may be elsewhere a moment later.
 *
 * Context: any; never blocks.
 */
export function whereIs(handle: number): number {
  const { m, id } = cpu;
  const td = tryRefOf(handle);
  if (td === 0) return GONE;
  const dcpu = ldA(m, td, TD_CPU); // B1
  const flags = ld(m, td, TD_FLAGS);
  // It may have been freed by another cpu, and what was read be of its next life.
  if (tryRefOf(handle) === 0) return GONE;
  if (dcpu !== id) return ELSEWHERE;
  if ((flags & TDF_EXITED) !== 0) return ENDED_HERE;
  return (flags & TDF_ADOPTED) !== 0 ? HERE : COMING;
}

/**
 * The descriptor of a living thread of this cpu, for what is asked of it. If the thread lives elsewhere, or is on
 * its way here, the request is sent on or kept, and the result is 0: so a request follows a moving thread.
 *
 * Context: thread | ipi | idle; never blocks.
 */
export function mine(handle: number, func: number, arg1: number, arg2: number): ThreadRef {
  const where = whereIs(handle);
  if (where === HERE) return tryRefOf(handle);
  if (where === ELSEWHERE) sendOn(handle, func, arg1, arg2);
  else if (where === COMING) later(handle, func, arg1, arg2);
  return 0;
}

/**
 * Sends a request to where the thread is now. One that has gone in this very moment is asked for here: any cpu can say
 * that.
 *
 * Context: thread | ipi | idle; never blocks.
 */
export function sendOn(handle: number, func: number, arg1: number, arg2: number): void {
  const td = tryRefOf(handle);
  const dcpu = td === 0 ? cpu.id : ldA(cpu.m, td, TD_CPU);
  if (dcpu === cpu.id) runIpi(func, handle, arg1, arg2);
  else sendIpi(dcpu, func, handle, arg1, arg2);
}

/** Makes a thread runnable on its own cpu. Context: thread | ipi | idle; never blocks. */
export function wakeHandle(handle: number): void {
  const td = mine(handle, IPI.schedule, 0, 0);
  if (td !== 0) setRunnable(td);
}

/**
 * Makes a thread runnable, on whatever cpu it lives.
 *
 * Context: thread | ipi | idle; never blocks.
 *
 * @param handle - the thread; a running or waiting one is left as it is
 * @throws LwktError ERR_LWKT_NO_THREAD
 * @seed lwkt_schedule
 */
export function lwktSchedule(handle: Td): void {
  checkProc(refOf(handle, 'lwktSchedule()'));
  wakeHandle(handle);
}

/** Puts the current thread on its run queue. Context: thread; never blocks. @seed lwkt_schedule_self */
export function lwktScheduleSelf(): void {
  const td = requireNotWaiting('lwkt_schedule_self()');
  enqueue(td);
  if (ld(cpu.m, td, TD_PROC_STAT) === PROC_SLEEP) {
    panic(
      `SCHED SELF PANIC: process ${ld(cpu.m, td, TD_PROC)} of thread ${handleOf(td)} '${commOf(td)}' sleeps`,
    );
  }
}

/** The current thread, which is on no wait queue; the seed names the wrong function in one of the two texts. */
function requireNotWaiting(what: string): ThreadRef {
  const td = cpu.curthread;
  if (ld(cpu.m, td, TD_WAIT_ON) !== 0) {
    panic(
      `${what}: td_wait not NULL! thread ${handleOf(td)} '${commOf(td)}' is on wait queue ${ld(cpu.m, td, TD_WAIT_ON)}`,
    );
  }
  return td;
}

/** A thread whose process sleeps is made runnable by wakeup(), never by the bare scheduler. */
function checkProc(td: ThreadRef): void {
  const { m, curthread } = cpu;
  if (ld(m, td, TD_PROC_STAT) !== PROC_SLEEP || (ld(m, td, TD_FLAGS) & TDF_PREEMPT_LOCK) !== 0) return;
  const shown = (ref: ThreadRef): string =>
    `${handleOf(ref)} '${commOf(ref)}' (process ${ld(m, ref, TD_PROC)}, ${PROC_STATS[ld(m, ref, TD_PROC_STAT)] ?? '?'})`;
  panic(`SCHED PANIC: schedule curtd = ${shown(curthread)} target ${shown(td)}`);
}

/**
 * Takes a thread off its run queue until it is scheduled again, or woken by what it waits for; one that runs is told by
 * its next safepoint(), and stays off from its next switch, also when that is a mere lwktYield(). Asynchronous for
 * threads of other cpus.
 *
 * What the thread holds it keeps. One that waits for a token and was woken for it lets others have it first; a wake-up
 * from elsewhere (a mutex, a semaphore, a wait queue) it keeps, and those behind it may wait for as long as it is stopped.
 *
 * Context: thread | ipi | idle; never blocks.
 *
 * @throws LwktError ERR_LWKT_NO_THREAD
 * @seed lwkt_deschedule
 */
export function lwktDeschedule(handle: Td): void {
  refOf(handle, 'lwktDeschedule()');
  descheduleHandler(handle);
}

/**
 * Takes the current thread off its run queue: it runs on, and stays away after its next lwktSwitch(). An lwktYield()
 * schedules it again, as in the seed.
 *
 * Context: thread; never blocks.
 *
 * @seed lwkt_deschedule_self
 */
export function lwktDescheduleSelf(): void {
  stop(requireNotWaiting('lwkt_deschedule_self()'));
}

function stop(td: ThreadRef): void {
  const { m } = cpu;
  const couldRun = (ld(m, td, TD_FLAGS) & TDF_RUNQ) !== 0;
  dequeue(td);
  if (ld(m, td, TD_WMESG) === 0) st(m, td, TD_WMESG, WMESG_STOPPED);
  else if (couldRun) wokenStopped(td);
}

/** Upcall of token-stop.ts: a thread that waits, and was woken, is stopped before it ran. */
let wokenStopped: (td: ThreadRef) => void = () => {};

/** Fills the upcall. Context: boot; never blocks. */
export function setWokenStopped(run: (td: ThreadRef) => void): void {
  wokenStopped = run;
}

/** Handles IPI.deschedule. Context: thread | ipi; never blocks. */
export function descheduleHandler(handle: number): void {
  const td = mine(handle, IPI.deschedule, 0, 0);
  if (td === 0) return;
  const { m } = cpu;
  const flags = ld(m, td, TD_FLAGS);
  // A killed thread, or one that exits, runs to its end, or who joins it would wait for ever; also when it runs right now.
  if ((flags & (TDF_EXITING | TDF_KILLED)) !== 0) return;
  // Before others hear of it, who may schedule the thread in this very call.
  st(m, td, TD_FLAGS, flags | TDF_STOPREQ);
  stop(td);
  // If it runs, its next safepoint says so, also when no other thread waits its turn.
  if (td === cpu.curthread || (flags & TDF_PREEMPT_LOCK) !== 0) cpu.resched = true;
}

/**
 * Checks a priority.
 *
 * Context: any; never blocks.
 *
 * @throws LwktError ERR_LWKT_OPTION
 */
export function checkPriority(what: string, priority: number): void {
  if (!Number.isInteger(priority) || priority <= TDPRI_IDLE_THREAD || priority > TDPRI_MAX) {
    throw new LwktError(
      'ERR_LWKT_OPTION',
      `${what}: priority ${String(priority)} is not a whole number of 1 .. ${TDPRI_MAX} (more is more urgent; 0 is the idle thread's)`,
    );
  }
}

/**
 * Changes a thread's priority; a thread of another cpu is asked by IPI. Switches to nobody: yield if you want to.
 *
 * Context: thread | ipi | idle; never blocks.
 *
 * @param priority - 1 .. 31; critical sections are kept
 * @throws LwktError ERR_LWKT_NO_THREAD, ERR_LWKT_OPTION
 * @seed lwkt_setpri
 */
export function lwktSetPri(handle: Td, priority: number): void {
  checkPriority('lwktSetPri()', priority);
  refOf(handle, 'lwktSetPri()');
  setPriHandler(handle, priority);
}

/** Changes the current thread's priority. Context: thread; never blocks. @seed lwkt_setpri_self */
export function lwktSetPriSelf(priority: number): void {
  lwktSetPri(handleOf(cpu.curthread), priority);
}

/** Handles IPI.setPri. Context: thread | ipi; never blocks. */
export function setPriHandler(handle: number, priority: number): void {
  const td = mine(handle, IPI.setPri, priority, 0);
  if (td !== 0) changePri(td, priority);
}

function changePri(td: ThreadRef, priority: number): void {
  const { m } = cpu;
  const queued = (ld(m, td, TD_FLAGS) & TDF_RUNQ) !== 0;
  if (queued) dequeue(td);
  st(m, td, TD_PRI, (ld(m, td, TD_PRI) & ~TDPRI_MASK) | priority);
  if (queued) setRunnable(td);
  // A thread that lowered itself lets a more urgent one go first.
  if (td === cpu.curthread) cpu.resched = true;
}
