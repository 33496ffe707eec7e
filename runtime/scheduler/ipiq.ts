/**
 * The IPI queue matrix: run a registered function on another cpu.
 *
 * Every pair of corners has a ring; the sender fills a slot, publishes it and rings the target's doorbell. The target
 * drains at its interrupt points, source by source, in the order they were sent. The host is the last corner.
 *
 * ## Invariants
 *
 *   I1  A record is taken once, and the functions of one source run in order.
 *   I2  xindex never passes a function that has not returned, also when a function drains again (it waits for room in
 *       a full ring): only the outermost drain of a source publishes it.
 *   I3  Whoever waits (for room, for completion) drains all its rings meanwhile, so no cycle of cpus that wait for each
 *       other stands still.
 *   I4  Nesting is bounded: from depth STASH_DEPTH on, a drain copies records aside instead of running them, which still
 *       makes room for the sender; the outermost drain runs them first.
 *
 * A send costs an atomic store and load, and an atomic or if the target had no bit pending.
 * Seed: lwkt_send_ipiq, lwkt_wait_ipiq, lwkt_process_ipiq.
 */
import { IPI } from '../base/protocol.ts';
import type { Seq } from '../base/ids.ts';
import { MachinePanic, panic } from '../base/panic.ts';
import * as clockModule from '../base/clock.ts';
import * as paramsModule from '../base/params.ts';
import * as doorbellModule from '../shared-memory/doorbell.ts';
import * as memoryMapModule from '../shared-memory/layout/memory-map.ts';
import * as globaldataLayoutModule from '../shared-memory/layout/globaldata.ts';
import * as threadLayoutModule from '../shared-memory/layout/thread.ts';
import type { RingRef } from '../shared-memory/ring.ts';
import * as ringModule from '../shared-memory/ring.ts';
import * as wordModule from '../shared-memory/word.ts';
import * as deadModule from './dead.ts';
import * as globaldataModule from './globaldata.ts';
import * as ipifuncModule from './ipifunc.ts';

// An import is read through its module's cell at every use; a constant of this file is folded into the code.
const { nowNs } = clockModule;
const { MAX_INTR_NESTING, TDPRI_CRIT } = paramsModule;
const { BELL_HOST, BELL_SOURCES, bellPending, ringBell, sleepOnBell, sourceBit } = doorbellModule;
const { Globaldata } = globaldataLayoutModule;
const { ringOf } = memoryMapModule;
const { Thread } = threadLayoutModule;
const {
  ringComplete,
  ringCompleted,
  ringCompletedHint,
  ringPush,
  ringRelease,
  ringSeq,
  ringSlot,
  ringTaken,
  ringWritten,
} = ringModule;
const { count, ld, pause, st } = wordModule;
const { counterField, cpu, sysctlValue } = globaldataModule;
const { diedError, isDead, refuseDead } = deadModule;
const { runIpi } = ipifuncModule;

const { pri: TD_PRI } = Thread;
const IPIQ_COUNT = counterField('lwkt.ipiq_count');
const IPIQ_FIFOFULL = counterField('lwkt.ipiq_fifofull');
const IPIQ_REFUSED = counterField('lwkt.ipiq_refused');
const IPIQ_WAKEUPS = counterField('lwkt.ipiq_wakeups');

/** Records between two publications of what has been run. */
const BATCH = 16;
/** Nesting from which a drain only sets aside. */
const STASH_DEPTH = 8;
/** Looks at the completion index before the slow path; spins before a waiter sleeps. */
const QUICK_SPINS = 1000;
const WAIT_SPINS = 2000;
const WAIT_SPINS_CROWDED = 50;
/** What every corner may have sent. */
export const ALL_SOURCES = ((1 << BELL_SOURCES) - 1) | BELL_HOST;

/** One incoming ring, as this cpu sees it. Per cpu. */
interface Source {
  readonly ring: RingRef;
  /** Records taken: our rindex, ahead of the published one. */
  taken: number;
  /** rindex and xindex as published. */
  published: number;
  completed: number;
  /** Drains of this source that are under way. */
  depth: number;
  /** Records set aside: four numbers each, from `stashHead` on. */
  stash: number[];
  stashHead: number;
  /** Threads of the source, or 0 for the cpu itself, that want to know when what was taken so far has returned. */
  readonly echoes: number[];
}

let sources: Source[] = [];
let bells: number[] = [];
let outRings: RingRef[] = [];
let hostBit = 0;
/** Waits for other cpus that are under way here, nested ones too. */
let waits = 0;

/** Binds the rings of this cpu. Context: boot; never blocks. */
export function initIpiq(): void {
  const { map } = cpu.arena;
  const corners = map.ncpus + 1;
  const range = Array.from({ length: corners }, (_, i) => i);
  sources = range.map((source) => {
    const ring = ringOf(map, source, cpu.id);
    const taken = ringTaken(cpu.m, ring);
    return { ring, taken, published: taken, completed: taken, depth: 0, stash: [], stashHead: 0, echoes: [] };
  });
  bells = range.map((corner) => map.globaldata + corner * Globaldata.WORDS);
  outRings = range.map((target) => ringOf(map, cpu.id, target));
  hostBit = map.ncpus;
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
    // What lies there may be passive and have rung no bell.
    ringIpi(dcpu);
    waitFor('room in the ring', dcpu, () => isDead(dcpu) || ringPush(m, ring, func, arg0, arg1, arg2));
    refuseDead(dcpu, func);
  }
  count(m, gd, IPIQ_COUNT);
  const seq = ringSeq(m, ring);
  if (ringBell(m, bells[dcpu] as number, sourceBit(cpu.id))) count(m, gd, IPIQ_WAKEUPS);
  return seq;
}

/** The cpu is dead: the ring to it looks full from now on, so that no send pays for asking. Context: any; never blocks. */
export function forsake(dcpu: number): void {
  const { m } = cpu;
  const ring = outRings[dcpu] as RingRef;
  ringRelease(m, ring, ringSeq(m, ring));
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
  if (ringBell(m, bells[dcpu] as number, sourceBit(cpu.id))) count(m, gd, IPIQ_WAKEUPS);
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
  waitFor(`completion of IPI ${seq}`, dcpu, (spins) => {
    if (ringCompleted(m, ring, seq)) return true;
    if (isDead(dcpu)) throw diedError(`lwktWaitIpiq(${dcpu}, ${seq}): nobody knows whether it ran`, dcpu);
    // About to sleep: an echo behind the awaited record rings this cpu's doorbell when it has returned.
    if (!echoed && spins >= spinLimit()) {
      echoed = ringPush(m, ring, IPI.echo, cpu.id, 0, 0);
      if (echoed) ringBell(m, bells[dcpu] as number, sourceBit(cpu.id));
    }
    return false;
  });
}

function spinLimit(): number {
  return cpu.crowded ? WAIT_SPINS_CROWDED : WAIT_SPINS;
}

/** Waits for `ready`, draining; warns and panics by the clock, naming both cpus. */
function waitFor(what: string, dcpu: number, ready: (spins: number) => boolean): void {
  if (cpu.intrNesting >= MAX_INTR_NESTING) {
    panic(
      `lwkt_send_ipiq: TOO HEAVILY NESTED! cpu ${cpu.id} waits for ${what} of cpu ${dcpu} at depth ${cpu.intrNesting}`,
    );
  }
  waits++;
  try {
    // Functions under way have taken records whose room nobody knows of yet.
    for (const source of sources) publish(source, false);
    spinFor(what, dcpu, ready);
  } finally {
    waits--;
    // Interrupt threads that became runnable meanwhile preempt at the next safepoint.
    if (cpu.reqpri !== 0) cpu.polls = 0;
  }
}

function spinFor(what: string, dcpu: number, ready: (spins: number) => boolean): void {
  const { m, gd } = cpu;
  let start = 0;
  let warned = false;
  for (let spins = 0; !ready(spins); spins++) {
    if (m[gd] !== 0 && bellPending(m, gd)) drainBell();
    // Not by the doorbell alone: an outer drain may have taken the bit of a source that it has not come to, or
    // stand in the middle of one; a cycle of cpus in that state would wait for each other for ever.
    processIpiq(ALL_SOURCES);
    if (cpu.halted)
      throw new MachinePanic(`the machine stopped while cpu ${cpu.id} waited for ${what} of cpu ${dcpu}`);
    if (spins < spinLimit()) {
      pause();
      continue;
    }
    // Time passes here that no poll counts: the next one looks at the clock.
    cpu.polls = 0;
    // The host drains when its event loop turns; how long that takes is its own affair.
    if (dcpu === cpu.ncpus) {
      sleepOnBell(m, gd, 1);
      continue;
    }
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
    sleepOnBell(m, gd, 1);
  }
}

/** Upcall: what else a doorbell says; filled by poll.ts. */
let drainBell: () => void = () => {};

/** Fills the upcall that answers the doorbell. Context: boot; never blocks. */
export function setDrainBell(drain: () => void): void {
  drainBell = drain;
}

/**
 * Runs the IPIs of the sources in `bits`, as far as they were sent when it looked.
 *
 * Context: thread | ipi | idle; critical section: entered; never blocks.
 *
 * @param bits - bits taken from the doorbell
 * @seed lwkt_process_ipiq
 */
export function processIpiq(bits: number): void {
  const { m } = cpu;
  const td = cpu.curthread;
  st(m, td, TD_PRI, ld(m, td, TD_PRI) + TDPRI_CRIT);
  cpu.intrNesting++;
  try {
    let rest = bits & ((1 << BELL_SOURCES) - 1);
    while (rest !== 0) {
      const bit = 31 - Math.clz32(rest);
      rest &= ~(1 << bit);
      for (let source = bit; source < cpu.ncpus; source += BELL_SOURCES) drainSource(source);
    }
    if ((bits & BELL_HOST) !== 0) drainSource(hostBit);
  } finally {
    cpu.intrNesting--;
    st(m, td, TD_PRI, ld(m, td, TD_PRI) - TDPRI_CRIT);
  }
}

/**
 * Runs the IPIs that were sent without ringing the doorbell.
 *
 * Context: thread | idle; critical section: entered; never blocks.
 *
 * @returns whether there were any
 */
export function drainPassive(): boolean {
  const { m } = cpu;
  let any = false;
  for (let i = 0; i < sources.length; i++) {
    const source = sources[i] as Source;
    if (ringWritten(m, source.ring) === source.taken) continue;
    any = true;
    processIpiq(i === hostBit ? BELL_HOST : sourceBit(i));
  }
  return any;
}

function drainSource(index: number): void {
  const { m } = cpu;
  const source = sources[index] as Source;
  const { ring } = source;
  const outermost = source.depth === 0;
  const before = source.taken;
  const aside = cpu.intrNesting > STASH_DEPTH;
  source.depth++;
  try {
    if (outermost) runStash(source);
    const written = ringWritten(m, ring);
    // A nested drain may have gone past this snapshot.
    while (((written - source.taken) | 0) > 0) {
      const slot = ringSlot(ring, source.taken);
      const func = m[slot] as number;
      const arg0 = m[slot + 1] as number;
      const arg1 = m[slot + 2] as number;
      const arg2 = m[slot + 3] as number;
      source.taken = (source.taken + 1) | 0;
      if (aside || source.stash.length !== 0) source.stash.push(func, arg0, arg1, arg2);
      else runIpi(func, arg0, arg1, arg2);
      if ((source.taken & (BATCH - 1)) === 0) publish(source, outermost);
    }
    if (outermost) runStash(source);
    cpu.burst = ((source.taken - before) | 0) > 1;
  } finally {
    source.depth--;
    publish(source, outermost);
  }
  if (outermost && source.echoes.length !== 0) sendEchoes(index, source.echoes);
}

/** Answers those who wait for completion, which has been published by now. */
function sendEchoes(index: number, echoes: number[]): void {
  for (const handle of echoes.splice(0)) sendIpi(index, handle === 0 ? IPI.wake : IPI.schedule, handle, 0, 0);
}

/**
 * Handles IPI.echo: the records before it are to be reported as returned to cpu `from`: its thread `handle` is made
 * runnable, or with 0 its doorbell rung.
 *
 * Context: ipi; never blocks.
 */
export function echoHandler(from: number, handle: number): void {
  (sources[from] as Source).echoes.push(handle);
}

/**
 * Tells the source how far its records were taken, and how far they were run. Room is told in halves of the ring,
 * which leaves the source half a ring at least; but at once while this cpu waits itself (I3).
 */
function publish(source: Source, outermost: boolean): void {
  const { m } = cpu;
  const { ring } = source;
  if (((source.taken - source.published) | 0) >= (waits === 0 ? cpu.ringSize >> 1 : 1)) {
    source.published = source.taken;
    ringRelease(m, ring, source.taken);
  }
  // At depth one every record taken has returned, but for those set aside.
  if (outermost && source.completed !== source.taken && source.stash.length === 0) {
    source.completed = source.taken;
    ringComplete(m, ring, source.taken);
  }
}

function runStash(source: Source): void {
  const { stash } = source;
  while (source.stashHead < stash.length) {
    const at = source.stashHead;
    source.stashHead += 4;
    runIpi(stash[at] as number, stash[at + 1] as number, stash[at + 2] as number, stash[at + 3] as number);
  }
  stash.length = 0;
  source.stashHead = 0;
}
