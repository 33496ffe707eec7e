/** The program of a machine that measures. The host asks for one run after the other by the names of its threads. */
import { clock, clockReport } from '../plan/clock.ts';
import { kthread, lwktSendIpiq, lwktWaitIpiq, lwktYield, mycpu, safepoint } from '../../lwkt.ts';
import type { IpiPlan } from '../plan/ipi-plan.ts';
import { arriveIpi, bind, region, regionWords } from './bound.ts';

export { benchCollections } from './collections.ts';
export { benchIpi } from './ipi.ts';

/** The region, for the host. */
export const benchRegion = kthread(function* benchRegion(cpus: number, ring: number) {
  return regionWords(cpus, ring);
});

/** What this cpu finds out about its clock. */
export const benchClock = kthread(function* benchClock() {
  return clockReport();
});

/** Looks at the clock, does nothing else, and records each gap in the histogram of this cpu. */
export const benchHiccups = kthread(function* benchHiccups(plan: IpiPlan) {
  bind(plan);
  const histogram = region().histogram(mycpu());
  histogram.reset();
  let last = clock();
  const end = last + plan.durationMs * 1e6;
  while (last < end) {
    const now = clock();
    histogram.record(now - last);
    last = now;
    if (safepoint()) {
      yield* lwktYield();
      last = clock();
    }
  }
});

/** Makes this cpu ready to receive. */
export const benchReady = kthread(function* benchReady(plan: IpiPlan) {
  bind(plan);
});

/** IPIs from this cpu to another one, one at a time; round trips go to the first histogram. */
export const benchPair = kthread(function* benchPair(to: number, ns: number) {
  const histogram = region().histogram(0);
  const { cost } = clockReport();
  const warm = clock() + ns / 10;
  for (let i = 0; clock() < warm; i++) lwktWaitIpiq(to, lwktSendIpiq(to, arriveIpi, to, i));
  histogram.reset();
  const end = clock() + ns;
  for (let i = 0, from = clock(); from < end; i++) {
    lwktWaitIpiq(to, lwktSendIpiq(to, arriveIpi, to, i));
    const back = clock();
    histogram.record(back - from - 2 * cost);
    if (safepoint()) yield* lwktYield();
    from = clock();
  }
});
