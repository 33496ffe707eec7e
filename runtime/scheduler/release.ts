/**
 * Passive release: a hook that a thread sets for itself, run when it is switched away from. A thread keeps something
 * on the chance that it does not block, and lets it go only if it does.
 *
 * Not run when the thread is preempted, nor when it returns to whom it preempted; and before the next thread is
 * chosen, so that what it releases counts in the choice (D13).
 *
 * Seed: td_release, in lwkt_switch.
 */
import { LwktError } from '../base/errors.ts';
import type { ThreadRef } from '../base/ids.ts';
import { panic } from '../base/panic.ts';
import { TDF_RELEASE } from '../base/params.ts';
import { Thread } from '../shared-memory/layout/thread.ts';
import { ld, st } from '../shared-memory/word.ts';
import { cpu, requireCpu } from './globaldata.ts';
import { commOf, handleOf } from './thread.ts';

const { flags: TD_FLAGS } = Thread;

/** Hooks by thread. Per cpu. */
const hooks = new Map<ThreadRef, () => void>();

/**
 * Sets what is run each time the current thread is switched away from, until it is set again.
 *
 * Context: thread; never blocks.
 *
 * @param hook - does not block; undefined takes it away
 * @throws LwktError ERR_LWKT_CONTEXT outside a thread
 * @seed td_release
 */
export function setRelease(hook: (() => void) | undefined): void {
  requireCpu('setRelease()');
  const { m, curthread } = cpu;
  if (curthread === cpu.idlethread || cpu.intrNesting !== 0) {
    throw new LwktError('ERR_LWKT_CONTEXT', 'setRelease(): only a thread has a release hook');
  }
  dropRelease(curthread);
  if (hook === undefined) return;
  hooks.set(curthread, hook);
  st(m, curthread, TD_FLAGS, ld(m, curthread, TD_FLAGS) | TDF_RELEASE);
}

/** Takes a thread's hook away. Context: thread | idle; never blocks. */
export function dropRelease(td: ThreadRef): void {
  hooks.delete(td);
  st(cpu.m, td, TD_FLAGS, ld(cpu.m, td, TD_FLAGS) & ~TDF_RELEASE);
}

/**
 * Runs the hook of a thread that is switched away from.
 *
 * Context: thread; never blocks.
 *
 * @throws MachinePanic when the hook throws
 */
export function runRelease(td: ThreadRef): void {
  try {
    hooks.get(td)?.();
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    panic(`td_release of thread ${handleOf(td)} '${commOf(td)}' threw on cpu ${cpu.id}: ${text}`);
  }
}
