/**
 * Registering functions: what a thread may start with, and what an IPI may run.
 *
 * Registration happens while a program's modules load, on every cpu in the same order; outside a machine it only
 * makes the value, so that a program can be imported by tests and tools.
 */
import { LwktError } from '../base/errors.ts';
import type { Seq } from '../base/ids.ts';
import type { KThread } from './create.ts';
import * as critModule from './crit.ts';
import * as globaldataModule from './globaldata.ts';
import type { IpiHandler, ThreadBody } from './ipifunc.ts';
import * as ipifuncModule from './ipifunc.ts';
import type { IpiFunc } from './ipiq.ts';
import * as ipiqModule from './ipiq.ts';

// An import is read through its module's cell at every use; a constant of this file is folded into the code.
const { critEnter, critExit } = critModule;
const { cpu, requireCpu } = globaldataModule;
const { registerIpi, registerThread } = ipifuncModule;
const { checkCpu, ipiCompleted, runIpi, sendIpi, waitIpi } = ipiqModule;

/** What thread functions look like: generators, whose `yield*` are the points where they may block. */
export type ThreadFunction<A extends unknown[], R> = (...args: A) => Generator<unknown, R, unknown>;

const GeneratorFunction = Object.getPrototypeOf(function* () {}) as object;

/** Thread functions by value, to recognise a program's default export. */
const kthreads = new WeakSet<object>();

/** True for a value made by kthread(). Context: any; never blocks. */
export function isKThread(value: unknown): value is KThread<unknown[], unknown> {
  return typeof value === 'object' && value !== null && kthreads.has(value);
}

/**
 * Registers a thread function under its name.
 *
 * Context: boot; never blocks.
 *
 * @param run - a generator function with a name, unique in the program; calls that may block are `yield*`ed in it
 * @returns what spawn() takes
 * @throws LwktError ERR_LWKT_REGISTER when it is no generator function, has no name, a name twice, or comes too late
 */
export function kthread<A extends unknown[], R>(run: ThreadFunction<A, R>): KThread<A, R> {
  if (typeof run !== 'function' || !Object.prototype.isPrototypeOf.call(GeneratorFunction, run)) {
    throw new LwktError(
      'ERR_LWKT_REGISTER',
      `kthread() needs a generator function: write kthread(function* name(…) { … }), not ${describe(run)}`,
    );
  }
  const id = registerThread(run.name, run as unknown as ThreadBody);
  const kt: KThread<A, R> = { name: run.name, id };
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

/**
 * Runs a function on another cpu; on this one at once.
 *
 * Context: thread | ipi | idle; critical section: entered for the time of the call; never blocks, but spins while
 * the ring to `dcpu` is full.
 *
 * @param dcpu - target cpu
 * @param func - from ipiFunc()
 * @param arg0 - whole numbers of 32 bits, or thread handles, tokens
 * @returns the sequence number for lwktWaitIpiq()
 * @throws LwktError ERR_LWKT_OPTION for a cpu that does not exist
 * @seed lwkt_send_ipiq
 */
export function lwktSendIpiq(dcpu: number, func: IpiFunc, arg0 = 0, arg1 = 0, arg2 = 0): Seq {
  if (dcpu === cpu.id) {
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
  if (dcpu >>> 0 !== dcpu || dcpu >= cpu.ncpus) {
    requireCpu('lwktSendIpiq()');
    checkCpu('lwktSendIpiq()', dcpu);
  }
  return sendIpi(dcpu, func.id, arg0, arg1, arg2);
}

/**
 * Waits until the function sent as `seq` has returned; runs this cpu's own IPIs meanwhile, no threads.
 *
 * Context: thread | ipi | idle; never blocks: the cpu spins, then sleeps on its doorbell.
 *
 * @param dcpu - where it was sent
 * @param seq - from lwktSendIpiq()
 * @throws MachinePanic after sysctl lwkt.ipiq_wait_panic_ms
 * @seed lwkt_wait_ipiq
 */
export function lwktWaitIpiq(dcpu: number, seq: Seq): void {
  requireCpu('lwktWaitIpiq()');
  checkCpu('lwktWaitIpiq()', dcpu);
  if (dcpu !== cpu.id) waitIpi(dcpu, seq);
}

/** True when the function sent as `seq` has returned. Context: thread | ipi | idle; never blocks. */
export function ipiqDone(dcpu: number, seq: Seq): boolean {
  requireCpu('ipiqDone()');
  checkCpu('ipiqDone()', dcpu);
  return dcpu === cpu.id || ipiCompleted(dcpu, seq);
}
