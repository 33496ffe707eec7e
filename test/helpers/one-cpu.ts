/**
 * One cpu of a machine, booted in the test file's own worker: real code, no host, no other worker. Cpu 1 and the
 * host's corner exist in memory only; a test may play them.
 */
import type { TestFn } from 'ava';
import { attachArenaOf, type Arena } from './arena.ts';
import { runCpu } from '../../runtime/cpu/loop.ts';
import { bootCpu } from '../../runtime/scheduler/boot.ts';
import { takeArmed } from '../../runtime/scheduler/blocking.ts';
import { spawn, type KThread } from '../../runtime/scheduler/create.ts';
import { cpu } from '../../runtime/scheduler/globaldata.ts';
import { join } from '../../runtime/scheduler/join.ts';
import { kill } from '../../runtime/scheduler/kill.ts';
import { kthread, type KThreadOptions, type ThreadFunction } from '../../runtime/scheduler/kthread.ts';
import { dequeue, highestRunq, runqHead } from '../../runtime/scheduler/runqueue.ts';
import { dispatch, lwktYield } from '../../runtime/scheduler/switch.ts';
import { nextDeadline } from '../../runtime/scheduler/timer.ts';
import { answerBell, BELL_STATE, ringBell, sourceBit } from '../../runtime/shared-memory/doorbell.ts';
import { counter, Globaldata, type CounterName } from '../../runtime/shared-memory/layout/globaldata.ts';
import { Machine, MACHINE_HALTING, MACHINE_RUNNING } from '../../runtime/shared-memory/layout/machine.ts';
import { ringOf, type Shape } from '../../runtime/shared-memory/layout/memory-map.ts';
import {
  headFunc,
  ringComplete,
  ringPush,
  ringRelease,
  ringSeq,
  ringSlot,
  ringTaken,
} from '../../runtime/shared-memory/ring.ts';
import { tailqFirst } from '../../runtime/shared-memory/tailq.ts';
import { ld, ldCount, st, stA } from '../../runtime/shared-memory/word.ts';
import type { Td } from '../../runtime/base/ids.ts';
import { MachinePanic } from '../../runtime/base/panic.ts';
import { TDPRI_CRIT, TDPRI_MASK } from '../../runtime/base/params.ts';
import { Thread } from '../../runtime/shared-memory/layout/thread.ts';

/** Boots this worker as cpu 0 of a small arena. Once per test file. */
export function bootOneCpu(shape: Partial<Shape> = {}): Arena {
  const arena = attachArenaOf(shape);
  bootCpu(arena, 0);
  stA(arena.m, 0, Machine.state, MACHINE_RUNNING);
  return arena;
}

let made = 0;

/** A thread function with a name of its own. */
export function define<A extends unknown[], R>(
  body: ThreadFunction<A, R>,
  options: KThreadOptions = {},
): KThread<A, R> {
  Object.defineProperty(body, 'name', { value: `${body.name === '' ? 'thread' : body.name}.${made++}` });
  return kthread(body, options);
}

function halt(): void {
  stA(cpu.m, 0, Machine.state, MACHINE_HALTING);
  ringBell(cpu.m, cpu.gd, BELL_STATE);
}

/** Makes a cpu that halted or panicked good for the next test. */
function restart(): void {
  answerBell(cpu.m, cpu.gd);
  stA(cpu.m, 0, Machine.state, MACHINE_RUNNING);
  cpu.halted = false;
  cpu.resched = false;
  cpu.turn = false;
  cpu.untimely = false;
}

/** After a panic: the running thread is gone, with whatever it was in, whom it stood on, and all who would run. */
function abandon(): void {
  const { m } = cpu;
  for (let td = cpu.curthread; td !== 0 && td !== cpu.idlethread;) {
    dequeue(td);
    const below = ld(m, td, Thread.preempted);
    st(m, td, Thread.pri, (ld(m, td, Thread.pri) & TDPRI_MASK) | TDPRI_CRIT);
    st(m, td, Thread.mpcount, 0);
    st(m, td, Thread.preempted, 0);
    td = below;
  }
  cpu.curthread = cpu.idlethread;
  for (let nq = highestRunq(); nq >= 0; nq = highestRunq()) dequeue(tailqFirst(m, runqHead(nq)));
  st(cpu.m, cpu.idlethread, Thread.pri, TDPRI_CRIT);
  stA(cpu.m, 0, Machine.mplock, 0);
  cpu.mpHeld = false;
  cpu.mpBell = false;
  cpu.mpDue = false;
  cpu.reqpri = 0;
  cpu.intrNesting = 0;
  cpu.held = 0;
  takeArmed();
}

type Outcome<R> = { readonly value: R } | { readonly error: unknown };

function start<R>(body: () => Generator<unknown, R, unknown>): () => R {
  let outcome: Outcome<R> | undefined;
  const main = define(function* main() {
    try {
      outcome = { value: yield* body() };
    } catch (error) {
      if (error instanceof MachinePanic) throw error;
      outcome = { error };
    }
    halt();
  });
  spawn(main, [], { detached: true });
  return () => {
    if (outcome === undefined) throw new Error('the cpu halted before its main thread ended');
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  };
}

/**
 * Runs a thread, and whatever it makes, until it ends.
 *
 * @returns what it returns
 * @throws what it throws; MachinePanic
 */
export function run<R>(body: () => Generator<unknown, R, unknown>): R {
  const result = start(body);
  try {
    const why = dispatch();
    if (why !== 'halt') throw new Error(`the dispatcher came back with '${why}'`);
  } catch (error) {
    abandon();
    throw error;
  } finally {
    restart();
  }
  return result();
}

/** Like {@link run}, with turns for the event loop. */
export async function runWithLoop<R>(body: () => Generator<unknown, R, unknown>): Promise<R> {
  const result = start(body);
  try {
    await runCpu();
  } finally {
    restart();
  }
  return result();
}

/** Spawns a thread with its body and arguments. */
export function child<A extends unknown[], R>(body: ThreadFunction<A, R>, ...args: A): Td<R> {
  const make = spawn as (kt: KThread<A, R>, args: A) => Td<R>;
  return make(define(body), args);
}

/** Lets every other runnable thread of the same or a higher priority run, some rounds long. */
export function* giveWay(rounds = 4): Generator<unknown, void, unknown> {
  for (let i = 0; i < rounds; i++) yield* lwktYield();
}

/** Joins a thread that fails, for its error. */
export function* failure(td: Td): Generator<unknown, Error & { code?: unknown }, unknown> {
  try {
    yield* join(td);
  } catch (error) {
    return error as Error & { code?: unknown };
  }
  throw new Error('the thread did not fail');
}

/** Plays cpu 1: sends an IPI to cpu 0; false when the ring is full. */
export function sendFromOutside(func: number, arg0 = 0, arg1 = 0, arg2 = 0): boolean {
  const { m, arena, gd } = cpu;
  const sent = ringPush(m, ringOf(arena.map, 1, 0), func, arg0, arg1, arg2);
  ringBell(m, gd, sourceBit(1));
  return sent;
}

function left(): Record<string, number> {
  const { m, gd } = cpu;
  return {
    threads: ld(m, gd, Globaldata.nthreads),
    runnable: ld(m, gd, Globaldata.nrun),
    promises: ld(m, gd, Globaldata.promises),
    messages: ld(m, 0, Machine.messageUsed),
    tokensHeld: cpu.held,
    interrupts: cpu.intrNesting,
    timers: nextDeadline() === Infinity ? 0 : 1,
    running: cpu.curthread - cpu.idlethread,
  };
}

/** Checks after each test that the cpu has nothing left that it had not before. */
export function checkLeaks(test: TestFn): void {
  let before: Record<string, number> = {};
  test.beforeEach(() => {
    before = left();
  });
  test.afterEach((t) => {
    // After a panic the machine is gone, and whatever it had.
    if (!t.title.includes('panic')) t.deepEqual(left(), before);
  });
}

/** Runs a thread that ends the machine, for how. */
export function panicOf(body: () => Generator<unknown, unknown, unknown>): MachinePanic {
  try {
    run(body);
  } catch (error) {
    if (error instanceof MachinePanic) return error;
    throw error;
  }
  throw new Error('no panic');
}

/** How far some counters of the cpu moved since it was called. */
export function watchCounters(...names: CounterName[]): () => number[] {
  const read = (name: CounterName): number => ldCount(cpu.m, cpu.gd, counter(name));
  const before = names.map(read);
  return () => names.map((name, i) => read(name) - (before[i] as number));
}

/** Ends threads that would go on for ever. */
export function* end(...threads: Td[]): Generator<unknown, void, unknown> {
  for (const td of threads) {
    kill(td);
    yield* failure(td);
  }
}

/** What this cpu has sent to another corner and nobody has taken: function and arguments each. Takes them. */
export function takeSent(corner: number): number[][] {
  const { m, arena, id } = cpu;
  const ring = ringOf(arena.map, id, corner);
  const sent: number[][] = [];
  for (let index = ringTaken(m, ring); index !== ringSeq(m, ring); index = (index + 1) | 0) {
    const slot = ringSlot(ring, index);
    sent.push([headFunc(m[slot] as number), ...[1, 2, 3].map((i) => m[slot + i] as number)]);
    ringRelease(m, ring, (index + 1) | 0);
    ringComplete(m, ring, (index + 1) | 0);
  }
  return sent;
}
