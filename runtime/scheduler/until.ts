/**
 * Waiting for a promise: the bridge from a thread to its cpu's event loop.
 *
 * The thread blocks, its cpu does not: other threads run, and the cpu gives the event loop a turn at least every
 * sysctl lwkt.loop_us while promises are outstanding.
 */
import { programFrames } from '../base/stack.ts';
import { wmesgCode } from '../base/wmesg.ts';
import { Globaldata } from '../shared-memory/layout/globaldata.ts';
import { ld, st } from '../shared-memory/word.ts';
import { arm, disarm, done, ENDED, type Blocking, type Step } from './blocking.ts';
import { cpu } from './globaldata.ts';
import { hurry } from './poll.ts';
import { wakeHandle } from './schedule.ts';
import { blockSelf, unblockSelf } from './switch.ts';
import { handleOf, locals, slotOf } from './thread.ts';
import { untimely } from './untimely.ts';

const { promises: GD_PROMISES } = Globaldata;
const WMESG_UNTIL = wmesgCode('until');

/** What became of a promise. */
interface Outcome {
  state: 'pending' | 'fulfilled' | 'rejected' | 'forgotten';
  value: unknown;
}

let argPromise: PromiseLike<unknown> | undefined;

/** Upcall: the cpu's main loop may go on; filled by the loop while it waits. */
let kick: () => void = () => {};

/** Fills the upcall. Context: boot | idle; never blocks. */
export function setKick(run: () => void): void {
  kick = run;
}

function watch(promise: PromiseLike<unknown>): Outcome {
  const handle = handleOf(cpu.curthread);
  const outcome: Outcome = { state: 'pending', value: undefined };
  const settle = (state: 'fulfilled' | 'rejected', value: unknown): void => {
    if (outcome.state === 'forgotten') return;
    outcome.state = state;
    outcome.value = value;
    addPromises(-1);
    wakeHandle(handle);
    kick();
  };
  addPromises(1);
  hurry();
  promise.then(
    (value) => settle('fulfilled', value),
    (error: unknown) => settle('rejected', error),
  );
  return outcome;
}

/** Counts promises that this cpu waits for: while there are any, its event loop gets turns. Context: any; never blocks. */
export function addPromises(n: number): void {
  const { m, gd } = cpu;
  st(m, gd, GD_PROMISES, ld(m, gd, GD_PROMISES) + n);
}

/**
 * Adds the thread that waits to the stack of a rejection that says nothing of the program: Node.js makes the errors of
 * its own promises where no JavaScript runs.
 */
function addWaiter(error: unknown): void {
  try {
    if (!(error instanceof Error) || programFrames(error.stack ?? '').length !== 0) return;
    const here = programFrames(new Error('where until() is waited for').stack ?? '');
    if (here.length !== 0) error.stack = [error.stack, ...here].join('\n');
  } catch {
    // Frozen, a proxy, a getter that throws: it stays as it is.
  }
}

const untilIterator = {
  [Symbol.iterator]: () => untilIterator,
  next(resumed: unknown): Step<unknown> {
    const slot = slotOf(cpu.curthread);
    if (resumed === undefined) {
      disarm();
      const promise = Promise.resolve(argPromise);
      argPromise = undefined;
      locals[slot] = watch(promise);
      return blockSelf(WMESG_UNTIL, 0);
    }
    const outcome = locals[slot] as Outcome;
    if (outcome.state === 'pending') return blockSelf(WMESG_UNTIL, 0);
    locals[slot] = undefined;
    unblockSelf();
    if (outcome.state === 'rejected') {
      addWaiter(outcome.value);
      throw outcome.value;
    }
    return done(outcome.value);
  },
  /** The promise goes on; nobody takes what becomes of it, and the cpu no longer waits for it. */
  return(): IteratorReturnResult<never> {
    const slot = slotOf(cpu.curthread);
    const outcome = locals[slot] as Outcome;
    if (outcome.state === 'pending') addPromises(-1);
    outcome.state = 'forgotten';
    locals[slot] = undefined;
    unblockSelf();
    return ENDED;
  },
};

/**
 * Waits for a promise and gives its value.
 *
 * Context: thread; blocks.
 *
 * @param promise - any promise, thenable or plain value of this cpu
 * @returns the value it fulfils with
 * @throws whatever the promise rejects with
 */
export function until<T>(promise: T): Blocking<Awaited<T>> {
  if (cpu.untimely) return untimely(() => until(promise));
  arm('until()');
  argPromise = promise as PromiseLike<unknown>;
  return untilIterator as Blocking<Awaited<T>>;
}
