/**
 * The functions a machine knows by number: what an IPI may run and what a thread may start with.
 *
 * A program is loaded once by every cpu, in the same order, so the same function gets the same number everywhere;
 * the host compares the names at boot. The kernel's own IPI functions come first.
 */
import { LwktError } from '../base/errors.ts';
import { MachinePanic, panic } from '../base/panic.ts';
import { eventCode } from '../shared-memory/layout/event.ts';
import { MAX_FUNCS } from '../shared-memory/ring.ts';
import * as wordModule from '../shared-memory/word.ts';
import * as eventsModule from './events.ts';
import * as globaldataModule from './globaldata.ts';

// An import is read through its module's cell at every use; a constant of this file is folded into the code.
const { count } = wordModule;
const { counterField, cpu, refuseOtherCopy } = globaldataModule;

const { record } = eventsModule;

const IPI_RUN = eventCode('IPI run');
const IPIQ_RUN = counterField('lwkt.ipiq_run');

/** A thread's stack. What it yields is the business of switch.ts. */
export type ThreadStack = Generator<unknown, unknown, unknown>;

/** Runs on the target: at most three Int32 arguments, never blocks. */
export type IpiHandler = (arg0: number, arg1: number, arg2: number) => void;

/** The body of a thread. */
export type ThreadBody = (...args: never[]) => ThreadStack;

/** A registered IPI function. */
export interface IpiFunc {
  readonly name: string;
  /** Its number, the same on every cpu. */
  readonly id: number;
}

interface Registered<F> {
  readonly name: string;
  readonly run: F;
  /** A thread function whose threads may move at their move points. */
  readonly movable: boolean;
}

/** IPI functions by number. Per cpu, equal on all. */
const ipiFuncs: Registered<IpiHandler>[] = [];
/** Handlers alone, for the drain. */
const ipiHandlers: IpiHandler[] = [];
/** Thread functions by number; 0 is the idle thread. Per cpu, equal on all. */
const threadFuncs: Registered<ThreadBody>[] = [{ name: 'idle', run: idleBody, movable: false }];

let closed = false;

function idleBody(): ThreadStack {
  throw new Error('the idle thread has no body');
}

function register<F>(table: Registered<F>[], what: string, name: string, run: F, movable: boolean): number {
  refuseOtherCopy(`${what}()`);
  if (closed) {
    throw new LwktError(
      'ERR_LWKT_REGISTER',
      `${what} '${name}' is registered too late: call ${what}() at the top level of the program's modules, ` +
        'so that every cpu knows it before the first thread runs',
    );
  }
  if (name === '') {
    throw new LwktError(
      'ERR_LWKT_REGISTER',
      `${what} needs a function with a name: write ${what}(function* name() { … }), not an anonymous one`,
    );
  }
  if (table.some((known) => known.name === name)) {
    throw new LwktError(
      'ERR_LWKT_REGISTER',
      `${what} '${name}' is registered twice: functions are found by name on every cpu; give each its own`,
    );
  }
  return table.push({ name, run, movable }) - 1;
}

/** Registers an IPI function; returns its number. Context: boot; never blocks. */
export function registerIpi(name: string, run: IpiHandler): number {
  if (ipiFuncs.length >= MAX_FUNCS) {
    throw new LwktError(
      'ERR_LWKT_REGISTER',
      `ipiFunc '${name}' is one too many: a machine knows ${MAX_FUNCS} IPI functions; tell cases apart by an argument`,
    );
  }
  const id = register(ipiFuncs, 'ipiFunc', name, run, false);
  ipiHandlers.push(run);
  return id;
}

/** Registers a thread function; returns its number. Context: boot; never blocks. */
export function registerThread(name: string, run: ThreadBody, movable = false): number {
  return register(threadFuncs, 'kthread', name, run, movable);
}

/** No more registrations: the program is loaded. Context: boot; never blocks. */
export function closeRegistration(): void {
  closed = true;
}

/** Body of a thread function. Context: any; never blocks. */
export function threadBody(id: number): ThreadBody {
  return (threadFuncs[id] as Registered<ThreadBody>).run;
}

/** Whether the threads of a function have move points. Context: any; never blocks. */
export function isMovable(id: number): boolean {
  return threadFuncs[id]?.movable ?? false;
}

/** Name of a thread function. Context: any; never blocks. */
export function threadFuncName(id: number): string {
  return threadFuncs[id]?.name ?? `function ${id}`;
}

/** Name of an IPI function. Context: any; never blocks. */
export function ipiName(id: number): string {
  return ipiFuncs[id]?.name ?? `function ${id}`;
}

/** All names in order, for the comparison at boot and for dumps. Context: any; never blocks. */
export function registeredNames(): { ipis: string[]; threads: string[] } {
  return { ipis: ipiFuncs.map(({ name }) => name), threads: threadFuncs.map(({ name }) => name) };
}

/**
 * Runs one IPI function here.
 *
 * Context: ipi; critical section: required; never blocks.
 *
 * @throws MachinePanic when the function throws
 */
export function runIpi(func: number, arg0: number, arg1: number, arg2: number): void {
  const handler = ipiHandlers[func];
  count(cpu.m, cpu.gd, IPIQ_RUN);
  if (cpu.events === 2) record(IPI_RUN, func, arg0);
  if (handler === undefined) panic(`lwkt_process_ipiq: cpu ${cpu.id} got unknown IPI function ${func}`);
  try {
    handler(arg0, arg1, arg2);
  } catch (error) {
    if (error instanceof MachinePanic) throw error;
    panic(
      `IPI function '${ipiName(func)}' (${arg0}, ${arg1}, ${arg2}) threw on cpu ${cpu.id}: ${String(error)}`,
      error,
    );
  }
}
