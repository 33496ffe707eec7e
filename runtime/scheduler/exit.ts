/**
 * Ending threads: what becomes of a thread's result, and of its descriptor.
 *
 * A result stays in the heap of its cpu until somebody asks for it. For a joiner elsewhere, or the host, it is moved
 * into the descriptor or a message, the thread leaves the list of its cpu, and an IPI says so; the joiner frees the
 * descriptor.
 *
 * Seed: lwkt_exit, cpu_thread_exit.
 */
import { cleanLine } from '../base/clean.ts';
import { counted } from '../base/counted.ts';
import { LwktError } from '../base/errors.ts';
import type { ThreadRef } from '../base/ids.ts';
import { setOrigin } from '../base/origin.ts';
import * as paramsModule from '../base/params.ts';
import { HOST, IPI } from '../base/protocol.ts';
import { wmesgCode } from '../base/wmesg.ts';
import { cloneFromMessage, cloneToMessage } from '../shared-memory/clone.ts';
import { errorOut } from '../shared-memory/thrown.ts';
import {
  isImmutable,
  isPlainValue,
  stMessageValue,
  stPlainValue,
  takeValue,
  VALUE_ERROR,
  VALUE_LOCAL,
  VALUE_LOCAL_ERROR,
  VALUE_LOST,
  VALUE_MESSAGE,
  VALUE_NONE,
} from '../shared-memory/value.ts';
import { eventCode } from '../shared-memory/layout/event.ts';
import * as threadLayoutModule from '../shared-memory/layout/thread.ts';
import * as wordModule from '../shared-memory/word.ts';
import type { Blocking } from './blocking.ts';
import * as blockingModule from './blocking.ts';
import * as eventsModule from './events.ts';
import * as globaldataModule from './globaldata.ts';
import type { ThreadStack } from './ipifunc.ts';
import { threadFuncName } from './ipifunc.ts';
import * as ipiqModule from './ipiq.ts';
import * as runqueueModule from './runqueue.ts';
import * as moveModule from './move.ts';
import * as releaseModule from './release.ts';
import * as scheduleModule from './schedule.ts';
import * as threadModule from './thread.ts';
import * as tokenHeldModule from './token-held.ts';
import * as syncEndModule from './sync-end.ts';
import * as tsleepModule from './tsleep.ts';

// An import is read through its module's cell at every use; a constant of this file is folded into the code.
const {
  TDF_CLEANING,
  TDF_DETACHED,
  TDF_EXITED,
  TDF_EXITING,
  TDF_GOES_ON,
  TDF_STOPREQ,
  TDF_KILLED,
  TDF_MPENTER,
  TDF_RELEASE,
  TDF_VERBOSE,
  TDPRI_CRIT,
  TDPRI_MASK,
} = paramsModule;
const { Thread } = threadLayoutModule;
const { count, ld, ldA, st } = wordModule;
const { arm, disarm, EXITING, forgottenYield, RESUME, takeArmed } = blockingModule;
const { counterField, cpu } = globaldataModule;
const { record } = eventsModule;
const { sendIpi } = ipiqModule;
const { dequeue } = runqueueModule;
const { COMING, ELSEWHERE, ENDED_HERE, GONE, later, mine, sendOn, setRunnable, whereIs } = scheduleModule;
const { takeMoveRequest } = moveModule;
const { dropRelease } = releaseModule;
const { commOf, handleOf, killedError, locals, lwktFreeThread, slotOf, stacks, tryRefOf, unlinkThread } =
  threadModule;
const { dropTokens } = tokenHeldModule;
const { abandonSync, holdsSync } = syncEndModule;
const { dropSleeper } = tsleepModule;

const {
  flags: TD_FLAGS,
  pri: TD_PRI,
  func: TD_FUNC,
  valueKind: TD_VALUE_KIND,
  joiner: TD_JOINER,
  wmesg: TD_WMESG,
  cpu: TD_CPU,
  mpcount: TD_MPCOUNT,
} = Thread;
const WMESG_ZOMBIE = wmesgCode('zombie');
/** As joiner: the result is gone or on its way. Negative as the host's requests are, and none of them. */
export const TAKEN = 1 << 31;
const EXITED = eventCode('exit');
const RUN = counterField('lwkt.threads_run');
const FAILED = counterField('lwkt.threads_failed');
const KILLED = counterField('lwkt.threads_killed');

/** The thread returned. Context: idle; never blocks. */
export function threadReturned(td: ThreadRef, value: unknown): void {
  const { m } = cpu;
  const forgotten = takeArmed();
  const flags = ld(m, td, TD_FLAGS);
  if ((flags & TDF_KILLED) !== 0) {
    count(m, cpu.gd, KILLED);
    threadThrew(td, killedError(td));
    return;
  }
  if ((flags & TDF_EXITING) !== 0) dropTokens();
  else if (
    forgotten !== '' ||
    cpu.held !== 0 ||
    holdsSync(td) ||
    ld(m, td, TD_PRI) >= TDPRI_CRIT ||
    ld(m, td, TD_MPCOUNT) > ((flags & TDF_MPENTER) === 0 ? 0 : 1)
  ) {
    threadThrew(td, untidy(td, forgotten));
    return;
  }
  end(td, value, VALUE_LOCAL);
}

function untidy(td: ThreadRef, forgotten: string): LwktError {
  if (forgotten !== '') return forgottenYield(forgotten);
  const what =
    cpu.held !== 0
      ? `${counted(cpu.held, 'token')} in hand: release what it got`
      : holdsSync(td)
        ? 'a mutex, spinlock or rwlock in hand: unlock what it locked, or use `using`'
        : ld(cpu.m, td, TD_PRI) >= TDPRI_CRIT
          ? 'an open critical section: pair critEnter with critExit'
          : 'the MP lock: pair getMplock with relMplock';
  return new LwktError('ERR_LWKT_CONTEXT', `thread '${commOf(td)}' returned with ${what}`);
}

/**
 * Runs the finally blocks of a thread that was killed or exits: they may block, and then go on like any thread.
 *
 * Context: thread; never blocks.
 */
export function endThread(td: ThreadRef, stack: ThreadStack): IteratorResult<unknown, unknown> {
  const { m } = cpu;
  const flags = ld(m, td, TD_FLAGS);
  if ((flags & (TDF_EXITING | TDF_CLEANING)) !== 0) return stack.next(RESUME);
  if ((flags & TDF_GOES_ON) !== 0) {
    // Killed on its way here: its function goes on, to come to where its finally blocks are.
    st(m, td, TD_FLAGS, flags & ~TDF_GOES_ON);
    return stack.next(RESUME);
  }
  takeArmed();
  st(m, td, TD_FLAGS, (flags & ~TDF_STOPREQ) | TDF_EXITING);
  return stack.return(undefined);
}

const exitIterator = {
  [Symbol.iterator]: () => exitIterator,
  next(): IteratorResult<unknown, never> {
    disarm();
    return EXITING;
  },
};

/**
 * Ends the current thread, as if it returned nothing: its finally blocks run, the tokens and the MP lock that it
 * still has are released. Use it as `yield* lwktExit()`.
 *
 * Context: thread; blocks (for ever).
 *
 * @seed lwkt_exit
 */
export function lwktExit(): Blocking<never> {
  arm('lwktExit()');
  return exitIterator;
}

/** The same under the name of FreeBSD 5. Context: thread; blocks (for ever). @seed kthread_exit */
export function kthreadExit(): Blocking<never> {
  arm('kthreadExit()');
  return exitIterator;
}

/** The thread threw. Context: idle; never blocks. */
export function threadThrew(td: ThreadRef, error: unknown): void {
  takeArmed();
  dropTokens();
  setOrigin(error, () => ({ thread: commOf(td), cpu: cpu.id }));
  count(cpu.m, cpu.gd, FAILED);
  end(td, error, VALUE_LOCAL_ERROR);
}

/**
 * Ends a thread whose stack is gone. What drains IPIs, because it may have to wait for room in a ring, comes before
 * the flag that says ended or after the result lies ready: what they ask of the thread finds it either running or
 * ended.
 */
function end(td: ThreadRef, value: unknown, kind: number): void {
  const { m, gd } = cpu;
  const flags = ld(m, td, TD_FLAGS);
  if ((flags & TDF_VERBOSE) !== 0) {
    console.error(`kthread ${handleOf(td)} ${cleanLine(commOf(td))} has exited`);
  }
  if (holdsSync(td)) abandonSync(td);
  if ((flags & TDF_RELEASE) !== 0) dropRelease(td);
  dropSleeper(td);
  const slot = slotOf(td);
  stacks[slot] = null;
  locals[slot] = value;
  st(m, td, TD_VALUE_KIND, kind);
  dequeue(td);
  // The next switch lets the lock go.
  st(m, td, TD_MPCOUNT, 0);
  st(m, td, TD_FLAGS, ld(m, td, TD_FLAGS) | TDF_EXITED);
  st(m, td, TD_PRI, (ld(m, td, TD_PRI) & TDPRI_MASK) | TDPRI_CRIT);
  st(m, td, TD_WMESG, WMESG_ZOMBIE);
  count(m, gd, RUN);
  if (cpu.events !== 0) record(EXITED, handleOf(td), 0);
  const joiner = ld(m, td, TD_JOINER);
  const refuse = takeMoveRequest(td);
  if ((flags & TDF_DETACHED) !== 0) endDetached(td, kind);
  else if (joiner !== 0) deliver(td, joiner);
  refuse?.();
}

function endDetached(td: ThreadRef, kind: number): void {
  const { ncpus } = cpu;
  if (kind === VALUE_LOCAL_ERROR) {
    exportResult(td);
    unlinkThread(td);
    sendIpi(ncpus, HOST.failed, handleOf(td), 0, 0);
    return;
  }
  locals[slotOf(td)] = undefined;
  unlinkThread(td);
  lwktFreeThread(td);
}

/** Tells whoever waits for the exit: a thread here, a thread elsewhere, or the host (negative). Context: thread | ipi | idle; never blocks. */
export function deliver(td: ThreadRef, joiner: number): void {
  const { m, id, ncpus } = cpu;
  if (joiner < 0) {
    exportResult(td);
    unlinkThread(td);
    sendIpi(ncpus, HOST.exited, handleOf(td), -joiner, 0);
    return;
  }
  const waiter = tryRefOf(joiner);
  if (waiter === 0) {
    // Killed and gone, before it could take its request back: another may join.
    st(m, td, TD_JOINER, 0);
    return;
  }
  const dcpu = ldA(m, waiter, TD_CPU);
  if (dcpu === id) {
    setRunnable(waiter);
    return;
  }
  exportResult(td);
  unlinkThread(td);
  st(m, td, TD_JOINER, TAKEN);
  sendIpi(dcpu, IPI.joined, joiner, handleOf(td), 0);
}

/** Moves a result from this heap to where other corners can take it. */
function exportResult(td: ThreadRef): void {
  const { m, arena, id } = cpu;
  const slot = slotOf(td);
  const value = locals[slot];
  locals[slot] = undefined;
  if (ld(m, td, TD_VALUE_KIND) === VALUE_LOCAL) {
    if (isPlainValue(value)) {
      stPlainValue(arena, td, value);
      return;
    }
    try {
      stMessageValue(arena, td, VALUE_MESSAGE, cloneToMessage(arena, id, value));
      return;
    } catch (error) {
      exportError(td, resultError(td, error));
      return;
    }
  }
  exportError(td, value);
}

function exportError(td: ThreadRef, error: unknown): void {
  const { arena, id, m } = cpu;
  try {
    stMessageValue(arena, td, VALUE_ERROR, cloneToMessage(arena, id, errorOut(arena, error)));
  } catch (noRoom) {
    if (!(noRoom instanceof LwktError)) throw noRoom;
    st(m, td, TD_VALUE_KIND, VALUE_LOST);
  }
}

function resultError(td: ThreadRef, error: unknown): LwktError {
  if (error instanceof LwktError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new LwktError(
    'ERR_LWKT_CLONE',
    `the result of thread '${threadFuncName(ld(cpu.m, td, TD_FUNC))}' cannot be cloned: ${reason} ` +
      'Return numbers, strings, plain objects, arrays, buffers, or shared memory',
    { cause: error },
  );
}

/**
 * Takes the result of an ended thread of this cpu, and frees the thread.
 *
 * Context: thread; never blocks.
 *
 * @throws the thread's error
 */
export function takeLocalResult(td: ThreadRef): unknown {
  const { m, arena, id } = cpu;
  const slot = slotOf(td);
  const value = locals[slot];
  locals[slot] = undefined;
  const kind = ld(m, td, TD_VALUE_KIND);
  st(m, td, TD_VALUE_KIND, VALUE_NONE);
  // Who holds the descriptor keeps the handle good, but the result is taken.
  st(m, td, TD_JOINER, TAKEN);
  unlinkThread(td);
  try {
    if (kind === VALUE_LOCAL_ERROR) throw value;
    if (isImmutable(value)) return value;
    try {
      return cloneFromMessage(arena, id, cloneToMessage(arena, id, value));
    } catch (error) {
      throw resultError(td, error);
    }
  } finally {
    lwktFreeThread(td);
  }
}

/** Takes the result of an ended thread of another cpu, which has let it go, and frees the thread. Context: thread; never blocks. */
export function takeForeignResult(td: ThreadRef): unknown {
  try {
    return takeValue(cpu.arena, cpu.id, td);
  } finally {
    lwktFreeThread(td);
  }
}

/** Whether somebody waits for a thread of this cpu, or has taken its result. Context: thread | ipi; never blocks. */
export function hasJoiner(td: ThreadRef): boolean {
  const joiner = ld(cpu.m, td, TD_JOINER);
  return joiner < 0 || tryRefOf(joiner) !== 0;
}

/**
 * Handles IPI.join: thread `joiner`, of cpu `from`, waits for thread `handle` of this one.
 *
 * Context: ipi; never blocks.
 */
export function joinHandler(handle: number, joiner: number, from: number): void {
  const { m } = cpu;
  const where = whereIs(handle);
  if (where === ELSEWHERE || where === COMING) {
    const follow = where === ELSEWHERE ? sendOn : later;
    follow(handle, IPI.join, joiner, from);
    return;
  }
  const td = where === GONE ? 0 : tryRefOf(handle);
  // Asked again, because a cpu died that may have had the question.
  if (td !== 0 && ld(m, td, TD_JOINER) === joiner) return;
  if (td === 0 || ldA(m, td, TD_CPU) !== cpu.id || hasJoiner(td)) {
    if (from === cpu.id) joinedHandler(joiner, handle, 1);
    else sendIpi(from, IPI.joined, joiner, handle, 1);
    return;
  }
  st(m, td, TD_JOINER, joiner);
  if (where === ENDED_HERE) deliver(td, joiner);
}

/** Upcall of join.ts, for a join that followed its thread to the joiner's own cpu. */
let joinedHandler: (joiner: number, handle: number, refused: number) => void = () => {};

/** Fills the upcall. Context: boot; never blocks. */
export function setJoined(handler: typeof joinedHandler): void {
  joinedHandler = handler;
}

/** Handles IPI.unjoin: `joiner` waits no longer for a thread of this cpu. Context: thread | ipi; never blocks. */
export function unjoinHandler(handle: number, joiner: number): void {
  const td = mine(handle, IPI.unjoin, joiner, 0);
  if (td !== 0 && ld(cpu.m, td, TD_JOINER) === joiner) st(cpu.m, td, TD_JOINER, 0);
}

/** An ended thread of another cpu whose joiner is gone: nobody takes its result. Context: ipi; never blocks. */
export function discardForeignResult(td: ThreadRef): void {
  try {
    takeForeignResult(td);
  } catch {
    // Its error, like its result, has nobody to go to.
  }
}
