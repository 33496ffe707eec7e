/**
 * The run queues of this cpu: 32 tail queues by priority, and a mask with a bit for each that may have threads.
 *
 * Only the owner touches them; other cpus ask by IPI. A bit of the mask is set with the first thread and cleared
 * lazily, by the switch that finds the queue empty: a stale bit costs one look.
 *
 * Seed: _lwkt_dequeue, _lwkt_enqueue, lwkt_gdinit.
 */
import type { ThreadRef } from '../base/ids.ts';
import * as paramsModule from '../base/params.ts';
import { wmesgCode } from '../base/wmesg.ts';
import * as globaldataLayoutModule from '../shared-memory/layout/globaldata.ts';
import * as threadLayoutModule from '../shared-memory/layout/thread.ts';
import * as tailqModule from '../shared-memory/tailq.ts';
import * as wordModule from '../shared-memory/word.ts';
import * as globaldataModule from './globaldata.ts';

// An import is read through its module's cell at every use; a constant of this file is folded into the code.
const { TDF_RUNQ, TDF_STOPREQ, TDPRI_MASK } = paramsModule;
const { Globaldata } = globaldataLayoutModule;
const { Thread } = threadLayoutModule;
const { tailqInsertTail, tailqRemove, tailqRotate } = tailqModule;
const { count, ld, st } = wordModule;
const { counterField, cpu } = globaldataModule;

const { threadq: TD_THREADQ, flags: TD_FLAGS, pri: TD_PRI, wmesg: TD_WMESG } = Thread;
const { tdrunq: GD_TDRUNQ, runqmask: GD_RUNQMASK, nrun: GD_NRUN } = Globaldata;
const WMESG_STOPPED = wmesgCode('stopped');
const RUNQ_STALE = counterField('lwkt.runq_stale');

/** Head of the queue of one priority. Context: any; never blocks. */
export function runqHead(nq: number): number {
  return cpu.gd + GD_TDRUNQ + 2 * nq;
}

/** Appends a thread to the queue of its priority, unless it is on it. Context: thread | ipi | idle; critical section: required; never blocks. @seed _lwkt_enqueue */
export function enqueue(td: ThreadRef): void {
  const { m, gd } = cpu;
  const flags = ld(m, td, TD_FLAGS);
  if ((flags & TDF_RUNQ) !== 0) return;
  const nq = ld(m, td, TD_PRI) & TDPRI_MASK;
  st(m, td, TD_FLAGS, (flags & ~TDF_STOPREQ) | TDF_RUNQ);
  tailqInsertTail(m, gd + GD_TDRUNQ + 2 * nq, td, TD_THREADQ);
  st(m, gd, GD_RUNQMASK, ld(m, gd, GD_RUNQMASK) | (1 << nq));
  st(m, gd, GD_NRUN, ld(m, gd, GD_NRUN) + 1);
}

/** Takes a thread off its queue, if it is on it. The mask stays. Context: thread | ipi | idle; critical section: required; never blocks. @seed _lwkt_dequeue */
export function dequeue(td: ThreadRef): void {
  const { m, gd } = cpu;
  const flags = ld(m, td, TD_FLAGS);
  if ((flags & TDF_RUNQ) === 0) return;
  const nq = ld(m, td, TD_PRI) & TDPRI_MASK;
  st(m, td, TD_FLAGS, flags & ~TDF_RUNQ);
  tailqRemove(m, gd + GD_TDRUNQ + 2 * nq, td, TD_THREADQ);
  st(m, gd, GD_NRUN, ld(m, gd, GD_NRUN) - 1);
}

/**
 * Puts the current thread behind its equals. A thread that ran alone on its level stands at the head of the queue
 * when others join it; the switch would pick it again. One that was stopped while it ran stays off.
 *
 * Context: thread; never blocks.
 */
export function moveToTail(td: ThreadRef): void {
  const { m, gd } = cpu;
  const flags = m[td + TD_FLAGS] as number;
  if ((flags & TDF_RUNQ) === 0) {
    if ((flags & TDF_STOPREQ) !== 0) {
      // What it has waited for since may have cleared it.
      st(m, td, TD_WMESG, WMESG_STOPPED);
      return;
    }
    enqueue(td);
  }
  const head = gd + GD_TDRUNQ + 2 * ((m[td + TD_PRI] as number) & TDPRI_MASK);
  if (m[head] === td) tailqRotate(m, head, TD_THREADQ);
}

/** True when a thread other than `td` could run at the highest level that has any. Context: any; never blocks. */
export function othersRunnable(td: ThreadRef): boolean {
  const { m } = cpu;
  const nq = highestRunq();
  return nq >= 0 && (m[runqHead(nq)] !== td || m[runqHead(nq) + 1] !== td);
}

/**
 * The highest priority with a runnable thread, or -1. Clears the bits of empty queues on the way.
 *
 * Context: thread | ipi | idle; critical section: required; never blocks.
 */
export function highestRunq(): number {
  const { m, gd } = cpu;
  for (;;) {
    const mask = m[gd + GD_RUNQMASK] as number;
    if (mask === 0) return -1;
    const nq = 31 - Math.clz32(mask);
    if (m[gd + GD_TDRUNQ + 2 * nq] !== 0) return nq;
    st(m, gd, GD_RUNQMASK, mask & ~(1 << nq));
    count(m, gd, RUNQ_STALE);
  }
}

/** Empties queues, mask and lists. Context: boot; never blocks. @seed lwkt_gdinit */
export function lwktGdInit(): void {
  const { m, gd } = cpu;
  for (let i = 0; i < 64; i++) m[gd + GD_TDRUNQ + i] = 0;
  st(m, gd, GD_RUNQMASK, 0);
  st(m, gd, Globaldata.tdallq, 0);
  m[gd + Globaldata.tdallq + 1] = 0;
  st(m, gd, Globaldata.tdfreeq, 0);
  st(m, gd, Globaldata.tdfreecount, 0);
}
