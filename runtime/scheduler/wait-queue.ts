/**
 * Wait queues, the queue's half: linking, unlinking and waking threads, on the cpu that owns the queue's token; what
 * other cpus ask for comes by IPI. The thread's half is wait.ts.
 *
 * A queue's words, and the waitq links of the threads on it, change only on the cpu that owns its token: by a thread
 * that holds the token, or by an IPI function while no thread holds it. The links are words of their own, apart from
 * the run queue's, so that a waiting thread can be scheduled from anywhere without harm: it looks whether it was
 * signalled and goes on waiting.
 *
 * A signalled thread is told by an IPI (`unblocked`), which carries the generation, so that it need not get the
 * token again to learn it; and the number of the wait that it ends. A thread whose time is over may have left the queue
 * with such an IPI still on its way: got by compare-and-swap from a cpu that sleeps, the token overtakes it.
 *
 * Seed: lwkt_block, lwkt_signal, and their note on messaging the owner instead.
 */
import type { Td, ThreadRef, WaitQueue } from '../base/ids.ts';
import { IPI } from '../base/protocol.ts';
import { Thread } from '../shared-memory/layout/thread.ts';
import { Wait } from '../shared-memory/layout/token.ts';
import { tailqFirst, tailqInsertTail, tailqRemove } from '../shared-memory/tailq.ts';
import { ld, ldA, st } from '../shared-memory/word.ts';
import { cpu } from './globaldata.ts';
import { sendIpi } from './ipiq.ts';
import { setRunnable } from './schedule.ts';
import { handleOf, tryRefOf } from './thread.ts';
import { atOwner } from './token-owner.ts';

const { waitq: TD_WAITQ, waitOn: TD_WAIT_ON, cpu: TD_CPU, waitSeq: TD_WAIT_SEQ } = Thread;
const { waitq: W_WAITQ, gen: W_GEN, count: W_COUNT } = Wait;

/** How a thread waits on a queue, or for the answer to its signal. */
export interface WaitState {
  over: boolean;
  /** Number of the wait: Thread.waitSeq. */
  readonly seq: number;
  /** The generation when it was over; for a signal, how many threads were woken. */
  result: number;
}

/** Threads of this cpu that wait on a queue or for an answer. Per cpu. */
export const waits = new Map<ThreadRef, WaitState>();

/** Links a thread. Context: thread | ipi; critical section: required, on the owner; never blocks. */
export function link(w: WaitQueue, td: ThreadRef): void {
  const { m } = cpu;
  tailqInsertTail(m, w + W_WAITQ, td, TD_WAITQ);
  st(m, td, TD_WAIT_ON, w);
  st(m, w, W_COUNT, ld(m, w, W_COUNT) + 1);
}

/** Unlinks a thread. Context: thread | ipi; critical section: required, on the owner; never blocks. */
export function unlink(w: WaitQueue, td: ThreadRef): void {
  const { m } = cpu;
  tailqRemove(m, w + W_WAITQ, td, TD_WAITQ);
  st(m, td, TD_WAIT_ON, 0);
  st(m, w, W_COUNT, ld(m, w, W_COUNT) - 1);
}

/** Tells a thread that its wait is over. */
function tell(func: number, handle: Td, dcpu: number, seq: number, result: number): void {
  if (dcpu === cpu.id) unblockedHandler(handle, seq, result);
  else sendIpi(dcpu, func, handle, seq, result);
}

/**
 * Bumps the generation and wakes threads in the order they came: at most as many as waited when it began.
 *
 * Context: thread | ipi; critical section: required, on the owner; never blocks.
 *
 * @returns how many were woken
 */
export function signalQueue(w: WaitQueue, most: number): number {
  const { m } = cpu;
  const gen = (ld(m, w, W_GEN) + 1) | 0;
  st(m, w, W_GEN, gen);
  // Telling may drain IPIs, which may bring more that wait: those came after the signal.
  const count = Math.min(most, ld(m, w, W_COUNT));
  const woken: ThreadRef[] = [];
  for (let td = tailqFirst(m, w + W_WAITQ); woken.length < count; td = tailqFirst(m, w + W_WAITQ)) {
    unlink(w, td);
    woken.push(td);
  }
  const threads = woken.map((td) => [handleOf(td), ldA(m, td, TD_CPU), ld(m, td, TD_WAIT_SEQ)] as const);
  for (const [handle, dcpu, seq] of threads) tell(IPI.unblocked, handle, dcpu, seq, gen);
  return count;
}

/** Handles IPI.unblocked and IPI.signalled: a thread's wait is over. Context: thread | ipi; never blocks. */
export function unblockedHandler(handle: number, seq: number, result: number): void {
  const td = tryRefOf(handle);
  const state = waits.get(td);
  if (td === 0 || state?.seq !== seq) return;
  state.over = true;
  state.result = result;
  setRunnable(td);
}

/** Handles IPI.block: thread `handle` waits on `w` if its generation is still `gen`. Context: thread | ipi; never blocks. */
export function blockHandler(w: number, handle: number, gen: number): void {
  atOwner(w, IPI.block, handle, gen, () => {
    const { m } = cpu;
    const td = tryRefOf(handle);
    if (ld(m, w, W_GEN) === gen) link(w, td);
    else tell(IPI.unblocked, handle, ldA(m, td, TD_CPU), ld(m, td, TD_WAIT_SEQ), ld(m, w, W_GEN));
  });
}

/** Handles IPI.unblock: thread `handle` wants to wait no longer. Context: thread | ipi; never blocks. */
export function unblockHandler(w: number, handle: number): void {
  atOwner(w, IPI.unblock, handle, 0, () => {
    const { m } = cpu;
    const td = tryRefOf(handle);
    // Signalled already: it is about to know.
    if (td === 0 || ld(m, td, TD_WAIT_ON) !== w) return;
    unlink(w, td);
    tell(IPI.unblocked, handle, ldA(m, td, TD_CPU), ld(m, td, TD_WAIT_SEQ), ld(m, w, W_GEN));
  });
}

/** Handles IPI.signal: thread `handle` signals `w`. Context: thread | ipi; never blocks. */
export function signalHandler(w: number, handle: number, most: number): void {
  atOwner(w, IPI.signal, handle, most, () => {
    const woken = signalQueue(w, most);
    const td = tryRefOf(handle);
    // Killed meanwhile: nobody asks.
    if (td !== 0) tell(IPI.signalled, handle, ldA(cpu.m, td, TD_CPU), ld(cpu.m, td, TD_WAIT_SEQ), woken);
  });
}
