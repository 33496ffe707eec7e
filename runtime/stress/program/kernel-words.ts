/** What checks read of the kernel's own words, where no function of lwkt.ts says it. */
import { TDF_RUNQ, TDPRI_CRIT } from '../../base/params.ts';
import { counterField, cpu, globaldataFind } from '../../scheduler/globaldata.ts';
import { descriptorOf } from '../../shared-memory/descriptor.ts';
import { Globaldata } from '../../shared-memory/layout/globaldata.ts';
import { Thread } from '../../shared-memory/layout/thread.ts';
import { ld, ldA, ldCount } from '../../shared-memory/word.ts';

const CREATED = counterField('lwkt.threads_created');
const RUN = counterField('lwkt.threads_run');

/** Critical sections that the current thread is in. */
export function critLevel(): number {
  return Math.floor(ld(cpu.m, cpu.curthread, Thread.pri) / TDPRI_CRIT);
}

/** Whether a thread of this cpu is on its run queue. */
export function isQueued(handle: number): boolean {
  const td = descriptorOf(cpu.arena, handle);
  return td !== 0 && (ld(cpu.m, td, Thread.flags) & TDF_RUNQ) !== 0;
}

/** References to a thread (lwktHold). */
export function refsOf(handle: number): number {
  return ldA(cpu.m, descriptorOf(cpu.arena, handle), Thread.refs);
}

/**
 * Conservation of threads: those that cpus have made, less those that have ended, less those that are on a list. The
 * host makes some too, and a thread that has ended is on its list until it is joined: so the number means nothing, but
 * it is the same before and after whatever makes threads and joins them all.
 */
export function threadBalance(): number {
  const { m, ncpus } = cpu;
  let balance = 0;
  for (let id = 0; id < ncpus; id++) {
    const gd = globaldataFind(id);
    balance += ldCount(m, gd, CREATED) - ldCount(m, gd, RUN) - ld(m, gd, Globaldata.nthreads);
  }
  return balance;
}
