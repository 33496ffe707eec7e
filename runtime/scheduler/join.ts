/**
 * Waiting for a thread to end, and its result.
 *
 * A thread has one joiner. On its own cpu the result passes from heap to heap; a joiner elsewhere asks the thread's
 * cpu by IPI, and gets one back when the result lies in the descriptor. The joiner frees the descriptor.
 */
import { LwktError } from '../base/errors.ts';
import type { Td, ThreadRef } from '../base/ids.ts';
import * as paramsModule from '../base/params.ts';
import { wmesgCode } from '../base/wmesg.ts';
import * as threadLayoutModule from '../shared-memory/layout/thread.ts';
import * as wordModule from '../shared-memory/word.ts';
import type { Blocking, Step } from './blocking.ts';
import * as blockingModule from './blocking.ts';
import * as exitModule from './exit.ts';
import * as globaldataModule from './globaldata.ts';
import * as scheduleModule from './schedule.ts';
import * as switchModule from './switch.ts';
import * as threadModule from './thread.ts';
import { untimely } from './untimely.ts';

// An import is read through its module's cell at every use; a constant of this file is folded into the code.
const { TDF_DETACHED, TDF_EXITED } = paramsModule;
const { Thread } = threadLayoutModule;
const { casA, ld, ldA, st } = wordModule;
const { arm, disarm, done, ENDED } = blockingModule;
const { discardForeignResult, hasJoiner, joinHandler, takeForeignResult, takeLocalResult, unjoinHandler } =
  exitModule;
const { cpu } = globaldataModule;
const { ENDED_HERE, HERE, setRunnable, whereIs } = scheduleModule;
const { blockSelf, unblockSelf } = switchModule;
const { commOf, handleOf, locals, refOf, slotOf, tryRefOf } = threadModule;

const { flags: TD_FLAGS, cpu: TD_CPU, joiner: TD_JOINER, wait: TD_WAIT, wmesg: TD_WMESG } = Thread;
const WMESG_JOIN = wmesgCode('join');

/** What the other cpu said, kept in the joiner's slot of `locals`. */
const JOINED = { refused: false };
const REFUSED = { refused: true };

let argHandle = 0;
let argRef: ThreadRef = 0;

function joinedTwice(handle: number): LwktError {
  return new LwktError(
    'ERR_LWKT_JOINED',
    `join(${handle}): another thread or the host already waits for it or took its result; a thread is joined once`,
  );
}

function first(handle: number, td: ThreadRef): Step<unknown> {
  const { m, id } = cpu;
  const me = handleOf(cpu.curthread);
  const where = whereIs(handle);
  if (where === ENDED_HERE) {
    if (hasJoiner(td)) throw joinedTwice(handle);
    return done(takeLocalResult(td));
  }
  if (where === HERE) {
    if (hasJoiner(td)) throw joinedTwice(handle);
    st(m, td, TD_JOINER, me);
    return blockSelf(WMESG_JOIN, handle);
  }
  // The answer may come before this returns: it is kept, and found when the thread runs again.
  const step = blockSelf(WMESG_JOIN, handle);
  joinHandler(handle, me, id);
  return step;
}

function again(handle: number): Step<unknown> {
  const { m, id, curthread } = cpu;
  const td = tryRefOf(handle);
  const slot = slotOf(curthread);
  const answer = locals[slot];
  if (answer === undefined) {
    if (td === 0 || ldA(m, td, TD_CPU) !== id || (ld(m, td, TD_FLAGS) & TDF_EXITED) === 0) {
      return blockSelf(WMESG_JOIN, handle);
    }
    unblockSelf();
    return done(takeLocalResult(td));
  }
  locals[slot] = undefined;
  unblockSelf();
  if (answer === REFUSED) throw joinedTwice(handle);
  return done(takeForeignResult(td));
}

const joinIterator = {
  [Symbol.iterator]: () => joinIterator,
  next(resumed: unknown): Step<unknown> {
    if (resumed !== undefined) return again(ld(cpu.m, cpu.curthread, TD_WAIT));
    disarm();
    return first(argHandle, argRef);
  },
  /** Killed while it waits: the thread may be joined by another. */
  return(): IteratorReturnResult<never> {
    const { m, id, curthread } = cpu;
    const handle = ld(m, curthread, TD_WAIT);
    const slot = slotOf(curthread);
    const answer = locals[slot];
    locals[slot] = undefined;
    unblockSelf();
    const td = tryRefOf(handle);
    if (td === 0) return ENDED;
    if (answer === JOINED) discardForeignResult(td);
    else if (ldA(m, td, TD_CPU) === id && ld(m, td, TD_JOINER) === handleOf(curthread))
      st(m, td, TD_JOINER, 0);
    else unjoinHandler(handle, handleOf(curthread));
    return ENDED;
  },
};

/** Handles IPI.joined: the thread that `joiner` waits for has ended, or may not be joined. Context: ipi; never blocks. */
export function joinedHandler(joiner: number, handle: number, refused: number): void {
  const td = tryRefOf(joiner);
  if (td === 0 || ld(cpu.m, td, TD_WAIT) !== handle || ld(cpu.m, td, TD_WMESG) !== WMESG_JOIN) {
    // Killed meanwhile.
    const ended = tryRefOf(handle);
    if (refused === 0 && ended !== 0) discardForeignResult(ended);
    return;
  }
  const slot = slotOf(td);
  // Joined again in a finally block: the answer to the first time stands, or the thread's descriptor would be lost.
  if (locals[slot] !== JOINED) locals[slot] = refused === 0 ? JOINED : REFUSED;
  setRunnable(td);
}

/**
 * A cpu has died: threads of it whose end a thread here has been told of belong to this cpu from now on, since that
 * one takes their results. To be done before the death is settled.
 *
 * Context: idle; never blocks.
 */
export function keepJoined(td: ThreadRef, dead: number): void {
  const { m, id } = cpu;
  if (ld(m, td, TD_WMESG) !== WMESG_JOIN || locals[slotOf(td)] !== JOINED) return;
  const ended = tryRefOf(ld(m, td, TD_WAIT));
  if (ended !== 0) casA(m, ended, TD_CPU, dead, id);
}

/** A cpu has died that may have had the question of a thread that joins: it is asked again. Context: idle; never blocks. */
export function joinAgain(td: ThreadRef): void {
  const { m, id } = cpu;
  if (ld(m, td, TD_WMESG) !== WMESG_JOIN || locals[slotOf(td)] !== undefined) return;
  joinHandler(ld(m, td, TD_WAIT), handleOf(td), id);
}

/**
 * Waits until a thread has ended.
 *
 * Context: thread; blocks.
 *
 * @param handle - from spawn(), on whatever cpu it lives
 * @returns what the thread returned; cloned, unless it is a plain value
 * @throws what the thread threw; LwktError ERR_LWKT_NO_THREAD, ERR_LWKT_JOINED, ERR_LWKT_CLONE
 */
export function join<R>(handle: Td<R>): Blocking<R> {
  if (cpu.untimely) return untimely(() => join(handle));
  const td = refOf(handle, 'join()');
  if (td === cpu.curthread) {
    throw new LwktError(
      'ERR_LWKT_CONTEXT',
      `join(${handle}): thread '${commOf(td)}' would wait for itself for ever`,
    );
  }
  if ((ld(cpu.m, td, TD_FLAGS) & TDF_DETACHED) !== 0) {
    throw new LwktError(
      'ERR_LWKT_JOINED',
      `join(${handle}): thread '${commOf(td)}' was spawned detached; nobody can join it`,
    );
  }
  arm('join()');
  argHandle = handle;
  argRef = td;
  return joinIterator as Blocking<R>;
}
