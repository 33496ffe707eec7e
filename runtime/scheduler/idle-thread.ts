/**
 * The idle thread: who runs when nobody does. It has a descriptor, so that current thread is never nothing, but no
 * generator: the dispatcher itself is its body. Always in a critical section, never on a queue.
 *
 * Seed: gd_idlethread.
 */
import { TDF_EXITED, TDF_IDLE, TDPRI_IDLE_THREAD } from '../base/params.ts';
import { initDescriptor } from '../shared-memory/descriptor.ts';
import { Globaldata } from '../shared-memory/layout/globaldata.ts';
import { st } from '../shared-memory/word.ts';
import { cpu } from './globaldata.ts';
import { setComm } from './thread.ts';

const { idlethread: GD_IDLETHREAD, curthread: GD_CURTHREAD } = Globaldata;

/** Makes the idle thread of this cpu, in the slot set aside for it. Context: boot; never blocks. */
export function initIdleThread(): void {
  const { m, gd, arena, idlethread, id } = cpu;
  initDescriptor(arena, idlethread, id, 0, TDF_IDLE | TDF_EXITED, TDPRI_IDLE_THREAD);
  setComm(idlethread, `idle_${id}`);
  st(m, gd, GD_IDLETHREAD, idlethread);
  st(m, gd, GD_CURTHREAD, idlethread);
}
