/**
 * The functions a machine knows by number: what an IPI may run and what a thread may start with.
 *
 * A program is loaded once by every cpu, in the same order, so the same function gets the same number everywhere;
 * the host compares the names at boot. The kernel's own IPI functions come first.
 */
import { LwktError } from '../base/errors.ts';

/** A thread's stack. What it yields is the business of switch.ts. */
export type ThreadStack = Generator<unknown, unknown, unknown>;

/** Runs on the target: at most three Int32 arguments, never blocks. */
export type IpiHandler = (arg0: number, arg1: number, arg2: number) => void;

/** The body of a thread. */
export type ThreadBody = (...args: never[]) => ThreadStack;

interface Registered<F> {
  readonly name: string;
  readonly run: F;
}

/** IPI functions by number. Per cpu, equal on all. */
const ipiFuncs: Registered<IpiHandler>[] = [];
/** Handlers alone, for the drain. */
export const ipiHandlers: IpiHandler[] = [];
/** Thread functions by number; 0 is the idle thread. Per cpu, equal on all. */
const threadFuncs: Registered<ThreadBody>[] = [{ name: 'idle', run: idleBody }];

let closed = false;

function idleBody(): ThreadStack {
  throw new Error('the idle thread has no body');
}

function register<F>(table: Registered<F>[], what: string, name: string, run: F): number {
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
  return table.push({ name, run }) - 1;
}

/** Registers an IPI function; returns its number. Context: boot; never blocks. */
export function registerIpi(name: string, run: IpiHandler): number {
  const id = register(ipiFuncs, 'ipiFunc', name, run);
  ipiHandlers.push(run);
  return id;
}

/** Registers a thread function; returns its number. Context: boot; never blocks. */
export function registerThread(name: string, run: ThreadBody): number {
  return register(threadFuncs, 'kthread', name, run);
}

/** No more registrations: the program is loaded. Context: boot; never blocks. */
export function closeRegistration(): void {
  closed = true;
}

/** Body of a thread function. Context: any; never blocks. */
export function threadBody(id: number): ThreadBody {
  return (threadFuncs[id] as Registered<ThreadBody>).run;
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
