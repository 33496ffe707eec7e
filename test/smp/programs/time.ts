/** Sleeping, promises, and output, on all cpus at once. */
import { setTimeout as delay } from 'node:timers/promises';
import {
  join,
  kthread,
  lwktYield,
  mycpu,
  ncpus,
  safepoint,
  shared,
  sleep,
  spawn,
  until,
  type KThread,
  type Td,
} from 'lwkt/thread';
import { cpu } from '../../../runtime/scheduler/globaldata.ts';
import { Globaldata } from '../../../runtime/shared-memory/layout/globaldata.ts';
import { random } from '../../helpers/seed.ts';
export * from './leaks.ts';

/** over; busy threads that began; that gave up. */
const stop = shared.i32('stop', 3);

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

/** Ticks of a cpu's clock after which a busy thread gives up, so that starving the others ends: some seconds. */
const PATIENCE = 30_000;

function heartbeat(): number {
  return Atomics.load(cpu.m, cpu.gd + Globaldata.heartbeat);
}

/** False once all is over, or has taken too long. */
function goOn(start: number): boolean {
  if (Atomics.load(stop, 0) !== 0) return false;
  if (((heartbeat() - start) | 0) < PATIENCE) return true;
  Atomics.add(stop, 2, 1);
  return false;
}

const busy = kthread(function* busy() {
  Atomics.add(stop, 1, 1);
  for (const start = heartbeat(); goOn(start);) if (safepoint()) yield* lwktYield();
});

const yielder = kthread(function* yielder() {
  Atomics.add(stop, 1, 1);
  for (const start = heartbeat(); goOn(start);) yield* lwktYield();
});

const awaits = kthread(function* awaits(rounds: number) {
  for (let i = 0; i < rounds; i++) yield* until(delay(1));
  return rounds;
});

/** Promises settle while threads never stop running: by safepoints on one half, by yields on the other. */
export const starving = kthread(function* starving(rounds: number) {
  const onAll = (kt: KThread<[], void>): Td[] =>
    Array.from({ length: ncpus() }, (_, i) => spawn(kt, [], { cpu: i }));
  const bees = onAll(yielder);
  while (Atomics.load(stop, 1) < ncpus()) yield* sleep(0.1);
  bees.push(...onAll(busy));
  while (Atomics.load(stop, 1) < 2 * ncpus()) yield* sleep(0.1);
  const tds = Array.from({ length: ncpus() }, (_, i) => spawn(awaits, [rounds], { cpu: i }));
  let sum = 0;
  for (const td of tds) sum += yield* join(td);
  Atomics.store(stop, 0, 1);
  for (const td of bees) yield* join(td);
  return { sum, gaveUp: stop[2] };
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
  return stop[2];
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
  const tds = Array.from({ length: ncpus() }, (_, i) => spawn(prints, [lines], { cpu: i }));
  for (const td of tds) yield* join(td);
  console.log('end');
});
