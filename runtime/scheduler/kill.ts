/**
 * Ending a thread from outside: at its next safepoint, whether it runs or waits. Its finally blocks run, what it held
 * is released, its joiner is told.
 *
 * A thread that waits is made runnable, and its generator gets a `return` instead of what it waited for; each
 * blocking function takes back what it left behind for the wait (see blocking.ts). A thread that runs gets the `return`
 * at its next blocking call; its next safepoint() tells it to give way, which is one. If it does not, the safepoint
 * after that throws ERR_LWKT_KILLED.
 */
import type { Td, ThreadRef } from '../base/ids.ts';
import { TDF_CLEANING, TDF_EXITING, TDF_KILLED, TDF_STOPREQ } from '../base/params.ts';
import { IPI } from '../base/protocol.ts';
import { Thread } from '../shared-memory/layout/thread.ts';
import { ld, st } from '../shared-memory/word.ts';
import { cpu } from './globaldata.ts';
import { giveUpMplock } from './mplock.ts';
import { enqueue } from './runqueue.ts';
import { ELSEWHERE, mine, setRunnable, whereIs } from './schedule.ts';
import { refOf, tryRefOf } from './thread.ts';

const { flags: TD_FLAGS } = Thread;

/**
 * Threads of other cpus that this one has killed. A kill follows a thread that moves, and is lost when it comes to a cpu
 * that has given the thread away and dies; then it is said again, which does no harm to one that has heard it. Per cpu.
 */
const killed = new Set<number>();
/** How many are kept before those that have ended are dropped. Per cpu. */
let most = 64;

/**
 * Ends a thread. Asynchronous: join it to know that it has ended; the join throws ERR_LWKT_KILLED. A thread that is
 * ending already ends as it would have.
 *
 * One case is lost, by a rule of JavaScript: when a `finally` block blocks in a generator that another one called by
 * `yield*`, the caller has forgotten that it was to return, and goes on behind that `yield*`. The thread is ending all the
 * same: another kill does nothing, and who joins it gets ERR_LWKT_KILLED, once its function is through. So let `finally`
 * blocks that block stand in the thread's own function, or end them by a `throw`, which is not forgotten.
 *
 * And where a safepoint() throws, since its thread did not give way when that returned true, the thread has its `return`
 * still to come: at the first blocking call, which in a `finally` block cuts off what stands behind it.
 *
 * Context: thread | ipi | idle; never blocks.
 *
 * @param handle - any thread, on any cpu, the current one too
 * @throws LwktError ERR_LWKT_NO_THREAD
 */
export function kill(handle: Td): void {
  refOf(handle, 'kill()');
  if (whereIs(handle) === ELSEWHERE) remember(handle);
  killHandler(handle);
}

function remember(handle: number): void {
  killed.add(handle);
  if (killed.size <= most) return;
  for (const one of killed) if (tryRefOf(one) === 0) killed.delete(one);
  most = Math.max(64, 2 * killed.size);
}

/** A cpu has died that may have had a kill to send on. Context: idle; never blocks. */
export function killAgain(): void {
  for (const handle of killed) killHandler(handle);
}

/** Handles IPI.kill. Context: thread | ipi; never blocks. */
export function killHandler(handle: number): void {
  const td = mine(handle, IPI.kill, 0, 0);
  if (td === 0) return;
  const { m } = cpu;
  const flags = ld(m, td, TD_FLAGS);
  if ((flags & (TDF_EXITING | TDF_KILLED)) !== 0) return;
  st(m, td, TD_FLAGS, (flags & ~TDF_STOPREQ) | TDF_KILLED);
  if (td === cpu.curthread) {
    // The safepoint comes soon; or the thread blocks, see below.
    cpu.polls = 0;
    return;
  }
  giveUpMplock(td);
  setRunnable(td);
}

/**
 * A killed thread blocked. If that was since it was killed, what it waits for may never come: it runs again at once,
 * to end. What its finally blocks wait for, they wait for; and so does a clean-up that was under way (thread.ts), which
 * would look again and again, and leave no turn to a less urgent thread that has what it waits for.
 *
 * Context: thread; never blocks.
 */
export function blockedKilled(td: ThreadRef): void {
  if ((ld(cpu.m, td, TD_FLAGS) & (TDF_CLEANING | TDF_EXITING)) !== 0) return;
  giveUpMplock(td);
  enqueue(td);
  cpu.resched = true;
}
