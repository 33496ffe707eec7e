import test from 'ava';
import { availableParallelism } from 'node:os';
import { pairMap } from '../../runtime/bench/ipi/map.ts';
import { quietNoise, stealBetween, ticks, worse, type Quiet } from '../../runtime/bench/noise.ts';

const never = new AbortController().signal;

test.serial('noise: clock and cores are looked at', async (t) => {
  const { clockNs, clockStepNs, hiccups } = await quietNoise(20);
  t.true(clockNs > 0);
  t.true(clockStepNs > 0);
  t.is(hiccups.length, availableParallelism());
  for (const { core, seconds, p99, p999, max } of hiccups) {
    t.is(seconds, 0.02);
    t.true(p99 > 0 && p99 <= p999 && p999 <= max, `core ${core}`);
  }
});

test('noise: of two looks the worse counts, and the time of both', (t) => {
  const one: Quiet = {
    clockNs: 40,
    clockStepNs: 2,
    hiccups: [{ core: 0, seconds: 1, p99: 50, p999: 900, max: 1000 }],
  };
  const two: Quiet = {
    clockNs: 30,
    clockStepNs: 1,
    hiccups: [{ core: 0, seconds: 2, p99: 60, p999: 70, max: 2000 }],
  };
  t.deepEqual(worse(one, two), {
    clockNs: 40,
    clockStepNs: 1,
    hiccups: [{ core: 0, seconds: 3, p99: 60, p999: 900, max: 2000 }],
  });
});

test('noise: stolen time is a share, and unknown where the kernel does not tell', async (t) => {
  t.is(stealBetween({ all: 100, stolen: 5 }, { all: 300, stolen: 15 }), 0.05);
  t.is(stealBetween({ all: 100, stolen: 5 }, { all: 100, stolen: 5 }), 0);
  t.is(stealBetween(undefined, { all: 1, stolen: 0 }), null);
  const now = await ticks();
  if (process.platform === 'linux') t.true((now?.all ?? 0) > 0);
});

test.serial('map: every ordered pair has its figures, nobody has one to himself', async (t) => {
  const { cpus, median, p99 } = await pairMap(3, 64, 30, never);
  t.is(cpus, 3);
  for (let from = 0; from < 3; from++) {
    for (let to = 0; to < 3; to++) {
      const middle = median[from]?.[to] ?? null;
      t.is(middle === null, from === to);
      // Null where a loaded computer leaves less than 100 samples.
      t.true((p99[from]?.[to] ?? middle ?? 0) >= (middle ?? 0));
    }
  }
});
