/**
 * Wait queues, the thread's half: threads wait, first come first, until somebody signals; a generation makes sure
 * that a signal between looking and blocking is not lost.
 *
 * Two ways to the same end, by sysctl lwkt.waitq_message: get the token of the queue, as the seed does, which brings
 * the queue here and is best when one cpu uses it again and again; or ask the cpu that owns the token by IPI, which
 * leaves the queue where it is. Both may be in use at a time. The queue's half is wait-queue.ts.
 *
 * Seed: lwkt_init_wait, lwkt_block, lwkt_signal.
 */
import { nowNs } from '../base/clock.ts';
import { LwktError } from '../base/errors.ts';
import type { Token as TokenRef, WaitQueue } from '../base/ids.ts';
import { wmesgCode } from '../base/wmesg.ts';
import { Thread } from '../shared-memory/layout/thread.ts';
import { Wait } from '../shared-memory/layout/token.ts';
import { ld, st } from '../shared-memory/word.ts';
import { arm, disarm, done, ENDED, readyWith, RESUME, type Blocking, type Step } from './blocking.ts';
import { cpu, requireCpu, sysctlValue } from './globaldata.ts';
import { wakeHandle } from './schedule.ts';
import { blockSelf, unblockSelf } from './switch.ts';
import { beginCleanup, endCleanup, handleOf } from './thread.ts';
import { cancelTimer, setTimer, type Timer } from './timer.ts';
import { lwktGetToken, lwktRegetToken, lwktRelToken, lwktTryToken } from './token.ts';
import { untimely } from './untimely.ts';
import {
  askToBlock,
  link,
  signalHandler,
  signalQueue,
  unblockHandler,
  unlink,
  waits,
  type WaitState,
} from './wait-queue.ts';

const { waitOn: TD_WAIT_ON, waitSeq: TD_WAIT_SEQ } = Thread;
const { gen: W_GEN } = Wait;
const WMESG_WAITQ = wmesgCode('waitq');
/** As many as there are. */
const ALL = 0x7fff_ffff;

let argQueue = 0;

/** One wait: over when anybody makes the thread run. */
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
  return(): IteratorReturnResult<never> {
    unblockSelf();
    return ENDED;
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

function timerFor(timeoutMs: number): Timer | undefined {
  if (timeoutMs === Infinity) return undefined;
  const handle = handleOf(cpu.curthread);
  return setTimer(nowNs() + timeoutMs * 1e6, () => wakeHandle(handle));
}

/** Waits until it is over or the time is; woken without a signal, the thread stays where it is in the queue. */
function* untilOver(w: WaitQueue, state: WaitState, timer?: Timer): Generator<unknown, void, unknown> {
  const inTime = (): boolean => timer?.live !== false;
  while (!state.over && inTime()) yield* once(w);
}

function begin(result: number, byMessage = false): WaitState {
  const { m, curthread } = cpu;
  const seq = (ld(m, curthread, TD_WAIT_SEQ) + 1) | 0;
  st(m, curthread, TD_WAIT_SEQ, seq);
  const state = { over: false, signalled: false, seq, result, byMessage };
  waits.set(curthread, state);
  return state;
}

/** The thread was killed: if it had been signalled, that is the next one's. */
function passSignalOn(w: WaitQueue, { signalled }: WaitState): void {
  if (signalled) signalHandler(w, 0, 1);
}

/** The token that a queue is protected by: they begin at the same word. */
function tokenOf(w: number): TokenRef {
  return w;
}

/** The queue comes to the thread. */
function* blockByToken(w: WaitQueue, gen: number, timeoutMs: number): Generator<unknown, number, unknown> {
  disarm();
  const { m } = cpu;
  const td = cpu.curthread;
  const tok = tokenOf(w);
  yield* lwktGetToken(tok);
  const now = ld(m, w, W_GEN);
  if (now !== gen) {
    lwktRelToken(tok);
    return now;
  }
  const state = begin(gen);
  link(w, td);
  const timer = timerFor(timeoutMs);
  let finished = false;
  try {
    // As untilOver(), without a generator more in the way of every wake-up.
    for (;;) {
      if (state.over || timer?.live === false) break;
      yield* once(w);
    }
    finished = true;
  } finally {
    if (timer !== undefined) cancelTimer(timer);
    const begun = beginCleanup();
    if (!state.over) {
      yield* lwktRegetToken(tok);
      state.result = ld(m, w, W_GEN);
      if (ld(m, td, TD_WAIT_ON) === w) unlink(w, td);
      else state.signalled = true;
    }
    waits.delete(td);
    // The token may be lost; what the signal told is enough.
    lwktRelToken(tok);
    if (!finished) passSignalOn(w, state);
    endCleanup(begun);
  }
  return state.result;
}

/** The thread asks the queue's owner. */
function* blockByMessage(w: WaitQueue, gen: number, timeoutMs: number): Generator<unknown, number, unknown> {
  disarm();
  const td = cpu.curthread;
  const handle = handleOf(td);
  const state = begin(gen, true);
  const timer = timerFor(timeoutMs);
  let finished = false;
  askToBlock(w, state.seq, gen);
  try {
    yield* untilOver(w, state, timer);
    finished = true;
  } finally {
    if (timer !== undefined) cancelTimer(timer);
    const begun = beginCleanup();
    if (!state.over) {
      unblockHandler(w, handle, state.seq);
      yield* untilOver(w, state);
    }
    waits.delete(td);
    if (!finished) passSignalOn(w, state);
    endCleanup(begun);
  }
  return state.result;
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
  if (cpu.untimely) return untimely(() => lwktBlock(w, gen, timeoutMs));
  if (!(timeoutMs >= 0)) {
    throw new LwktError(
      'ERR_LWKT_OPTION',
      `lwktBlock(): a timeout of ${String(timeoutMs)} ms; use 0 or more`,
    );
  }
  arm('lwktBlock()');
  const by = sysctlValue('lwkt.waitq_message') === 0 ? blockByToken : blockByMessage;
  return by(w, gen, timeoutMs);
}

function* signalByToken(w: WaitQueue, most: number): Generator<unknown, number, unknown> {
  disarm();
  yield* lwktGetToken(tokenOf(w));
  return signalWithToken(w, most);
}

/** The current thread holds the queue's token, and lets it go. */
function signalWithToken(w: WaitQueue, most: number): number {
  const woken = signalQueue(w, most);
  lwktRelToken(tokenOf(w));
  return woken;
}

function* signalByMessage(w: WaitQueue, most: number): Generator<unknown, number, unknown> {
  disarm();
  const td = cpu.curthread;
  const state = begin(0, true);
  signalHandler(w, handleOf(td), most);
  try {
    yield* untilOver(w, state);
  } finally {
    // The answer is to the thread's last wait: it must not find the next one.
    const begun = beginCleanup();
    if (!state.over) yield* untilOver(w, state);
    waits.delete(td);
    endCleanup(begun);
  }
  return state.result;
}

/**
 * Wakes the threads that wait on a queue, in the order they came: at the call already if the queue is of this cpu and
 * free, else when `yield*` comes to it.
 *
 * Context: thread; blocks (for the queue's token, or its owner's answer).
 *
 * @param w - from waitQueue(name)
 * @param most - how many to wake, fractions cut; default all
 * @returns how many were woken
 * @seed lwkt_signal
 */
export function lwktSignal(w: WaitQueue, most = Infinity): Blocking<number> {
  const n = Math.min(ALL, Math.max(0, most)) | 0;
  // Chaos calls with itself off, so nothing may run in this call.
  if (cpu.untimely) return untimely(() => signalLater(w, n));
  if (sysctlValue('lwkt.waitq_message') !== 0) return signalLater(w, n);
  arm('lwktSignal()');
  // Not armed while it works: an interrupt thread that is woken may preempt, and an error leaves nothing behind.
  disarm();
  // A queue that is here and free takes no generator.
  if (!lwktTryToken(tokenOf(w))) return signalLater(w, n);
  const woken = signalWithToken(w, n);
  arm('lwktSignal()');
  return readyWith(woken);
}

/** The same, beginning with the first step. */
function signalLater(w: WaitQueue, most: number): Blocking<number> {
  arm('lwktSignal()');
  return sysctlValue('lwkt.waitq_message') === 0 ? signalByToken(w, most) : signalByMessage(w, most);
}
