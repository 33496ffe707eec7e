/** Threads that are made, run, end and are joined. */
import { join, kthread, ncpus, spawn, type Td } from '../../lwkt.ts';
import { expect, perOne } from './stopwatch.ts';

const same = kthread(function* benchSame(n: number) {
  return n;
});

/** One after the other, on this cpu. */
export const spawnOwn = kthread(function* benchSpawnOwn(total: number) {
  let sum = 0;
  const start = performance.now();
  for (let i = 0; i < total; i++) sum += yield* join(spawn(same, [i]));
  const took = perOne(start, total);
  expect('sum of results', sum, (total * (total - 1)) / 2);
  return took;
});

/** On the other cpus in turn, `flight` at a time. */
export const spawnOther = kthread(function* benchSpawnOther(total: number, flight: number) {
  const others = Math.max(1, ncpus() - 1);
  const all = new Array<Td<number>>(flight);
  let sum = 0;
  const start = performance.now();
  for (let done = 0; done < total; done += flight) {
    for (let i = 0; i < flight; i++) all[i] = spawn(same, [i], { cpu: ncpus() - 1 - (i % others) });
    for (const td of all) sum += yield* join(td);
  }
  const took = perOne(start, total);
  expect('sum of results', sum, (total / flight) * ((flight * (flight - 1)) / 2));
  return took;
});
