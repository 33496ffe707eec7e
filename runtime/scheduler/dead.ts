/**
 * Which cpus have died, as this cpu sees it, and which threads are lost with them. For slow paths only.
 *
 * Until this cpu has seen a death (`cpu.deaths`), it acts as if the dead cpu lived: what it still sends or gives there
 * is found by survive.ts afterwards.
 */
import { LwktError } from '../base/errors.ts';
import { TDF_EXITED } from '../base/params.ts';
import { IPI } from '../base/protocol.ts';
import { deathReason, isDeadCpu } from '../shared-memory/death.ts';
import { descriptorOf } from '../shared-memory/descriptor.ts';
import { Machine } from '../shared-memory/layout/machine.ts';
import { Thread } from '../shared-memory/layout/thread.ts';
import { ld, ldA } from '../shared-memory/word.ts';
import { cpu } from './globaldata.ts';

/** IPI functions of the kernel; those of programs have higher numbers. */
const KERNEL_IPIS = Object.keys(IPI).length;
const { deaths: DEATHS } = Machine;
const { cpu: TD_CPU, flags: TD_FLAGS } = Thread;

/** Whether a cpu has died, also when this one has not yet been told. Context: any; never blocks. */
export function hasDied(dcpu: number): boolean {
  return ldA(cpu.m, 0, DEATHS) !== 0 && dcpu < cpu.ncpus && isDeadCpu(cpu.arena, dcpu);
}

/** Whether this cpu has seen that another one has died, and sends it nothing. Context: any; never blocks. */
export function isDead(dcpu: number): boolean {
  return cpu.deaths !== 0 && dcpu < cpu.ncpus && isDeadCpu(cpu.arena, dcpu);
}

/**
 * Whether a thread that an object names as its holder will never let it go: its cpu has died, or it has ended with a
 * cpu that died. Also true before this cpu has seen the death itself.
 *
 * Context: any; never blocks.
 */
export function isLost(handle: number): boolean {
  const { arena, m } = cpu;
  if (ldA(m, 0, DEATHS) === 0) return false;
  const td = descriptorOf(arena, handle);
  return td === 0 || isDeadCpu(arena, ldA(m, td, TD_CPU)) || (ld(m, td, TD_FLAGS) & TDF_EXITED) !== 0;
}

/** What the kernel asks of a dead cpu is lost with it, which survive.ts makes up for; a program is told. Context: any; never blocks. */
export function refuseDead(dcpu: number, func: number): void {
  if (func >= KERNEL_IPIS && isDead(dcpu)) throw diedError('lwktSendIpiq()', dcpu);
}

/** Why a cpu died, in the words of an error. Context: any; never blocks. */
export function obituary(dcpu: number): string {
  return `cpu ${dcpu} died: ${deathReason(cpu.arena, dcpu)}`;
}

/** The error for what a dead cpu should have done. Context: any; never blocks. */
export function diedError(what: string, dcpu: number): LwktError {
  return new LwktError('ERR_LWKT_CPU_DIED', `${what}: ${obituary(dcpu)}`);
}
