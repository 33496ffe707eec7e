/**
 * The first life of a thread descriptor: what any corner that makes a thread, cpu or host, writes into it.
 *
 * Seed: lwkt_init_thread.
 */
import * as paramsModule from '../base/params.ts';
import type { Arena } from './arena.ts';
import * as threadLayoutModule from './layout/thread.ts';
import type { Mem } from './word.ts';
import * as wordModule from './word.ts';

// An import is read through its module's cell at every use; a constant of this file is folded into the code.
const { TDF_EXITED, TDPRI_CRIT, TD_SLOT_BITS } = paramsModule;
const { Thread } = threadLayoutModule;
const { ldA, ldHint, ldOwn, orA, st, stA, stInit } = wordModule;

const {
  threadq: TD_THREADQ,
  flags: TD_FLAGS,
  pri: TD_PRI,
  cpu: TD_CPU,
  gen: TD_GEN,
  wait: TD_WAIT,
  wmesg: TD_WMESG,
  func: TD_FUNC,
  joiner: TD_JOINER,
  switches: TD_SWITCHES,
  valueKind: TD_VALUE_KIND,
  comm: TD_COMM,
  waitOn: TD_WAIT_ON,
  mpcount: TD_MPCOUNT,
  preempted: TD_PREEMPTED,
  proc: TD_PROC,
  procStat: TD_PROC_STAT,
  heldSync: TD_HELD_SYNC,
  readLocks: TD_READ_LOCKS,
  refs: TD_REFS,
  WORDS: TD_WORDS,
} = Thread;

const SLOT_MASK = (1 << TD_SLOT_BITS) - 1;
const GEN_MASK = 0x7fff_ffff >>> TD_SLOT_BITS;
const TD_SHIFT = Math.log2(TD_WORDS);

/**
 * Zeroes a descriptor and gives it to a cpu; in one critical section, on no queue.
 *
 * @param td - word offset of a free descriptor
 * @param cpu - its owner to be
 * @param func - number of its thread function
 * @param flags - TDF_*
 * @param priority - 0 .. 31
 * @seed lwkt_init_thread
 */
export function initDescriptor(
  arena: Arena,
  td: number,
  cpu: number,
  func: number,
  flags: number,
  priority: number,
): void {
  const { m } = arena;
  st(m, td, TD_THREADQ, 0);
  st(m, td, TD_FLAGS, flags);
  st(m, td, TD_PRI, TDPRI_CRIT + priority);
  stInit(m, td, TD_CPU, cpu);
  st(m, td, TD_WAIT, 0);
  st(m, td, TD_WMESG, 0);
  st(m, td, TD_FUNC, func);
  st(m, td, TD_VALUE_KIND, 0);
  st(m, td, TD_JOINER, 0);
  st(m, td, TD_SWITCHES, 0);
  st(m, td, TD_COMM, 0);
  st(m, td, TD_WAIT_ON, 0);
  st(m, td, TD_MPCOUNT, 0);
  st(m, td, TD_PREEMPTED, 0);
  st(m, td, TD_PROC, 0);
  st(m, td, TD_PROC_STAT, 0);
  st(m, td, TD_HELD_SYNC, 0);
  st(m, td, TD_READ_LOCKS, 0);
}

/** In td_refs: the thread was joined; who drops the last reference frees it. */
export const REFS_FREED = 1 << 30;
/** In td_refs: a cpu died that may have taken one of them; nobody will drop it. */
export const REFS_LOST = 1 << 29;
/** In td_refs: how many. */
export const REFS_COUNT = REFS_LOST - 1;

/**
 * Before its life ends: true when somebody holds the descriptor. Whoever lets go of it last then frees it.
 */
export function keptForHolders(m: Mem, td: number): boolean {
  if (ldHint(m, td, TD_REFS) === 0) return false;
  if ((orA(m, td, TD_REFS, REFS_FREED) & REFS_COUNT) !== 0) return true;
  stA(m, td, TD_REFS, 0);
  return false;
}

/** Ends the life of a descriptor: its handle is good no more. What is read of it by whoever comes late says ended. */
export function endDescriptor(arena: Arena, td: number): void {
  st(arena.m, td, TD_FLAGS, TDF_EXITED);
  stA(arena.m, td, TD_GEN, (ldOwn(arena.m, td, TD_GEN) + 1) & GEN_MASK);
}

/** The handle of a descriptor: slot and generation. */
export function descriptorHandle(arena: Arena, td: number): number {
  return ((td - arena.map.slab) >> TD_SHIFT) | (ldOwn(arena.m, td, TD_GEN) << TD_SLOT_BITS);
}

/** The descriptor of a handle, or 0 if it is none or that thread is gone. */
export function descriptorOf(arena: Arena, handle: number): number {
  const slot = handle & SLOT_MASK;
  if (!(handle > 0) || slot === 0 || slot >= arena.map.slots) return 0;
  const td = arena.map.slab + (slot << TD_SHIFT);
  return ldA(arena.m, td, TD_GEN) === handle >>> TD_SLOT_BITS ? td : 0;
}
