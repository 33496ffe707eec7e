import test from 'ava';
import { availableParallelism } from 'node:os';
import { loadsOf } from '../../runtime/bench/ipi/loads.ts';
import { ipiPlans, planId } from '../../runtime/bench/ipi/plans.ts';
import { runRound } from '../../runtime/bench/ipi/run.ts';
import { clockReport, commonClock, type ClockReport } from '../../runtime/bench/plan/clock.ts';
import { DISTRIBUTIONS, type IpiPlan } from '../../runtime/bench/plan/ipi-plan.ts';

const never = new AbortController().signal;

const PAIR: IpiPlan = {
  mode: 'pair',
  wake: 'awake',
  loads: [],
  rate: 0,
  cpus: 2,
  ring: 256,
  durationMs: 20,
  breakNs: 0,
};

/** Share of the duration that the look at the stages takes. */
const STAGED = 0.25;

const every = ipiPlans(
  {},
  { cpus: undefined, cores: availableParallelism(), ring: 256, durationMs: 20, quick: false },
);

for (const plan of every) {
  test.serial(`ipi: ${planId(plan)}: every IPI that was sent is a sample, and ran once`, async (t) => {
    const { result, recorded, counters, broke } = await runRound(plan, never);
    const [oneWay, roundTrip, queued, noticed, run] = recorded.map(({ count }) => count);
    t.true(result.sent > 0);
    t.is(roundTrip, result.sent);
    t.deepEqual(
      [queued, noticed, run],
      [result.staged, result.staged, result.staged].map(stagedSamples(plan)),
    );
    t.is(broke, null);
    if (plan.mode === 'token') {
      // Its functions are the kernel's own: a request for each get, of either side.
      t.true((counters['lwkt.token_requests'] ?? 0) >= result.sent + result.warm);
      return;
    }
    t.is(oneWay, result.sent);
    t.is(result.ran, result.warm + result.sent + result.staged);
    if (plan.loads.some(({ name }) => name === 'storm')) t.true(result.stormSent > 0);
  });
}

/** Of each round of several receivers, the stages of one are told. */
function stagedSamples(plan: IpiPlan): (sent: number) => number {
  const each = plan.mode === 'fan-out' || plan.mode === 'broadcast' ? plan.cpus - 1 : 1;
  return (sent) => sent / each;
}

for (const mode of ['self', 'pair', 'fan-out', 'broadcast', 'pipelined', 'passive', 'token'] as const) {
  test.serial(`ipi: ${mode} in an open loop: as many samples as were due`, async (t) => {
    const plan: IpiPlan = { ...PAIR, mode, rate: 2000, durationMs: 40 };
    const { result, recorded } = await runRound(plan, never);
    const share = mode === 'pair' || mode === 'fan-out' || mode === 'broadcast' ? 1 - STAGED : 1;
    const due = Math.floor(0.04 * share * 2000);
    t.is(result.sent + result.unsent, due);
    t.is(recorded[1]?.count, due);
  });
}

test.serial('ipi: a receiver that holds IPIs back raises every percentile of an open loop', async (t) => {
  const hold = 20e6;
  const plan: IpiPlan = { ...PAIR, loads: loadsOf('crit:20ms'), rate: 1000, durationMs: 200 };
  const { result, recorded } = await runRound(plan, never);
  const [oneWay] = recorded;
  const due = 150;
  t.is(result.sent, due);
  // One is due each millisecond. The first after a section has begun waits for all of it, but that millisecond.
  t.true((oneWay?.max ?? 0) > hold - 1.1e6);
  // Of those due within a section, a quarter at most comes in its last quarter.
  const quick = (oneWay?.buckets ?? []).reduce((n, [ns, many]) => (ns < hold / 4 ? n + many : n), 0);
  t.true(quick <= due / 3, `${quick} of ${due}`);
});

test.serial('ipi: what is due and cannot be sent is counted, as late as it was', async (t) => {
  const plan: IpiPlan = {
    ...PAIR,
    mode: 'passive',
    loads: loadsOf('crit:1100ms'),
    rate: 1e6,
    durationMs: 10,
  };
  const { result, recorded } = await runRound(plan, never);
  t.is(result.sent + result.unsent, 10_000);
  t.true(result.unsent > 0);
  t.is(recorded[0]?.count, 10_000);
  t.is(recorded[1]?.count, 10_000);
  // Given up after a second.
  t.true((recorded[0]?.max ?? 0) >= 1e9);
});

test.serial(
  'ipi: --break stops at the first IPI above the limit, and tells what every cpu did',
  async (t) => {
    const plan: IpiPlan = { ...PAIR, loads: loadsOf('crit:5ms'), durationMs: 5000, breakNs: 2e6 };
    const { result, recorded, broke } = await runRound(plan, never);
    t.true((broke?.ns ?? 0) > 2e6);
    t.is(recorded[0]?.max, Math.round(broke?.ns ?? 0));
    t.is(recorded[0]?.count, result.sent);
    const trace = broke?.trace.join('\n') ?? '';
    t.regex(trace, /^cpu 0: /m);
    t.regex(trace, /^cpu 1: /m);
    t.regex(trace, new RegExp(`\\+0ns {2}ran ${broke?.sample}$`, 'm'));
    t.regex(trace, new RegExp(`-.* queued ${broke?.sample}$`, 'm'));
    t.regex(trace, /critical section 5000000/);
  },
);

test.serial('ipi: an interrupted run keeps what it has', async (t) => {
  const stop = new AbortController();
  const plan: IpiPlan = { ...PAIR, durationMs: 3_600_000 };
  const found = runRound(plan, stop.signal);
  setTimeout(() => stop.abort(), 300);
  const { result, recorded } = await found;
  t.is(recorded[0]?.count, result.sent);
  t.is(recorded.length, DISTRIBUTIONS.length);
});

for (const [what, plan] of [
  ['a sleeper in the event loop', { ...PAIR, wake: 'loop' }],
  ['a storm', { ...PAIR, cpus: 3, loads: loadsOf('storm') }],
  ['a token', { ...PAIR, mode: 'token' }],
  ['a crowd', { ...PAIR, loads: loadsOf('switch+mplock+gc') }],
] as const satisfies readonly (readonly [string, IpiPlan])[]) {
  // What ends a thread may come before the thread has begun.
  test.serial(`ipi: ${what} ends when the run was over before it began`, async (t) => {
    const { result } = await runRound(plan, AbortSignal.abort());
    t.is(result.sent, 0);
  });
}

test('ipi clock: clocks that agree are one, clocks that are apart are not', (t) => {
  const here = clockReport();
  t.true(here.cost > 0);
  t.true(here.between[0] <= here.between[1]);
  t.true(commonClock([here, clockReport()]));
  const later: ClockReport = { ...here, between: [here.between[0] + 1e6, here.between[1] + 1e6] };
  t.false(commonClock([here, later]));
});
