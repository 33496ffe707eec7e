/**
 * Preemption: an interrupt thread that becomes runnable runs at once, on top of the thread that is running, until it
 * blocks; then that one goes on, whether it is scheduled or not.
 *
 * Nothing is switched: the preemptor's generator is stepped from inside the call (a safepoint, the end of a critical
 * section, a kernel call) that the preempted thread made. So a preemptor that blocks always returns to whom it
 * preempted, and preemptors can themselves be preempted by more urgent ones, at most 31 deep.
 *
 * An interrupt thread woken where that is not possible (in an IPI function, in a critical section, between a blocking
 * call and its yield*) waits in `pending` and raises `cpu.reqpri`; the next interrupt point tries again. That is how
 * a remote wake-up preempts, which the seed's rule of depths prevented (D5).
 *
 * Preemptors run outside critical sections, so IPIs and more urgent ones get through.
 *
 * Seed: lwkt_preempt, the first part of lwkt_switch, lwkt_preempted_proc, gd_reqpri.
 */
import type { ThreadRef } from '../base/ids.ts';
import { panic } from '../base/panic.ts';
import * as paramsModule from '../base/params.ts';
import { Thread } from '../shared-memory/layout/thread.ts';
import * as wordModule from '../shared-memory/word.ts';
import { isArmed } from './blocking.ts';
import { needResched } from './crit.ts';
import { counterField, cpu } from './globaldata.ts';
import { cpuRelMplock, cpuTryMplock } from './mplock-owner.ts';
import { step } from './switch.ts';
import { commOf, handleOf } from './thread.ts';

const { TDF_PREEMPTABLE, TDF_PREEMPT_DONE, TDF_PREEMPT_LOCK, TDF_RUNQ, TDPRI_CRIT, TDPRI_MASK } =
  paramsModule;
const { count, ld, ldA, st } = wordModule;
const {
  cpu: TD_CPU,
  flags: TD_FLAGS,
  mpcount: TD_MPCOUNT,
  preempted: TD_PREEMPTED,
  pri: TD_PRI,
  proc: TD_PROC,
} = Thread;
const HIT = counterField('lwkt.preempt_hit');
const MISS = counterField('lwkt.preempt_miss');
const WEIRD = counterField('lwkt.preempt_weird');

/** Interrupt threads that became runnable and have not run yet. Per cpu. */
const pending: ThreadRef[] = [];

function basePri(td: ThreadRef): number {
  return ld(cpu.m, td, TD_PRI) & TDPRI_MASK;
}

function refused(counter: typeof MISS): false {
  count(cpu.m, cpu.gd, counter);
  return false;
}

/**
 * Runs an interrupt thread on top of the current one until it blocks, if all of this holds: it is more urgent; the
 * current thread is in no deeper critical section than `critpri`; it lives here; it is not the current thread, nor
 * preempted, nor preempting; the MP lock it wants can be had.
 *
 * Context: thread; critical section: free but for those in `critpri`; never blocks.
 *
 * @param ntd - runnable, not yet running
 * @param critpri - depth of critical sections, times 32, that belongs to the caller and does not count
 * @returns whether it ran
 * @throws MachinePanic when the words of the two threads contradict each other
 * @seed lwkt_preempt
 */
export function lwktPreempt(ntd: ThreadRef, critpri: number): boolean {
  const { m } = cpu;
  const td = cpu.curthread;
  if (ld(m, ntd, TD_PRI) < TDPRI_CRIT) {
    panic(`lwkt_preempt: BADCRIT0 ${ld(m, ntd, TD_PRI)}: thread ${handleOf(ntd)} '${commOf(ntd)}'`);
  }
  if (basePri(ntd) <= basePri(td)) return refused(MISS);
  if ((ld(m, td, TD_PRI) & ~TDPRI_MASK) > critpri || ldA(m, ntd, TD_CPU) !== cpu.id) {
    needResched();
    return refused(MISS);
  }
  if (td === ntd || ((ld(m, td, TD_FLAGS) | ld(m, ntd, TD_FLAGS)) & TDF_PREEMPT_LOCK) !== 0) {
    needResched();
    return refused(WEIRD);
  }
  // It runs already, below the current one: the seed counts a hit here (D14).
  if (ld(m, ntd, TD_PREEMPTED) !== 0) {
    needResched();
    return refused(MISS);
  }
  return preempt(td, ntd);
}

function preempt(td: ThreadRef, ntd: ThreadRef): boolean {
  const { m, gd } = cpu;
  const mpheld = cpu.mpHeld ? 1 : 0;
  const savecnt = ld(m, td, TD_MPCOUNT);
  if (mpheld === 1 && savecnt === 0) {
    panic(`lwkt_preempt(): held and no count: cpu ${cpu.id}, thread ${handleOf(td)} '${commOf(td)}'`);
  }
  // The preemptor inherits the count of the preempted, so that the lock is not let go under it.
  st(m, ntd, TD_MPCOUNT, ld(m, ntd, TD_MPCOUNT) + savecnt);
  if (mpheld === 0 && ld(m, ntd, TD_MPCOUNT) !== 0 && !cpuTryMplock()) {
    st(m, ntd, TD_MPCOUNT, ld(m, ntd, TD_MPCOUNT) - savecnt);
    needResched();
    return refused(MISS);
  }
  count(m, gd, HIT);
  st(m, ntd, TD_PREEMPTED, td);
  st(m, td, TD_FLAGS, ld(m, td, TD_FLAGS) | TDF_PREEMPT_LOCK);
  step(ntd, td);
  // ntd may be gone by now, and its descriptor another thread's.
  const flags = ld(m, td, TD_FLAGS);
  if ((flags & TDF_PREEMPT_DONE) === 0 || cpu.curthread !== td) {
    panic(
      `lwkt_preempt(): thread ${handleOf(td)} '${commOf(td)}' came back without PREEMPT_DONE: 0x${flags.toString(16)}`,
    );
  }
  if (ld(m, td, TD_MPCOUNT) !== savecnt) {
    panic(
      `lwkt_preempt(): mpcount of thread ${handleOf(td)} '${commOf(td)}' changed from ${savecnt} to ${ld(m, td, TD_MPCOUNT)}`,
    );
  }
  if (mpheld === 0 && cpu.mpHeld) cpuRelMplock();
  else if (mpheld === 1 && !cpu.mpHeld)
    panic(`lwkt_preempt(): MP lock was not held through on cpu ${cpu.id}`);
  st(m, td, TD_FLAGS, flags & ~(TDF_PREEMPT_LOCK | TDF_PREEMPT_DONE));
  return true;
}

/**
 * The preemptor blocked or ended: gives back what it inherited, and marks the preempted thread.
 *
 * Context: thread; never blocks.
 *
 * @throws MachinePanic when that one is not preempted, or lacks the MP lock that it had
 * Seed: lwkt_switch, where td_preempted is not NULL.
 */
export function switchBack(td: ThreadRef): void {
  const { m } = cpu;
  const ntd = ld(m, td, TD_PREEMPTED);
  const flags = ld(m, ntd, TD_FLAGS);
  if ((flags & TDF_PREEMPT_LOCK) === 0) {
    panic(
      `lwkt_switch: thread ${handleOf(ntd)} '${commOf(ntd)}' below ${handleOf(td)} '${commOf(td)}' lacks PREEMPT_LOCK: 0x${flags.toString(16)}`,
    );
  }
  const inherited = ld(m, ntd, TD_MPCOUNT);
  const own = ld(m, td, TD_MPCOUNT) - inherited;
  if (inherited !== 0 && !cpu.mpHeld) {
    panic(`MPLOCK NOT HELD ON RETURN: ${handleOf(td)} ${handleOf(ntd)} ${own + inherited} ${inherited}`);
  }
  if (own < 0) {
    panic(
      `lwkt_switch: mpcount of preemptor ${handleOf(td)} '${commOf(td)}' would be ${own}: it released what it inherited`,
    );
  }
  st(m, td, TD_MPCOUNT, own);
  st(m, td, TD_PREEMPTED, 0);
  st(m, ntd, TD_FLAGS, flags | TDF_PREEMPT_DONE);
  // It yielded instead of blocking: it goes on at the next switch.
  if ((ld(m, td, TD_FLAGS) & TDF_RUNQ) !== 0) needResched();
}

/**
 * An interrupt thread of this cpu became runnable: it preempts now, or at the next interrupt point.
 *
 * Context: thread | ipi | idle; never blocks.
 */
export function interrupt(td: ThreadRef): void {
  const { curthread } = cpu;
  // The dispatcher picks the most urgent thread anyway, if only it looks before it sleeps.
  if (curthread === cpu.idlethread) {
    needResched();
    return;
  }
  if (cpu.intrNesting === 0 && !isArmed() && lwktPreempt(td, 0)) return;
  if (!pending.includes(td)) pending.push(td);
  cpu.reqpri = Math.max(cpu.reqpri, basePri(td));
}

/** Still an interrupt thread of this cpu that could run: its descriptor may have had another life since. */
function isWaiting(td: ThreadRef): boolean {
  const runnable = TDF_PREEMPTABLE | TDF_RUNQ;
  return (ld(cpu.m, td, TD_FLAGS) & runnable) === runnable && ldA(cpu.m, td, TD_CPU) === cpu.id;
}

/** Takes the most urgent pending thread above `priority`, first come first among equals; 0 if there is none. */
function takePending(priority: number): ThreadRef {
  let best = -1;
  let most = priority;
  for (let i = 0; i < pending.length; i++) {
    const pri = basePri(pending[i] as ThreadRef);
    if (pri > most) {
      best = i;
      most = pri;
    }
  }
  return best < 0 ? 0 : (pending.splice(best, 1)[0] as ThreadRef);
}

/** Lets pending interrupt threads preempt. Context: thread | idle; never blocks. */
export function preemptPending(): void {
  const { m } = cpu;
  const td = cpu.curthread;
  if (td === cpu.idlethread) {
    // They are on the run queue.
    pending.length = 0;
    cpu.reqpri = 0;
    return;
  }
  // The end of the critical section, or the next safepoint, tries again.
  if (cpu.intrNesting !== 0 || ld(m, td, TD_PRI) >= TDPRI_CRIT) return;
  if (isArmed()) {
    cpu.polls = 0;
    return;
  }
  cpu.reqpri = 0;
  const priority = basePri(td);
  for (let ntd = takePending(priority); ntd !== 0; ntd = takePending(priority)) {
    // What may not preempt is on the run queue, and goes first at the next switch if it is more urgent.
    if (isWaiting(ntd)) lwktPreempt(ntd, 0);
  }
  // What is less urgent than this thread, which may be an interrupt thread itself, waits for the one below it.
  for (const ntd of pending) cpu.reqpri = Math.max(cpu.reqpri, basePri(ntd));
}

/** The process that the bottom of the preempted stack runs for; 0 for none. Context: thread; never blocks. @seed lwkt_preempted_proc */
export function lwktPreemptedProc(): number {
  const { m } = cpu;
  let td = cpu.curthread;
  while (ld(m, td, TD_PREEMPTED) !== 0) td = ld(m, td, TD_PREEMPTED);
  return ld(m, td, TD_PROC);
}
