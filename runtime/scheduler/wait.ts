/**
 * Wait queues: threads that wait, first come first, until somebody signals; a generation makes sure that a signal
 * between looking and blocking is not lost.
 *
 * A queue is protected by the token at its head; its threads may live on any cpu. The queue's links are words of
 * their own, apart from the run queue's, so a waiting thread can be scheduled from anywhere without harm: it looks
 * whether it was signalled and goes on waiting.
 *
 * Seed: lwkt_init_wait, lwkt_block, lwkt_signal.
 */
import { nowNs } from '../base/clock.ts';
import { LwktError } from '../base/errors.ts';
import type { Token as TokenRef, WaitQueue } from '../base/ids.ts';
import { wmesgCode } from '../base/wmesg.ts';
import { Thread } from '../shared-memory/layout/thread.ts';
import { Wait } from '../shared-memory/layout/token.ts';
import { tailqFirst, tailqInsertTail, tailqRemove } from '../shared-memory/tailq.ts';
import { ld, st } from '../shared-memory/word.ts';
import { arm, disarm, done, RESUME, type Blocking, type Step } from './blocking.ts';
import { cpu, requireCpu } from './globaldata.ts';
import { wakeHandle } from './schedule.ts';
import { blockSelf, unblockSelf } from './switch.ts';
import { handleOf } from './thread.ts';
import { cancelTimer, setTimer, type Timer } from './timer.ts';
import { lwktGetToken, lwktRegetToken, lwktRelToken } from './token.ts';

const { waitq: TD_WAITQ, waitOn: TD_WAIT_ON } = Thread;
const { waitq: W_WAITQ, gen: W_GEN, count: W_COUNT } = Wait;
const WMESG_WAITQ = wmesgCode('waitq');

let argQueue = 0;

/** One wait of a thread that is linked on a queue: over when anybody makes it run. */
const onceIterator = {
  [Symbol.iterator]: () => onceIterator,
  next(resumed: unknown): Step<void> {
    if (resumed !== RESUME) {
      disarm();
      return blockSelf(WMESG_WAITQ, argQueue);
    }
    unblockSelf();
    return done<void>(undefined);
  },
};

function once(w: WaitQueue): Blocking<void> {
  arm('lwktBlock()');
  argQueue = w;
  return onceIterator;
}

/** The generation of a wait queue; a snapshot. Context: thread; never blocks. */
export function waitGen(w: WaitQueue): number {
  return ld(requireCpu('waitGen()').m, w, W_GEN);
}

function* blockBody(w: WaitQueue, gen: number, timeoutMs: number): Generator<unknown, number, unknown> {
  disarm();
  const { m } = cpu;
  const td = cpu.curthread;
  const tok = w as number as TokenRef;
  yield* lwktGetToken(tok);
  if (ld(m, w, W_GEN) === gen) {
    tailqInsertTail(m, w + W_WAITQ, td, TD_WAITQ);
    st(m, td, TD_WAIT_ON, w);
    st(m, w, W_COUNT, ld(m, w, W_COUNT) + 1);
    const handle = handleOf(td);
    const timer =
      timeoutMs === Infinity ? undefined : setTimer(nowNs() + timeoutMs * 1e6, () => wakeHandle(handle));
    // Woken without a signal, it stays where it is in the queue.
    do {
      yield* once(w);
      yield* lwktRegetToken(tok);
    } while (ld(m, td, TD_WAIT_ON) === w && !fired(timer));
    if (timer !== undefined) cancelTimer(timer);
    if (ld(m, td, TD_WAIT_ON) === w) unlink(w, td);
  }
  const now = ld(m, w, W_GEN);
  lwktRelToken(tok);
  return now;
}

function fired(timer: Timer | undefined): boolean {
  return timer !== undefined && !timer.live;
}

function unlink(w: WaitQueue, td: number): void {
  const { m } = cpu;
  tailqRemove(m, w + W_WAITQ, td, TD_WAITQ);
  st(m, td, TD_WAIT_ON, 0);
  st(m, w, W_COUNT, ld(m, w, W_COUNT) - 1);
}

/**
 * Waits on a queue until it is signalled; returns at once if it was signalled since `gen`.
 *
 * Context: thread; blocks.
 *
 * @param w - from waitQueue(name)
 * @param gen - the generation as last seen: from waitGen(w), taken before looking at what one waits for, or from
 *   the call before
 * @param timeoutMs - longest wait in milliseconds; default no limit
 * @returns the generation now; equal to `gen` when the time ran out
 * @throws LwktError ERR_LWKT_OPTION for a negative time
 * @seed lwkt_block
 */
export function lwktBlock(w: WaitQueue, gen: number, timeoutMs = Infinity): Blocking<number> {
  if (!(timeoutMs >= 0)) {
    throw new LwktError(
      'ERR_LWKT_OPTION',
      `lwktBlock(): a timeout of ${String(timeoutMs)} ms; use 0 or more`,
    );
  }
  arm('lwktBlock()');
  return blockBody(w, gen, timeoutMs);
}

function* signalBody(w: WaitQueue, most: number): Generator<unknown, number, unknown> {
  disarm();
  const { m } = cpu;
  const tok = w as number as TokenRef;
  yield* lwktGetToken(tok);
  st(m, w, W_GEN, (ld(m, w, W_GEN) + 1) | 0);
  let woken = 0;
  // Nothing here blocks, so the token is ours throughout.
  for (let td = tailqFirst(m, w + W_WAITQ); td !== 0 && woken < most; td = tailqFirst(m, w + W_WAITQ)) {
    unlink(w, td);
    woken++;
    wakeHandle(handleOf(td));
  }
  lwktRelToken(tok);
  return woken;
}

/**
 * Wakes the threads that wait on a queue, in the order they came.
 *
 * Context: thread; blocks (for the queue's token).
 *
 * @param w - from waitQueue(name)
 * @param most - how many to wake; default all
 * @returns how many were woken
 * @seed lwkt_signal
 */
export function lwktSignal(w: WaitQueue, most = Infinity): Blocking<number> {
  arm('lwktSignal()');
  return signalBody(w, most);
}
