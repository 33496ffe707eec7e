/**
 * Registering functions: what a thread may start with, and what an IPI may run.
 *
 * Registration happens while a program's modules load, on every cpu in the same order; outside a machine it only
 * makes the value, so that a program can be imported by tests and tools.
 */
import { LwktError } from '../base/errors.ts';
import type { KThread } from './create.ts';
import { registerIpi, registerThread, type IpiFunc, type IpiHandler } from './ipifunc.ts';

/** What thread functions look like: generators, whose `yield*` are the points where they may block. */
export type ThreadFunction<A extends unknown[], R> = (...args: A) => Generator<unknown, R, unknown>;

const GeneratorFunction = Object.getPrototypeOf(function* () {}) as object;

/** Thread functions by value, to recognise a program's default export. */
const kthreads = new WeakSet<object>();

/** True for a value made by kthread(). Context: any; never blocks. */
export function isKThread(value: unknown): value is KThread<unknown[], unknown> {
  return typeof value === 'object' && value !== null && kthreads.has(value);
}

/** What kthread() takes besides the function. */
export interface KThreadOptions {
  /** Its threads have move points: see movePoint(). The function takes its whole state as its one argument. */
  readonly movable?: boolean;
}

/**
 * Registers a thread function under its name.
 *
 * Context: boot; never blocks.
 *
 * @param run - a generator function with a name, unique in the program; calls that may block are `yield*`ed in it
 * @param options - movable: its threads go to another cpu when lwktAcquire() asks, at their next movePoint()
 * @returns what spawn() takes
 * @throws LwktError ERR_LWKT_REGISTER when it is no generator function, has no name, a name twice, or comes too late
 */
export function kthread<S, R>(
  run: ThreadFunction<[S], R>,
  options: KThreadOptions & { readonly movable: true },
): KThread<[S], R>;
export function kthread<A extends unknown[], R>(
  run: ThreadFunction<A, R>,
  options?: KThreadOptions,
): KThread<A, R>;
export function kthread(
  run: ThreadFunction<never[], unknown>,
  options: KThreadOptions = {},
): KThread<never[], unknown> {
  if (typeof run !== 'function' || !Object.prototype.isPrototypeOf.call(GeneratorFunction, run)) {
    throw new LwktError(
      'ERR_LWKT_REGISTER',
      `kthread() needs a generator function: write kthread(function* name(…) { … }), not ${describe(run)}`,
    );
  }
  const id = registerThread(run.name, run, options.movable);
  const kt: KThread<never[], unknown> = { name: run.name, id };
  kthreads.add(kt);
  return kt;
}

/**
 * Registers a function that IPIs may run on other cpus: at most three whole numbers of 32 bits, no blocking, no
 * tokens. It runs at the target's next interrupt point.
 *
 * Context: boot; never blocks.
 *
 * @param run - a function with a name, unique among IPI functions
 * @returns what lwktSendIpiq() takes
 * @throws LwktError ERR_LWKT_REGISTER
 */
export function ipiFunc(run: IpiHandler): IpiFunc {
  if (typeof run !== 'function' || Object.prototype.isPrototypeOf.call(GeneratorFunction, run)) {
    throw new LwktError(
      'ERR_LWKT_REGISTER',
      `ipiFunc() needs an ordinary function with a name, not ${describe(run)}`,
    );
  }
  return { name: run.name, id: registerIpi(run.name, run) };
}

function describe(value: unknown): string {
  if (typeof value !== 'function') return typeof value;
  return `${value.constructor.name} '${value.name}'`;
}
