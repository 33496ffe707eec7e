/** Wait queues between cpus. */
import {
  curthread,
  join,
  kthread,
  lwktBlock,
  lwktGetToken,
  lwktRelToken,
  lwktSchedule,
  lwktSignal,
  lwktYield,
  ncpus,
  shared,
  sleep,
  spawn,
  token,
  waitGen,
  waitQueue,
  type Td,
} from 'lwkt/thread';
import { random } from '../../helpers/seed.ts';
export * from './leaks.ts';

const SLOTS = 8;
const lock = token('lock');
const notEmpty = waitQueue('not empty');
const notFull = waitQueue('not full');
/** first, length, over; then the items. */
const buffer = shared.i32('buffer', 3 + SLOTS);
const turns = shared.i32('turns', 2);
const ping = waitQueue('ping');
const handles = shared.i32('handles', 64);
const stop = shared.i32('stop', 1);

const producer = kthread(function* producer(from: number, count: number) {
  for (let n = from; n < from + count;) {
    const gen = waitGen(notFull);
    yield* lwktGetToken(lock);
    const length = buffer[1] as number;
    const put = length < SLOTS;
    if (put) {
      buffer[3 + (((buffer[0] as number) + length) % SLOTS)] = n++;
      buffer[1] = length + 1;
    }
    lwktRelToken(lock);
    if (put) yield* lwktSignal(notEmpty, 1);
    else yield* lwktBlock(notFull, gen);
  }
});

const consumer = kthread(function* consumer(slot: number) {
  handles[slot] = curthread();
  let sum = 0;
  let count = 0;
  for (;;) {
    const gen = waitGen(notEmpty);
    yield* lwktGetToken(lock);
    const length = buffer[1] as number;
    if (length > 0) {
      sum += buffer[3 + (buffer[0] as number)] as number;
      count++;
      buffer[0] = ((buffer[0] as number) + 1) % SLOTS;
      buffer[1] = length - 1;
    }
    const over = buffer[2] === 1 && length === 0;
    lwktRelToken(lock);
    if (over) break;
    if (length > 0) yield* lwktSignal(notFull, 1);
    else yield* lwktBlock(notEmpty, gen);
  }
  handles[slot] = 0;
  return [sum, count];
});

/** Schedules the waiting consumers all the time: that must neither wake nor lose them. */
const meddler = kthread(function* meddler() {
  let calls = 0;
  while (Atomics.load(stop, 0) === 0) {
    for (const handle of handles) {
      if (handle === 0) continue;
      try {
        lwktSchedule(handle);
        calls++;
      } catch {
        // Has just ended.
      }
    }
    yield* sleep(0.02);
    yield* lwktYield();
  }
  return calls;
});

export const queue = kthread(function* queue(pairs: number, count: number, meddle: boolean) {
  const n = ncpus();
  const meddlers = meddle
    ? [spawn(meddler, [], { cpu: 'spread' }), spawn(meddler, [], { cpu: 'spread' })]
    : [];
  const producers = Array.from({ length: pairs }, (_, i) =>
    spawn(producer, [1 + i * count, count], { cpu: i % n }),
  );
  const consumers = Array.from({ length: pairs }, (_, i) => spawn(consumer, [i], { cpu: (i + 1) % n }));
  for (const td of producers) yield* join(td);
  yield* lwktGetToken(lock);
  buffer[2] = 1;
  lwktRelToken(lock);
  // Those that look after this see that it is over; those that look before are woken.
  yield* lwktSignal(notEmpty);
  let sum = 0;
  let items = 0;
  for (const td of consumers) {
    const [s = 0, c = 0] = yield* join(td);
    sum += s;
    items += c;
  }
  Atomics.store(stop, 0, 1);
  let calls = 0;
  for (const td of meddlers) calls += yield* join(td);
  return { sum, items, meddled: calls > 0 };
});

const player = kthread(function* player(me: number, rounds: number) {
  for (let i = 0; i < rounds; i++) {
    let gen = waitGen(ping);
    while (Atomics.load(turns, 0) % 2 !== me) gen = yield* lwktBlock(ping, gen);
    Atomics.add(turns, 0, 1);
    yield* lwktSignal(ping);
  }
});

export const pingPong = kthread(function* pingPong(rounds: number) {
  const tds = [spawn(player, [0, rounds], { cpu: 0 }), spawn(player, [1, rounds], { cpu: 1 })];
  for (const td of tds) yield* join(td);
  return turns[0];
});

const impatient = kthread(function* impatient(rounds: number, seed: number) {
  const next = random(seed);
  let signalled = 0;
  let timedOut = 0;
  for (let i = 0; i < rounds; i++) {
    const gen = waitGen(ping);
    if ((yield* lwktBlock(ping, gen, next(3) / 10)) === gen) timedOut++;
    else signalled++;
  }
  return signalled + timedOut;
});

const signaller = kthread(function* signaller(seed: number) {
  const next = random(seed);
  let woken = 0;
  while (Atomics.load(stop, 0) === 0) {
    woken += yield* lwktSignal(ping, 1 + next(3));
    yield* sleep(next(3) / 20);
  }
  return woken;
});

/** Threads of all cpus that time out and are signalled at the same time. */
export const timeouts = kthread(function* timeouts(threads: number, rounds: number, seed: number) {
  const waits = Array.from({ length: threads }, (_, i) =>
    spawn(impatient, [rounds, seed + i], { cpu: i % ncpus() }),
  );
  const signals = [0, 1].map((i) => spawn(signaller, [seed - i], { cpu: i % ncpus() }));
  let sum = 0;
  for (const td of waits) sum += yield* join(td);
  Atomics.store(stop, 0, 1);
  for (const td of signals) yield* join(td);
  return sum;
});

const late = kthread(function* late(gen: number): Generator<unknown, number, unknown> {
  return yield* lwktBlock(ping, gen);
});

/** A signal before the block is not lost, from whatever cpu. */
export const before = kthread(function* before(rounds: number) {
  const missed: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const gen = waitGen(ping);
    const td: Td<number> = spawn(late, [gen], { cpu: i % ncpus() });
    yield* lwktSignal(ping);
    if ((yield* join(td)) === gen) missed.push(i);
  }
  return missed;
});
