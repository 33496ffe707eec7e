/**
 * Which cpu has the MP lock; the cpu's half, mplock.ts is the thread's half.
 *
 * A thread's wish for the lock is its mpcount, which may disagree with the lock itself: the switch brings them
 * together. A thread that wants the lock runs only on a cpu that has it; if that cannot be had, the switch looks for
 * one that does not want it. The last cpu to want it lets it go at its next switch.
 *
 * ## Words
 *
 *   mplock is cpu + 1; minus that while it is kept for that cpu; 0 when it is free. See layout/machine.ts.
 *
 * ## Invariants
 *
 *   I1  Only the cpu that has the lock moves it; from 0 anybody takes it by compare-and-swap; what is kept for a cpu
 *       only that cpu takes or lets go.
 *   I2  A cpu's request bit is set while it goes without a lock that one of its threads wants.
 *   I3  Who waits is served: after lwkt.mplock_quantum_us the holder keeps the lock for the next that asked, round
 *       robin, and until that one has looked, nobody else can take it.
 *
 * ## Ordering
 *
 *   A1  wait: the bit is set (atomic or), then the lock is tried once more.
 *   B1  release: the lock is stored (atomic), then the bits are loaded. One of the two sees the other; who is seen
 *       waiting gets its doorbell rung.
 *
 * ## Rejected
 *
 *   Spinning in the idle loop, as the seed does (TDF_IDLE_NOHLT): a cpu that waits may sleep, a release rings.
 *
 * Seed: cpu_try_mplock, cpu_rel_mplock, MP_LOCK_HELD, and the MP part of lwkt_switch.
 */
import * as clockModule from '../base/clock.ts';
import type { ThreadRef } from '../base/ids.ts';
import { panic } from '../base/panic.ts';
import * as paramsModule from '../base/params.ts';
import * as doorbellModule from '../shared-memory/doorbell.ts';
import { eventCode } from '../shared-memory/layout/event.ts';
import * as machineLayoutModule from '../shared-memory/layout/machine.ts';
import * as threadLayoutModule from '../shared-memory/layout/thread.ts';
import * as tailqModule from '../shared-memory/tailq.ts';
import * as wordModule from '../shared-memory/word.ts';
import { note } from './events.ts';
import * as globaldataModule from './globaldata.ts';
import * as runqueueModule from './runqueue.ts';
import * as threadModule from './thread.ts';

// An import is read through its module's cell at every use; a constant of this file is folded into the code.
const { nowNs } = clockModule;
const { TDPRI_MAX } = paramsModule;
const { BELL_MPLOCK, ringBell } = doorbellModule;
const { Machine } = machineLayoutModule;
const { Thread } = threadLayoutModule;
const { tailqFirst } = tailqModule;
const { andA, casA, count, ld, ldA, ldOwn, orA, raise, stA } = wordModule;
const { counterField, cpu, globaldataFind, sysctlValue } = globaldataModule;
const { dequeue, enqueue, runqHead } = runqueueModule;
const { commOf, handleOf } = threadModule;

const { mplock: LOCK, mplockReqLow: REQ_LOW, mplockReqHigh: REQ_HIGH } = Machine;
const { threadq: TD_THREADQ, mpcount: TD_MPCOUNT } = Thread;
const GOT = eventCode('MP lock got');
const RELEASED = eventCode('MP lock released');
const GETS = counterField('lwkt.mplock_gets');
const CONTENTION = counterField('lwkt.mplock_contention');
const LONGEST = counterField('lwkt.mplock_longest_us');

/** When this cpu began to wait for the lock, 0 if it does not. Per cpu. */
let waitsSince = 0;
/** When it took the lock, as far as it has looked at the clock. Per cpu. */
let heldSince = 0;

/** True when this cpu has the MP lock. Context: any; never blocks. @seed MP_LOCK_HELD */
export function mpLockHeld(): boolean {
  return cpu.mpHeld;
}

/**
 * Takes the MP lock for this cpu if it is free or kept for it.
 *
 * Context: thread | idle; never blocks.
 *
 * @seed cpu_try_mplock
 */
export function cpuTryMplock(): boolean {
  const { m, id, gd } = cpu;
  if (cpu.mpHeld) return true;
  if (ldA(m, 0, LOCK) === -(id + 1)) stA(m, 0, LOCK, id + 1);
  else if (casA(m, 0, LOCK, 0, id + 1) !== 0) return false;
  cpu.mpHeld = true;
  cpu.mpDue = false;
  heldSince = 0;
  count(m, gd, GETS);
  note(GOT);
  if (waitsSince !== 0) endWait();
  return true;
}

function requestWord(): typeof REQ_LOW {
  return cpu.id < 32 ? REQ_LOW : REQ_HIGH;
}

function endWait(): void {
  const { m, id, gd } = cpu;
  andA(m, 0, requestWord(), ~(1 << (id & 31)));
  raise(m, gd, LONGEST, Math.round((nowNs() - waitsSince) / 1000));
  waitsSince = 0;
}

/** Takes the lock, or notes that this cpu waits for it. Context: thread | idle; never blocks. */
export function cpuWantMplock(): boolean {
  if (cpuTryMplock()) return true;
  if (waitsSince === 0) {
    waitsSince = nowNs();
    count(cpu.m, cpu.gd, CONTENTION);
    orA(cpu.m, 0, requestWord(), 1 << (cpu.id & 31)); // A1
  }
  return cpuTryMplock();
}

/** The next cpu after this one that waits for the lock, or -1. */
function nextWaiter(): number {
  const { m, id, ncpus } = cpu;
  const low = ldA(m, 0, REQ_LOW);
  const high = ncpus > 32 ? ldA(m, 0, REQ_HIGH) : 0;
  for (let i = 1; i < ncpus; i++) {
    const next = (id + i) % ncpus;
    if (((next < 32 ? low >>> next : high >>> (next - 32)) & 1) !== 0) return next;
  }
  return -1;
}

/**
 * Lets the MP lock go and rings the next cpu that waits for it.
 *
 * Context: thread | idle; never blocks.
 *
 * @seed cpu_rel_mplock
 */
export function cpuRelMplock(): void {
  const { m, id } = cpu;
  if (!cpu.mpHeld || ldOwn(m, 0, LOCK) !== id + 1) {
    panic(
      `cpu_rel_mplock: cpu ${id} does not hold the MP lock: the lock says ${ldOwn(m, 0, LOCK)}, thread ${handleOf(cpu.curthread)} '${commOf(cpu.curthread)}' has mpcount ${ld(m, cpu.curthread, TD_MPCOUNT)}`,
    );
  }
  cpu.mpHeld = false;
  note(RELEASED);
  if (cpu.mpDue) {
    cpu.mpDue = false;
    const next = nextWaiter();
    if (next >= 0) {
      stA(m, 0, LOCK, -(next + 1));
      ringBell(m, globaldataFind(next), BELL_MPLOCK);
      return;
    }
  }
  stA(m, 0, LOCK, 0); // B1
  const next = nextWaiter();
  if (next >= 0) ringBell(m, globaldataFind(next), BELL_MPLOCK);
}

/** Looks whether another cpu has waited a quantum for the lock that this one has. Context: thread | idle; never blocks. */
export function mplockTick(now: number): void {
  if (!cpu.mpHeld || nextWaiter() < 0) return;
  if (heldSince === 0) heldSince = now;
  else if (now - heldSince >= sysctlValue('lwkt.mplock_quantum_us') * 1000) {
    cpu.mpDue = true;
    cpu.resched = true;
  }
}

/** The lock was kept for this cpu, which does not want it now: the next one may have it. */
function passOn(): void {
  const { m, id } = cpu;
  cpu.mpBell = false;
  if (waitsSince !== 0) endWait();
  if (ldA(m, 0, LOCK) === -(id + 1))
    stA(m, 0, LOCK, 0); // B1
  else if (ldA(m, 0, LOCK) !== 0) return;
  const next = nextWaiter();
  if (next >= 0) ringBell(m, globaldataFind(next), BELL_MPLOCK);
}

/**
 * Brings the MP lock in line with the thread that is to run next.
 *
 * Context: idle; never blocks.
 *
 * @param nq - the highest priority with a runnable thread
 * @param first - the first thread of it
 * @returns `first`, or the first thread below it that does not want the lock, moved behind its equals; or 0
 */
export function chooseForMplock(nq: number, first: ThreadRef): ThreadRef {
  const { m } = cpu;
  if (cpu.mpDue && cpu.mpHeld) cpuRelMplock();
  let td = first;
  if (ld(m, td, TD_MPCOUNT) !== 0) {
    cpu.mpBell = false;
    if (!cpuWantMplock()) td = firstWithout(nq);
  }
  if (td === 0 || ld(m, td, TD_MPCOUNT) === 0) {
    if (cpu.mpHeld) cpuRelMplock();
    else if (cpu.mpBell) passOn();
  } else if (ldOwn(m, 0, LOCK) !== cpu.id + 1) {
    panic(
      `lwkt_switch: MP lock not held: cpu ${cpu.id} switches to thread ${handleOf(td)} '${commOf(td)}' with mpcount ${ld(m, td, TD_MPCOUNT)}, the lock says ${ldOwn(m, 0, LOCK)}`,
    );
  }
  if (td !== 0) {
    dequeue(td);
    enqueue(td);
  }
  return td;
}

/** Takes the MP lock from a cpu that died with it, or that it was kept for. Context: idle; never blocks. */
export function bereaveMplock(dead: number): void {
  const { m } = cpu;
  andA(m, 0, dead < 32 ? REQ_LOW : REQ_HIGH, ~(1 << (dead & 31)));
  for (const word of [dead + 1, -(dead + 1)]) casA(m, 0, LOCK, word, 0); // B1
  // It may have let go and rung nobody: who waits looks itself.
  if (waitsSince !== 0) cpu.mpBell = true;
}

function firstWithout(nq: number): ThreadRef {
  const { m } = cpu;
  for (let level = Math.min(nq, TDPRI_MAX); level >= 0; level--) {
    for (let td = tailqFirst(m, runqHead(level)); td !== 0; td = m[td + TD_THREADQ] as number) {
      if (ld(m, td, TD_MPCOUNT) === 0) return td;
    }
  }
  return 0;
}

/** No thread runs: the cpu needs no lock. Context: idle; never blocks. */
export function mplockIdle(): void {
  if (cpu.mpHeld) cpuRelMplock();
  else if (cpu.mpBell) passOn();
}
