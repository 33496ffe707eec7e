/** Sleeping, promises, and output, on all cpus at once. */
import { setTimeout as delay } from 'node:timers/promises';
import { join, kthread, lwktYield, mycpu, ncpus, safepoint, shared, sleep, spawn, until } from 'lwkt/thread';
import { random } from '../../helpers/seed.ts';
export * from './leaks.ts';

const stop = shared.i32('stop', 2);

/** Keeps promises outstanding; how exact the event loop's own timers are is not ours. */
const awaitNaps = kthread(function* awaitNaps(rounds: number, seed: number) {
  const next = random(seed);
  for (let i = 0; i < rounds; i++) yield* until(delay(next(4)));
  return 0;
});

const naps = kthread(function* naps(rounds: number, seed: number) {
  const next = random(seed);
  let early = 0;
  for (let i = 0; i < rounds; i++) {
    const ms = next(40) / 10;
    const start = performance.now();
    yield* sleep(ms);
    if (performance.now() - start < ms) early++;
  }
  return early;
});

export const sleeping = kthread(function* sleeping(threads: number, rounds: number, seed: number) {
  const tds = [naps, awaitNaps].flatMap((nap) =>
    Array.from({ length: threads }, (_, i) => spawn(nap, [rounds, seed + i], { cpu: i % ncpus() })),
  );
  const early: number[] = [];
  for (const td of tds) early.push(yield* join(td));
  return early;
});

const busy = kthread(function* busy() {
  Atomics.add(stop, 1, 1);
  while (Atomics.load(stop, 0) === 0) if (safepoint()) yield* lwktYield();
});

const yielder = kthread(function* yielder() {
  while (Atomics.load(stop, 0) === 0) yield* lwktYield();
});

const awaits = kthread(function* awaits(rounds: number) {
  for (let i = 0; i < rounds; i++) yield* until(delay(1));
  return rounds;
});

/** Promises settle while threads never stop running: by safepoints on one half, by yields on the other. */
export const starving = kthread(function* starving(rounds: number) {
  const bees = Array.from({ length: 2 * ncpus() }, (_, i) =>
    spawn(i % 2 === 0 ? busy : yielder, [], { cpu: Math.floor(i / 2) }),
  );
  const tds = Array.from({ length: ncpus() }, (_, cpu) => spawn(awaits, [rounds], { cpu }));
  let sum = 0;
  for (const td of tds) sum += yield* join(td);
  Atomics.store(stop, 0, 1);
  for (const td of bees) yield* join(td);
  return sum;
});

const equal = kthread(function* equal() {
  Atomics.store(stop, 0, 1);
});

/** The only thread of cpu 1 computes, with safepoints; one that is spawned there gets its turn. */
export const latecomer = kthread(function* latecomer() {
  const td = spawn(busy, [], { cpu: 1 });
  while (Atomics.load(stop, 1) === 0) yield* sleep(0.1);
  const late = spawn(equal, [], { cpu: 1 });
  yield* join(late);
  yield* join(td);
  return 'both';
});

const prints = kthread(function* prints(lines: number) {
  for (let i = 0; i < lines; i++) {
    const text = `${mycpu()}:${i}:${'x'.repeat((i * 37) % 500)}`;
    if (i % 2 === 0) console.log(text);
    else process.stdout.write(`${text}\n`);
    if (i % 16 === 0) yield* lwktYield();
  }
});

export default kthread(function* main(lines: number) {
  const tds = Array.from({ length: ncpus() }, (_, cpu) => spawn(prints, [lines], { cpu }));
  for (const td of tds) yield* join(td);
  console.log('end');
});
