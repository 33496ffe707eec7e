/** The kernel's own words, where no function of lwkt.ts reads or sets them. */
import { TDF_RUNQ, TDPRI_CRIT, TDPRI_MASK } from '../../base/params.ts';
import { counterField, cpu, globaldataFind } from '../../scheduler/globaldata.ts';
import { descriptorOf } from '../../shared-memory/descriptor.ts';
import { Globaldata } from '../../shared-memory/layout/globaldata.ts';
import { Thread } from '../../shared-memory/layout/thread.ts';
import { tunable, type TunableName } from '../../shared-memory/layout/sysctl.ts';
import { ld, ldA, ldCount, stA } from '../../shared-memory/word.ts';
import { commOf, handleOf } from '../../scheduler/thread.ts';
import type { Finder } from '../violation.ts';

const CREATED = counterField('lwkt.threads_created');
const RUN = counterField('lwkt.threads_run');

/** Sets a tunable of the machine; a host does it with `machine.sysctl`. */
export function setTunable(name: TunableName, value: number): void {
  stA(cpu.m, cpu.arena.map.sysctl, tunable(name), value);
}

/** Critical sections that the current thread is in. */
export function critLevel(): number {
  return Math.floor(ld(cpu.m, cpu.curthread, Thread.pri) / TDPRI_CRIT);
}

/** Who finds that a check failed. */
export function finder(): Finder {
  const { m, id, curthread, idlethread, intrNesting } = cpu;
  return {
    cpu: id,
    context: curthread === idlethread ? 'idle' : intrNesting === 0 ? 'thread' : 'ipi',
    handle: handleOf(curthread),
    name: commOf(curthread),
    priority: ld(m, curthread, Thread.pri) & TDPRI_MASK,
    crit: critLevel(),
  };
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
