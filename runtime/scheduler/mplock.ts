/**
 * The MP lock, the thread's half: one lock for the whole machine, held by a cpu for its running thread. Threads made
 * by lwktCreate enter with it; spawn's never see it.
 *
 * It is a wish, not a section: a thread that blocks keeps its wish and loses the lock, and has it again when it runs
 * again. How the lock moves between cpus is the business of mplock-owner.ts.
 *
 * Seed: get_mplock, try_mplock, rel_mplock of the machine layer; td_mpcount.
 */
import { LwktError } from '../base/errors.ts';
import type { ThreadRef } from '../base/ids.ts';
import { panic } from '../base/panic.ts';
import { wmesgCode } from '../base/wmesg.ts';
import { Thread } from '../shared-memory/layout/thread.ts';
import { ld, st } from '../shared-memory/word.ts';
import { arm, blameForgotten, BLOCKED, disarm, done, type Blocking, type Step } from './blocking.ts';
import { cpu, requireCpu } from './globaldata.ts';
import { cpuRelMplock, cpuTryMplock, cpuWantMplock } from './mplock-owner.ts';
import { commOf, handleOf } from './thread.ts';
import { untimely } from './untimely.ts';

const { mpcount: TD_MPCOUNT, wmesg: TD_WMESG } = Thread;
const WMESG_MPLOCK = wmesgCode('mplock');

function addCount(n: number): number {
  const { m, curthread } = cpu;
  const count = ld(m, curthread, TD_MPCOUNT) + n;
  st(m, curthread, TD_MPCOUNT, count);
  return count;
}

const getIterator = {
  [Symbol.iterator]: () => getIterator,
  next(resumed: unknown): Step<void> {
    const { m, curthread } = cpu;
    // The switch picks this thread again only with the lock.
    if (resumed !== undefined) {
      st(m, curthread, TD_WMESG, 0);
      return done<void>(undefined);
    }
    disarm();
    addCount(1);
    if (cpuWantMplock()) return done<void>(undefined);
    // Stays on its run queue: runnable, but for the lock.
    st(m, curthread, TD_WMESG, WMESG_MPLOCK);
    return BLOCKED;
  },
};

/** A thread that is killed does not wait for the lock: it could never be told. Context: thread | ipi; never blocks. */
export function giveUpMplock(td: ThreadRef): void {
  const { m } = cpu;
  if (ld(m, td, TD_WMESG) !== WMESG_MPLOCK) return;
  st(m, td, TD_WMESG, 0);
  st(m, td, TD_MPCOUNT, ld(m, td, TD_MPCOUNT) - 1);
}

/**
 * Gets the MP lock; calls nest. Other threads run while it waits.
 *
 * Context: thread; blocks.
 *
 * @throws LwktError ERR_LWKT_CONTEXT outside a thread
 * @seed get_mplock
 */
export function getMplock(): Blocking<void> {
  if (cpu.untimely) return untimely(getMplock);
  arm('getMplock()');
  return getIterator;
}

/**
 * Gets the MP lock if that needs no waiting.
 *
 * Context: thread; never blocks.
 *
 * @seed try_mplock
 */
export function tryMplock(): boolean {
  requireThread('tryMplock()');
  if (!cpuTryMplock()) return false;
  addCount(1);
  return true;
}

/**
 * Undoes one getMplock; the last one lets the lock go.
 *
 * Context: thread; never blocks.
 *
 * @throws LwktError ERR_LWKT_CONTEXT when the thread has not got it
 * @throws MachinePanic when the thread has it and its cpu has not
 * @seed rel_mplock
 */
export function relMplock(): void {
  requireThread('relMplock()');
  const td = cpu.curthread;
  if (ld(cpu.m, td, TD_MPCOUNT) <= inherited()) {
    blameForgotten();
    throw new LwktError(
      'ERR_LWKT_CONTEXT',
      `relMplock(): thread '${commOf(td)}' has no MP lock to release; pair it with getMplock()`,
    );
  }
  if (!cpu.mpHeld) {
    panic(
      `rel_mplock: cpu ${cpu.id} does not hold the MP lock, thread ${handleOf(td)} '${commOf(td)}' has mpcount ${ld(cpu.m, td, TD_MPCOUNT)}`,
    );
  }
  if (addCount(-1) === 0) cpuRelMplock();
}

/** What the running interrupt thread has of the thread that it preempted. */
function inherited(): number {
  const below = ld(cpu.m, cpu.curthread, Thread.preempted);
  return below === 0 ? 0 : ld(cpu.m, below, TD_MPCOUNT);
}

function requireThread(what: string): void {
  requireCpu(what);
  if (cpu.curthread === cpu.idlethread || cpu.intrNesting !== 0) {
    throw new LwktError(
      'ERR_LWKT_CONTEXT',
      `${what}: only a thread holds the MP lock, not an IPI function or a promise callback`,
    );
  }
}

/** How often the current thread has got the MP lock and not released it. Context: thread; never blocks. @seed td_mpcount */
export function mpcount(): number {
  requireThread('mpcount()');
  return ld(cpu.m, cpu.curthread, TD_MPCOUNT);
}
