/**
 * The suite `waitq`.
 *
 * First come first served: a thread takes a ticket and blocks while it has the queue's token, so tickets are in the
 * order of the queue; a signaller says under the same token up to which ticket threads are free to go. Who comes back
 * with a later ticket was woken out of turn, or without a signal.
 *
 * Lost wake-ups: a thread asks for something in its box and waits on a queue; a signaller fills boxes and signals. If
 * one is lost the thread never goes on, which the host sees.
 *
 * A few threads only signal, so that somebody always does, until all others have ended.
 */
import { nowNs } from '../../base/clock.ts';
import {
  kthread,
  lwktBlock,
  lwktGetToken,
  lwktRegetToken,
  lwktRelToken,
  lwktSchedule,
  lwktSignal,
  LwktError,
  lwktYield,
  shared,
  sleep,
  spawn,
  waitGen,
  waitQueue,
  type Token,
  type WaitQueue,
} from '../../lwkt.ts';
import type { Atomic } from '../../shared-memory/struct.ts';
import { casA, ldA, stA } from '../../shared-memory/word.ts';
import type { StressPlan } from '../plan.ts';
import { liveThreads } from '../record.ts';
import { slayLater } from './children.ts';
import { setTunable } from './kernel-words.ts';
import { napsInOrder } from './naps.ts';
import {
  busted,
  failed,
  handleOfThread,
  record,
  stopped,
  torture,
  waited,
  weightsOf,
  type Operations,
  type SuiteProgram,
  type Torture,
} from './harness.ts';

const LINE = 32;
const BOX = 0 as Atomic;
/** Queues of boxes: several boxes share one, so a wake-up is often for another. */
const MOST_BOX_QUEUES = 16;

/** Per cpu. */
let fifos: readonly WaitQueue[] = [];
let boxQueues: readonly WaitQueue[] = [];
let timedQueue: WaitQueue = 0;
/** For each queue a line: next ticket, tickets that are free to go. */
let tickets = new Int32Array(0);
/** For each thread a line with one word: minus n asks for n, n gives it. */
let boxes = new Int32Array(0);
let threads = 0;

function bind(plan: StressPlan): void {
  if (threads !== 0) return;
  threads = plan.cpus * plan.threads;
  fifos = Array.from({ length: plan.tokens }, (_, i) => waitQueue(`lwkt.stress.fifo.${i}`));
  boxQueues = Array.from({ length: Math.min(threads, MOST_BOX_QUEUES) }, (_, i) =>
    waitQueue(`lwkt.stress.box.${i}`),
  );
  timedQueue = waitQueue('lwkt.stress.timed');
  tickets = shared.i32('lwkt.stress.tickets', plan.tokens * LINE);
  boxes = shared.i32('lwkt.stress.boxes', threads * LINE);
}

/** A queue's token is its first words. */
function tokenOf(w: WaitQueue): Token {
  const word: number = w;
  return word;
}

/** Threads that only signal: one of each cpu, or one in all where there is only one a cpu. */
function isSignaller({ threads: perCpu }: StressPlan, index: number): boolean {
  return perCpu === 1 ? index === 0 : index % perCpu === 0;
}

function signallers(plan: StressPlan): number {
  return plan.threads === 1 ? 1 : plan.cpus;
}

/** Lets some threads of a queue go. */
function* signalFifo(t: Torture, which: number, most: number): Generator<unknown, void, unknown> {
  const w = fifos[which] as WaitQueue;
  yield* lwktGetToken(tokenOf(w));
  const at = which * LINE;
  const waiting = ((tickets[at] as number) - (tickets[at + 1] as number)) | 0;
  const expected = Math.min(most, waiting);
  tickets[at + 1] = ((tickets[at + 1] as number) + expected) | 0;
  const woken = yield* lwktSignal(w, most);
  if (woken !== expected) failed('woken', t.line, { queue: which, expected, found: woken });
  lwktRelToken(tokenOf(w));
}

/** Gives every thread of a box queue what it asks for. */
function* fillBoxes(which: number): Generator<unknown, void, unknown> {
  let any = false;
  for (let i = which; i < threads; i += boxQueues.length) {
    const wish = ldA(boxes, i * LINE, BOX);
    // Another signaller may have filled it meanwhile, and the thread may ask for something else by now.
    if (wish < 0 && casA(boxes, i * LINE, BOX, wish, -wish) === wish) any = true;
  }
  if (any) yield* lwktSignal(boxQueues[which] as WaitQueue);
}

const ALL = 0x7fff;

/** Waits on the queue of time limits, with and without one, until it is killed wherever it stands. */
const victim = kthread(function* stressVictimOfQueue(ms: number) {
  for (;;) yield* lwktBlock(timedQueue, waitGen(timedQueue), ms);
});

/** One wait with a time limit, that anybody may end by a signal. */
function* timedWait(t: Torture): Generator<unknown, void, unknown> {
  const ms = t.next(20) / 10;
  const gen = waitGen(timedQueue);
  const from = nowNs();
  const now = yield* lwktBlock(timedQueue, gen, busted(t, 'timeout') ? 0 : ms);
  const took = (nowNs() - from) / 1e6;
  if (now === gen && took < ms)
    failed('timeout', t.line, { waitedUs: Math.round(took * 1000), boundUs: Math.round(ms * 1000) });
}

const operations: Operations<'waitq'> = {
  *fifo(t) {
    const which = t.next(fifos.length);
    const w = fifos[which] as WaitQueue;
    const at = which * LINE;
    yield* lwktGetToken(tokenOf(w));
    const ticket = tickets[at] as number;
    tickets[at] = (ticket + 1) | 0;
    const gen = waitGen(w);
    const from = nowNs();
    const skips = busted(t, 'fifo') || busted(t, 'woken');
    const now = skips ? gen : yield* lwktBlock(w, gen);
    waited(t, from);
    const free = tickets[at + 1] as number;
    if (((free - ticket) | 0) <= 0 || now === gen)
      failed('fifo', t.line, { queue: which, ticket, free, signals: (now - gen) | 0 });
    lwktRelToken(tokenOf(w));
  },
  *box(t) {
    const w = boxQueues[t.index % boxQueues.length] as WaitQueue;
    const wish = 1 + t.next(1_000_000);
    const from = nowNs();
    stA(boxes, t.index * LINE, BOX, -wish);
    for (;;) {
      const gen = waitGen(w);
      if (ldA(boxes, t.index * LINE, BOX) === wish) break;
      yield* lwktBlock(w, gen);
    }
    waited(t, from);
    stA(boxes, t.index * LINE, BOX, 0);
  },
  *timed(t) {
    // Twice, with no interrupt point between: what is on its way for the first wait is none of the second one's.
    for (let i = t.next(2); i >= 0; i--) yield* timedWait(t);
  },
  /** Makes any thread of the suite run, whatever it waits for. */
  *poke(t) {
    const handle = handleOfThread('waitq', t.next(threads));
    if (handle === 0) return;
    try {
      lwktSchedule(handle);
    } catch (error) {
      // It has ended meanwhile.
      if (!(error instanceof LwktError) || error.code !== 'ERR_LWKT_NO_THREAD') throw error;
    }
  },
  *kill(t) {
    const ms = t.next(2) === 0 ? Infinity : t.next(20) / 20;
    yield* slayLater(t, spawn(victim, [ms], { cpu: t.next(t.plan.cpus) }));
  },
  /** The queue comes to the threads from now on, or they ask its owner; some are in the middle of the other way. */
  *mode(t) {
    setTunable('lwkt.waitq_message', t.next(2));
  },
  *naps(t) {
    yield* napsInOrder(t);
  },
  *signal(t) {
    const most = [1, 1, 2, ALL][t.next(4)] as number;
    yield* signalFifo(t, t.next(fifos.length), stopped() ? ALL : most);
    yield* fillBoxes(t.next(boxQueues.length));
    if (t.next(4) === 0) yield* lwktSignal(timedQueue);
    if (t.next(8) === 0) yield* sleep(t.next(100) / 100);
    else yield* lwktYield();
  },
};

export const waitq: SuiteProgram = {
  body: kthread(function* stressWaitq(state) {
    const { plan, index } = state;
    const m = record(plan);
    if (!isSignaller(plan, index)) return yield* torture('waitq', state, operations);
    const others = (): boolean => stopped() && liveThreads(m, 'waitq') <= signallers(plan);
    const onlySignal = weightsOf(plan, 'waitq').map((_, i, all) => (i === all.length - 1 ? 1 : 0));
    return yield* torture('waitq', state, operations, others, onlySignal);
  }),
  bind,
  *finish() {
    setTunable('lwkt.waitq_message', 0);
    for (const [which, w] of fifos.entries()) {
      yield* lwktGetToken(tokenOf(w));
      yield* lwktRegetToken(tokenOf(w));
      const [next = 0, free = 0] = tickets.subarray(which * LINE);
      lwktRelToken(tokenOf(w));
      if (next !== free) failed('woken', 0, { queue: which, expected: next, found: free });
    }
  },
};
