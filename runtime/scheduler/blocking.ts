/**
 * What `yield*` takes: the protocol between a thread, a blocking function and the dispatcher.
 *
 * A blocking function is called and hands back an iterator that was made long ago. The first `next(undefined)`,
 * made by `yield*` itself, either is done at once or blocks the thread and yields {@link BLOCKED} to the
 * dispatcher. Every later `next` brings {@link RESUME}: the thread runs again and looks whether what it waits
 * for has come; a wake-up too many just blocks again. Nothing is allocated on the way.
 *
 * Calling such a function without `yield*` would mostly do nothing, silently. So the call *arms* it, the first `next`
 * disarms it, and a second call, a switch or the end of the thread finds what is still armed and names it.
 *
 * ## Rejected
 *
 *   A generator per blocking call: 20 to 30 ns each where measured, and garbage.
 *   Blocking by exception: unwinds the stack that should be kept.
 */
import { LwktError } from '../base/errors.ts';
import { panic } from '../base/panic.ts';
import * as globaldataModule from './globaldata.ts';

// An import is read through its module's cell at every use; a constant of this file is folded into the code.
const { cpu, requireCpu } = globaldataModule;

/**
 * A call that may block its thread: `yield*` it.
 *
 * @typeParam T - what the `yield*` expression gives
 */
export interface Blocking<T> {
  [Symbol.iterator](): Iterator<unknown, T, unknown>;
}

/** One step of a blocking function. */
export type Step<T> = IteratorResult<unknown, T>;

/** What a blocked thread yields. One object, told by identity. */
export const BLOCKED: IteratorYieldResult<undefined> = { done: false, value: undefined };

/** What a thread yields that ends itself. One object, told by identity. */
export const EXITING: IteratorYieldResult<undefined> = { done: false, value: undefined };

/** What the `return` of a blocking function's iterator gives: the thread that waited is ended. One object. */
export const ENDED = { done: true, value: undefined } as unknown as IteratorReturnResult<never>;

/** What the dispatcher sends into a thread that runs again. */
export const RESUME = true;

const DONE: { done: true; value: unknown } = { done: true, value: undefined };

/** The step that ends a blocking function with `value`. Context: thread; never blocks. */
export function done<T>(value: T): IteratorReturnResult<T> {
  DONE.value = value;
  return DONE as IteratorReturnResult<T>;
}

/** The function that was called and not yet consumed by `yield*`; empty if none. Per cpu. */
let armed = '';

/**
 * Notes that a blocking function was called.
 *
 * Context: thread; never blocks.
 *
 * @param name - of the function, for messages
 * @throws LwktError ERR_LWKT_YIELD when the one before was never consumed, ERR_LWKT_CONTEXT outside a thread
 */
export function arm(name: string): void {
  if (armed !== '' || cpu.curthread === cpu.idlethread || cpu.intrNesting !== 0) refuse(name);
  armed = name;
}

/** Notes that `yield*` has taken it. Context: thread; never blocks. */
export function disarm(): void {
  armed = '';
}

/** True between the call of a blocking function and its `yield*`. Context: thread; never blocks. */
export function isArmed(): boolean {
  return armed !== '';
}

/** Takes the name of a call that nobody consumed; empty if none. Context: thread; never blocks. */
export function takeArmed(): string {
  const name = armed;
  armed = '';
  return name;
}

/** The error for a call without `yield*`. Context: any; never blocks. */
export function forgottenYield(name: string): LwktError {
  return new LwktError(
    'ERR_LWKT_YIELD',
    `${name} was called without yield*: it may block, and may have done nothing; write \`yield* ${name}\``,
  );
}

/**
 * What is refused next may only follow from a call without `yield*` before it: then that is the error.
 *
 * Context: thread; never blocks.
 *
 * @throws LwktError ERR_LWKT_YIELD
 */
export function blameForgotten(): void {
  const forgotten = takeArmed();
  if (forgotten !== '') throw forgottenYield(forgotten);
}

const readyIterator = {
  [Symbol.iterator]: () => readyIterator,
  next(): Step<unknown> {
    disarm();
    return DONE;
  },
};

/** What a blocking function returns that has its value at once. Context: thread; never blocks. */
export function readyWith<T>(value: T): Blocking<T> {
  DONE.value = value;
  return readyIterator as Blocking<T>;
}

function refuse(name: string): never {
  requireCpu(name);
  if (cpu.intrNesting !== 0) {
    panic(
      `lwkt_switch: cannot switch from within an interrupt: ${name} was called by an IPI function on cpu ${cpu.id}`,
    );
  }
  blameForgotten();
  throw new LwktError(
    'ERR_LWKT_CONTEXT',
    `${name} blocks, so only a thread may call it: not a promise callback, nor the top level of a module`,
  );
}
