/** Wait queues whose token moves while threads ask: requests that overtake each other, and what a kill leaves behind. */
import test from 'ava';
import { IPI } from '../../runtime/base/protocol.ts';
import {
  ipiFunc,
  join,
  kill,
  lwktBlock,
  lwktGetToken,
  lwktRelToken,
  lwktSignal,
  lwktYield,
  safepoint,
  sleep,
  spawn,
  waitGen,
  waitQueue,
  type Td,
  type WaitQueue,
} from '../../runtime/lwkt.ts';
import { cpu } from '../../runtime/scheduler/globaldata.ts';
import { refOf } from '../../runtime/scheduler/thread.ts';
import { signalHandler } from '../../runtime/scheduler/wait-queue.ts';
import { Thread } from '../../runtime/shared-memory/layout/thread.ts';
import { Token, Wait } from '../../runtime/shared-memory/layout/token.ts';
import { tunable } from '../../runtime/shared-memory/layout/sysctl.ts';
import { ringOf } from '../../runtime/shared-memory/layout/memory-map.ts';
import { ringPush } from '../../runtime/shared-memory/ring.ts';
import { ld, ldA, orA, stA } from '../../runtime/shared-memory/word.ts';
import {
  bootOneCpu,
  checkLeaks,
  child,
  define,
  failure,
  giveWay,
  run,
  sendFromOutside,
  takeSent,
} from '../helpers/one-cpu.ts';

bootOneCpu({ ncpus: 3, ringSize: 4 });
checkLeaks(test);
const { m, arena } = cpu;
const log: string[] = [];

function byMessage(on: boolean): void {
  stA(m, arena.map.sysctl, tunable('lwkt.waitq_message'), on ? 1 : 0);
}

test.beforeEach(() => {
  log.length = 0;
  byMessage(true);
});
test.afterEach(() => byMessage(false));

/** Plays what cpu 1 would do: it owns the queue's token. */
function ownedBy1(w: WaitQueue): void {
  stA(m, w, Token.owner, 2);
}

/** The token comes here from cpu 1. */
function comesHere(w: WaitQueue): void {
  stA(m, w, Token.owner, -1);
  sendFromOutside(IPI.tokenGrant, w);
  safepoint();
}

test.serial('regress wait: a timeout that overtakes the request to wait ends the wait', (t) => {
  run(function* () {
    const w = waitQueue('overtaken');
    ownedBy1(w);
    const waits = child(function* waits() {
      return yield* lwktBlock(w, waitGen(w), 1);
    });
    yield* lwktYield();
    const sent = takeSent(1);
    t.deepEqual(
      sent.map(([func]) => func),
      [IPI.block],
    );
    // Cpu 1 gives the token away before it comes to the request; the time is over before that arrives here.
    comesHere(w);
    yield* sleep(3);
    t.is(ld(m, w as number, Wait.count), 0);
    const [, queue = 0, handle = 0, gen = 0] = sent[0] as number[];
    sendFromOutside(IPI.block, queue, handle, gen);
    safepoint();
    t.is(yield* join(waits), gen, 'the time was over');
    t.is(ld(m, w as number, Wait.count), 0);
    t.is(yield* lwktSignal(w), 0);
  });
});

test.serial('regress wait: a withdrawal that comes late does not end the next wait', (t) => {
  run(function* () {
    const w = waitQueue('late withdrawal');
    const waits = child(function* waits() {
      yield* lwktBlock(w, waitGen(w));
      log.push('first');
      yield* lwktBlock(w, waitGen(w));
      log.push('second');
    });
    yield* lwktYield();
    const seq = ld(m, refOf(waits, 'test'), Thread.waitSeq);
    t.is(yield* lwktSignal(w), 1);
    yield* giveWay();
    t.deepEqual(log, ['first']);
    sendFromOutside(IPI.unblock, w, waits, seq);
    safepoint();
    yield* giveWay();
    t.deepEqual(log, ['first']);
    t.is(yield* lwktSignal(w), 1);
    yield* join(waits);
  });
});

for (const message of [false, true]) {
  const way = message ? ', by message' : ', by token';
  test.serial(`regress wait: the signal of a thread that is killed goes to the next${way}`, (t) => {
    run(function* () {
      byMessage(message);
      const w = waitQueue(`killed${way}`);
      const [first, second] = ['first', 'second'].map((name) =>
        child(function* waits() {
          yield* lwktBlock(w, waitGen(w));
          log.push(name);
        }),
      ) as [Td, Td];
      yield* giveWay();
      t.is(yield* lwktSignal(w, 1), 1);
      // Signalled, runnable, and killed before it runs.
      kill(first);
      t.is((yield* failure(first)).code, 'ERR_LWKT_KILLED');
      yield* join(second);
      t.deepEqual(log, ['second']);
    });
  });

  test.serial(`regress wait: a thread killed without a signal wakes nobody${way}`, (t) => {
    run(function* () {
      byMessage(message);
      const w = waitQueue(`unsignalled${way}`);
      const [first, second] = ['first', 'second'].map((name) =>
        child(function* waits() {
          yield* lwktBlock(w, waitGen(w));
          log.push(name);
        }),
      ) as [Td, Td];
      yield* giveWay();
      kill(first);
      t.is((yield* failure(first)).code, 'ERR_LWKT_KILLED');
      yield* giveWay();
      t.deepEqual(log, []);
      t.is(yield* lwktSignal(w), 1);
      yield* join(second);
    });
  });
}

// ---- what waits for the token, while an IPI hands the token over

const makesRoom = ipiFunc(function makesRoom() {
  takeSent(1);
});

test.serial('regress token: what was put off follows a token that leaves between two requests', (t) => {
  run(function* () {
    const w = waitQueue('put off');
    stA(m, arena.map.sysctl, tunable('lwkt.token_quantum_us'), 0);
    yield* lwktGetToken(w as number);
    // Two threads of cpu 1 signal while the token is held here, and cpu 2 wants it.
    const far = [1, 2].map(() =>
      spawn(
        define(function* signals() {
          yield* lwktYield();
        }),
        [],
        { cpu: 1 },
      ),
    );
    takeSent(1);
    for (const td of far) signalHandler(w, td, 1);
    orA(m, w, Token.reqLow, 1 << 2);
    // The answer to the first finds its ring full; what is drained meanwhile hands the token over.
    while (ringPush(m, ringOf(arena.map, 0, 1), IPI.wake, 0, 0, 0));
    ringPush(m, ringOf(arena.map, 2, 0), IPI.tokenRequest, w, 2, 0);
    sendFromOutside(makesRoom.id);
    lwktRelToken(w as number);
    t.is(ldA(m, w as number, Token.owner), -3, 'on its way to cpu 2');
    t.is(ld(m, w as number, Wait.gen), 1, 'one signal was done here');
    t.deepEqual(
      takeSent(2).map(([func]) => func),
      [IPI.tokenGrant, IPI.signal],
    );
    takeSent(1);
    stA(m, arena.map.sysctl, tunable('lwkt.token_quantum_us'), 10);
  });
});

test.serial('regress signal: the answer to one that was killed does not end its next wait', (t) => {
  run(function* () {
    const w = waitQueue('signalled and killed');
    const next = waitQueue('waits in a finally block');
    ownedBy1(w);
    const td = child(function* signals() {
      try {
        yield* lwktSignal(w);
      } finally {
        yield* lwktBlock(next, waitGen(next));
        log.push('signalled');
      }
    });
    yield* giveWay();
    kill(td);
    yield* giveWay();
    // Cpu 1 answers, with the number of the thread's last wait, as it finds it now.
    sendFromOutside(IPI.answered, td, ld(m, refOf(td, 'test'), Thread.waitSeq), 0);
    safepoint();
    yield* giveWay();
    t.deepEqual(log, []);
    t.is(ld(m, next, Wait.count), 1);
    yield* lwktSignal(next);
    t.is((yield* failure(td)).code, 'ERR_LWKT_KILLED');
    t.deepEqual(log, ['signalled']);
    t.is(ld(m, next, Wait.count), 0);
    takeSent(1);
  });
});
