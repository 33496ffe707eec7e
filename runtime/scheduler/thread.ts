/**
 * Thread storage: descriptors from the slab, handles, and the heap side of a thread: its generator.
 *
 * A descriptor belongs to one cpu; only that cpu steps its generator. A handle is slot + generation, so that a
 * handle kept too long is noticed.
 *
 * Seed: lwkt_alloc_thread, lwkt_init_thread, lwkt_free_thread, lwkt_set_comm, lwkt_hold, lwkt_rele.
 */
import { LwktError } from '../base/errors.ts';
import type { Td, ThreadRef } from '../base/ids.ts';
import { panic } from '../base/panic.ts';
import * as paramsModule from '../base/params.ts';
import * as descriptorModule from '../shared-memory/descriptor.ts';
import * as globaldataLayoutModule from '../shared-memory/layout/globaldata.ts';
import * as threadLayoutModule from '../shared-memory/layout/thread.ts';
import { slabGive, slabTake } from '../shared-memory/slab.ts';
import * as tailqModule from '../shared-memory/tailq.ts';
import { ldText, stText } from '../shared-memory/text.ts';
import * as wordModule from '../shared-memory/word.ts';
import * as globaldataModule from './globaldata.ts';
import type { ThreadStack } from './ipifunc.ts';
import * as ipifuncModule from './ipifunc.ts';

// An import is read through its module's cell at every use; a constant of this file is folded into the code.
const {
  CACHE_BATCH,
  CACHE_NTHREADS,
  MAXCOMLEN,
  TDF_ALLOCATED_THREAD,
  TDF_CLEANING,
  TDF_EXITED,
  TDF_EXITING,
  TDF_KILLED,
} = paramsModule;
const { descriptorHandle, descriptorOf, endDescriptor, initDescriptor, keptForHolders } = descriptorModule;
const { Globaldata } = globaldataLayoutModule;
const { Thread } = threadLayoutModule;
const { tailqInsertTail, tailqRemove } = tailqModule;
const { count, ld, st, stInit } = wordModule;
const { counterField, cpu } = globaldataModule;
const { threadFuncName } = ipifuncModule;

const {
  threadq: TD_THREADQ,
  allq: TD_ALLQ,
  flags: TD_FLAGS,
  func: TD_FUNC,
  comm: TD_COMM,
  cpu: TD_CPU,
  switches: TD_SWITCHES,
} = Thread;
const {
  tdfreeq: GD_TDFREEQ,
  tdfreecount: GD_TDFREECOUNT,
  tdallq: GD_TDALLQ,
  nthreads: GD_NTHREADS,
} = Globaldata;
const CREATED = counterField('lwkt.threads_created');

const TD_SHIFT = Math.log2(Thread.WORDS);

/** Stacks of this cpu's threads by slot; null before the start and after the end. Per cpu. */
export const stacks: (ThreadStack | null)[] = [];

/** By slot: arguments before the start, a settled promise's outcome, or a result kept in this heap. Per cpu. */
export const locals: unknown[] = [];

/**
 * Makes room for the heap side of a slot: one after the other, so that the arrays never turn into dictionaries.
 *
 * Context: thread | ipi | idle; never blocks.
 */
export function makeRoom(slot: number): void {
  while (stacks.length <= slot) {
    stacks.push(null);
    locals.push(undefined);
  }
}

/** Slot of a descriptor. Context: any; never blocks. */
export function slotOf(td: ThreadRef): number {
  return (td - cpu.slab) >> TD_SHIFT;
}

/** The handle of a descriptor. Context: any; never blocks. */
export function handleOf(td: ThreadRef): Td {
  return descriptorHandle(cpu.arena, td);
}

/** The descriptor of a handle, or 0 if that thread is gone. Context: any; never blocks. */
export function tryRefOf(handle: number): ThreadRef {
  return descriptorOf(cpu.arena, handle);
}

/**
 * The descriptor of a handle.
 *
 * Context: any; never blocks.
 *
 * @throws LwktError ERR_LWKT_NO_THREAD when the handle is not one, or its thread has ended and been joined
 */
export function refOf(handle: number, what: string): ThreadRef {
  const td = Number.isInteger(handle) ? tryRefOf(handle) : 0;
  if (td === 0) {
    throw new LwktError(
      'ERR_LWKT_NO_THREAD',
      `${what}: ${String(handle)} is no living thread: a handle is valid until its thread has ended and been joined ` +
        '(a detached one: has ended)',
    );
  }
  return td;
}

/**
 * Takes a descriptor from this cpu's cache, refilled from the slab.
 *
 * Context: thread | ipi | idle; never blocks.
 *
 * @param owner - cpu it will belong to
 * @param func - number of its thread function
 * @param flags - TDF_*
 * @param priority - 0 .. 31
 * @returns an initialised descriptor, in one critical section, on no queue
 * @throws LwktError ERR_LWKT_THREADS when all are in use
 * @seed lwkt_alloc_thread
 */
export function lwktAllocThread(owner: number, func: number, flags: number, priority: number): ThreadRef {
  const { m, gd } = cpu;
  let td = ld(m, gd, GD_TDFREEQ);
  if (td === 0) td = refill();
  if ((ld(m, td, TD_FLAGS) & ~TDF_EXITED) !== 0) {
    panic(
      `lwkt_alloc_thread: cached thread ${handleOf(td)} '${commOf(td)}' did not exit: flags 0x${ld(m, td, TD_FLAGS).toString(16)}`,
    );
  }
  st(m, gd, GD_TDFREEQ, ld(m, td, TD_THREADQ));
  st(m, gd, GD_TDFREECOUNT, ld(m, gd, GD_TDFREECOUNT) - 1);
  initDescriptor(cpu.arena, td, owner, func, flags | TDF_ALLOCATED_THREAD, priority);
  count(m, gd, CREATED);
  return td;
}

function refill(): ThreadRef {
  const { m, gd, arena } = cpu;
  let first = 0;
  const got = slabTake(arena, cpu.id, CACHE_BATCH, (ref) => {
    st(m, ref, TD_THREADQ, first);
    first = ref;
  });
  if (got === 0) {
    throw new LwktError(
      'ERR_LWKT_THREADS',
      `all ${arena.map.threads} threads are in use, and the ${CACHE_NTHREADS} that each cpu has in reserve: join threads ` +
        'that have ended, or spawn them { detached: true }, or raise threads (--threads) to as many as may live at once',
    );
  }
  st(m, gd, GD_TDFREECOUNT, got);
  return first;
}

/** Puts a thread on this cpu's list of all threads. Context: thread | ipi | idle; never blocks. */
export function linkThread(td: ThreadRef): void {
  const { m, gd } = cpu;
  makeRoom(slotOf(td));
  tailqInsertTail(m, gd + GD_TDALLQ, td, TD_ALLQ);
  st(m, gd, GD_NTHREADS, ld(m, gd, GD_NTHREADS) + 1);
}

/** Takes a thread off this cpu's list of all threads. Context: thread | ipi | idle; never blocks. */
export function unlinkThread(td: ThreadRef): void {
  const { m, gd } = cpu;
  tailqRemove(m, gd + GD_TDALLQ, td, TD_ALLQ);
  st(m, gd, GD_NTHREADS, ld(m, gd, GD_NTHREADS) - 1);
}

/**
 * Returns an ended thread's descriptor to this cpu's cache, and the cache's surplus to the slab. Its handle dies;
 * but while somebody holds it (lwktHold), that waits for the last lwktRele.
 *
 * Context: thread | ipi | idle; never blocks.
 *
 * @param td - ended, on no list
 * @seed lwkt_free_thread
 */
export function lwktFreeThread(td: ThreadRef): void {
  const { m, gd } = cpu;
  if ((ld(m, td, TD_FLAGS) & TDF_EXITED) === 0) {
    panic(
      `lwktFreeThread: did not exit! thread ${handleOf(td)} '${commOf(td)}', flags 0x${ld(m, td, TD_FLAGS).toString(16)}`,
    );
  }
  if (keptForHolders(m, td)) return;
  endDescriptor(cpu.arena, td);
  // Free, it belongs to the cpu whose cache it lies in: never to one that died before (survive.ts).
  stInit(m, td, TD_CPU, cpu.id);
  st(m, td, TD_THREADQ, ld(m, gd, GD_TDFREEQ));
  st(m, gd, GD_TDFREEQ, td);
  const cached = ld(m, gd, GD_TDFREECOUNT) + 1;
  st(m, gd, GD_TDFREECOUNT, cached);
  if (cached > CACHE_NTHREADS) drainCache(CACHE_BATCH);
}

function drainCache(n: number): void {
  const { m, gd } = cpu;
  let left = n;
  slabGive(cpu.arena, cpu.id, () => {
    if (left-- === 0) return 0;
    const td = ld(m, gd, GD_TDFREEQ);
    st(m, gd, GD_TDFREEQ, ld(m, td, TD_THREADQ));
    return td;
  });
  st(m, gd, GD_TDFREECOUNT, ld(m, gd, GD_TDFREECOUNT) - n);
}

/** Writes a thread's name, cut at 16 bytes. Context: any; never blocks. */
export function setComm(td: ThreadRef, comm: string): void {
  stText(cpu.m, td + TD_COMM, MAXCOMLEN, comm);
}

/**
 * Names a thread for `ps`.
 *
 * Context: thread | ipi; never blocks.
 *
 * @param handle - any living thread; the name is for watchers, so writing it from another cpu harms nobody
 * @param comm - cut at 16 bytes of UTF-8
 * @throws LwktError ERR_LWKT_NO_THREAD
 * @seed lwkt_set_comm
 */
export function lwktSetComm(handle: Td, comm: string): void {
  setComm(refOf(handle, 'lwktSetComm()'), comm);
}

/** A thread's name: the one it was given, or its function's. Context: any; never blocks. */
export function commOf(td: ThreadRef): string {
  return ldText(cpu.m, td + TD_COMM, MAXCOMLEN) || threadFuncName(ld(cpu.m, td, TD_FUNC));
}

/** What a killed thread ends with, and what safepoint() throws into it. Context: any; never blocks. */
export function killedError(td: ThreadRef): LwktError {
  return new LwktError('ERR_LWKT_KILLED', `thread ${handleOf(td)} '${commOf(td)}' was killed`);
}

/**
 * The current thread cleans up after a wait, and may block: it is not killed before endCleanup().
 *
 * Context: thread; never blocks.
 *
 * @returns for endCleanup()
 */
export function beginCleanup(): number {
  const { m, curthread } = cpu;
  st(m, curthread, TD_FLAGS, ld(m, curthread, TD_FLAGS) | TDF_CLEANING);
  return ld(m, curthread, TD_SWITCHES);
}

/**
 * The clean-up is done. Keeps a thread that was killed before it on its way to its end: a generator that passes a
 * `return` on to another one, by yield*, and finds that this one yields, has forgotten the `return` when it goes on; an
 * error it does not forget. A thread that was killed meanwhile ends at its next blocking call, as always.
 *
 * Context: thread; never blocks.
 *
 * @param begun - from beginCleanup()
 * @throws LwktError ERR_LWKT_KILLED when the thread was on its way to its end and the clean-up has blocked
 */
export function endCleanup(begun: number): void {
  const { m, curthread } = cpu;
  const flags = ld(m, curthread, TD_FLAGS);
  st(m, curthread, TD_FLAGS, flags & ~TDF_CLEANING);
  if ((flags & TDF_KILLED) !== 0 && (flags & TDF_EXITING) !== 0 && begun !== ld(m, curthread, TD_SWITCHES))
    throw killedError(curthread);
}
