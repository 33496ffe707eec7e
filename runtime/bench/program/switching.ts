/** Threads that switch to each other. */
import { join, kthread, lwktYield, spawn, type Td } from '../../lwkt.ts';
import { expect } from './stopwatch.ts';

let turns = 0;
let last = 0;
let end = 0;

const yielder = kthread(function* benchYielder(times: number) {
  for (let i = 0; i < times; i++) {
    if (++turns === last) end = performance.now();
    yield* lwktYield();
  }
});

/**
 * Switches between `threads` threads of this cpu, `total` in all.
 *
 * The first turn of each is not counted: it makes its generator. Threads end after the last turn of all.
 */
export const switches = kthread(function* benchSwitches(threads: number, total: number) {
  const times = Math.ceil(total / threads);
  const all: Td<void>[] = [];
  turns = 0;
  last = (times + 1) * threads;
  for (let i = 0; i < threads; i++) all.push(spawn(yielder, [times + 1]));
  yield* lwktYield();
  expect('first turns', turns, threads);
  const start = performance.now();
  for (const td of all) yield* join(td);
  expect('turns', turns, last);
  return ((end - start) * 1e6) / (times * threads);
});
