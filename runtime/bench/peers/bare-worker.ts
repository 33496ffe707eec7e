/** A Worker with shared memory and Atomics, and nothing else. Two of them do a job, each its side. */
import { parentPort, workerData } from 'node:worker_threads';
import { FutexMutex } from './futex-mutex.ts';

export type Side = 0 | 1;

/** What both do. */
export interface Job {
  readonly what: 'wake' | 'bounce' | 'fight' | 'first';
  readonly side: Side;
  readonly shared: SharedArrayBuffer;
  /** Rounds; of a fight, milliseconds. */
  readonly times: number;
  /** Of a section. */
  readonly increments: number;
}

// Each on a line of its own.
const PING = 0;
const VALUE = 32;
const PONG = 64;
const READY = 96;
const LOCK = 128;
/** In 64-bit words: when the sleeper woke. */
const WOKEN = 96;
const IDLE_MS = 1;

const { what, side, shared, times, increments } = workerData as Job;
const words = new Int32Array(shared);
const stamps = new BigInt64Array(shared);

/** Until both are there. */
function meet(): void {
  Atomics.add(words, READY, 1);
  while (Atomics.load(words, READY) < 2);
}

function wake(): number {
  if (side === 1) {
    for (let i = 1; i <= times; i++) {
      while (Atomics.load(words, PING) !== i) Atomics.wait(words, PING, i - 1);
      stamps[WOKEN] = process.hrtime.bigint();
      Atomics.store(words, PONG, i);
    }
    return 0;
  }
  const all: number[] = [];
  for (let i = 1; i <= times; i++) {
    Atomics.wait(words, VALUE, 0, IDLE_MS);
    const start = process.hrtime.bigint();
    Atomics.store(words, PING, i);
    Atomics.notify(words, PING, 1);
    while (Atomics.load(words, PONG) !== i);
    all.push(Number((stamps[WOKEN] ?? 0n) - start));
  }
  return all.toSorted((a, b) => a - b)[times >> 1] ?? NaN;
}

function bounce(): number {
  const start = performance.now();
  for (let i = 1; i <= times; i++) {
    if (side === 0) {
      Atomics.store(words, PING, i);
      while (Atomics.load(words, PONG) !== i);
    } else {
      while (Atomics.load(words, PING) !== i);
      Atomics.store(words, PONG, i);
    }
  }
  return ((performance.now() - start) * 1e6) / times;
}

function fight(): number {
  const mutex = new FutexMutex(words, LOCK);
  const end = performance.now() + times;
  let sections = 0;
  // The clock costs as much as a section: one look in a thousand.
  while (sections % 1000 !== 0 || performance.now() < end) {
    mutex.lock();
    for (let i = 0; i < increments; i++) words[VALUE] = (words[VALUE] as number) + 1;
    mutex.unlock();
    sections++;
  }
  return sections;
}

if (what === 'first') parentPort?.postMessage(performance.timeOrigin + performance.now());
else {
  meet();
  parentPort?.postMessage({ wake, bounce, fight }[what]());
}
