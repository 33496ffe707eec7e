/** Every check of the rack fails when its threads do wrong on purpose, and names itself. */
import test from 'ava';
import { CHECKS, type Check } from '../../runtime/stress/checks.ts';
import { stressPlan, type StressOptions } from '../../runtime/stress/options.ts';
import { runStress, type StressResult } from '../../runtime/stress/run.ts';

/** A run ends when the check has failed; those that are made when the threads have ended get a short run. */
const LIMIT_MS = 30_000;
const SHORT_MS = 600;

/** What a check needs beside the defaults. */
const NEEDS: Partial<Record<Check, StressOptions>> = {
  'lost-update': { duration: SHORT_MS },
  'ipi-count': { ops: { allWait: 100 } },
  timeout: { ops: { timed: 40 } },
  crit: { ops: { crit: 40 } },
  resched: { ops: { urgent: 40 } },
  release: { ops: { local: 40 } },
  refs: { duration: SHORT_MS, ops: { hold: 40 }, stall: 1000 },
  priority: { ops: { order: 40 } },
  turn: { ops: { turns: 40 } },
  timer: { ops: { naps: 40 } },
  stopped: { ops: { halt: 40 } },
  'ipi-heard': { ops: { heard: 40, answer: 40 } },
  'thread-count': { duration: SHORT_MS, ops: { join: 40 }, stall: 1000 },
  barrier: { ops: { barrier: 40 } },
  once: { ops: { once: 40 } },
  poison: { ops: { poison: 40 } },
  'queue-item': { duration: SHORT_MS, ops: { queue: 100 } },
  left: { duration: SHORT_MS, stall: 1000 },
  progress: { stall: 500 },
  fairness: { duration: 2000, fairness: 0.5 },
  memory: { duration: 2000 },
};

async function torture(suite: string, options: StressOptions, until: Check): Promise<StressResult> {
  const { intervalMs, ...plan } = stressPlan(suite, { cpus: 2, seed: 7, ...options });
  const found = new AbortController();
  return runStress(
    plan,
    { intervalMs, failFast: false, interrupted: found.signal },
    {
      violation: ({ check }) => (check === until ? found.abort() : undefined),
      trouble: () => {},
      notice: () => {},
      interval: () => {},
    },
  );
}

test.serial('stress: a run leaves no timer, which would keep its process from ending', async (t) => {
  const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  const { verdict, reasons } = await torture('mplock', { duration: SHORT_MS }, 'mp-count');
  t.is(verdict, 'SUCCESS', reasons.join('; '));
  t.is(timers(), before);
});

for (const [check, meaning, by] of CHECKS) {
  test.serial(`stress check ${check}: finds that ${meaning}`, async (t) => {
    const options = { duration: LIMIT_MS, ...NEEDS[check], busted: check };
    const { verdict, checks, reasons } = await torture(by[0] ?? 'mplock', options, check);
    t.is(verdict, 'FAILURE');
    t.true(checks.includes(check), `${checks.join(', ')}; ${reasons.join('; ')}`);
  });
}
