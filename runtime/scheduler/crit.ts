/**
 * Critical sections: while a thread is in one, no IPI runs on its cpu and nothing preempts it.
 *
 * The count lives in the upper bits of the thread's td_pri, as in the seed, so it is switched with the thread.
 * Leaving the last one is an interrupt point.
 *
 * Seed: crit_enter, crit_exit, crit_panic, need_resched of sys/thread2.h and lwkt_thread.c.
 */
import { panic } from '../base/panic.ts';
import * as paramsModule from '../base/params.ts';
import * as threadLayoutModule from '../shared-memory/layout/thread.ts';
import * as globaldataModule from './globaldata.ts';
import * as threadModule from './thread.ts';

// An import is read through its module's cell at every use; a constant of this file is folded into the code.
const { TDPRI_CRIT, TDPRI_LIMIT } = paramsModule;
const { Thread } = threadLayoutModule;
const { cpu, requireCpu } = globaldataModule;
const { commOf, handleOf } = threadModule;

const { pri: TD_PRI } = Thread;

/** Upcall: runs pending interrupts; filled by boot.ts. */
let splzSlot: () => void = () => {};

/** Fills the upcall. Context: boot; never blocks. */
export function setSplz(run: () => void): void {
  splzSlot = run;
}

/** Runs pending interrupts of this cpu now. Context: thread; critical section: free; never blocks. @seed splz */
export function splz(): void {
  splzSlot();
}

/** Enters a critical section; they nest. Context: thread | ipi; critical section: entered; never blocks. @seed crit_enter */
export function critEnter(): void {
  const { m, curthread } = cpu;
  const pri = (m[curthread + TD_PRI] as number) + TDPRI_CRIT;
  if (pri > TDPRI_LIMIT) tooHigh(pri);
  m[curthread + TD_PRI] = pri;
}

/**
 * Leaves a critical section. Leaving the last one runs the IPIs that came meanwhile.
 *
 * Context: thread | ipi; critical section: required; never blocks.
 *
 * @throws MachinePanic when there is none to leave
 * @seed crit_exit
 */
export function critExit(): void {
  const { m, curthread } = cpu;
  const pri = (m[curthread + TD_PRI] as number) - TDPRI_CRIT;
  if (pri < 0) critPanic(pri);
  m[curthread + TD_PRI] = pri;
  if (pri < TDPRI_CRIT && (m[cpu.gd] !== 0 || pri < cpu.reqpri)) splzSlot();
}

/** Ends the machine: sections are entered and not left. Context: thread | ipi; never blocks. */
export function tooHigh(pri: number): never {
  const td = cpu.curthread;
  panic(
    `too HIGH! td_pri ${pri}, limit ${TDPRI_LIMIT}: thread ${handleOf(td)} '${commOf(td)}' on cpu ${cpu.id} is in ${pri >> 5} critical sections: pair each critEnter with critExit, each token got with a release`,
  );
}

/** Ends the machine: more sections were left than entered. Context: thread | ipi; never blocks. @seed crit_panic */
function critPanic(pri: number): never {
  requireCpu('critExit()');
  const td = cpu.curthread;
  panic(
    `crit_panic: td_pri is/would-go negative! ${pri}: thread ${handleOf(td)} '${commOf(td)}' on cpu ${cpu.id}`,
  );
}

/** Asks the current thread to give way at its next safepoint. Context: any; never blocks. @seed need_resched */
export function needResched(): void {
  cpu.resched = true;
}
