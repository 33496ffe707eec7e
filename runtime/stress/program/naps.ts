/**
 * Timers of one cpu fire in the order of their times: some threads of the cpu sleep for different times, and wake in
 * that order. Only times that differ whatever came between the threads are compared, so a cpu that stands still for a
 * while proves nothing.
 */
import { nowNs } from '../../base/clock.ts';
import { join, kthread, mycpu, sleep, spawn } from '../../lwkt.ts';
import { busted, failed, type Torture } from './harness.ts';

/** Sleepers, and tenths of milliseconds that they sleep at most; the last one sleeps for longer. */
const SLEEPERS = 5;
const MOST_TENTHS = 20;
const LONG_MS = 5;
const BUSTED_MS = 2 * LONG_MS;

/** When each of a thread's sleepers began, and in which order they woke. */
interface Nap {
  readonly begun: number[];
  readonly woke: number[];
}

/** By number of the thread. Per cpu. */
const naps = new Map<number, Nap>();

const sleeper = kthread(function* stressSleeper(index: number, me: number, ms: number) {
  const nap = naps.get(index);
  if (nap !== undefined) nap.begun[me] = nowNs();
  yield* sleep(ms);
  nap?.woke.push(me);
});

/** Lets them sleep, and looks at the order. */
export function* napsInOrder(t: Torture): Generator<unknown, void, unknown> {
  const nap: Nap = { begun: [], woke: [] };
  naps.set(t.index, nap);
  const late = busted(t, 'timer');
  const ms = Array.from({ length: SLEEPERS }, (_, i) =>
    i === SLEEPERS - 1 ? LONG_MS : (1 + t.next(MOST_TENTHS)) / 10,
  );
  const tds = ms.map((each, i) =>
    spawn(sleeper, [t.index, i, late && i === 0 ? BUSTED_MS : each], { cpu: mycpu() }),
  );
  for (const td of tds) yield* join(td);
  naps.delete(t.index);
  // With untimely switches the next one may begin before one's timer is set.
  if (t.plan.chaos !== 0) return;
  /** Its timer was set after it began, and before the next one did. */
  const earliest = (i: number): number => (nap.begun[i] as number) + (ms[i] as number) * 1e6;
  const latest = (i: number): number => (nap.begun[i + 1] ?? Infinity) + (ms[i] as number) * 1e6;
  nap.woke.forEach((first, place) => {
    const passed = nap.woke.slice(place + 1).find((other) => latest(other) < earliest(first));
    if (passed !== undefined) failed('timer', t.line, { member: passed, after: first });
  });
}
