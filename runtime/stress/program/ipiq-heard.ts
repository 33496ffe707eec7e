/**
 * Doorbells: an IPI whose sender has rung before a safepoint begins runs at that safepoint, not at the next tick.
 *
 * A thread calls, and stays without an interrupt point for a while; threads of other cpus that see the call send it an
 * IPI, and say so when the send has returned, bell and all. From those that have said so when the thread reaches its
 * safepoint the IPI must have run when that returns. The IPI functions take their time, so that others ring while one
 * of them runs.
 */
import { nowNs } from '../../base/clock.ts';
import { ipiFunc, lwktSendIpiq, mycpu, ncpus, safepoint, shared, tsleep, wakeup } from '../../lwkt.ts';
import type { Atomic } from '../../shared-memory/struct.ts';
import { ldA, stA } from '../../shared-memory/word.ts';
import type { StressPlan } from '../plan.ts';
import { busted, busy, failed, type Torture } from './harness.ts';

// ---- words of a thread
/** Number of its call, times CPUS, plus the cpu that it calls from; 0 for none. */
const CALL = 0 as Atomic;
const CPUS = 64;
/** The last call that each cpu has sent an IPI for; and that its IPI ran for. */
const RUNG = 1;
const WORDS = 160;

/** How long a call waits for answers, by turns: for cpus that run, and for those that share a core. */
const WAIT_NS = 200_000;
const LONG_WAIT_NS = 10_000_000;
const LONG_ONE_IN = 32;
/** An IPI function takes up to so long, and so does what is between two safepoints. */
const MOST_BUSY_US = 8;
const MOST_GAP_US = 20;
/** A thread that has called sleeps on this number plus its own, for so long at most: nobody may be there to answer. */
const FIRST_IDENT = 0x1000_0000;
const LONGEST_SLEEP_MS = 1;

let calls = new Int32Array(0);
let threads = 0;

/** Finds the calls; before the first operation on this cpu. */
export function bindHeard(plan: StressPlan): void {
  threads = plan.cpus * plan.threads;
  calls = shared.i32('lwkt.stress.ipi.calls', threads * WORDS);
}

const rungWord = (cpu: number): Atomic => (RUNG + cpu) as Atomic;
const ranWord = (cpu: number): Atomic => (RUNG + CPUS + cpu) as Atomic;

const heardIpi = ipiFunc(function stressHeard(index, call, source) {
  stA(calls, index * WORDS, ranWord(source), call);
  wakeup(FIRST_IDENT + index);
  busy((call % (MOST_BUSY_US + 1)) * 1000);
});

/** Answers the calls to other cpus that this cpu has not answered yet. */
export function answerCalls(t: Torture): void {
  const me = mycpu();
  for (let index = 0; index < threads; index++) {
    const base = index * WORDS;
    const call = ldA(calls, base, CALL);
    if (call === 0 || call % CPUS === me || ldA(calls, base, rungWord(me)) === call) continue;
    if (!busted(t, 'ipi-heard')) lwktSendIpiq(call % CPUS, heardIpi, index, call, me);
    stA(calls, base, rungWord(me), call);
  }
}

/** Whoever has rung for a call has been heard when the safepoint returns. @returns whether all others had rung */
function heard(t: Torture, base: number, call: number): boolean {
  const me = mycpu();
  const rung: number[] = [];
  for (let cpu = 0; cpu < ncpus(); cpu++)
    if (cpu !== me && ldA(calls, base, rungWord(cpu)) === call) rung.push(cpu);
  safepoint();
  for (const source of rung) {
    const found = ldA(calls, base, ranWord(source));
    if (found !== call) failed('ipi-heard', t.line, { source, target: me, expected: call, found });
  }
  return rung.length === ncpus() - 1;
}

/**
 * Calls the other cpus, and looks whether their IPIs run at the next safepoint: after one safepoint when all have had
 * the time to ring, or after one safepoint after the other, where some are rung while others are answered.
 */
export function* callOthers(t: Torture): Generator<unknown, void, unknown> {
  const base = t.index * WORDS;
  const call = (Math.floor(ldA(calls, base, CALL) / CPUS) + 1) * CPUS + mycpu();
  stA(calls, base, CALL, call);
  // Its cpu may be idle until the first answer comes: then it polls its rings, and nobody rings.
  if (t.next(2) === 0) yield* tsleep(FIRST_IDENT + t.index, { timeoutMs: LONGEST_SLEEP_MS });
  const end = nowNs() + (t.next(LONG_ONE_IN) === 0 ? LONG_WAIT_NS : WAIT_NS);
  const hasRung = (cpu: number): boolean => cpu === mycpu() || ldA(calls, base, rungWord(cpu)) === call;
  const all = Array.from({ length: ncpus() }, (_, cpu) => cpu);
  if (t.next(2) === 0) while (nowNs() < end && !all.every(hasRung));
  while (!heard(t, base, call) && nowNs() < end) busy(t.next(MOST_GAP_US) * 1000);
}
