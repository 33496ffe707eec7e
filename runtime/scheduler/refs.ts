/**
 * References that keep an ended thread's descriptor, and with it its handle, from being reused.
 *
 * ## Words
 *
 *   refs   written by all   atomic   how many hold it; REFS_FREED once it was joined
 *
 * Whoever joins a held thread leaves the descriptor to the holders: the or that sets REFS_FREED and the subtraction
 * of the last release are one order for all, and exactly one of the two finds the other done. A thread that nobody
 * holds costs its joiner one plain look: take a reference while you know that the thread has not been joined.
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
import { REFS_FREED } from '../shared-memory/descriptor.ts';
import { Thread } from '../shared-memory/layout/thread.ts';
import { addA, casA, ld, ldA, st, stA } from '../shared-memory/word.ts';
import { arm, disarm, done, ENDED, type Blocking, type Step } from './blocking.ts';
import { cpu } from './globaldata.ts';
import { blockSelf, unblockSelf } from './switch.ts';
import { commOf, handleOf, lwktFreeThread, refOf, tryRefOf } from './thread.ts';
import { wakeHandle } from './schedule.ts';
import { untimely } from './untimely.ts';

const { refs: TD_REFS, refsWaiter: TD_REFS_WAITER, wait: TD_WAIT } = Thread;
const WMESG_REFS = wmesgCode('refs');
const COUNT = REFS_FREED - 1;

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
  addA(cpu.m, refOf(handle, 'lwktHold()'), TD_REFS, 1);
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
  if ((before & COUNT) === 0) {
    panic(
      `lwkt_rele: td_refs of thread ${handleOf(td)} '${commOf(td)}' is 0 already: more released than held`,
    );
  }
  if ((before & COUNT) !== 1) return;
  const waiter = ldA(m, td, TD_REFS_WAITER);
  // Joined, and nobody else has a reference to drop: the descriptor is ours.
  if (before === (REFS_FREED | 1)) {
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
  if (td !== 0 && (ldA(cpu.m, td, TD_REFS) & COUNT) !== 0) return blockSelf(WMESG_REFS, handle);
  endWait(handle);
  return done<void>(undefined);
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
 * @throws LwktError ERR_LWKT_NO_THREAD; ERR_LWKT_CONTEXT when another thread waits for the same
 * @seed lwkt_wait_free
 */
export function lwktWaitFree(handle: Td): Blocking<void> {
  if (cpu.untimely) return untimely(() => lwktWaitFree(handle));
  refOf(handle, 'lwktWaitFree()');
  arm('lwktWaitFree()');
  argHandle = handle;
  return waitFreeIterator;
}
