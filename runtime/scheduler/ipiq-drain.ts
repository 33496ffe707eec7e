/**
 * The receiving side of the IPI matrix: finding what came, running it, saying so.
 *
 * A cpu that computes drains at its interrupt points the sources that rang; one that is idle and awake looks at the
 * next slot of every ring itself (doorbell.ts, POLLING). Records of one source run in the order they were sent.
 *
 * ## Invariants
 *
 *   I1  A record is taken once, and the functions of one source run in order.
 *   I2  xindex never passes a function that has not returned, also when a function drains again (it waits for
 *       room in a full ring): only the outermost drain of a source publishes it.
 *   I3  A drain ends: it takes a ring's worth of records at most before it looks at the next source.
 *   I4  Nesting is bounded: from depth STASH_DEPTH on, a drain copies records aside instead of running them,
 *       which still makes room for the sender; the next drain above that depth runs them first, or a deeper one
 *       for somebody who waits for more than room.
 *
 * ## Cost
 *
 *   One atomic load for each record and one for the first that is not there; indices are published every BATCH
 *   records, and at the end of a drain.
 *
 * Seed: lwkt_process_ipiq.
 */
import * as paramsModule from '../base/params.ts';
import * as doorbellModule from '../shared-memory/doorbell.ts';
import * as memoryMapModule from '../shared-memory/layout/memory-map.ts';
import * as threadLayoutModule from '../shared-memory/layout/thread.ts';
import type { RingRef } from '../shared-memory/ring.ts';
import * as ringModule from '../shared-memory/ring.ts';
import * as wordModule from '../shared-memory/word.ts';
import * as globaldataModule from './globaldata.ts';
import * as ipifuncModule from './ipifunc.ts';

// An import is read through its module's cell at every use; a constant of this file is folded into the code.
const { TDPRI_CRIT } = paramsModule;
const { BELL_HOST, BELL_POLLING, BELL_SOURCES, sourceBit, stillPolling } = doorbellModule;
const { ringOf } = memoryMapModule;
const { Thread } = threadLayoutModule;
const {
  headFunc,
  isStamped,
  ringComplete,
  ringHas,
  ringHead,
  ringHeadHint,
  ringRelease,
  ringSlot,
  ringStamp,
  ringTaken,
} = ringModule;
const { ld, pause, st } = wordModule;
const { cpu } = globaldataModule;
const { runIpi } = ipifuncModule;

const { pri: TD_PRI } = Thread;

/** Records between two publications of what has been run. */
const BATCH = 16;
/** Nesting from which a drain only sets aside. */
const STASH_DEPTH = 8;

export const ALL_SOURCES = ((1 << BELL_SOURCES) - 1) | BELL_HOST;

/** One incoming ring, as this cpu sees it. Per cpu. */
interface Source {
  readonly corner: number;
  readonly ring: RingRef;
  /** Records taken: our rindex, ahead of the published one. */
  taken: number;
  /** Where the next record will lie, and the stamp that it will have. */
  slot: number;
  stamp: number;
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
let hostCorner = 0;
/** Waits for other cpus that are under way here, nested ones too. */
let waits = 0;
/** The innermost of them is for room: it needs records taken, not run. */
let forRoom = false;
/** Records are set aside of a source that no drain is at. */
let stashed = false;

/** Upcall of ipiq.ts: answers those who wait for completion, which has been published by now. */
let sendEchoes: (source: number, echoes: number[]) => void = () => {};
/** Upcall of ipiq.ts: wakes a source that sleeps until its ring has room. */
let tellRoom: (source: number) => void = () => {};

/** Binds the incoming rings of this cpu. Context: boot; never blocks. */
export function initDrain(echo: typeof sendEchoes, room: typeof tellRoom): void {
  const { map } = cpu.arena;
  sendEchoes = echo;
  tellRoom = room;
  hostCorner = map.ncpus;
  sources = Array.from({ length: map.ncpus + 1 }, (_, corner) => {
    const ring = ringOf(map, corner, cpu.id);
    const taken = ringTaken(cpu.m, ring);
    return {
      corner,
      ring,
      taken,
      slot: ringSlot(ring, taken),
      stamp: ringStamp(ring, taken),
      published: taken,
      completed: taken,
      depth: 0,
      stash: [],
      stashHead: 0,
      echoes: [],
    };
  });
}

/**
 * Runs the IPIs of the sources in `bits`: all that were sent before it looked, and a ring's worth each at most.
 *
 * Context: thread | ipi | idle; critical section: entered; never blocks.
 *
 * @param bits - bits taken from the doorbell; with POLLING those of all sources
 * @seed lwkt_process_ipiq
 */
export function processIpiq(bits: number): void {
  const { m } = cpu;
  const td = cpu.curthread;
  const all = (bits & BELL_POLLING) !== 0 ? bits | ALL_SOURCES : bits;
  st(m, td, TD_PRI, ld(m, td, TD_PRI) + TDPRI_CRIT);
  cpu.intrNesting++;
  try {
    let rest = all & ((1 << BELL_SOURCES) - 1);
    while (rest !== 0) {
      const bit = 31 - Math.clz32(rest);
      rest &= ~(1 << bit);
      for (let source = bit; source < cpu.ncpus; source += BELL_SOURCES) drainSource(source);
    }
    if ((all & BELL_HOST) !== 0) drainSource(hostCorner);
    if (stashed && cpu.intrNesting <= STASH_DEPTH) {
      stashed = false;
      sources.forEach(({ depth, stash }, source) => depth === 0 && stash.length !== 0 && drainSource(source));
    }
  } finally {
    cpu.intrNesting--;
    st(m, td, TD_PRI, ld(m, td, TD_PRI) - TDPRI_CRIT);
  }
}

/**
 * Runs the IPIs that were sent without ringing the doorbell, and what was set aside.
 *
 * Context: thread | idle; critical section: entered; never blocks.
 *
 * @returns whether there were any
 */
export function drainPassive(): boolean {
  const { m } = cpu;
  let any = stashed;
  if (stashed) processIpiq(0);
  for (let i = 0; i < sources.length; i++) {
    const source = sources[i] as Source;
    if (!ringHas(m, source.ring, source.taken)) continue;
    any = true;
    processIpiq(i === hostCorner ? BELL_HOST : sourceBit(i));
  }
  return any;
}

/** What a look at the rings found when it is no corner. */
export const NOTHING = -1;
export const RANG = -2;

/**
 * Looks at the next slot of every ring and at the doorbell, `times` over, until something came; by plain looks, so
 * whoever stops polling looks once more.
 *
 * Context: idle; never blocks.
 *
 * @param gently - pauses between the rounds
 * @returns the corner whose IPI came, NOTHING, or RANG when the doorbell says something
 */
export function lookAtRings(times: number, gently: boolean): number {
  const { m, gd } = cpu;
  for (let n = 0; n < times; n++) {
    for (let i = 0; i < sources.length; i++) {
      const { slot, stamp } = sources[i] as Source;
      if (isStamped(ringHeadHint(m, slot), stamp)) return i;
    }
    if (!stillPolling(m, gd)) return RANG;
    if (gently) pause();
  }
  return NOTHING;
}

/** Runs the IPIs of one corner. Context: idle; critical section: entered; never blocks. */
export function drainCorner(index: number): void {
  const { m, idlethread } = cpu;
  st(m, idlethread, TD_PRI, ld(m, idlethread, TD_PRI) + TDPRI_CRIT);
  cpu.intrNesting++;
  try {
    drainSource(index);
  } finally {
    cpu.intrNesting--;
    st(m, idlethread, TD_PRI, ld(m, idlethread, TD_PRI) - TDPRI_CRIT);
  }
}

function drainSource(index: number): void {
  const { m } = cpu;
  const source = sources[index] as Source;
  const { ring } = source;
  const outermost = source.depth === 0;
  const before = source.taken;
  const aside = cpu.intrNesting > STASH_DEPTH;
  const keep = aside && forRoom;
  source.depth++;
  try {
    if (outermost && !keep && source.stash.length !== 0) runStash(source);
    for (let left = ring.size; left > 0; left--) {
      const { slot } = source;
      const head = ringHead(m, slot);
      if (!isStamped(head, source.stamp)) break;
      const arg0 = m[slot + 1] as number;
      const arg1 = m[slot + 2] as number;
      const arg2 = m[slot + 3] as number;
      // A function may drain this source again, past what this loop has seen.
      const taken = (source.taken + 1) | 0;
      source.taken = taken;
      source.slot = ringSlot(ring, taken);
      source.stamp = ringStamp(ring, taken);
      if (aside || source.stash.length !== 0) source.stash.push(headFunc(head), arg0, arg1, arg2);
      else runIpi(headFunc(head), arg0, arg1, arg2);
      if ((taken & (BATCH - 1)) === 0) publish(source, outermost);
    }
    if (outermost && source.stash.length !== 0) {
      if (keep) stashed = true;
      else runStash(source);
    }
    cpu.burst = ((source.taken - before) | 0) > 1;
  } finally {
    source.depth--;
  }
  // Not on the way out of a panic: what has not returned has not returned, as a dump will show.
  publish(source, outermost);
  if (outermost && source.echoes.length !== 0) sendEchoes(index, source.echoes.splice(0));
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
 * which leaves the source half a ring at least; but at once while this cpu waits itself (ipiq.ts, I1).
 */
function publish(source: Source, outermost: boolean): void {
  const { m } = cpu;
  const { ring } = source;
  if (((source.taken - source.published) | 0) >= (waits === 0 ? cpu.ringSize >> 1 : 1)) {
    source.published = source.taken;
    if (ringRelease(m, ring, source.taken)) tellRoom(source.corner);
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

/**
 * This cpu begins to wait for another one: functions under way have taken records whose room nobody knows of yet.
 *
 * Context: thread | ipi | idle; never blocks.
 *
 * @param room - it waits for room in a ring
 * @returns what endWait() is to be told
 */
export function beginWait(room: boolean): boolean {
  const outer = forRoom;
  forRoom = room;
  waits++;
  for (const source of sources) publish(source, false);
  return outer;
}

/** It waits no longer. Context: thread | ipi | idle; never blocks. */
export function endWait(outer: boolean): void {
  forRoom = outer;
  waits--;
  // If no drain is under way above, what was set aside runs at the next look at the clock.
  if (stashed) cpu.polls = 0;
}
