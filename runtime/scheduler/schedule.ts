/**
 * Making threads runnable, stopping them, changing their priority: here, and by IPI on other cpus.
 *
 * A thread that waits for something checks for it when it runs again, so scheduling a waiting thread is harmless:
 * it looks and goes on waiting.
 *
 * Seed: lwkt_schedule, lwkt_schedule_self, lwkt_deschedule, lwkt_deschedule_self, lwkt_setpri, lwkt_setpri_self.
 */
import { LwktError } from '../base/errors.ts';
import type { Td, ThreadRef } from '../base/ids.ts';
import * as paramsModule from '../base/params.ts';
import { IPI } from '../base/protocol.ts';
import { wmesgCode } from '../base/wmesg.ts';
import * as threadLayoutModule from '../shared-memory/layout/thread.ts';
import * as wordModule from '../shared-memory/word.ts';
import * as globaldataModule from './globaldata.ts';
import * as ipiqModule from './ipiq.ts';
import * as runqueueModule from './runqueue.ts';
import * as threadModule from './thread.ts';

// An import is read through its module's cell at every use; a constant of this file is folded into the code.
const { TDF_ADOPTED, TDF_EXITED, TDF_RUNQ, TDPRI_IDLE_THREAD, TDPRI_MASK, TDPRI_MAX } = paramsModule;
const { Thread } = threadLayoutModule;
const { ld, st } = wordModule;
const { cpu } = globaldataModule;
const { sendIpi } = ipiqModule;
const { dequeue, enqueue } = runqueueModule;
const { handleOf, refOf, tryRefOf } = threadModule;

const { flags: TD_FLAGS, pri: TD_PRI, cpu: TD_CPU, wmesg: TD_WMESG } = Thread;
const WMESG_STOPPED = wmesgCode('stopped');

/**
 * Makes a thread of this cpu runnable, and asks for a switch if it is more urgent than the running one.
 *
 * Context: thread | ipi | idle; never blocks.
 */
export function setRunnable(td: ThreadRef): void {
  const { m, curthread } = cpu;
  // Ended already, or its adoption is still in a ring: then that makes it runnable.
  if ((ld(m, td, TD_FLAGS) & (TDF_EXITED | TDF_ADOPTED)) !== TDF_ADOPTED) return;
  if (ld(m, td, TD_WMESG) === WMESG_STOPPED) st(m, td, TD_WMESG, 0);
  enqueue(td);
  if ((ld(m, td, TD_PRI) & TDPRI_MASK) > (ld(m, curthread, TD_PRI) & TDPRI_MASK)) cpu.resched = true;
}

/** Makes a thread runnable on its own cpu. Context: thread | ipi | idle; never blocks. */
export function wakeHandle(handle: number): void {
  const td = tryRefOf(handle);
  if (td === 0) return;
  const dcpu = ld(cpu.m, td, TD_CPU);
  if (dcpu === cpu.id) setRunnable(td);
  else sendIpi(dcpu, IPI.schedule, handle, 0, 0);
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
  refOf(handle, 'lwktSchedule()');
  wakeHandle(handle);
}

/** Puts the current thread on its run queue. Context: thread; never blocks. @seed lwkt_schedule_self */
export function lwktScheduleSelf(): void {
  enqueue(cpu.curthread);
}

/**
 * Takes a thread off its run queue until it is scheduled again. Asynchronous for threads of other cpus.
 *
 * Context: thread | ipi | idle; never blocks.
 *
 * @throws LwktError ERR_LWKT_NO_THREAD
 * @seed lwkt_deschedule
 */
export function lwktDeschedule(handle: Td): void {
  const td = refOf(handle, 'lwktDeschedule()');
  const dcpu = ld(cpu.m, td, TD_CPU);
  if (dcpu === cpu.id) stop(td);
  else sendIpi(dcpu, IPI.deschedule, handle, 0, 0);
}

/**
 * Takes the current thread off its run queue: it runs on, and stays away after its next switch.
 *
 * Context: thread; never blocks.
 *
 * @seed lwkt_deschedule_self
 */
export function lwktDescheduleSelf(): void {
  stop(cpu.curthread);
}

function stop(td: ThreadRef): void {
  const { m } = cpu;
  dequeue(td);
  if (ld(m, td, TD_WMESG) === 0) st(m, td, TD_WMESG, WMESG_STOPPED);
}

/** Handles IPI.deschedule. Context: ipi; never blocks. */
export function descheduleHandler(handle: number): void {
  const td = tryRefOf(handle);
  if (td !== 0 && ld(cpu.m, td, TD_CPU) === cpu.id) stop(td);
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
  const td = refOf(handle, 'lwktSetPri()');
  const dcpu = ld(cpu.m, td, TD_CPU);
  if (dcpu === cpu.id) changePri(td, priority);
  else sendIpi(dcpu, IPI.setPri, handle, priority, 0);
}

/** Changes the current thread's priority. Context: thread; never blocks. @seed lwkt_setpri_self */
export function lwktSetPriSelf(priority: number): void {
  lwktSetPri(handleOf(cpu.curthread), priority);
}

/** Handles IPI.setPri. Context: ipi; never blocks. */
export function setPriHandler(handle: number, priority: number): void {
  const td = tryRefOf(handle);
  if (td !== 0 && ld(cpu.m, td, TD_CPU) === cpu.id) changePri(td, priority);
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
