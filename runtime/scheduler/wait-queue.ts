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
import { panic } from '../base/panic.ts';
import { IPI } from '../base/protocol.ts';
import { Thread } from '../shared-memory/layout/thread.ts';
import { Wait } from '../shared-memory/layout/token.ts';
import type { Plain } from '../shared-memory/struct.ts';
import { tailqFirst, tailqInsertTail, tailqRemove } from '../shared-memory/tailq.ts';
import { ld, ldA, st } from '../shared-memory/word.ts';
import { obituary } from './dead.ts';
import { cpu } from './globaldata.ts';
import { sendIpi } from './ipiq.ts';
import { setRunnable } from './schedule.ts';
import { handleOf, tryRefOf } from './thread.ts';
import { atOwner } from './token-owner.ts';

const { waitq: TD_WAITQ, waitOn: TD_WAIT_ON, cpu: TD_CPU, wait: TD_WAIT, waitSeq: TD_WAIT_SEQ } = Thread;
const { waitq: W_WAITQ, gen: W_GEN, count: W_COUNT } = Wait;
/** Words of a queue's head. */
const FIRST = 0 as Plain;
const LAST = 1 as Plain;

/** How a thread waits on a queue, or for the answer to its signal. */
export interface WaitState {
  over: boolean;
  /** It was taken off the queue by a signal, which is another one's if this thread is killed before it knows. */
  signalled: boolean;
  /** Number of the wait: Thread.waitSeq. */
  readonly seq: number;
  /** The generation when it was over; for a signal, how many threads were woken. */
  result: number;
  /** Asked for by message: only an answer ends it. */
  readonly byMessage?: boolean;
  /** What is done when it is over, if it is no living thread that waits. */
  readonly whenOver?: () => void;
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

/** A thread that was taken off its queue, as far as it takes to tell it. */
interface Woken {
  readonly handle: Td;
  readonly dcpu: number;
  readonly seq: number;
}

function wokenOf(td: ThreadRef): Woken {
  const { m } = cpu;
  return { handle: handleOf(td), dcpu: ldA(m, td, TD_CPU), seq: ld(m, td, TD_WAIT_SEQ) };
}

/** Tells a thread that it was signalled. */
function tellSignalled({ handle, dcpu, seq }: Woken, gen: number): void {
  if (dcpu === cpu.id) unblockedHandler(handle, seq, gen);
  else sendIpi(dcpu, IPI.unblocked, handle, seq, gen);
}

/** Answers a thread's request that needs no signal. */
function answer(td: ThreadRef, result: number): void {
  const { m, id } = cpu;
  const dcpu = ldA(m, td, TD_CPU);
  const seq = ld(m, td, TD_WAIT_SEQ);
  if (dcpu === id) answeredHandler(handleOf(td), seq, result);
  else sendIpi(dcpu, IPI.answered, handleOf(td), seq, result);
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
  // Nobody or one is the rule, and takes no list.
  if (count === 1) tellSignalled(takeFirst(w), gen);
  else if (count !== 0)
    Array.from({ length: count }, () => takeFirst(w)).forEach((one) => tellSignalled(one, gen));
  return count;
}

/** Takes who waits longest off the queue. */
function takeFirst(w: WaitQueue): Woken {
  const { m } = cpu;
  const td = tailqFirst(m, w + W_WAITQ);
  unlink(w, td);
  return wokenOf(td);
}

function finish(handle: number, seq: number, result: number, signalled: boolean): void {
  const td = tryRefOf(handle);
  const state = waits.get(td);
  if (td === 0 || state?.seq !== seq) return;
  state.over = true;
  state.signalled = signalled;
  state.result = result;
  state.whenOver?.();
  setRunnable(td);
}

/** Handles IPI.unblocked: a thread was signalled. Context: thread | ipi; never blocks. */
export function unblockedHandler(handle: number, seq: number, gen: number): void {
  finish(handle, seq, gen, true);
}

/** Handles IPI.answered: a thread's request is done. Context: thread | ipi; never blocks. */
export function answeredHandler(handle: number, seq: number, result: number): void {
  finish(handle, seq, result, false);
}

/** Thread.waitOn while the request to wait is on its way, by the number of the wait; and once it was withdrawn there. */
function asked(seq: number): number {
  return -2 - (seq & 0x3fff_ffff);
}
const WITHDRAWN = -1;

/** The current thread asks the queue's owner to wait. Context: thread; never blocks. */
export function askToBlock(w: WaitQueue, seq: number, gen: number): void {
  const { m, curthread } = cpu;
  st(m, curthread, TD_WAIT_ON, asked(seq));
  blockHandler(w, handleOf(curthread), gen);
}

/**
 * This cpu took a queue from a dead one, which may have stood in the middle of anything: the queue is empty from now
 * on, and all who were on it look again, as after a signal.
 *
 * Context: idle; critical section: required, on the owner; never blocks.
 *
 * @param waiting - all threads whose `waitOn` names the queue
 */
export function bereaveQueue(w: WaitQueue, waiting: readonly ThreadRef[]): void {
  const { m } = cpu;
  st(m, w + W_WAITQ, FIRST, 0);
  st(m, w + W_WAITQ, LAST, 0);
  st(m, w, W_COUNT, 0);
  const gen = (1 + ld(m, w, W_GEN)) | 0;
  st(m, w, W_GEN, gen);
  for (const td of waiting) st(m, td, TD_WAIT_ON, 0);
  for (const td of waiting) tellSignalled(wokenOf(td), gen);
}

/**
 * A cpu has died that may have taken threads of this one from a queue and told them nothing.
 *
 * Context: idle; never blocks.
 *
 * @throws MachinePanic when a thread waits for an answer that nobody else can give
 */
export function bereaveWaits(dead: number): void {
  const { m } = cpu;
  for (const [td, state] of waits) {
    if (state.over || state.whenOver !== undefined || ld(m, td, TD_WAIT_ON) > 0) continue;
    if (state.byMessage === true) {
      panic(
        `${obituary(dead)}; thread ${handleOf(td)} of cpu ${cpu.id} asked for a wait queue by message (sysctl lwkt.waitq_message), and nobody knows what became of that`,
      );
    }
    unblockedHandler(handleOf(td), state.seq, ld(m, ld(m, td, TD_WAIT), W_GEN));
  }
}

/** Handles IPI.block: thread `handle` waits on `w` if its generation is still `gen`. Context: thread | ipi; never blocks. */
export function blockHandler(w: number, handle: number, gen: number): void {
  atOwner(w, IPI.block, handle, gen, () => {
    const { m } = cpu;
    const td = tryRefOf(handle);
    if (ld(m, td, TD_WAIT_ON) !== WITHDRAWN && ld(m, w, W_GEN) === gen) {
      link(w, td);
      return;
    }
    st(m, td, TD_WAIT_ON, 0);
    answer(td, ld(m, w, W_GEN));
  });
}

/**
 * Handles IPI.unblock: thread `handle` wants to end its wait `seq`. When the token moves, this may come before the
 * request to wait, which is answered then.
 *
 * Context: thread | ipi; never blocks.
 */
export function unblockHandler(w: number, handle: number, seq: number): void {
  atOwner(w, IPI.unblock, handle, seq, () => {
    const { m } = cpu;
    const td = tryRefOf(handle);
    if (td === 0) return;
    const on = ld(m, td, TD_WAIT_ON);
    if (on === asked(seq)) st(m, td, TD_WAIT_ON, WITHDRAWN);
    else if (on === w && ld(m, td, TD_WAIT_SEQ) === seq) {
      unlink(w, td);
      answer(td, ld(m, w, W_GEN));
    }
    // Or it was signalled already, and is about to know.
  });
}

/**
 * Handles IPI.signal: thread `handle` signals `w`; or 0, when a thread was killed that had been signalled: then the
 * next one that waits is.
 *
 * Context: thread | ipi; never blocks.
 */
export function signalHandler(w: number, handle: number, most: number): void {
  atOwner(w, IPI.signal, handle, most, () => {
    if (handle === 0 && ld(cpu.m, w, W_COUNT) === 0) return;
    const woken = signalQueue(w, most);
    const td = tryRefOf(handle);
    // Killed meanwhile: nobody asks.
    if (td !== 0) answer(td, woken);
  });
}
