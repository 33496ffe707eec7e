/**
 * Threads that move to another cpu: not started yet, or at a point where they say what their state is.
 *
 * A generator cannot leave its heap. A thread that has not started is only its arguments, so its cpu can give it away
 * at once. A thread that has started moves if its function was registered as movable, and only at its move points:
 * there it hands over its state, its generator is dropped, and on the other cpu the function starts again with that
 * state as its argument. Any other thread is refused, with the reason.
 *
 * The old owner decides: whoever wants a thread asks by IPI, and gets an answer when the thread is on its way, behind
 * it in the same ring. What is asked of a thread meanwhile follows it, or waits for it (schedule.ts: mine, arrived).
 *
 * ## Ordering
 *
 *   A1  give: everything else in the descriptor is stored, then `cpu` (atomic), then the adopt IPI is sent.
 *       Whoever asks finds the other half in schedule.ts, pair B1.
 *
 * Seed: lwkt_acquire, which takes a thread without asking, protected by the big lock (D11).
 */
import { counted } from '../base/counted.ts';
import { LwktError } from '../base/errors.ts';
import type { Td, ThreadRef } from '../base/ids.ts';
import {
  TDF_ADOPTED,
  TDF_EXITED,
  TDF_GOES_ON,
  TDF_KILLED,
  TDF_LEAVING,
  TDF_MOVED,
  TDF_PREEMPTABLE,
  TDF_RUNQ,
  TDF_STOPREQ,
  TDPRI_CRIT,
} from '../base/params.ts';
import { IPI } from '../base/protocol.ts';
import { wmesgCode } from '../base/wmesg.ts';
import {
  argumentsToMessage,
  stMessageArguments,
  stMessageValue,
  tryStArguments,
  VALUE_LOCAL,
  VALUE_MESSAGE,
} from '../shared-memory/value.ts';
import { Thread } from '../shared-memory/layout/thread.ts';
import { count, ld, ldA, st, stA } from '../shared-memory/word.ts';
import { arm, BLOCKED, disarm, done, ENDED, type Blocking, type Step } from './blocking.ts';
import { isDead } from './dead.ts';
import { counterField, cpu } from './globaldata.ts';
import { isMovable, threadFuncName } from './ipifunc.ts';
import { sendIpi } from './ipiq.ts';
import { dropRelease } from './release.ts';
import { dequeue } from './runqueue.ts';
import { COMING, ELSEWHERE, HERE, later, sendOn, setRunnable, whereIs } from './schedule.ts';
import { blockSelf, unblockSelf } from './switch.ts';
import { commOf, handleOf, locals, refOf, slotOf, stacks, tryRefOf, unlinkThread } from './thread.ts';
import { dropSleeper } from './tsleep.ts';

const {
  cpu: TD_CPU,
  flags: TD_FLAGS,
  func: TD_FUNC,
  heldSync: TD_HELD_SYNC,
  mpcount: TD_MPCOUNT,
  pri: TD_PRI,
  readLocks: TD_READ_LOCKS,
  valueKind: TD_VALUE_KIND,
  wait: TD_WAIT,
  wmesg: TD_WMESG,
} = Thread;
const WMESG_MOVE = wmesgCode('move');
const MOVED = counterField('lwkt.threads_moved');

/** What a thread leaves behind. */
const AT_HOME = TDF_ADOPTED | TDF_RUNQ | TDF_LEAVING | TDF_STOPREQ;

/** Why a thread was not moved, by number; 0 for one that was. */
const REASONS = [
  '',
  'it has ended',
  'it has started, and its function has no move points: register it with kthread(f, { movable: true }) and call movePoint(state) in it',
  'it is an interrupt thread, which stays on its cpu',
  'another cpu asked for it first',
  'there is no room for its arguments: raise messages (--messages)',
  'its state cannot be cloned',
] as const;
const ENDED_ALREADY = 1;
const HAS_STARTED = 2;
const IS_INTERRUPT = 3;
const ASKED_TWICE = 4;
const NO_ROOM = 5;
const NOT_CLONED = 6;

/** Who wants a thread of this cpu that has yet to reach a move point. Per cpu. */
interface Request {
  readonly who: number;
  readonly target: number;
}
const requests = new Map<ThreadRef, Request>();

/** Threads of this cpu that asked for another thread, with the answer once it came. Per cpu. */
const asking = new Map<ThreadRef, { answer: number | undefined }>();

/** True for a thread that is only its arguments. Context: any; never blocks. */
export function hasNotStarted(td: ThreadRef): boolean {
  const flags = ld(cpu.m, td, TD_FLAGS) & (TDF_ADOPTED | TDF_EXITED);
  return flags === TDF_ADOPTED && stacks[slotOf(td)] === null;
}

/** Puts the arguments of a thread that has not started where every cpu can take them; false when there is no room. */
function exportArguments(td: ThreadRef): boolean {
  const { m, arena, id } = cpu;
  if (ld(m, td, TD_VALUE_KIND) !== VALUE_LOCAL) return true;
  const slot = slotOf(td);
  const args = locals[slot] as unknown[];
  try {
    if (!tryStArguments(arena, td, args))
      stMessageArguments(arena, id, td, threadFuncName(ld(m, td, TD_FUNC)), args);
  } catch (error) {
    if (error instanceof LwktError) return false;
    throw error;
  }
  locals[slot] = undefined;
  return true;
}

/**
 * Gives a thread that has not started to another cpu.
 *
 * Context: thread | ipi | idle; never blocks.
 *
 * @returns false when there is no room for its arguments
 */
export function giveAway(td: ThreadRef, target: number): boolean {
  if (!exportArguments(td)) return false;
  depart(td, target);
  return true;
}

function depart(td: ThreadRef, target: number): void {
  const { m, gd } = cpu;
  const flags = ld(m, td, TD_FLAGS);
  // A kill that came when it left runs it to its end over there.
  const stopped = (flags & (TDF_RUNQ | TDF_KILLED)) === 0 ? TDF_STOPREQ : 0;
  dequeue(td);
  unlinkThread(td);
  const handle = handleOf(td);
  st(m, td, TD_FLAGS, (flags & ~AT_HOME) | TDF_MOVED | stopped);
  st(m, td, TD_WMESG, 0);
  st(m, td, TD_WAIT, cpu.id + 1);
  count(m, gd, MOVED);
  stA(m, td, TD_CPU, target); // A1
  sendIpi(target, IPI.adopt, handle, 0, 0);
}

/** Handles IPI.acquire: thread `who` wants `handle` on cpu `target`. Context: thread | ipi; never blocks. */
export function acquireHandler(handle: number, who: number, target: number): void {
  const where = whereIs(handle);
  if (isDead(target)) return;
  if (where === ELSEWHERE) {
    sendOn(handle, IPI.acquire, who, target);
    return;
  }
  if (where === COMING) {
    later(handle, IPI.acquire, who, target);
    return;
  }
  if (where !== HERE) {
    reply(target, who, handle, ENDED_ALREADY);
    return;
  }
  const td = tryRefOf(handle);
  if (target === cpu.id) reply(target, who, handle, 0);
  else if (hasNotStarted(td)) reply(target, who, handle, giveAway(td, target) ? 0 : NO_ROOM);
  else if (!isMovable(ld(cpu.m, td, TD_FUNC))) reply(target, who, handle, HAS_STARTED);
  else if ((ld(cpu.m, td, TD_FLAGS) & TDF_PREEMPTABLE) !== 0) reply(target, who, handle, IS_INTERRUPT);
  else if (!requests.has(td)) requests.set(td, { who, target });
  // Asked again by the same thread, because a cpu died that may have had the question.
  else if (requests.get(td)?.who !== who) reply(target, who, handle, ASKED_TWICE);
}

/** A cpu has died: no thread moves there; what it may have been asked for is asked again. Context: idle; never blocks. */
export function bereaveMoves(): void {
  for (const [td, { target }] of requests) if (isDead(target)) requests.delete(td);
  for (const [td, { answer }] of asking) {
    if (answer === undefined) acquireHandler(ld(cpu.m, td, TD_WAIT), handleOf(td), cpu.id);
  }
}

/** A thread on its way here from a cpu that died before it sent it: it has come. Context: idle; never blocks. */
export function movedFrom(td: ThreadRef, dead: number): boolean {
  const { m, id } = cpu;
  if ((ld(m, td, TD_FLAGS) & (TDF_MOVED | TDF_ADOPTED)) !== TDF_MOVED) return false;
  return ldA(m, td, TD_CPU) === id && ld(m, td, TD_WAIT) === dead + 1;
}

function reply(target: number, who: number, handle: number, reason: number): void {
  if (target === cpu.id) acquiredHandler(who, handle, reason);
  else sendIpi(target, IPI.acquired, who, handle, reason);
}

/** Handles IPI.acquired. Context: thread | ipi; never blocks. */
export function acquiredHandler(who: number, handle: number, reason: number): void {
  const td = tryRefOf(who);
  const state = asking.get(td);
  // Killed meanwhile, and perhaps asking for another thread by now.
  if (td === 0 || state === undefined || ld(cpu.m, td, TD_WAIT) !== handle) return;
  state.answer = reason;
  setRunnable(td);
}

/**
 * A thread ended: whoever asked for it has asked in vain.
 *
 * Context: thread | idle; never blocks.
 *
 * @returns tells them, once the end is complete; undefined when there is nobody
 */
export function takeMoveRequest(td: ThreadRef): (() => void) | undefined {
  const request = requests.size === 0 ? undefined : requests.get(td);
  if (request === undefined) return undefined;
  requests.delete(td);
  const handle = handleOf(td);
  return () => reply(request.target, request.who, handle, ENDED_ALREADY);
}

let argHandle = 0;

const acquireIterator = {
  [Symbol.iterator]: () => acquireIterator,
  next(resumed: unknown): Step<void> {
    const { m, curthread } = cpu;
    if (resumed === undefined) {
      disarm();
      asking.set(curthread, { answer: undefined });
      const step = blockSelf(WMESG_MOVE, argHandle);
      acquireHandler(argHandle, handleOf(curthread), cpu.id);
      return step;
    }
    const handle = ld(m, curthread, TD_WAIT);
    const answer = asking.get(curthread)?.answer;
    if (answer === undefined) return blockSelf(WMESG_MOVE, handle);
    asking.delete(curthread);
    unblockSelf();
    if (answer !== 0) {
      throw new LwktError(
        'ERR_LWKT_MOVE',
        `lwktAcquire(${handle}): thread cannot be moved: ${REASONS[answer] ?? '?'}`,
      );
    }
    return done<void>(undefined);
  },
  /** The thread may still come. */
  return(): IteratorReturnResult<never> {
    asking.delete(cpu.curthread);
    unblockSelf();
    return ENDED;
  },
};

/**
 * Moves a thread to the calling cpu, with its cpu's consent. One that has not started comes at once, stopped or
 * runnable as it is; one that is movable comes at its next movePoint().
 *
 * Context: thread; blocks.
 *
 * @param handle - the thread; one that lives here already stays as it is
 * @throws LwktError ERR_LWKT_NO_THREAD; ERR_LWKT_MOVE with the reason when it cannot be moved or ends before
 * @seed lwkt_acquire
 */
export function lwktAcquire(handle: Td): Blocking<void> {
  refOf(handle, 'lwktAcquire()');
  arm('lwktAcquire()');
  argHandle = handle;
  return acquireIterator;
}

let argState: unknown;

const moveIterator = {
  [Symbol.iterator]: () => moveIterator,
  next(): Step<void> {
    disarm();
    const state = argState;
    argState = undefined;
    requireBare();
    const td = cpu.curthread;
    if (!requests.has(td)) return done<void>(undefined);
    const { m } = cpu;
    const flags = ld(m, td, TD_FLAGS);
    // Killed: it ends here, where its finally blocks are, and the dispatcher makes it.
    if ((flags & TDF_KILLED) !== 0) return BLOCKED;
    pack(td, state);
    st(m, td, TD_FLAGS, flags | TDF_LEAVING);
    return BLOCKED;
  },
};

/** A moving thread takes nothing along but its state. */
function requireBare(): void {
  const { m, curthread } = cpu;
  const has =
    cpu.held !== 0
      ? counted(cpu.held, 'token')
      : ld(m, curthread, TD_PRI) >= TDPRI_CRIT
        ? 'an open critical section'
        : ld(m, curthread, TD_MPCOUNT) !== 0
          ? 'the MP lock'
          : ld(m, curthread, TD_HELD_SYNC) !== 0 || ld(m, curthread, TD_READ_LOCKS) !== 0
            ? 'a mutex, spinlock or rwlock'
            : '';
  if (has !== '') {
    throw new LwktError(
      'ERR_LWKT_CONTEXT',
      `movePoint(): thread '${commOf(curthread)}' has ${has}: release it before`,
    );
  }
  if (!isMovable(ld(m, curthread, TD_FUNC))) {
    throw new LwktError(
      'ERR_LWKT_CONTEXT',
      `movePoint(): the function of thread '${commOf(curthread)}' is not registered as movable: use kthread(f, { movable: true })`,
    );
  }
}

function pack(td: ThreadRef, state: unknown): void {
  const { m, arena, id } = cpu;
  try {
    const name = threadFuncName(ld(m, td, TD_FUNC));
    stMessageValue(arena, td, VALUE_MESSAGE, argumentsToMessage(arena, id, name, [state]));
  } catch (error) {
    const request = requests.get(td) as Request;
    requests.delete(td);
    reply(request.target, request.who, handleOf(td), NOT_CLONED);
    throw error;
  }
}

/**
 * A point where the current thread may move to another cpu. If one asked for it, the function starts again over
 * there, with `state` as its argument; finally blocks around the point are not run here, but there, by the function
 * that went on. Otherwise nothing happens.
 *
 * Context: thread; blocks (for ever, when the thread moves).
 *
 * @param state - the function's argument as it should be on the other cpu; cloned
 * @throws LwktError ERR_LWKT_CONTEXT with tokens, a critical section or the MP lock in hand, or when the function is
 *   not movable; ERR_LWKT_CLONE, ERR_LWKT_MESSAGES when it was to move and the state cannot be sent
 */
export function movePoint(state: unknown): Blocking<void> {
  arm('movePoint()');
  argState = state;
  return moveIterator;
}

/** The thread blocked at a move point: it goes. Context: idle; never blocks. */
export function leave(td: ThreadRef): void {
  const request = requests.get(td) as Request;
  requests.delete(td);
  dropRelease(td);
  dropSleeper(td);
  stacks[slotOf(td)] = null;
  const { who, target } = request;
  const handle = handleOf(td);
  st(cpu.m, td, TD_FLAGS, ld(cpu.m, td, TD_FLAGS) | TDF_GOES_ON);
  depart(td, target);
  reply(target, who, handle, 0);
}

/** The cpu that a thread belongs to. Context: any; never blocks. */
export function cpuOf(handle: Td): number {
  return ldA(cpu.m, refOf(handle, 'cpuOf()'), TD_CPU);
}
