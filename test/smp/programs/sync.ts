/** Synchronisation objects between cpus. */
import {
  barrier,
  barrierWait,
  condition,
  conditionBroadcast,
  conditionSignal,
  conditionWait,
  destroy,
  join,
  kill,
  kthread,
  LwktError,
  lwktYield,
  mutex,
  mutexLock,
  mutexTryLock,
  mutexUnlock,
  mycpu,
  ncpus,
  once,
  onceRun,
  rwlock,
  rwlockRead,
  rwlockUnlock,
  rwlockWrite,
  safepoint,
  semaphore,
  semaphorePost,
  semaphoreWait,
  shared,
  sleep,
  spawn,
  spinLock,
  spinlock,
  spinUnlock,
  type Mutex,
} from 'lwkt/thread';
import { random } from '../../helpers/seed.ts';
export * from './leaks.ts';

const counters = shared.i32('counters', 256);
const inside = shared.i32('inside', 8);
const stop = shared.i32('stop', 1);

// ---- mutex: locked in all ways, blocked in, timed out, killed

const mutexUser = kthread(function* mutexUser(mu: Mutex, rounds: number, seed: number) {
  const next = random(seed);
  let wrong = 0;
  let got = 0;
  for (let i = 0; i < rounds; i++) {
    const how = next(10);
    const locked =
      how === 0 ? mutexTryLock(mu) : yield* mutexLock(mu, how === 1 ? { timeoutMs: next(3) / 10 } : {});
    if (!locked) continue;
    got++;
    if (Atomics.add(inside, 0, 1) !== 0) wrong++;
    counters[0] = (counters[0] as number) + 1;
    if (next(4) === 0) yield* lwktYield();
    if (next(32) === 0) yield* sleep(0);
    counters[1] = (counters[1] as number) + 1;
    Atomics.sub(inside, 0, 1);
    mutexUnlock(mu);
    if (next(8) === 0) yield* lwktYield();
  }
  return [got, wrong];
});

/** Dies at random while it waits or holds. */
const mortal = kthread(function* mortal(mu: Mutex) {
  for (;;) {
    yield* mutexLock(mu, { poisoned: true });
    try {
      if (safepoint()) yield* lwktYield();
      yield* sleep(0);
    } finally {
      mutexUnlock(mu);
    }
  }
});

export const mutexes = kthread(function* mutexes(
  threads: number,
  rounds: number,
  kills: number,
  seed: number,
) {
  const next = random(seed);
  const mu = mutex();
  const tds = Array.from({ length: threads }, (_, i) =>
    spawn(mutexUser, [mu, rounds, seed + i], { cpu: i % ncpus() }),
  );
  let killed = 0;
  for (let i = 0; i < kills; i++) {
    const td = spawn(mortal, [mu], { cpu: next(ncpus()) });
    yield* sleep(next(5) / 10);
    kill(td);
    try {
      yield* join(td);
    } catch (error) {
      if (error instanceof LwktError && error.code === 'ERR_LWKT_KILLED') killed++;
    }
  }
  let got = 0;
  let wrong = 0;
  for (const td of tds) {
    const [g = 0, w = 0] = yield* join(td);
    got += g;
    wrong += w;
  }
  destroy(mu);
  return { exact: counters[0] === got && counters[1] === got, wrong, killed };
});

// ---- spinlock

const spin = spinlock('spin');

const spinner = kthread(function* spinner(rounds: number) {
  let wrong = 0;
  for (let i = 0; i < rounds; i++) {
    yield* spinLock(spin);
    if (Atomics.add(inside, 1, 1) !== 0) wrong++;
    counters[2] = (counters[2] as number) + 1;
    Atomics.sub(inside, 1, 1);
    spinUnlock(spin);
    if (safepoint()) yield* lwktYield();
  }
  return wrong;
});

export const spinlocks = kthread(function* spinlocks(threads: number, rounds: number) {
  const tds = Array.from({ length: threads }, (_, i) => spawn(spinner, [rounds], { cpu: i % ncpus() }));
  let wrong = 0;
  for (const td of tds) wrong += yield* join(td);
  return { count: counters[2], wrong };
});

// ---- semaphore: never more inside than units

const UNITS = 3;
const units = semaphore(UNITS, 'units');

const visitor = kthread(function* visitor(rounds: number, seed: number) {
  const next = random(seed);
  let most = 0;
  let visits = 0;
  for (let i = 0; i < rounds; i++) {
    if (!(yield* semaphoreWait(units, next(8) === 0 ? next(3) / 10 : Infinity))) continue;
    visits++;
    most = Math.max(most, Atomics.add(inside, 2, 1) + 1);
    if (next(3) === 0) yield* lwktYield();
    Atomics.sub(inside, 2, 1);
    semaphorePost(units);
  }
  return [most, visits];
});

export const semaphores = kthread(function* semaphores(threads: number, rounds: number, seed: number) {
  const tds = Array.from({ length: threads }, (_, i) =>
    spawn(visitor, [rounds, seed + i], { cpu: i % ncpus() }),
  );
  let most = 0;
  let visits = 0;
  for (const td of tds) {
    const [m = 0, v = 0] = yield* join(td);
    most = Math.max(most, m);
    visits += v;
  }
  // All units are back.
  for (let i = 0; i < UNITS; i++) yield* semaphoreWait(units);
  semaphorePost(units, UNITS);
  return { within: most <= UNITS, some: visits > 0 };
});

// ---- condition: a queue of eight

const SLOTS = 8;
const queueLock = mutex('queue');
const notEmpty = condition('not empty');
const notFull = condition('not full');
/** first, length, over; then the items. */
const queue = shared.i32('queue', 3 + SLOTS);

const producer = kthread(function* producer(from: number, count: number) {
  for (let n = from; n < from + count; n++) {
    yield* mutexLock(queueLock);
    while (queue[1] === SLOTS) yield* conditionWait(notFull, queueLock);
    queue[3 + (((queue[0] as number) + (queue[1] as number)) % SLOTS)] = n;
    queue[1] = (queue[1] as number) + 1;
    conditionSignal(notEmpty);
    mutexUnlock(queueLock);
  }
});

const consumer = kthread(function* consumer(seed: number) {
  const next = random(seed);
  let sum = 0;
  let count = 0;
  for (;;) {
    yield* mutexLock(queueLock);
    while (queue[1] === 0 && queue[2] === 0) {
      yield* conditionWait(notEmpty, queueLock, next(4) === 0 ? next(3) / 10 : Infinity);
    }
    const over = queue[1] === 0;
    if (!over) {
      sum += queue[3 + (queue[0] as number)] as number;
      count++;
      queue[0] = ((queue[0] as number) + 1) % SLOTS;
      queue[1] = (queue[1] as number) - 1;
      conditionSignal(notFull);
    }
    mutexUnlock(queueLock);
    if (over) return [sum, count];
  }
});

export const conditions = kthread(function* conditions(pairs: number, count: number, seed: number) {
  const n = ncpus();
  const producers = Array.from({ length: pairs }, (_, i) =>
    spawn(producer, [1 + i * count, count], { cpu: i % n }),
  );
  const consumers = Array.from({ length: pairs }, (_, i) =>
    spawn(consumer, [seed + i], { cpu: (i + 1) % n }),
  );
  for (const td of producers) yield* join(td);
  yield* mutexLock(queueLock);
  queue[2] = 1;
  conditionBroadcast(notEmpty);
  mutexUnlock(queueLock);
  let sum = 0;
  let items = 0;
  for (const td of consumers) {
    const [s = 0, c = 0] = yield* join(td);
    sum += s;
    items += c;
  }
  return { sum, items };
});

// ---- barrier: rounds in step

const walker = kthread(function* walker(me: number, all: number, rounds: number, seed: number) {
  const next = random(seed);
  const b = barrier(all, `round of ${all}`);
  let wrong = 0;
  let last = 0;
  for (let round = 1; round <= rounds; round++) {
    Atomics.store(counters, 16 + me, round);
    for (let naps = next(3); naps > 0; naps--) yield* lwktYield();
    if (yield* barrierWait(b)) last++;
    for (let other = 0; other < all; other++) {
      const at = Atomics.load(counters, 16 + other);
      if (at < round || at > round + 1) wrong++;
    }
  }
  return [wrong, last];
});

export const barriers = kthread(function* barriers(threads: number, rounds: number, seed: number) {
  const tds = Array.from({ length: threads }, (_, i) =>
    spawn(walker, [i, threads, rounds, seed + i], { cpu: i % ncpus() }),
  );
  let wrong = 0;
  let last = 0;
  for (const td of tds) {
    const [w = 0, l = 0] = yield* join(td);
    wrong += w;
    last += l;
  }
  return { wrong, last };
});

// ---- once

const runner = kthread(function* runner(slot: number, seed: number) {
  const next = random(seed);
  const o = once(`once ${slot}`);
  let failures = 0;
  for (;;) {
    try {
      yield* onceRun(o, function* body() {
        yield* lwktYield();
        if (next(3) === 0) throw new Error('again');
        Atomics.add(counters, 128, 1);
      });
      return failures;
    } catch {
      failures++;
    }
  }
});

export const onces = kthread(function* onces(slots: number, threads: number, seed: number) {
  for (let slot = 0; slot < slots; slot++) {
    const tds = Array.from({ length: threads }, (_, i) =>
      spawn(runner, [slot, seed + slot * 64 + i], { cpu: i % ncpus() }),
    );
    for (const td of tds) yield* join(td);
  }
  return Atomics.load(counters, 128);
});

// ---- rwlock

const rw = rwlock('rw');

const reader = kthread(function* reader(seed: number) {
  const next = random(seed);
  let wrong = 0;
  let reads = 0;
  while (Atomics.load(stop, 0) === 0) {
    if (!(yield* rwlockRead(rw, next(8) === 0 ? next(3) / 10 : Infinity))) continue;
    reads++;
    Atomics.add(inside, 3, 1);
    if (Atomics.load(inside, 4) !== 0) wrong++;
    const a = counters[200];
    if (next(3) === 0) yield* lwktYield();
    if (counters[201] !== a) wrong++;
    Atomics.sub(inside, 3, 1);
    rwlockUnlock(rw);
    if (next(4) === 0) yield* lwktYield();
  }
  return [reads, wrong];
});

const writer = kthread(function* writer(rounds: number, seed: number) {
  const next = random(seed);
  let wrong = 0;
  for (let i = 0; i < rounds;) {
    if (!(yield* rwlockWrite(rw, next(8) === 0 ? { timeoutMs: next(3) / 10 } : {}))) continue;
    i++;
    if (Atomics.add(inside, 4, 1) !== 0 || Atomics.load(inside, 3) !== 0) wrong++;
    counters[200] = (counters[200] as number) + 1;
    if (next(3) === 0) yield* lwktYield();
    counters[201] = (counters[201] as number) + 1;
    Atomics.sub(inside, 4, 1);
    rwlockUnlock(rw);
  }
  return wrong;
});

export const rwlocks = kthread(function* rwlocks(threads: number, rounds: number, seed: number) {
  const n = ncpus();
  const readers = Array.from({ length: threads }, (_, i) => spawn(reader, [seed + i], { cpu: i % n }));
  const writers = Array.from({ length: threads }, (_, i) =>
    spawn(writer, [rounds, seed - i], { cpu: (i + 1) % n }),
  );
  let wrong = 0;
  // Writers come to their end although readers never stop.
  for (const td of writers) wrong += yield* join(td);
  Atomics.store(stop, 0, 1);
  let starved = 0;
  for (const td of readers) {
    const [reads = 0, w = 0] = yield* join(td);
    wrong += w;
    if (reads === 0) starved++;
  }
  return { writes: counters[200], twin: counters[201], wrong, starved, here: mycpu() };
});
