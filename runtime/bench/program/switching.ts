/** Threads that switch to each other. */
import { join, kthread, lwktYield, spawn, type Td } from '../../lwkt.ts';
import { expect, perOne } from './stopwatch.ts';

let turns = 0;

const yielder = kthread(function* benchYielder(times: number) {
  for (let i = 0; i < times; i++) {
    turns++;
    yield* lwktYield();
  }
});

/** Switches between `threads` threads of this cpu, `total` in all. */
export const switches = kthread(function* benchSwitches(threads: number, total: number) {
  const times = Math.ceil(total / threads);
  const all: Td<void>[] = [];
  turns = 0;
  for (let i = 0; i < threads; i++) all.push(spawn(yielder, [times]));
  // Their first turns are not counted: each makes its generator.
  yield* lwktYield();
  const start = performance.now();
  const before = turns;
  for (const td of all) yield* join(td);
  const took = perOne(start, turns - before);
  expect('turns', turns, times * threads);
  return took;
});
