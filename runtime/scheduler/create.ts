/**
 * Creating threads, here and on other cpus.
 *
 * A thread made for another cpu gets its descriptor from the cache of the cpu that makes it, its arguments in the
 * descriptor or in a message, and one IPI that brings the handle. Arguments mean the same on every cpu: what is
 * not a plain value is cloned, also when the thread stays here.
 *
 * Seed: lwkt_create, kthread_create.
 */
import { LwktError } from '../base/errors.ts';
import type { Td, ThreadRef } from '../base/ids.ts';
import * as paramsModule from '../base/params.ts';
import { PROC_RUN } from '../base/proc.ts';
import { IPI } from '../base/protocol.ts';
import { wmesgCode } from '../base/wmesg.ts';
import {
  isImmutable,
  stMessageArguments,
  takeInts,
  takeValue,
  tryStArguments,
  VALUE_INTS,
  VALUE_LOCAL,
  VALUE_NONE,
  VALUE_NUMBER,
} from '../shared-memory/value.ts';
import { eventCode } from '../shared-memory/layout/event.ts';
import * as globaldataLayoutModule from '../shared-memory/layout/globaldata.ts';
import * as threadLayoutModule from '../shared-memory/layout/thread.ts';
import * as wordModule from '../shared-memory/word.ts';
import * as deadModule from './dead.ts';
import * as eventsModule from './events.ts';
import * as globaldataModule from './globaldata.ts';
import type { ThreadStack } from './ipifunc.ts';
import * as ipifuncModule from './ipifunc.ts';
import * as ipiqModule from './ipiq.ts';
import * as scheduleModule from './schedule.ts';
import * as threadModule from './thread.ts';

// An import is read through its module's cell at every use; a constant of this file is folded into the code.
const {
  MAXCPU,
  TDF_ADOPTED,
  TDF_ANYCPU,
  TDF_DETACHED,
  TDF_EXITED,
  TDF_GOES_ON,
  TDF_KILLED,
  TDF_MOVED,
  TDF_MPENTER,
  TDF_PREEMPTABLE,
  TDF_STOPREQ,
  TDF_VERBOSE,
  TDPRI_INT_MED,
  TDPRI_KERN_DAEMON,
} = paramsModule;
const { Globaldata } = globaldataLayoutModule;
const { Thread } = threadLayoutModule;
const { ld, st } = wordModule;
const { checkCpu, cpu, globaldataFind, requireCpu } = globaldataModule;
const { diedError, isDead } = deadModule;
const { record } = eventsModule;
const { threadBody } = ipifuncModule;
const { sendIpi } = ipiqModule;
const { arrived, checkPriority, setRunnable } = scheduleModule;
const {
  handleOf,
  linkThread,
  locals,
  lwktAllocThread,
  lwktFreeThread,
  setComm,
  makeRoom,
  slotOf,
  stacks,
  tryRefOf,
} = threadModule;

const {
  flags: TD_FLAGS,
  func: TD_FUNC,
  valueKind: TD_VALUE_KIND,
  mpcount: TD_MPCOUNT,
  proc: TD_PROC,
  procStat: TD_PROC_STAT,
  wmesg: TD_WMESG,
} = Thread;
const STARTED = eventCode('start');
const WMESG_STOPPED = wmesgCode('stopped');
/** Largest process number. */
const MAX_PROC = 0x7fff_ffff;
const { nrun: GD_NRUN } = Globaldata;

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
  /**
   * An interrupt thread: made runnable, it preempts a less urgent thread of its cpu at once, or at its next
   * safepoint. Priority by default 28 (TDPRI_INT_MED).
   */
  readonly interrupt?: boolean;
  /** Not to be run before lwktSchedule says so. */
  readonly stopped?: boolean;
  /** Number of the process it runs for; 0, the default, for none. */
  readonly proc?: number;
}

/** Next cpu of 'spread'. Per cpu. */
let spreadNext = -1;

function place(where: SpawnOptions['cpu']): number {
  if (where === undefined) return cpu.id;
  if (where === 'spread') {
    do spreadNext = spreadNext < 0 ? (cpu.id + 1) % cpu.ncpus : (spreadNext + 1) % cpu.ncpus;
    while (isDead(spreadNext));
    return spreadNext;
  }
  if (where === 'any') return leastLoaded();
  checkCpu('spawn()', where);
  if (isDead(where)) throw diedError(`spawn() on cpu ${where}`, where);
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
 * @throws LwktError ERR_LWKT_THREADS, ERR_LWKT_CLONE, ERR_LWKT_MESSAGES, ERR_LWKT_OPTION; ERR_LWKT_CPU_DIED
 */
export function spawn<A extends unknown[], R>(
  kt: KThread<A, R>,
  ...rest: A extends [] ? [args?: [], options?: SpawnOptions] : [args: A, options?: SpawnOptions]
): Td<R>;
export function spawn(
  kt: KThread<unknown[], unknown>,
  args: unknown[] = [],
  options: SpawnOptions = NO_OPTIONS,
): Td {
  requireCpu('spawn()');
  if (typeof kt?.id !== 'number' || !Array.isArray(args)) {
    throw new LwktError(
      'ERR_LWKT_OPTION',
      'spawn(f, [arguments], { options }): f must be what kthread() returned, its arguments in one array; ' +
        'inside a function expression its own name means the bare function: give the constant another name',
    );
  }
  const target = place(options.cpu);
  const td = make(kt, args, options, target, options === NO_OPTIONS ? 0 : flagsOf(options));
  const handle = handleOf(td);
  if (target === cpu.id) adopt(td);
  else sendIpi(target, IPI.adopt, handle, 0, 0);
  return handle;
}

function flagsOf({ cpu: where, detached, interrupt, stopped }: SpawnOptions): number {
  return (
    (detached === true ? TDF_DETACHED : 0) |
    (interrupt === true ? TDF_PREEMPTABLE : 0) |
    (stopped === true ? TDF_STOPREQ : 0) |
    (where === 'any' ? TDF_ANYCPU : 0)
  );
}

/** A thread that has yet to come to its cpu. */
function make(
  kt: KThread<unknown[], unknown>,
  args: unknown[],
  options: SpawnOptions,
  target: number,
  flags: number,
): ThreadRef {
  const priority = options.priority ?? (options.interrupt === true ? TDPRI_INT_MED : TDPRI_KERN_DAEMON);
  if (options.priority !== undefined) checkPriority('spawn()', priority);
  const proc = options.proc ?? 0;
  if (!Number.isInteger(proc) || proc < 0 || proc > MAX_PROC) {
    throw new LwktError(
      'ERR_LWKT_OPTION',
      `spawn(): proc ${String(proc)} is not a whole number of 0 .. ${MAX_PROC}`,
    );
  }
  const td = lwktAllocThread(target, kt.id, flags, priority);
  try {
    putArguments(td, target, kt.name, args);
  } catch (error) {
    st(cpu.m, td, TD_FLAGS, ld(cpu.m, td, TD_FLAGS) | TDF_EXITED);
    lwktFreeThread(td);
    throw error;
  }
  if (options.name !== undefined) setComm(td, options.name);
  if (proc !== 0) {
    st(cpu.m, td, TD_PROC, proc);
    st(cpu.m, td, TD_PROC_STAT, PROC_RUN);
  }
  return td;
}

/**
 * Makes a thread as the seed does: it is entered holding the MP lock, announces its end on stderr, and is not joined.
 *
 * Context: thread | ipi | idle; never blocks.
 *
 * @param kt - its function, from kthread()
 * @param args - cloned
 * @param options - `stopped` is the seed's TDF_STOPREQ, `name` its format
 * @returns its handle, good until the thread ends
 * @throws LwktError as spawn
 * @seed lwkt_create
 */
export function lwktCreate<A extends unknown[]>(
  kt: KThread<A, unknown>,
  args: A,
  options: SpawnOptions = NO_OPTIONS,
): Td {
  requireCpu('lwktCreate()');
  const target = place(options.cpu);
  const flags = flagsOf(options) | TDF_DETACHED | TDF_VERBOSE | TDF_MPENTER;
  const td = make(kt as KThread<unknown[], unknown>, args, options, target, flags);
  st(cpu.m, td, TD_MPCOUNT, 1);
  const handle = handleOf(td);
  if (target === cpu.id) adopt(td);
  else sendIpi(target, IPI.adopt, handle, 0, 0);
  return handle;
}

/**
 * The same under the name of FreeBSD 5, and always runnable at once.
 *
 * Context: thread | ipi | idle; never blocks.
 *
 * @throws LwktError as spawn
 * @seed kthread_create
 */
export function kthreadCreate<A extends unknown[]>(kt: KThread<A, unknown>, args: A, name?: string): Td {
  return lwktCreate(kt, args, name === undefined ? NO_OPTIONS : { name });
}

function allImmutable(args: readonly unknown[]): boolean {
  for (const arg of args) if (!isImmutable(arg)) return false;
  return true;
}

function putArguments(td: ThreadRef, target: number, name: string, args: unknown[]): void {
  const { arena, m } = cpu;
  // Numbers that fit need no copy of the array, wherever they go.
  if (tryStArguments(arena, td, args)) return;
  if (target === cpu.id && allImmutable(args)) {
    const slot = slotOf(td);
    makeRoom(slot);
    locals[slot] = args.slice();
    st(m, td, TD_VALUE_KIND, VALUE_LOCAL);
  } else stMessageArguments(arena, cpu.id, td, name, args);
}

/** Takes a thread into this cpu. Context: thread | ipi; never blocks. */
export function adopt(td: ThreadRef): void {
  linkThread(td);
  const flags = ld(cpu.m, td, TD_FLAGS);
  if ((flags & TDF_STOPREQ) === 0) {
    st(cpu.m, td, TD_FLAGS, (flags | TDF_ADOPTED) & ~TDF_MOVED);
    setRunnable(td);
  } else {
    st(cpu.m, td, TD_FLAGS, (flags | TDF_ADOPTED) & ~(TDF_STOPREQ | TDF_MOVED));
    st(cpu.m, td, TD_WMESG, WMESG_STOPPED);
  }
  arrived(td);
}

/** Handles IPI.adopt. Context: ipi; never blocks. */
export function adoptHandler(handle: number): void {
  const td = tryRefOf(handle);
  if (td !== 0) adopt(td);
}

/** Calls a function with arguments that came in the descriptor, or by a message. */
function withArguments(body: (...args: unknown[]) => ThreadStack, td: ThreadRef): ThreadStack {
  const { m, arena } = cpu;
  switch (ld(m, td, TD_VALUE_KIND)) {
    case VALUE_NONE:
      return body();
    case VALUE_NUMBER:
      return body(takeValue(arena, cpu.id, td));
    case VALUE_INTS: {
      const [first, second] = takeInts(arena, td);
      return body(first, second);
    }
    default:
      return body(...(takeValue(arena, cpu.id, td) as unknown[]));
  }
}

/** Makes the generator of a thread that runs for the first time. Context: idle; never blocks. */
export function startThread(td: ThreadRef): ThreadStack {
  const { m } = cpu;
  if (cpu.events !== 0) record(STARTED, handleOf(td), 0);
  const flags = ld(m, td, TD_FLAGS);
  // It came from another cpu and was not killed on the way: from now on a kill ends it where it waits.
  if ((flags & (TDF_GOES_ON | TDF_KILLED)) === TDF_GOES_ON) st(m, td, TD_FLAGS, flags & ~TDF_GOES_ON);
  const slot = slotOf(td);
  const body = threadBody(ld(m, td, TD_FUNC)) as (...args: unknown[]) => ThreadStack;
  let stack: ThreadStack;
  if (ld(m, td, TD_VALUE_KIND) === VALUE_LOCAL) {
    const args = locals[slot] as unknown[];
    locals[slot] = undefined;
    st(m, td, TD_VALUE_KIND, VALUE_NONE);
    // One by one: spreading an array costs more than the rest of a start.
    stack = args.length === 1 ? body(args[0]) : body(...args);
  } else {
    stack = withArguments(body, td);
  }
  stacks[slot] = stack;
  return stack;
}
