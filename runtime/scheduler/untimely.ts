/**
 * Chaos: switches at moments when a program does not expect them, chosen at random from a seed. What is wrong only
 * when another thread comes between two calls shows up sooner.
 *
 * Sysctl lwkt.untimely_switch = n switches before one in n blocking calls of threads that are in no critical
 * section; lwkt.untimely_seed and the cpu's number seed the choice, so that a run of one cpu repeats. Off, it costs
 * one look at a word of the heap for each blocking call.
 *
 * Seed: untimely_switch, in lwkt_yield_quick. There any end of a critical section may switch; here, where a plain
 * function cannot, every call that may block does.
 */
import { TDF_RUNQ, TDPRI_CRIT } from '../base/params.ts';
import { Thread } from '../shared-memory/layout/thread.ts';
import { count, ld } from '../shared-memory/word.ts';
import { arm, BLOCKED, disarm, done, type Blocking, type Step } from './blocking.ts';
import { splz } from './crit.ts';
import { counterField, cpu, sysctlValue } from './globaldata.ts';
import { moveToTail } from './runqueue.ts';
import { lwktYield } from './switch.ts';

const { pri: TD_PRI, flags: TD_FLAGS } = Thread;
const UNTIMELY = counterField('lwkt.untimely_switches');

/** State of the generator (xorshift32), never 0 once seeded, and what it was seeded with. Per cpu. */
let state = 0;
let seeded = -1;

function draw(): number {
  const seed = sysctlValue('lwkt.untimely_seed');
  if (seed !== seeded) {
    seeded = seed;
    state = Math.imul(seed + 1, 0x9e37_79b1) ^ Math.imul(cpu.id + 1, 0x85eb_ca6b) || 1;
  }
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return state >>> 0;
}

/** True when chaos says: now. Context: thread; never blocks. */
export function untimelyNow(): boolean {
  const one = sysctlValue('lwkt.untimely_switch');
  if (one === 0 || ld(cpu.m, cpu.curthread, TD_PRI) >= TDPRI_CRIT) return false;
  if (cpu.curthread === cpu.idlethread || cpu.intrNesting !== 0) return false;
  // One that has been stopped would not come back; and put back, it would have missed who schedules it meanwhile.
  if ((ld(cpu.m, cpu.curthread, TD_FLAGS) & TDF_RUNQ) === 0) return false;
  return draw() % one === 0;
}

/** Calls without chaos. */
function plainly<T>(call: () => Blocking<T>): Blocking<T> {
  cpu.untimely = false;
  try {
    return call();
  } finally {
    cpu.untimely = true;
  }
}

function* switched<T>(call: () => Blocking<T>): Generator<unknown, T, unknown> {
  disarm();
  count(cpu.m, cpu.gd, UNTIMELY);
  yield* lwktYield();
  return yield* plainly(call);
}

/**
 * What a blocking function returns while chaos is on: itself, or a switch and then itself.
 *
 * Context: thread; blocks.
 *
 * @param call - the function with its arguments
 */
export function untimely<T>(call: () => Blocking<T>): Blocking<T> {
  if (!untimelyNow()) return plainly(call);
  arm('a blocking call');
  return switched(call);
}

const quickIterator = {
  [Symbol.iterator]: () => quickIterator,
  next(resumed: unknown): Step<void> {
    const { m, gd, curthread } = cpu;
    if (resumed !== undefined) return done<void>(undefined);
    disarm();
    // In a critical section what is pending waits for its end; the seed runs it all the same.
    const pri = ld(m, curthread, TD_PRI);
    if (pri < TDPRI_CRIT && (m[gd] !== 0 || pri < cpu.reqpri)) splz();
    if (!cpu.untimely || !untimelyNow()) return done<void>(undefined);
    count(m, gd, UNTIMELY);
    moveToTail(curthread);
    return BLOCKED;
  },
};

/**
 * Lets interrupts that are pending in, but no equal or lower thread; with sysctl lwkt.untimely_switch it may switch all
 * the same.
 *
 * Context: thread; blocks (with chaos on).
 *
 * @seed lwkt_yield_quick
 */
export function lwktYieldQuick(): Blocking<void> {
  arm('lwktYieldQuick()');
  return quickIterator;
}
