/**
 * Sleeping by the clock.
 *
 * Seed: tsleep with a timeout, as far as a thread waits for time alone.
 */
import { nowNs } from '../base/clock.ts';
import { LwktError } from '../base/errors.ts';
import { wmesgCode } from '../base/wmesg.ts';
import { arm, disarm, done, ENDED, type Blocking, type Step } from './blocking.ts';
import { cpu } from './globaldata.ts';
import { wakeHandle } from './schedule.ts';
import { blockSelf, unblockSelf } from './switch.ts';
import { handleOf, locals, slotOf } from './thread.ts';
import { untimely } from './untimely.ts';
import { cancelTimer, setTimer, type Timer } from './timer.ts';

const WMESG_SLEEP = wmesgCode('sleep');

let argMs = 0;

const sleepIterator = {
  [Symbol.iterator]: () => sleepIterator,
  next(resumed: unknown): Step<void> {
    const td = cpu.curthread;
    const slot = slotOf(td);
    if (resumed === undefined) {
      disarm();
      const handle = handleOf(td);
      locals[slot] = setTimer(nowNs() + argMs * 1e6, () => wakeHandle(handle));
      return blockSelf(WMESG_SLEEP, 0);
    }
    if ((locals[slot] as Timer).live) return blockSelf(WMESG_SLEEP, 0);
    locals[slot] = undefined;
    unblockSelf();
    return done<void>(undefined);
  },
  return(): IteratorReturnResult<never> {
    const slot = slotOf(cpu.curthread);
    cancelTimer(locals[slot] as Timer);
    locals[slot] = undefined;
    unblockSelf();
    return ENDED;
  },
};

/**
 * Waits at least `ms` milliseconds; other threads run meanwhile.
 *
 * Context: thread; blocks.
 *
 * @param ms - 0 or more, fractions count; Infinity never ends
 * @throws LwktError ERR_LWKT_OPTION when it is negative or no number
 */
export function sleep(ms: number): Blocking<void> {
  if (!(ms >= 0)) {
    throw new LwktError('ERR_LWKT_OPTION', `sleep(${String(ms)}): the time must be 0 or more milliseconds`);
  }
  if (cpu.untimely) return untimely(() => sleep(ms));
  arm('sleep()');
  argMs = ms;
  return sleepIterator;
}
