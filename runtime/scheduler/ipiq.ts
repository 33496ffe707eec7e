/**
 * The IPI queue matrix, the sending side: run a registered function on another cpu, and wait for it.
 *
 * Every pair of corners has a ring; the sender fills a slot and rings the target's doorbell, unless that one polls.
 * The target drains at its interrupt points: ipiq-drain.ts. The host is the last corner.
 *
 * ## Invariants
 *
 *   I1  Whoever waits (for room, for completion) drains all its rings meanwhile and says at once what room that made,
 *       so no cycle of cpus that wait for each other stands still.
 *
 * ## Cost
 *
 *   A send is one atomic store and one atomic load, plus an atomic or when the target neither polls nor has the bit
 *   of this cpu pending.
 *
 * Seed: lwkt_send_ipiq, lwkt_wait_ipiq.
 */
import { IPI } from '../base/protocol.ts';
import type { Seq } from '../base/ids.ts';
import { MachinePanic, panic } from '../base/panic.ts';
import * as clockModule from '../base/clock.ts';
import * as paramsModule from '../base/params.ts';
import * as doorbellModule from '../shared-memory/doorbell.ts';
import * as memoryMapModule from '../shared-memory/layout/memory-map.ts';
import * as globaldataLayoutModule from '../shared-memory/layout/globaldata.ts';
import type { RingRef } from '../shared-memory/ring.ts';
import * as ringModule from '../shared-memory/ring.ts';
import * as wordModule from '../shared-memory/word.ts';
import * as deadModule from './dead.ts';
import * as globaldataModule from './globaldata.ts';
import * as drainModule from './ipiq-drain.ts';

// An import is read through its module's cell at every use; a constant of this file is folded into the code.
const { nowNs } = clockModule;
const { MAX_INTR_NESTING } = paramsModule;
const { bellPending, ringBellForIpi, sleepOnBell, sourceBit } = doorbellModule;
const { Globaldata } = globaldataLayoutModule;
const { ringOf } = memoryMapModule;
const { ringCompleted, ringCompletedHint, ringPending, ringPush, ringPushOrWant, ringSeq } = ringModule;
const { count, ld, ldOwn, pause, st, stA } = wordModule;
const { counterField, cpu, sysctlValue } = globaldataModule;
const { diedError, isDead, refuseDead } = deadModule;
const { ALL_SOURCES, beginWait, endWait, initDrain, processIpiq } = drainModule;

const {
  waitTarget: GD_WAIT_TARGET,
  waitSeq: GD_WAIT_SEQ,
  waitDepth: GD_WAIT_DEPTH,
  waitLooks: GD_WAIT_LOOKS,
  waitNumber: GD_WAIT_NUMBER,
} = Globaldata;
const IPIQ_COUNT = counterField('lwkt.ipiq_count');
const IPIQ_FIFOFULL = counterField('lwkt.ipiq_fifofull');
const IPIQ_REFUSED = counterField('lwkt.ipiq_refused');
const IPIQ_WAKEUPS = counterField('lwkt.ipiq_wakeups');

/** Looks at the completion index before the slow path; spins before a waiter sleeps. */
const QUICK_SPINS = 1000;
const WAIT_SPINS = 2000;
const WAIT_SPINS_CROWDED = 50;

let bells: number[] = [];
let outRings: RingRef[] = [];
/** This cpu's bit in a bell. */
let myBit = 0;

/** Binds the rings of this cpu. Context: boot; never blocks. */
export function initIpiq(): void {
  const { map } = cpu.arena;
  const corners = map.ncpus + 1;
  const range = Array.from({ length: corners }, (_, i) => i);
  bells = range.map((corner) => map.globaldata + corner * Globaldata.WORDS);
  outRings = range.map((target) => ringOf(map, cpu.id, target));
  myBit = sourceBit(cpu.id);
  initDrain(sendEchoes, ringIpi);
}

/**
 * Puts a record on the ring to another corner; waits, draining, while it is full.
 *
 * Context: thread | ipi | idle; never blocks.
 *
 * @param dcpu - target corner, not this cpu; ncpus is the host
 * @param func - number of the IPI function
 * @returns the sequence number to wait for
 */
export function sendIpi(dcpu: number, func: number, arg0: number, arg1: number, arg2: number): Seq {
  const { m, gd } = cpu;
  const ring = outRings[dcpu] as RingRef;
  if (!ringPush(m, ring, func, arg0, arg1, arg2)) {
    count(m, gd, IPIQ_FIFOFULL);
    // What lies there may be passive and have rung no bell, also what an IPI function puts there during the wait.
    ringIpi(dcpu);
    waitFor(ROOM, dcpu, (spins) => {
      if (isDead(dcpu)) return true;
      if (spins < spinLimit()) return ringPush(m, ring, func, arg0, arg1, arg2);
      // About to sleep: whoever makes room from now on rings this cpu's doorbell.
      if (ringPushOrWant(m, ring, func, arg0, arg1, arg2)) return true;
      ringIpi(dcpu);
      return false;
    });
    refuseDead(dcpu, func);
    if (func === IPI.schedule && isDead(dcpu)) unheard.push(arg0);
  }
  count(m, gd, IPIQ_COUNT);
  const seq = ringSeq(m, ring);
  if (ringBellForIpi(m, bells[dcpu] as number, myBit)) count(m, gd, IPIQ_WAKEUPS);
  return seq;
}

/** Threads that cpus were to make runnable which are dead, and may not have heard it, or not sent it on. Per cpu. */
let unheard: number[] = [];

/** Threads that dead cpus may not have made runnable; each is given once. Context: idle; never blocks. */
export function takeUnheard(): readonly number[] {
  const handles = unheard;
  unheard = [];
  return handles;
}

/** The cpu is dead: the ring to it looks full from now on, so that no send pays for asking. Context: any; never blocks. */
export function forsake(dcpu: number): void {
  const { m } = cpu;
  const ring = outRings[dcpu] as RingRef;
  for (const [func, handle] of ringPending(m, ring)) if (func === IPI.schedule) unheard.push(handle);
  ringModule.ringRelease(m, ring, ringSeq(m, ring));
  outRings[dcpu] = { ...ring, size: 0 };
}

/**
 * Puts a record on the ring to another corner if there is room, without ringing its doorbell.
 *
 * Context: thread | ipi | idle; never blocks.
 *
 * @returns whether there was room
 */
export function tryPushIpi(dcpu: number, func: number, arg0: number, arg1: number, arg2: number): boolean {
  const { m, gd } = cpu;
  if (!ringPush(m, outRings[dcpu] as RingRef, func, arg0, arg1, arg2)) {
    count(m, gd, IPIQ_REFUSED);
    return false;
  }
  count(m, gd, IPIQ_COUNT);
  return true;
}

/** Rings the doorbell of another corner for what was pushed. Context: thread | ipi | idle; never blocks. */
export function ringIpi(dcpu: number): void {
  const { m, gd } = cpu;
  if (ringBellForIpi(m, bells[dcpu] as number, myBit)) count(m, gd, IPIQ_WAKEUPS);
}

/** The sequence number of the last record to a corner. Context: any; never blocks. */
export function lastSeq(dcpu: number): Seq {
  return ringSeq(cpu.m, outRings[dcpu] as RingRef);
}

/**
 * True when the function of record `seq` to `dcpu` has returned.
 *
 * Context: thread | ipi | idle; never blocks.
 */
export function ipiCompleted(dcpu: number, seq: Seq): boolean {
  return ringCompleted(cpu.m, outRings[dcpu] as RingRef, seq);
}

/**
 * Waits until the function of record `seq` to `dcpu` has returned; drains meanwhile.
 *
 * Context: thread | ipi | idle; never blocks the thread: the cpu spins, then sleeps on its doorbell.
 *
 * @throws MachinePanic when it takes longer than sysctl lwkt.ipiq_wait_panic_ms
 */
export function waitIpi(dcpu: number, seq: Seq): void {
  const { m } = cpu;
  const ring = outRings[dcpu] as RingRef;
  for (let i = 0; i < QUICK_SPINS; i++) {
    if (ringCompletedHint(m, ring, seq) && ringCompleted(m, ring, seq)) return;
    if (m[cpu.gd] !== 0) drainBell();
  }
  let echoed = false;
  const outer = showWait([dcpu + 1, seq, cpu.intrNesting, 0, ++waitNumber]);
  waitFor(`completion of IPI ${seq}`, dcpu, (spins) => {
    if (ringCompleted(m, ring, seq)) return true;
    if (isDead(dcpu)) {
      showWait(outer);
      throw diedError(`lwktWaitIpiq(${dcpu}, ${seq}): nobody knows whether it ran`, dcpu);
    }
    if (spins < spinLimit()) return false;
    st(m, cpu.gd, GD_WAIT_LOOKS, spins);
    // About to sleep: an echo behind the awaited record rings this cpu's doorbell when it has returned.
    if (!echoed) echoed = ringPushOrWant(m, ring, IPI.echo, cpu.id, 0, 0);
    // Also without an echo: what fills the ring may be passive.
    ringIpi(dcpu);
    return ringCompleted(m, ring, seq);
  });
  // Not when the machine has stopped: its dump shows who waited for whom.
  showWait(outer);
}

/** A wait for completion as watchers see it: target + 1, record, depth, looks, number. */
type ShownWait = readonly [number, number, number, number, number];

/** Waits for completion so far. Per cpu. */
let waitNumber = 0;

/** Shows watchers what this cpu waits for now; what it showed before. */
function showWait([target, seq, depth, looks, number]: ShownWait): ShownWait {
  const { m, gd } = cpu;
  const before: ShownWait = [
    ld(m, gd, GD_WAIT_TARGET),
    ld(m, gd, GD_WAIT_SEQ),
    ld(m, gd, GD_WAIT_DEPTH),
    ld(m, gd, GD_WAIT_LOOKS),
    ldOwn(m, gd, GD_WAIT_NUMBER),
  ];
  st(m, gd, GD_WAIT_TARGET, target);
  st(m, gd, GD_WAIT_SEQ, seq);
  st(m, gd, GD_WAIT_DEPTH, depth);
  st(m, gd, GD_WAIT_LOOKS, looks);
  stA(m, gd, GD_WAIT_NUMBER, number);
  return before;
}

function spinLimit(): number {
  return cpu.crowded ? WAIT_SPINS_CROWDED : WAIT_SPINS;
}

const ROOM = 'room in the ring';

/**
 * Waits for `ready`, draining; warns and panics by the clock, naming both cpus.
 *
 * @param ready - told how often it was asked before; from {@link spinLimit} on it sees to it that this cpu's doorbell is
 *   rung when it would be true, and looks once more
 */
function waitFor(what: string, dcpu: number, ready: (spins: number) => boolean): void {
  if (cpu.intrNesting >= MAX_INTR_NESTING) {
    panic(
      `lwkt_send_ipiq: TOO HEAVILY NESTED! cpu ${cpu.id} waits for ${what} of cpu ${dcpu} at depth ${cpu.intrNesting}`,
    );
  }
  const outer = beginWait(what === ROOM);
  try {
    spinFor(what, dcpu, ready);
  } finally {
    endWait(outer);
    // Interrupt threads that became runnable meanwhile preempt at the next safepoint.
    if (cpu.reqpri !== 0) cpu.polls = 0;
  }
}

function spinFor(what: string, dcpu: number, ready: (spins: number) => boolean): void {
  const { m, gd } = cpu;
  let start = 0;
  let warned = false;
  for (let spins = 0; !ready(spins); spins++) {
    const sleeps = spins >= spinLimit();
    if (sleeps) {
      // Time passes here that no poll counts: the next one looks at the clock.
      cpu.polls = 0;
      // The host drains when its event loop turns; how long that takes is its own affair.
      if (dcpu !== cpu.ncpus) {
        const now = nowNs();
        if (start === 0) start = now;
        const ms = (now - start) / 1e6;
        if (!warned && ms > sysctlValue('lwkt.ipiq_wait_warn_ms')) {
          warned = true;
          console.error(
            `lwkt: LWKT_WAIT_IPIQ WARNING! cpu ${cpu.id} waits ${ms.toFixed(0)} ms for ${what} of cpu ${dcpu}`,
          );
        }
        if (ms > sysctlValue('lwkt.ipiq_wait_panic_ms'))
          panic(`LWKT_WAIT_IPIQ: cpu ${cpu.id} waited ${ms.toFixed(0)} ms for ${what} of cpu ${dcpu}`);
      }
      // Right behind ready(): what rang the bell since it was answered last ends the sleep before it begins.
      sleepOnBell(m, gd, 1);
    }
    if (m[gd] !== 0 && bellPending(m, gd)) drainBell();
    // Not by the doorbell alone: an outer drain may have taken the bit of a source that it has not come to, or
    // stand in the middle of one; a cycle of cpus in that state would wait for each other for ever.
    processIpiq(ALL_SOURCES);
    if (cpu.halted)
      throw new MachinePanic(`the machine stopped while cpu ${cpu.id} waited for ${what} of cpu ${dcpu}`);
    if (!sleeps) pause();
  }
}

/** Upcall: what else a doorbell says; filled by poll.ts. */
let drainBell: () => void = () => {};

/** Fills the upcall that answers the doorbell. Context: boot; never blocks. */
export function setDrainBell(drain: () => void): void {
  drainBell = drain;
}

/** Answers those who wait for completion. */
function sendEchoes(source: number, echoes: number[]): void {
  for (const handle of echoes) sendIpi(source, handle === 0 ? IPI.wake : IPI.schedule, handle, 0, 0);
}
