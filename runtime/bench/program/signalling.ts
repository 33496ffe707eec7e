/** Threads that block on wait queues and signal each other. */
import {
  join,
  kthread,
  lwktBlock,
  lwktSignal,
  lwktYield,
  shared,
  spawn,
  waitGen,
  waitQueue,
  type Td,
} from '../../lwkt.ts';
import type { Atomic } from '../../shared-memory/struct.ts';
import { ldA, stA } from '../../shared-memory/word.ts';
import { expect, perOne } from './stopwatch.ts';

const sides = [waitQueue('bench left'), waitQueue('bench right')] as const;
const crowd = waitQueue('bench crowd');
const words = shared.i32('bench turn', 1);
const TURN = 0 as Atomic;

const side = kthread(function* benchSide(me: 0 | 1, turns: number) {
  const other = me === 0 ? 1 : 0;
  let had = 0;
  for (; had < turns; had++) {
    for (;;) {
      // The generation first: a signal after the look at the turn then ends the wait at once.
      const gen = waitGen(sides[me]);
      if (ldA(words, 0, TURN) === me) break;
      yield* lwktBlock(sides[me], gen);
    }
    stA(words, 0, TURN, other);
    yield* lwktSignal(sides[other], 1);
  }
  return had;
});

/** Two threads, of this cpu or of this and the next one, hand a turn to each other; nanoseconds a hand-over. */
export const handOffs = kthread(function* benchHandOffs(total: number, otherCpu: number) {
  const turns = Math.ceil(total / 2);
  stA(words, 0, TURN, 0);
  const start = performance.now();
  const left = spawn(side, [0, turns]);
  const right = spawn(side, [1, turns], { cpu: otherCpu });
  const had = (yield* join(left)) + (yield* join(right));
  const took = perOne(start, had);
  expect('turns', had, 2 * turns);
  return took;
});

let awake = 0;

const waiter = kthread(function* benchWaiter(times: number) {
  for (let i = 0; i < times; i++) {
    yield* lwktBlock(crowd, waitGen(crowd));
    awake++;
  }
});

/** One signal wakes `waiters` threads of this cpu; nanoseconds for each: block, wake-up and switch. */
export const crowds = kthread(function* benchCrowds(waiters: number, total: number) {
  const times = Math.max(1, Math.round(total / waiters));
  const all: Td<void>[] = [];
  awake = 0;
  for (let i = 0; i < waiters; i++) all.push(spawn(waiter, [times]));
  yield* lwktYield();
  const start = performance.now();
  for (let i = 0; i < times; i++) {
    yield* lwktSignal(crowd);
    yield* lwktYield();
  }
  const took = perOne(start, times * waiters);
  for (const td of all) yield* join(td);
  expect('threads woken', awake, times * waiters);
  return took;
});
