/** What JavaScript has by itself, as one would use it: each returns nanoseconds of one operation. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Job, Side } from './bare-worker.ts';
import { FutexMutex } from './futex-mutex.ts';
import { moduleUrl } from './pool.ts';

function perOne(start: number, n: number): number {
  return ((performance.now() - start) * 1e6) / n;
}

function expect(what: string, found: number, expected: number): void {
  if (found !== expected) throw new Error(`${what}: ${found}, not ${expected}`);
}

let turns = 0;

function* takesTurns(times: number): Generator<undefined, void, unknown> {
  for (let i = 0; i < times; i++) {
    turns++;
    yield;
  }
}

/** Generators in an array, stepped one after the other: no scheduler at all. */
export function generators(threads: number, total: number): number {
  const times = Math.ceil(total / threads);
  const all = Array.from({ length: threads }, () => takesTurns(times));
  turns = 0;
  const start = performance.now();
  for (let i = 0; i < times; i++) for (const one of all) one.next();
  const took = perOne(start, times * threads);
  expect('turns', turns, times * threads);
  return took;
}

/** Async functions that await what is there. */
export async function awaits(threads: number, total: number): Promise<number> {
  const times = Math.ceil(total / threads);
  turns = 0;
  const takeTurns = async (): Promise<void> => {
    for (let i = 0; i < times; i++) {
      turns++;
      await Promise.resolve();
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: threads }, takeTurns));
  const took = perOne(start, times * threads);
  expect('turns', turns, times * threads);
  return took;
}

function* returns(n: number): Generator<undefined, number, unknown> {
  return n;
}

/** A generator is made and runs to its end. */
export function bareGenerator(total: number): number {
  let sum = 0;
  const start = performance.now();
  for (let i = 0; i < total; i++) sum += returns(i).next().value ?? 0;
  const took = perOne(start, total);
  expect('sum of results', sum, (total * (total - 1)) / 2);
  return took;
}

/** An async function is called and awaited. */
export async function asyncCall(total: number): Promise<number> {
  const call = async (n: number): Promise<number> => n;
  let sum = 0;
  const start = performance.now();
  for (let i = 0; i < total; i++) sum += await call(i);
  const took = perOne(start, total);
  expect('sum of results', sum, (total * (total - 1)) / 2);
  return took;
}

/** Two async functions that hand a turn to each other by promises. */
export async function promiseHandOffs(total: number): Promise<number> {
  const turnsEach = Math.ceil(total / 2);
  const waits: (() => void)[] = [];
  let turn = 0;
  let had = 0;
  const side = async (me: number): Promise<void> => {
    for (let i = 0; i < turnsEach; i++) {
      if (turn !== me) await new Promise<void>((resolve) => (waits[me] = resolve));
      turn = 1 - me;
      had++;
      waits[1 - me]?.();
    }
  };
  const start = performance.now();
  await Promise.all([side(0), side(1)]);
  const took = perOne(start, had);
  expect('turns', had, 2 * turnsEach);
  return took;
}

/** The futex mutex by one thread. */
export function mutexAlone(total: number): number {
  const mutex = new FutexMutex(new Int32Array(new SharedArrayBuffer(4)), 0);
  const value = new Int32Array(new SharedArrayBuffer(4));
  const start = performance.now();
  for (let i = 0; i < total; i++) {
    mutex.lock();
    value[0] = i;
    mutex.unlock();
  }
  const took = perOne(start, total);
  expect('the last store', value[0] ?? NaN, total - 1);
  return took;
}

/** Runs both sides of a job in two Workers; what each found. */
async function both(job: Omit<Job, 'side' | 'shared'>): Promise<readonly [number, number, Int32Array]> {
  const shared = new SharedArrayBuffer(4096);
  const workers = [0, 1].map(
    (side) =>
      new Worker(moduleUrl('bare-worker'), {
        workerData: { ...job, side: side as Side, shared } satisfies Job,
      }),
  );
  try {
    const [[a], [b]] = (await Promise.all(workers.map((worker) => once(worker, 'message')))) as [
      [number],
      [number],
    ];
    return [a, b, new Int32Array(shared)];
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** Atomics.wait, woken by Atomics.notify of another Worker: the median, one way. */
export async function wake(times: number): Promise<number> {
  return (await both({ what: 'wake', times, increments: 0 }))[0];
}

/** Two Workers bounce a number by Atomics. */
export async function bounce(times: number): Promise<number> {
  return (await both({ what: 'bounce', times, increments: 0 }))[0];
}

/** Two Workers fight over the futex mutex; nanoseconds a section, and how evenly. */
export async function fight(ms: number, increments: number): Promise<[number, number]> {
  const [a, b, words] = await both({ what: 'fight', times: ms, increments });
  expect('increments', words[32] ?? NaN, ((a + b) * increments) | 0);
  return [(ms * 1e6) / (a + b), Math.min(a, b) / Math.max(a, b)];
}
