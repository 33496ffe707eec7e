/**
 * Creating threads, here and on other cpus, and ending them.
 *
 * A thread made for another cpu gets its descriptor from the cache of the cpu that makes it, its arguments in the
 * descriptor or in a message, and one IPI that brings the handle. Arguments mean the same on every cpu: what is
 * not a plain value is cloned, also when the thread stays here.
 *
 * Seed: lwkt_create, kthread_create, lwkt_exit, cpu_thread_exit.
 */
import { LwktError } from '../base/errors.ts';
import type { Td, ThreadRef } from '../base/ids.ts';
import * as paramsModule from '../base/params.ts';
import { HOST, IPI } from '../base/protocol.ts';
import { wmesgCode } from '../base/wmesg.ts';
import {
  argumentsToMessage,
  cloneFromMessage,
  cloneToMessage,
  errorOut,
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
  VALUE_NUMBER,
} from '../shared-memory/clone.ts';
import * as globaldataLayoutModule from '../shared-memory/layout/globaldata.ts';
import * as threadLayoutModule from '../shared-memory/layout/thread.ts';
import * as wordModule from '../shared-memory/word.ts';
import * as blockingModule from './blocking.ts';
import * as globaldataModule from './globaldata.ts';
import type { ThreadStack } from './ipifunc.ts';
import * as ipifuncModule from './ipifunc.ts';
import * as ipiqModule from './ipiq.ts';
import * as runqueueModule from './runqueue.ts';
import * as scheduleModule from './schedule.ts';
import * as threadModule from './thread.ts';
import * as tokenModule from './token.ts';

// An import is read through its module's cell at every use; a constant of this file is folded into the code.
const { MAXCPU, TDF_ADOPTED, TDF_DETACHED, TDF_EXITED, TDPRI_CRIT, TDPRI_KERN_DAEMON, TDPRI_MASK } = paramsModule;
const { Globaldata } = globaldataLayoutModule;
const { Thread } = threadLayoutModule;
const { count, ld, st } = wordModule;
const { forgottenYield, takeArmed } = blockingModule;
const { counterField, cpu, globaldataFind, requireCpu } = globaldataModule;
const { threadBody, threadFuncName } = ipifuncModule;
const { checkCpu, sendIpi } = ipiqModule;
const { dequeue } = runqueueModule;
const { checkPriority, setRunnable } = scheduleModule;
const { commOf, handleOf, linkThread, locals, lwktAllocThread, lwktFreeThread, lwktSetComm, slotOf, stacks, tryRefOf, unlinkThread } = threadModule;
const { dropTokens } = tokenModule;

const { flags: TD_FLAGS, pri: TD_PRI, func: TD_FUNC, valueKind: TD_VALUE_KIND, joiner: TD_JOINER, wmesg: TD_WMESG, cpu: TD_CPU } = Thread;
const { nrun: GD_NRUN } = Globaldata;
const WMESG_ZOMBIE = wmesgCode('zombie');
const RUN = counterField('lwkt.threads_run');
const FAILED = counterField('lwkt.threads_failed');

/**
 * A thread function that every cpu of the machine knows.
 *
 * @typeParam A - its arguments
 * @typeParam R - its result
 */
export interface KThread<A extends unknown[], R> {
  readonly name: string;
  /** Its number, the same on every cpu. */
  readonly id: number;
  /** Only for the type checker. */
  readonly signature?: (...args: A) => R;
}

/** Where and how a thread is made. */
export interface SpawnOptions {
  /**
   * The cpu: a number, 'any' for the one with the fewest runnable threads, 'spread' for one after the other.
   * Default: this cpu.
   */
  readonly cpu?: number | 'any' | 'spread';
  /** 1 .. 31, more is more urgent; default 12 (TDPRI_KERN_DAEMON). */
  readonly priority?: number;
  /** For `ps`, cut at 16 bytes; default the function's name. */
  readonly name?: string;
  /** Nobody will join it: freed when it ends, its error reported at once. */
  readonly detached?: boolean;
}

/** Next cpu of 'spread'. Per cpu. */
let spreadNext = -1;

function place(where: SpawnOptions['cpu']): number {
  if (where === undefined) return cpu.id;
  if (where === 'spread') {
    spreadNext = spreadNext < 0 ? (cpu.id + 1) % cpu.ncpus : (spreadNext + 1) % cpu.ncpus;
    return spreadNext;
  }
  if (where === 'any') return leastLoaded();
  checkCpu('spawn()', where);
  return where;
}

/** The cpu with the fewest runnable threads, this one if it is among them. A hint: the words move on. */
function leastLoaded(): number {
  const { m } = cpu;
  const load = (id: number): number => ld(m, globaldataFind(id), GD_NRUN);
  let best = cpu.id;
  // The current thread is on its own queue, and will block or go on: it does not count.
  let least = load(best) - 1;
  for (let i = 1; i < cpu.ncpus && i < MAXCPU; i++) {
    const id = (cpu.id + i) % cpu.ncpus;
    if (load(id) < least) {
      best = id;
      least = load(id);
    }
  }
  return best;
}

const NO_OPTIONS: SpawnOptions = {};

/**
 * Makes a thread.
 *
 * Context: thread | ipi | idle; never blocks.
 *
 * @param kt - its function, from kthread()
 * @param rest - the arguments as an array, if the function takes any, then the options; what is not a plain value
 *   is cloned
 * @returns its handle, good on every cpu until it is joined
 * @throws LwktError ERR_LWKT_THREADS, ERR_LWKT_CLONE, ERR_LWKT_MESSAGES, ERR_LWKT_OPTION
 */
export function spawn<A extends unknown[], R>(
  kt: KThread<A, R>,
  ...rest: A extends [] ? [args?: [], options?: SpawnOptions] : [args: A, options?: SpawnOptions]
): Td<R>;
export function spawn(kt: KThread<unknown[], unknown>, args: unknown[] = [], options: SpawnOptions = NO_OPTIONS): Td {
  requireCpu('spawn()');
  if (typeof kt?.id !== 'number' || !Array.isArray(args)) {
    throw new LwktError(
      'ERR_LWKT_OPTION',
      'spawn(f, [arguments], { options }): f must come from kthread(), its arguments in one array',
    );
  }
  const priority = options.priority ?? TDPRI_KERN_DAEMON;
  if (options.priority !== undefined) checkPriority('spawn()', priority);
  const target = place(options.cpu);
  const td = lwktAllocThread(target, kt.id, options.detached === true ? TDF_DETACHED : 0, priority);
  try {
    putArguments(td, target, kt.name, args);
  } catch (error) {
    st(cpu.m, td, TD_FLAGS, ld(cpu.m, td, TD_FLAGS) | TDF_EXITED);
    lwktFreeThread(td);
    throw error;
  }
  if (options.name !== undefined) lwktSetComm(td, options.name);
  const handle = handleOf(td);
  if (target === cpu.id) adopt(td);
  else sendIpi(target, IPI.adopt, handle, 0, 0);
  return handle;
}

function immutable(value: unknown): boolean {
  return isPlainValue(value) || typeof value === 'string' || typeof value === 'bigint';
}

function putArguments(td: ThreadRef, target: number, name: string, args: unknown[]): void {
  const { arena, m } = cpu;
  if (target === cpu.id && args.every(immutable)) {
    locals[slotOf(td)] = args.length === 0 ? undefined : args.slice();
    st(m, td, TD_VALUE_KIND, VALUE_LOCAL);
  } else if (args.length === 0) st(m, td, TD_VALUE_KIND, VALUE_NONE);
  else if (args.length === 1 && typeof args[0] === 'number') stPlainValue(arena, td, args[0]);
  else stMessageValue(arena, td, VALUE_MESSAGE, argumentsToMessage(arena, cpu.id, name, args));
}

function adopt(td: ThreadRef): void {
  linkThread(td);
  st(cpu.m, td, TD_FLAGS, ld(cpu.m, td, TD_FLAGS) | TDF_ADOPTED);
  setRunnable(td);
}

/** Handles IPI.adopt. Context: ipi; never blocks. */
export function adoptHandler(handle: number): void {
  const td = tryRefOf(handle);
  if (td !== 0) adopt(td);
}

/** Makes the generator of a thread that runs for the first time. Context: idle; never blocks. */
export function startThread(td: ThreadRef): ThreadStack {
  const { m, arena } = cpu;
  const slot = slotOf(td);
  const body = threadBody(ld(m, td, TD_FUNC)) as (...args: unknown[]) => ThreadStack;
  let stack: ThreadStack;
  if (ld(m, td, TD_VALUE_KIND) === VALUE_LOCAL) {
    const args = locals[slot] as unknown[] | undefined;
    locals[slot] = undefined;
    st(m, td, TD_VALUE_KIND, VALUE_NONE);
    stack = args === undefined ? body() : body(...args);
  } else {
    const single = ld(m, td, TD_VALUE_KIND) === VALUE_NUMBER;
    const value = takeValue(arena, cpu.id, td);
    stack = single ? body(value) : body(...((value ?? []) as unknown[]));
  }
  stacks[slot] = stack;
  return stack;
}

/** The thread returned. Context: idle; never blocks. @seed lwkt_exit */
export function threadReturned(td: ThreadRef, value: unknown): void {
  const forgotten = takeArmed();
  if (forgotten !== '' || cpu.held !== 0 || ld(cpu.m, td, TD_PRI) >= TDPRI_CRIT) {
    threadThrew(td, untidy(td, forgotten));
    return;
  }
  end(td, value, VALUE_LOCAL);
}

function untidy(td: ThreadRef, forgotten: string): LwktError {
  if (forgotten !== '') return forgottenYield(forgotten);
  const what = cpu.held !== 0 ? `${cpu.held} token(s) in hand: release what it got` : 'an open critical section: pair critEnter with critExit';
  return new LwktError('ERR_LWKT_CONTEXT', `thread '${commOf(td)}' returned with ${what}`);
}

/** The thread threw. Context: idle; never blocks. */
export function threadThrew(td: ThreadRef, error: unknown): void {
  takeArmed();
  dropTokens();
  count(cpu.m, cpu.gd, FAILED);
  end(td, error, VALUE_LOCAL_ERROR);
}

function end(td: ThreadRef, value: unknown, kind: number): void {
  const { m, gd } = cpu;
  const slot = slotOf(td);
  stacks[slot] = null;
  const flags = ld(m, td, TD_FLAGS);
  dequeue(td);
  st(m, td, TD_FLAGS, ld(m, td, TD_FLAGS) | TDF_EXITED);
  st(m, td, TD_PRI, (ld(m, td, TD_PRI) & TDPRI_MASK) | TDPRI_CRIT);
  st(m, td, TD_WMESG, WMESG_ZOMBIE);
  count(m, gd, RUN);
  locals[slot] = value;
  st(m, td, TD_VALUE_KIND, kind);
  const joiner = ld(m, td, TD_JOINER);
  if ((flags & TDF_DETACHED) !== 0) endDetached(td, kind);
  else if (joiner !== 0) deliver(td, joiner);
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

/** Tells whoever waits for the exit: a thread here, a thread elsewhere, or the host (negative). */
function deliver(td: ThreadRef, joiner: number): void {
  const { m, id, ncpus } = cpu;
  if (joiner < 0) {
    exportResult(td);
    unlinkThread(td);
    sendIpi(ncpus, HOST.exited, handleOf(td), -joiner, 0);
    return;
  }
  const waiter = tryRefOf(joiner);
  if (waiter === 0) return;
  const dcpu = ld(m, waiter, TD_CPU);
  if (dcpu === id) {
    setRunnable(waiter);
    return;
  }
  exportResult(td);
  unlinkThread(td);
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
  unlinkThread(td);
  try {
    if (kind === VALUE_LOCAL_ERROR) throw value;
    if (immutable(value)) return value;
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

/**
 * Handles IPI.join: thread `joiner`, of cpu `from`, waits for thread `handle` of this one.
 *
 * Context: ipi; never blocks.
 */
export function joinHandler(handle: number, joiner: number, from: number): void {
  const { m } = cpu;
  const td = tryRefOf(handle);
  if (td === 0 || ld(m, td, TD_CPU) !== cpu.id || ld(m, td, TD_JOINER) !== 0) {
    sendIpi(from, IPI.joined, joiner, handle, 1);
    return;
  }
  st(m, td, TD_JOINER, joiner);
  if ((ld(m, td, TD_FLAGS) & TDF_EXITED) !== 0) deliver(td, joiner);
}
