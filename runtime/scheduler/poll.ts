/**
 * Interrupt points: what a cpu does when its doorbell rang or its poll count ran out.
 *
 * Every switch and every safepoint looks at one plain word and counts down one number. The slow path, here,
 * answers the bell and, every tick or so, looks at the clock: timers, round robin among equals, the event loop's
 * share, tokens that other cpus wait for. How many polls make a tick is learnt, so that a tick stays near sysctl
 * lwkt.tick_us whatever the program does between two polls. What is learnt while polls come every nanosecond is far too
 * many when they come every millisecond: so the host rings a cpu that runs and has not looked for long (BELL_CLOCK).
 *
 * Seed: splz, the clock interrupt's need_resched.
 */
import * as clockModule from '../base/clock.ts';
import type { ThreadRef } from '../base/ids.ts';
import * as paramsModule from '../base/params.ts';
import * as deathModule from '../shared-memory/death.ts';
import * as doorbellModule from '../shared-memory/doorbell.ts';
import * as globaldataLayoutModule from '../shared-memory/layout/globaldata.ts';
import * as machineLayoutModule from '../shared-memory/layout/machine.ts';
import * as threadLayoutModule from '../shared-memory/layout/thread.ts';
import * as wordModule from '../shared-memory/word.ts';
import * as globaldataModule from './globaldata.ts';
import * as ipiqModule from './ipiq.ts';
import * as drainModule from './ipiq-drain.ts';
import * as mplockOwnerModule from './mplock-owner.ts';
import * as runqueueModule from './runqueue.ts';
import * as threadModule from './thread.ts';
import * as timerModule from './timer.ts';

// An import is read through its module's cell at every use; a constant of this file is folded into the code.
const { nowNs } = clockModule;
const { TDF_EXITING, TDF_KILLED, TDF_TOLD, TDPRI_CRIT } = paramsModule;
const {
  answerBell,
  BELL_CLOCK,
  BELL_CONTROL,
  BELL_HOST,
  BELL_IPI,
  BELL_MPLOCK,
  BELL_POLLING,
  BELL_STATE,
  bellPending,
} = doorbellModule;
const { deathsOf, diedAt } = deathModule;
const { Globaldata } = globaldataLayoutModule;
const { Machine, MACHINE_HALTING } = machineLayoutModule;
const { Thread } = threadLayoutModule;
const { addA, count, ld, ldA, st } = wordModule;
const { counterField, cpu, sysctlValue } = globaldataModule;
const { drainPassive, processIpiq } = drainModule;
const { forsake } = ipiqModule;
const { mplockTick } = mplockOwnerModule;
const { othersRunnable } = runqueueModule;
const { killedError } = threadModule;
const { fireTimers } = timerModule;

const { pri: TD_PRI, flags: TD_FLAGS } = Thread;
const { promises: GD_PROMISES, heartbeat: GD_HEARTBEAT } = Globaldata;
const { state: MACHINE_STATE } = Machine;
const SAFEPOINT_SLOW = counterField('lwkt.safepoint_slow');

const MIN_POLLS = 8;
const MAX_POLLS = 1 << 16;

/** Polls between two looks at the clock. Per cpu. */
let pollsPerTick = 64;
let lastTick = 0;
let lastTurn = 0;

/** Upcall of token.ts: hands over tokens that other cpus wait for; true while some are still owed. */
let settleTokens: (now: number) => boolean = () => false;

/** Fills the upcall. Context: boot; never blocks. */
export function setSettleTokens(settle: (now: number) => boolean): void {
  settleTokens = settle;
}

/** Upcall of preempt.ts: lets interrupt threads that became runnable preempt the current one. */
let preemptPending: () => void = () => {};

/** Fills the upcall. Context: boot; never blocks. */
export function setPreemptPending(preempt: () => void): void {
  preemptPending = preempt;
}

/** Upcall of balance.ts: gives threads to cpus that have none. */
let balance: () => void = () => {};

/** Fills the upcall. Context: boot; never blocks. */
export function setBalance(give: () => void): void {
  balance = give;
}

/** Answers the doorbell. Context: thread | idle; critical section: free; never blocks. */
export function answer(): void {
  const { m, gd } = cpu;
  const bits = answerBell(m, gd);
  if ((bits & BELL_STATE) !== 0) stateChanged();
  if ((bits & BELL_CONTROL) !== 0) wantTurn();
  if ((bits & BELL_CLOCK) !== 0) cpu.polls = -1;
  if ((bits & BELL_MPLOCK) !== 0) {
    cpu.mpBell = true;
    cpu.resched = true;
  }
  if ((bits & (BELL_IPI | BELL_HOST | BELL_POLLING)) !== 0) processIpiq(bits); // B3 of doorbell.ts
}

/** The machine halts, or a cpu has died. */
function stateChanged(): void {
  if (ldA(cpu.m, 0, MACHINE_STATE) >= MACHINE_HALTING) {
    cpu.halted = true;
    cpu.resched = true;
  }
  const deaths = deathsOf(cpu.arena);
  if (deaths === 0) return;
  // What waits for the dead in this very moment must not wait for the next switch.
  const before = cpu.deaths;
  cpu.deaths = deaths;
  for (let dcpu = 0; dcpu < cpu.ncpus; dcpu++) {
    const number = diedAt(cpu.arena, dcpu);
    if (number > before && number <= deaths) forsake(dcpu);
  }
  cpu.mourns = true;
  cpu.resched = true;
}

/** Asks for a turn of the event loop. Context: any; never blocks. */
export function wantTurn(): void {
  cpu.turn = true;
  cpu.resched = true;
}

/** Looks at doorbell and clock. Context: thread | idle; critical section: free; never blocks. */
export function poll(): void {
  const { m, gd } = cpu;
  // A plain look is enough between ticks; the tick looks atomically, so that a stale read cannot last.
  if (m[gd] !== 0 || (cpu.polls < 0 && bellPending(m, gd))) answer();
  if (cpu.polls < 0) tick();
  if (cpu.reqpri !== 0) preemptPending();
}

/** Looks at the clock now. Context: thread | idle; never blocks. */
export function tick(): void {
  const { m, gd } = cpu;
  const now = nowNs();
  addA(m, gd, GD_HEARTBEAT, 1);
  const tickNs = sysctlValue('lwkt.tick_us') * 1000;
  const elapsed = now - lastTick;
  // Polls may come a thousand times slower from one moment to the next: then the count is right again at once.
  if (elapsed > 2 * tickNs) pollsPerTick = Math.max(MIN_POLLS, Math.floor((pollsPerTick * tickNs) / elapsed));
  else if (elapsed < tickNs / 2) pollsPerTick = Math.min(MAX_POLLS, pollsPerTick << 1);
  lastTick = now;
  drainPassive();
  fireTimers(now);
  mplockTick(now);
  const owed = settleTokens(now);
  balance();
  cpu.untimely = sysctlValue('lwkt.untimely_switch') !== 0;
  cpu.events = sysctlValue('lwkt.events');
  cpu.tickUs = (now / 1000) | 0;
  cpu.polls = owed ? MIN_POLLS : pollsPerTick;
  if (ld(m, gd, GD_PROMISES) !== 0 && now - lastTurn > sysctlValue('lwkt.loop_us') * 1000) wantTurn();
  if (othersRunnable(cpu.curthread)) cpu.resched = true;
}

/** True when a tick has passed since the last look at the clock. Context: any; never blocks. */
export function tickDue(now: number): boolean {
  return now - lastTick >= sysctlValue('lwkt.tick_us') * 1000;
}

/** Notes that the event loop had its turn. Context: idle; never blocks. */
export function turned(): void {
  cpu.turn = false;
  lastTurn = nowNs();
}

/** Forgets the time spent asleep. Context: idle; never blocks. */
export function awoke(): void {
  lastTick = nowNs();
  cpu.polls = 0;
}

/** Makes the next poll look at the clock soon. Context: any; never blocks. */
export function hurry(): void {
  if (cpu.polls > MIN_POLLS) cpu.polls = MIN_POLLS;
}

/**
 * An interrupt point for long computations: runs what other cpus asked of this one. About a nanosecond when there
 * is nothing to do.
 *
 * Use it as `if (safepoint()) yield* lwktYield()`.
 *
 * Context: thread; never blocks.
 *
 * @returns true when the thread should give way: a more urgent or an equal thread waits its turn, or the event loop, or
 *   it is killed, and ends there
 * @throws LwktError ERR_LWKT_KILLED in a killed thread that did not give way when it was told
 */
export function safepoint(): boolean {
  if (cpu.m[cpu.gd] === 0 && --cpu.polls >= 0) return cpu.resched;
  return slowSafepoint();
}

function slowSafepoint(): boolean {
  const { m, gd, curthread } = cpu;
  if (ld(m, curthread, TD_PRI) >= TDPRI_CRIT) return false;
  count(m, gd, SAFEPOINT_SLOW);
  poll();
  const flags = ld(m, curthread, TD_FLAGS);
  return (flags & (TDF_KILLED | TDF_EXITING)) === TDF_KILLED ? tellKilled(curthread, flags) : cpu.resched;
}

/**
 * A killed thread gives way, and ends where it blocks, so that its finally blocks may block as well. One that has been
 * told before, and did not, is thrown out of whatever it is in.
 */
function tellKilled(td: ThreadRef, flags: number): boolean {
  if ((flags & TDF_TOLD) !== 0) throw killedError(td);
  st(cpu.m, td, TD_FLAGS, flags | TDF_TOLD);
  cpu.polls = 0;
  return true;
}
