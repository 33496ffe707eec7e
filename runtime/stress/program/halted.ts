/**
 * Threads that must not run: made stopped, descheduled, killed, ended. Each counts its turns; what was asked of it has
 * been done on its cpu before its count is looked at, so a turn more is one that it should not have had.
 */
import {
  ipiFunc,
  kill,
  kthread,
  lwktAwaitIpiq,
  lwktDeschedule,
  lwktSchedule,
  lwktSendIpiq,
  lwktSetPri,
  lwktSwitch,
  lwktYield,
  mycpu,
  safepoint,
  shared,
  spawn,
  TDPRI_KERN_DAEMON,
  TDPRI_USER_IDLE,
  type Td,
} from '../../lwkt.ts';
import type { Atomic } from '../../shared-memory/struct.ts';
import { addA, ldA, stA } from '../../shared-memory/word.ts';
import type { StressPlan } from '../plan.ts';
import { acquire, errorOf, hasCode } from './children.ts';
import { anyCpu, busted, failed, type Torture } from './harness.ts';

const LINE = 32;
/** Of the line of the thread that does the operation. */
const TURNS = 0 as Atomic;

let region = new Int32Array(0);

/** Finds the counts; before the first operation on this cpu. */
export function bindHalted(plan: StressPlan): void {
  region = shared.i32('lwkt.stress.halted', plan.cpus * plan.threads * LINE);
}

const turns = (base: number): number => ldA(region, base, TURNS);

/** Counts its turns until it is killed. It gives way by a bare switch, which leaves a stopped thread stopped. */
const ticker = kthread(function* stressTicker(base: number): Generator<unknown, void, unknown> {
  for (;;) {
    addA(region, base, TURNS, 1);
    safepoint();
    yield* lwktSwitch();
  }
});

const nothing = ipiFunc(function stressNothingHalted() {});

/** What this cpu has asked of another one so far has been done there. */
function* settled(cpu: number): Generator<unknown, void, unknown> {
  if (cpu !== mycpu()) yield* lwktAwaitIpiq(cpu, lwktSendIpiq(cpu, nothing));
}

/** The thread stands, however often its cpu switches. */
function* mustStand(
  t: Torture,
  td: Td,
  base: number,
  expected: number = turns(base),
): Generator<unknown, void, unknown> {
  for (let i = t.next(4); i >= 0; i--) yield* lwktYield();
  const found = turns(base);
  if (found !== expected) failed('stopped', t.line, { handle: td, expected, found });
}

/** It runs, sooner or later. */
function* mustRun(base: number): Generator<unknown, void, unknown> {
  const before = turns(base);
  while (turns(base) === before) yield* lwktYield();
}

/** One that was made stopped, and perhaps taken elsewhere. @returns its cpu */
function* madeStopped(t: Torture, td: Td, base: number, cpu: number): Generator<unknown, number, unknown> {
  yield* settled(cpu);
  yield* mustStand(t, td, base, 0);
  if (t.next(2) === 0) return cpu;
  const here = yield* acquire(td);
  yield* mustStand(t, td, base, 0);
  return here ? mycpu() : cpu;
}

/** Stops a thread in every way there is, and looks whether it runs. */
export function* haltedThread(t: Torture): Generator<unknown, void, unknown> {
  const base = t.index * LINE;
  stA(region, base, TURNS, 0);
  const stopped = t.next(2) === 0;
  let cpu = anyCpu(t);
  const td = spawn(ticker, [base], { cpu, stopped });
  if (stopped) {
    cpu = yield* madeStopped(t, td, base, cpu);
    lwktSchedule(td);
  }
  yield* mustRun(base);
  if (!busted(t, 'stopped')) lwktDeschedule(td);
  yield* settled(cpu);
  yield* mustStand(t, td, base);
  if (t.next(2) === 0) {
    // No more urgent than its equals: they have to get on.
    lwktSetPri(td, TDPRI_USER_IDLE + t.next(4));
    lwktSetPri(td, TDPRI_KERN_DAEMON);
    yield* settled(cpu);
    yield* mustStand(t, td, base);
    lwktSchedule(td);
    yield* mustRun(base);
  }
  kill(td);
  yield* settled(cpu);
  const ended = turns(base);
  yield* mustStand(t, td, base, ended);
  // Harmless, whether it has ended by now or not.
  lwktSchedule(td);
  yield* settled(cpu);
  yield* mustStand(t, td, base, ended);
  if (!hasCode(yield* errorOf(td), 'ERR_LWKT_KILLED')) failed('result', t.line, { handle: td });
  yield* mustStand(t, td, base, ended);
}
