/**
 * Sending IPIs, and waiting for them: the calls of programs. The matrix itself is ipiq.ts.
 *
 * Seed: lwkt_send_ipiq, lwkt_wait_ipiq; the passive, nowait and mask kinds are DragonFly's of later years.
 */
import { LwktError } from '../base/errors.ts';
import type { Seq } from '../base/ids.ts';
import { IPI } from '../base/protocol.ts';
import { wmesgCode } from '../base/wmesg.ts';
import { eventCode } from '../shared-memory/layout/event.ts';
import { Thread } from '../shared-memory/layout/thread.ts';
import { count, ld } from '../shared-memory/word.ts';
import * as blockingModule from './blocking.ts';
import type { Blocking, Step } from './blocking.ts';
import * as critModule from './crit.ts';
import * as deadModule from './dead.ts';
import * as eventsModule from './events.ts';
import * as globaldataModule from './globaldata.ts';
import type { IpiFunc } from './ipifunc.ts';
import * as ipifuncModule from './ipifunc.ts';
import * as ipiqModule from './ipiq.ts';
import * as switchModule from './switch.ts';
import * as threadModule from './thread.ts';
import { untimely } from './untimely.ts';

// An import is read through its module's cell at every use; a constant of this file is folded into the code.
const { arm, disarm, done, ENDED } = blockingModule;
const { critEnter, critExit } = critModule;
const { checkCpu, counterField, cpu, requireCpu } = globaldataModule;
const { diedError, isDead } = deadModule;
const { record } = eventsModule;
const { runIpi } = ipifuncModule;
const { ipiCompleted, lastSeq, ringIpi, sendIpi, tryPushIpi, waitIpi } = ipiqModule;
const { blockSelf, unblockSelf } = switchModule;
const { handleOf, locals, slotOf } = threadModule;

const { wait: TD_WAIT } = Thread;
const SENT = eventCode('IPI sent');
const PASSIVE = counterField('lwkt.ipiq_passive');
const WMESG_IPIQ = wmesgCode('ipiq');

function runHere(func: IpiFunc, arg0: number, arg1: number, arg2: number): Seq {
  critEnter();
  try {
    cpu.intrNesting++;
    runIpi(func.id, arg0 | 0, arg1 | 0, arg2 | 0);
  } finally {
    cpu.intrNesting--;
    critExit();
  }
  return 0;
}

function requireTarget(what: string, dcpu: number): void {
  if (dcpu >>> 0 === dcpu && dcpu < cpu.ncpus) return;
  requireCpu(what);
  checkCpu(what, dcpu);
}

/**
 * Runs a function on another cpu; on this one at once.
 *
 * Context: thread | ipi | idle; critical section: entered for the time of the call; never blocks, but spins while
 * the ring to `dcpu` is full.
 *
 * @param dcpu - target cpu
 * @param func - from ipiFunc()
 * @param arg0 - whole numbers of 32 bits, or thread handles, tokens
 * @returns the sequence number for lwktWaitIpiq(); 0 for this cpu, where it has returned
 * @throws LwktError ERR_LWKT_OPTION for a cpu that does not exist; ERR_LWKT_CPU_DIED for one that died
 * @seed lwkt_send_ipiq
 */
export function lwktSendIpiq(dcpu: number, func: IpiFunc, arg0 = 0, arg1 = 0, arg2 = 0): Seq {
  if (dcpu === cpu.id) return runHere(func, arg0, arg1, arg2);
  requireTarget('lwktSendIpiq()', dcpu);
  if (cpu.events === 2) record(SENT, func.id, dcpu);
  return sendIpi(dcpu, func.id, arg0, arg1, arg2);
}

/**
 * Runs a function on another cpu when that one looks by itself: a busy one within sysctl lwkt.tick_us or so, a
 * sleeping one when something else wakes it. Rings no doorbell, so it costs the target nothing.
 *
 * Context: thread | ipi | idle; never blocks, but spins while the ring to `dcpu` is full.
 *
 * @returns the sequence number; waiting for it does wake the target
 * @throws LwktError ERR_LWKT_OPTION for a cpu that does not exist
 */
export function lwktSendIpiqPassive(dcpu: number, func: IpiFunc, arg0 = 0, arg1 = 0, arg2 = 0): Seq {
  if (dcpu === cpu.id) return runHere(func, arg0, arg1, arg2);
  requireTarget('lwktSendIpiqPassive()', dcpu);
  count(cpu.m, cpu.gd, PASSIVE);
  if (!tryPushIpi(dcpu, func.id, arg0, arg1, arg2)) return sendIpi(dcpu, func.id, arg0, arg1, arg2);
  return lastSeq(dcpu);
}

/**
 * Runs a function on another cpu if its ring has room: never waits, never drains.
 *
 * Context: thread | ipi | idle; never blocks.
 *
 * @returns the sequence number, or undefined when the ring was full and nothing was sent
 * @throws LwktError ERR_LWKT_OPTION for a cpu that does not exist
 */
export function lwktSendIpiqNowait(
  dcpu: number,
  func: IpiFunc,
  arg0 = 0,
  arg1 = 0,
  arg2 = 0,
): Seq | undefined {
  if (dcpu === cpu.id) return runHere(func, arg0, arg1, arg2);
  requireTarget('lwktSendIpiqNowait()', dcpu);
  if (!tryPushIpi(dcpu, func.id, arg0, arg1, arg2)) {
    if (isDead(dcpu)) throw diedError('lwktSendIpiqNowait()', dcpu);
    return undefined;
  }
  ringIpi(dcpu);
  return lastSeq(dcpu);
}

/** A cpu that an IPI was sent to, and its number in the ring to there. */
export interface SentIpi {
  readonly cpu: number;
  readonly seq: Seq;
}

function targets(what: string, cpus: 'all' | 'others' | Iterable<number>): Set<number> {
  if (typeof cpus !== 'string') {
    const set = new Set(cpus);
    for (const dcpu of set) requireTarget(what, dcpu);
    return set;
  }
  const set = new Set(Array.from({ length: requireCpu(what).ncpus }, (_, id) => id));
  if (cpus === 'others') set.delete(cpu.id);
  return set;
}

/**
 * Runs a function on several cpus; here, if this cpu is one of them, last, while the others are at it.
 *
 * Context: thread | ipi | idle; never blocks, but spins while a ring is full.
 *
 * @param cpus - numbers, each counts once; 'all', or 'others' for all but this one
 * @returns what to wait for, one entry for each cpu
 * @throws LwktError ERR_LWKT_OPTION for a cpu that does not exist; then nothing was sent
 */
export function lwktSendIpiqMask(
  cpus: 'all' | 'others' | Iterable<number>,
  func: IpiFunc,
  arg0 = 0,
  arg1 = 0,
  arg2 = 0,
): SentIpi[] {
  const set = targets('lwktSendIpiqMask()', cpus);
  const here = set.delete(cpu.id);
  const sent = Array.from(set, (dcpu) => ({ cpu: dcpu, seq: sendIpi(dcpu, func.id, arg0, arg1, arg2) }));
  if (here) sent.push({ cpu: cpu.id, seq: runHere(func, arg0, arg1, arg2) });
  return sent;
}

/**
 * Waits until the function sent as `seq` has returned; runs this cpu's own IPIs meanwhile, no threads.
 *
 * Context: thread | ipi | idle; never blocks: the cpu spins, then sleeps on its doorbell.
 *
 * @param dcpu - where it was sent
 * @param seq - from lwktSendIpiq()
 * @throws LwktError ERR_LWKT_CPU_DIED when it died before it said so; MachinePanic after sysctl lwkt.ipiq_wait_panic_ms
 * @seed lwkt_wait_ipiq
 */
export function lwktWaitIpiq(dcpu: number, seq: Seq): void {
  requireTarget('lwktWaitIpiq()', dcpu);
  if (dcpu !== cpu.id) waitIpi(dcpu, seq);
}

/** True when the function sent as `seq` has returned. Context: thread | ipi | idle; never blocks. @throws LwktError ERR_LWKT_OPTION, ERR_LWKT_CPU_DIED */
export function ipiqDone(dcpu: number, seq: Seq): boolean {
  requireTarget('ipiqDone()', dcpu);
  if (dcpu === cpu.id || ipiCompleted(dcpu, seq)) return true;
  if (isDead(dcpu)) throw diedError(`ipiqDone(${dcpu}, ${seq}): nobody knows whether it ran`, dcpu);
  return false;
}

/** Sequence numbers wrap; this one is checked by whoever waits, so a wrap shows only as a longer wait. */
let argSeq: Seq = 0;
let argCpu = 0;

function nobodyKnows(dcpu: number, seq: Seq): LwktError {
  return diedError(`lwktAwaitIpiq(${dcpu}, ${seq}): nobody knows whether it ran`, dcpu);
}

const awaitIterator = {
  [Symbol.iterator]: () => awaitIterator,
  next(resumed: unknown): Step<void> {
    const { m, id, curthread } = cpu;
    const slot = slotOf(curthread);
    if (resumed === undefined) {
      disarm();
      if (argCpu === id || ipiCompleted(argCpu, argSeq)) return done<void>(undefined);
      if (isDead(argCpu)) throw nobodyKnows(argCpu, argSeq);
      locals[slot] = argSeq;
      const step = blockSelf(WMESG_IPIQ, argCpu);
      // Behind the awaited record in the same ring: answered when that has returned.
      sendIpi(argCpu, IPI.echo, id, handleOf(curthread), 0);
      return step;
    }
    const dcpu = ld(m, curthread, TD_WAIT);
    const seq = locals[slot] as Seq;
    const completed = ipiCompleted(dcpu, seq);
    if (!completed && !isDead(dcpu)) return blockSelf(WMESG_IPIQ, dcpu);
    locals[slot] = undefined;
    unblockSelf();
    if (!completed) throw nobodyKnows(dcpu, seq);
    return done<void>(undefined);
  },
  return(): IteratorReturnResult<never> {
    locals[slotOf(cpu.curthread)] = undefined;
    unblockSelf();
    return ENDED;
  },
};

/**
 * Waits until the function sent as `seq` has returned; other threads of this cpu run meanwhile. For waits that may be
 * long: lwktWaitIpiq() is quicker for short ones.
 *
 * Context: thread; blocks.
 *
 * @param dcpu - where it was sent
 * @param seq - from lwktSendIpiq() and its kin
 * @throws LwktError ERR_LWKT_OPTION for a cpu that does not exist; ERR_LWKT_CPU_DIED when it died before it said so
 * Seed: a wish in the comments of lwkt_wait_ipiq.
 */
export function lwktAwaitIpiq(dcpu: number, seq: Seq): Blocking<void> {
  if (cpu.untimely) return untimely(() => lwktAwaitIpiq(dcpu, seq));
  requireTarget('lwktAwaitIpiq()', dcpu);
  if (!Number.isInteger(seq)) {
    throw new LwktError('ERR_LWKT_OPTION', `lwktAwaitIpiq(): ${String(seq)} is no sequence number`);
  }
  arm('lwktAwaitIpiq()');
  argCpu = dcpu;
  argSeq = seq;
  return awaitIterator;
}
