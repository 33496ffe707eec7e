/** Threads that wait for ever, to be weighed. */
import {
  kthread,
  lwktBlock,
  lwktDescheduleSelf,
  lwktSwitch,
  lwktYield,
  spawn,
  waitGen,
  waitQueue,
} from '../../lwkt.ts';

const parked = waitQueue('bench parked');

const blocked = kthread(function* benchBlocked(gen: number) {
  yield* lwktBlock(parked, gen);
});

const stopped = kthread(function* benchStopped(gen: number) {
  lwktDescheduleSelf();
  yield* lwktSwitch();
  return gen;
});

/** Makes `n` threads that wait: on a queue, or simply off the run queue. */
export const idlers = kthread(function* benchIdlers(n: number, queue: boolean) {
  const gen = waitGen(parked);
  for (let i = 0; i < n; i++) {
    spawn(queue ? blocked : stopped, [gen], { detached: true });
    if (i % 1000 === 999) yield* lwktYield();
  }
  for (let i = 0; i < 3; i++) yield* lwktYield();
});
