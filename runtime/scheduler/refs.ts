/**
 * References that keep an ended thread's descriptor, and with it its handle, from being reused.
 *
 * ## Words
 *
 *   refs   written by all   atomic   how many hold it; REFS_FREED once it was joined; REFS_LOST while one of them may be
 *                                    that of a cpu that died
 *
 * Whoever joins a held thread leaves the descriptor to the holders: the or that sets REFS_FREED and the subtraction
 * of the last release are one order for all, and exactly one of the two finds the other done. A thread that nobody
 * holds costs its joiner one plain look: take a reference while you know that the thread has not been joined.
 *
 * References have no names, so a death leaves it open whether the dead cpu had one. Every thread that is held when a cpu
 * dies that ever took a reference is marked; who waits for it, then or later, is told so, instead of waiting for
 * ever. The mark goes with the last reference: then none was lost.
 *
 * ## Ordering
 *
 *   A1  wait: the waiter's handle is stored (atomic), then the count is loaded.
 *   B1  release: the count is lowered (atomic), then the waiter is loaded. One of the two sees the other.
 *
 * Seed: lwkt_hold, lwkt_rele, lwkt_wait_free. There the count is not atomic and the reaper polls once a second (D12).
 */
import { LwktError } from '../base/errors.ts';
import type { Td, ThreadRef } from '../base/ids.ts';
import { panic } from '../base/panic.ts';
import { TD_SLOT_BITS } from '../base/params.ts';
import { wmesgCode } from '../base/wmesg.ts';
import { isDeadCpu } from '../shared-memory/death.ts';
import { REFS_COUNT, REFS_FREED, REFS_LOST } from '../shared-memory/descriptor.ts';
import { Globaldata } from '../shared-memory/layout/globaldata.ts';
import { Thread } from '../shared-memory/layout/thread.ts';
import { addA, casA, ld, ldA, st, stA } from '../shared-memory/word.ts';
import { arm, disarm, done, ENDED, type Blocking, type Step } from './blocking.ts';
import { diedError } from './dead.ts';
import { cpu, globaldataFind } from './globaldata.ts';
import { blockSelf, unblockSelf } from './switch.ts';
import { commOf, handleOf, lwktFreeThread, refOf, tryRefOf } from './thread.ts';
import { wakeHandle } from './schedule.ts';
import { untimely } from './untimely.ts';

const { refs: TD_REFS, refsWaiter: TD_REFS_WAITER, wait: TD_WAIT } = Thread;
const WMESG_REFS = wmesgCode('refs');
const { refsDoubted: GD_REFS_DOUBTED, refsTaken: GD_REFS_TAKEN } = Globaldata;

/**
 * Takes a reference: the handle stays good, also after the thread has ended and been joined, until lwktRele.
 *
 * Context: thread | ipi | idle; never blocks.
 *
 * @param handle - of a thread that cannot be joined meanwhile
 * @throws LwktError ERR_LWKT_NO_THREAD
 * @seed lwkt_hold
 */
export function lwktHold(handle: Td): void {
  const { m, gd } = cpu;
  const td = refOf(handle, 'lwktHold()');
  // Before the reference, so that a cpu that died with one has counted it.
  st(m, gd, GD_REFS_TAKEN, (ld(m, gd, GD_REFS_TAKEN) + 1) | 0 || 1);
  addA(m, td, TD_REFS, 1);
}

/**
 * Drops a reference; the last one frees a thread that was joined meanwhile, and wakes who waits in lwktWaitFree.
 *
 * Context: thread | ipi | idle; never blocks.
 *
 * @throws MachinePanic when there is none
 * @seed lwkt_rele
 */
export function lwktRele(handle: Td): void {
  const { m } = cpu;
  const td = refOf(handle, 'lwktRele()');
  const before = addA(m, td, TD_REFS, -1); // B1
  if ((before & REFS_COUNT) === 0) {
    panic(
      `lwkt_rele: td_refs of thread ${handleOf(td)} '${commOf(td)}' is 0 already: more released than held`,
    );
  }
  if ((before & REFS_COUNT) !== 1) return;
  const waiter = ldA(m, td, TD_REFS_WAITER);
  // None was lost, since none is left; unless somebody joins it now, or takes a new one, which the mark then outlives.
  if ((before & REFS_LOST) !== 0) casA(m, td, TD_REFS, REFS_LOST, 0);
  // Joined, and nobody else has a reference to drop: the descriptor is ours.
  if ((before & REFS_FREED) !== 0) {
    stA(m, td, TD_REFS, 0);
    stA(m, td, TD_REFS_WAITER, 0);
    lwktFreeThread(td);
  }
  if (waiter !== 0) wakeHandle(waiter);
}

let argHandle = 0;

/** The descriptor that a handle named, whatever has become of it. */
function slotRef(handle: number): ThreadRef {
  return cpu.slab + (handle & ((1 << TD_SLOT_BITS) - 1)) * Thread.WORDS;
}

function look(handle: number): Step<void> {
  const td = tryRefOf(handle);
  const refs = td === 0 ? 0 : ldA(cpu.m, td, TD_REFS);
  const held = (refs & REFS_COUNT) !== 0;
  if (held && (refs & REFS_LOST) === 0) return blockSelf(WMESG_REFS, handle);
  endWait(handle);
  if (held) throw refsLost(handle);
  return done<void>(undefined);
}

/** A cpu that died had taken references, perhaps the one that is waited for. */
function refsLost(handle: number): LwktError {
  const { arena, m, ncpus } = cpu;
  const cpus = Array.from({ length: ncpus }, (_, id) => id);
  const dead = cpus.find((id) => isDeadCpu(arena, id) && ld(m, globaldataFind(id), GD_REFS_TAKEN) !== 0);
  return diedError(`lwktWaitFree(${handle}): a reference may be lost, which nobody would drop`, dead ?? -1);
}

/**
 * A cpu has died: the threads that are held may be held by it, and who waits for that is woken. By one survivor; again
 * by the next one, if that dies too, for then it may have been in the midst of it.
 *
 * Context: idle; never blocks.
 *
 * @param threads - all that are in use
 */
export function bereaveRefs(dead: number, threads: readonly ThreadRef[]): void {
  const { m } = cpu;
  const gd = globaldataFind(dead);
  if (ld(m, gd, GD_REFS_TAKEN) === 0) return;
  const first = ld(m, gd, GD_REFS_DOUBTED) === 0;
  for (const td of threads) {
    if (first) doubt(td);
    const waiter = ldA(m, td, TD_REFS_WAITER);
    if (waiter !== 0) wakeHandle(waiter);
  }
  st(m, gd, GD_REFS_DOUBTED, 1);
}

/** Marks a thread that has references: one of them may be the dead cpu's, which nobody drops. */
function doubt(td: ThreadRef): void {
  const { m } = cpu;
  let refs = ldA(m, td, TD_REFS);
  while ((refs & REFS_COUNT) !== 0 && (refs & REFS_LOST) === 0) {
    const now = casA(m, td, TD_REFS, refs, refs | REFS_LOST);
    if (now === refs) return;
    refs = now;
  }
}

/** The mark is taken back by who made it, also from a descriptor that has another life by now. */
function endWait(handle: number): void {
  casA(cpu.m, slotRef(handle), TD_REFS_WAITER, handleOf(cpu.curthread), 0);
  unblockSelf();
}

/** Marks the current thread as the one to be woken; false when another one waits for the same thread. */
function announce(td: ThreadRef, handle: number): boolean {
  const { m, curthread } = cpu;
  const me = handleOf(curthread);
  // Before the mark, by which others find it.
  st(m, curthread, TD_WAIT, handle);
  for (;;) {
    const known = casA(m, td, TD_REFS_WAITER, 0, me); // A1
    if (known === 0) return true;
    const other = tryRefOf(known);
    if (other !== 0 && ld(m, other, TD_WAIT) === handle) return false;
    // It waited for the last life of the descriptor, and has yet to take its mark back.
    if (casA(m, td, TD_REFS_WAITER, known, me) === known) return true;
  }
}

const waitFreeIterator = {
  [Symbol.iterator]: () => waitFreeIterator,
  next(resumed: unknown): Step<void> {
    if (resumed !== undefined) return look(ld(cpu.m, cpu.curthread, TD_WAIT));
    disarm();
    const td = tryRefOf(argHandle);
    if (td !== 0 && !announce(td, argHandle)) {
      unblockSelf();
      throw new LwktError(
        'ERR_LWKT_CONTEXT',
        `lwktWaitFree(${argHandle}): another thread waits for that already`,
      );
    }
    return look(argHandle);
  },
  return(): IteratorReturnResult<never> {
    endWait(ld(cpu.m, cpu.curthread, TD_WAIT));
    return ENDED;
  },
};

/**
 * Waits until nobody holds a reference to a thread.
 *
 * Context: thread; blocks.
 *
 * @throws LwktError ERR_LWKT_NO_THREAD; ERR_LWKT_CONTEXT when another thread waits for the same; ERR_LWKT_CPU_DIED when
 *   a cpu died while the thread was held, and may have had one of the references
 * @seed lwkt_wait_free
 */
export function lwktWaitFree(handle: Td): Blocking<void> {
  if (cpu.untimely) return untimely(() => lwktWaitFree(handle));
  refOf(handle, 'lwktWaitFree()');
  arm('lwktWaitFree()');
  argHandle = handle;
  return waitFreeIterator;
}
