/**
 * Wait queues by message, in every order: what a thread asks of the queue's owner, and what others do to the queue
 * meanwhile, may reach it in any order, since the token moves and requests follow it. All orders are tried on the real
 * handlers, each with and without a turn for the thread between any two deliveries.
 */
import test from 'ava';
import { IPI } from '../../runtime/base/protocol.ts';
import {
  join,
  kill,
  lwktBlock,
  lwktSignal,
  lwktYield,
  safepoint,
  sleep,
  waitGen,
  waitQueue,
  type Td,
  type WaitQueue,
} from '../../runtime/lwkt.ts';
import { cpu } from '../../runtime/scheduler/globaldata.ts';
import { tunable } from '../../runtime/shared-memory/layout/sysctl.ts';
import { Token, Wait } from '../../runtime/shared-memory/layout/token.ts';
import { ld, stA } from '../../runtime/shared-memory/word.ts';
import {
  bootOneCpu,
  checkLeaks,
  child,
  failure,
  giveWay,
  run,
  sendFromOutside,
  takeSent,
} from '../helpers/one-cpu.ts';

bootOneCpu({ names: 1024, memory: 1 << 20 });
checkLeaks(test);
const { m, arena } = cpu;

test.before(() => stA(m, arena.map.sysctl, tunable('lwkt.waitq_message'), 1));

function orders<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((first, i) => orders(items.toSpliced(i, 1)).map((rest) => [first].concat(rest)));
}

let made = 0;

/** A queue whose token cpu 1 has, which the test plays. */
function farQueue(): WaitQueue {
  const w = waitQueue(`orders ${made++}`);
  stA(m, w, Token.owner, 2);
  return w;
}

/** The token comes here, and then what was sent to cpu 1 or to its queue, in one of all orders. */
function* deliver(
  w: WaitQueue,
  order: readonly (readonly number[])[],
  turns: number,
): Generator<unknown, void, unknown> {
  stA(m, w, Token.owner, -1);
  sendFromOutside(IPI.tokenGrant, w);
  safepoint();
  for (const [i, [func = 0, ...args]] of order.entries()) {
    sendFromOutside(func, ...args);
    safepoint();
    if (((turns >> i) & 1) !== 0) yield* giveWay(2);
  }
  yield* giveWay();
}

test.serial(
  'model wait: a wait that times out while it is signalled ends once, and the next one is its own',
  (t) => {
    for (const order of orders([0, 1, 2])) {
      for (let turns = 0; turns < 8; turns++) {
        // With a turn before it, the signal may find the second wait.
        if ((turns & ((1 << order.indexOf(2)) - 1)) !== 0) continue;
        const ended = run(function* () {
          const w = farQueue();
          const log: string[] = [];
          const waits = child(function* waits() {
            yield* lwktBlock(w, waitGen(w), 0.1);
            log.push('first');
            yield* lwktBlock(w, waitGen(w));
            log.push('second');
          });
          yield* lwktYield();
          yield* sleep(0.3);
          yield* giveWay();
          const asked = takeSent(1);
          t.deepEqual(
            asked.map(([func]) => func),
            [IPI.block, IPI.unblock],
          );
          const all = [...asked, [IPI.signal, w, 0, 1]];
          yield* deliver(
            w,
            order.map((i) => all[i] as number[]),
            turns,
          );
          const before = log.join();
          const linked = ld(m, w, Wait.count);
          const woken = yield* lwktSignal(w);
          yield* join(waits);
          return `${before}; ${linked} waits; ${woken} woken; ${log.join()}`;
        });
        t.is(ended, 'first; 1 waits; 1 woken; first,second', `order ${order.join()}, turns ${turns}`);
      }
    }
  },
);

test.serial(
  'model wait: of two threads, one of them killed, one signal wakes the other or finds it killed',
  (t) => {
    for (const order of orders([0, 1, 2, 3])) {
      // The other one waits before the signal, or the signal finds one thread at most.
      if (order.indexOf(2) > order.indexOf(3)) continue;
      for (let turns = 0; turns < 16; turns++) {
        const ended = run(function* () {
          const w = farQueue();
          const log: string[] = [];
          const [killed, other] = ['killed', 'other'].map((name) =>
            child(function* waits() {
              try {
                yield* lwktBlock(w, waitGen(w));
              } finally {
                log.push(name);
              }
            }),
          ) as [Td, Td];
          yield* lwktYield();
          kill(killed);
          yield* giveWay();
          // Its request, the other's, and its withdrawal.
          const [block = [], blockOther = [], unblock = []] = takeSent(1);
          t.deepEqual([block[0], blockOther[0], unblock[0]], [IPI.block, IPI.block, IPI.unblock]);
          const all = [block, unblock, blockOther, [IPI.signal, w, 0, 1]];
          yield* deliver(
            w,
            order.map((i) => all[i] as number[]),
            turns,
          );
          const { code } = yield* failure(killed);
          yield* join(other);
          return `${String(code)} ${log.toSorted().join()} ${ld(m, w, Wait.count)}`;
        });
        t.is(ended, 'ERR_LWKT_KILLED killed,other 0', `order ${order.join()}, turns ${turns}`);
      }
    }
  },
);
