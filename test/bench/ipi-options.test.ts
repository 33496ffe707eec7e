import test from 'ava';
import { loadsOf, shownLoads } from '../../runtime/bench/ipi/loads.ts';
import { planId } from '../../runtime/bench/ipi/plans.ts';
import { announcement } from '../../runtime/bench/announcement.ts';
import { left } from '../../runtime/cli/bench-progress.ts';
import { benchNames, benchOptions, type GivenBenchOptions } from '../../runtime/bench/options.ts';
import { LwktError } from '../../runtime/base/errors.ts';
import { LOADS, MODES, WAKES, type IpiPlan } from '../../runtime/bench/plan/ipi-plan.ts';

const never = new AbortController().signal;

function plans(given: GivenBenchOptions): readonly IpiPlan[] {
  return benchOptions(['ipi'], given, never).ipi;
}

for (const [given, shown] of [
  ['none', 'none'],
  ['compute:10us', 'compute:10us'],
  ['compute:2.5us', 'compute:2.5us'],
  ['crit', 'crit:50us'],
  ['crit:2s', 'crit:2000ms'],
  ['storm:1e6/s', 'storm:1e6/s'],
  ['storm:1000', 'storm:1000/s'],
  ['switch', 'switch:100'],
  ['switch:7', 'switch:7'],
  ['compute:10us+gc', 'compute:10us+gc'],
] as const) {
  test(`ipi options: --load ${given} is ${shown}, and that means the same`, (t) => {
    const loads = loadsOf(given);
    t.is(shownLoads(loads), shown);
    t.deepEqual(loadsOf(shown), loads);
  });
}

for (const [what, given, reason] of [
  ['an unknown mode', { mode: 'tea' }, /--mode: there is no 'tea'; there are self, pair, .*, map/],
  ['an unknown wake', { wake: 'tea' }, /--wake: there is no 'tea'; there are awake, parked, loop/],
  ['an unknown load', { load: 'tea' }, /--load: there is no load 'tea'/],
  ['a load without unit', { load: 'compute:10' }, /'compute:10': write a time of 100ns \.\. 2s/],
  ['a load too long', { load: 'crit:1m' }, /'crit:1m': write a time/],
  ['no threads', { load: 'switch:0' }, /'switch:0': write how many threads, 1 \.\. 50000/],
  ['a storm of nothing', { load: 'storm:0' }, /'storm:0': write IPIs per second/],
  ['a parameter for none', { load: 'gc:3' }, /'gc:3' takes no parameter/],
  ['a load twice', { load: 'gc+gc' }, /'gc\+gc' has gc twice/],
  ['none in a mix', { load: 'none+gc' }, /none cannot be mixed/],
  ['rate 0', { rate: '0' }, /--rate: '0' must be IPIs per second, above 0/],
  ['a rate that is none', { rate: 'fast' }, /--rate: 'fast'/],
  ['a rate too low', { rate: '1', duration: 100 }, /none is due within a round of 20 ms/],
  ['a limit without unit', { break: '1' }, /--break: '1' must be a time of 100ns or more/],
  ['one cpu for a pair', { mode: 'pair', cpus: 1 }, /--cpus 1: mode pair needs 2 cpus/],
  ['65 cpus', { cpus: 65 }, /--cpus: 65 must be a whole number of 1 \.\. 64/],
  ['half a cpu', { cpus: 1.5 }, /--cpus: 1\.5 must be a whole number/],
  ['duration 0', { duration: 0 }, /--duration: 0 ms must be 5 ms or more/],
  ['too short rounds', { duration: 100, rounds: 50 }, /100 ms in 50 rounds is less than 5 ms each/],
  ['a ring of 100', { ring: 100 }, /--ring: 100 must be a power of two/],
  ['a load for oneself', { mode: 'self', load: 'gc' }, /mode self .* --load gc would not reach it/],
  ['self asleep', { mode: 'self', wake: 'parked' }, /the sending cpu cannot be parked/],
  ['a sleeper at work', { wake: 'parked', load: 'gc' }, /under --load gc the receiving cpu never sleeps/],
  ['passive to a sleeper', { mode: 'passive', wake: 'loop' }, /mode passive wakes nobody/],
  ['a token of a sleeper', { mode: 'token', wake: 'parked' }, /mode token: .* cannot be parked/],
  ['a storm of two', { load: 'storm', cpus: 2 }, /--load storm needs a third cpu/],
  ['a storm on all', { mode: 'fan-out', load: 'storm' }, /not in mode fan-out/],
] as const) {
  test(`ipi options: ${what} is refused`, (t) => {
    const error = t.throws(() => plans(given), { instanceOf: LwktError });
    t.is(error.code, 'ERR_LWKT_OPTION');
    t.regex(error.message, reason);
  });
}

test('ipi options: what is for ipi is refused elsewhere', (t) => {
  t.throws(() => benchOptions(['switch'], { load: 'gc' }, never), { message: /--load is for ipi alone/ });
});

test('ipi options: an unknown benchmark is refused, all are all', (t) => {
  t.throws(() => benchNames(['tea']), { message: /there is no benchmark 'tea'; there are .*ipi/ });
  t.deepEqual(benchNames(['all']), benchNames(['ipi', 'all']));
  t.true(benchNames(['all']).includes('ipi'));
});

test('ipi options: without any, every mode, wake and load is there', (t) => {
  const all = plans({});
  for (const [mode] of MODES)
    t.true(
      all.some((plan) => plan.mode === mode),
      mode,
    );
  for (const [wake] of WAKES)
    t.true(
      all.some((plan) => plan.wake === wake),
      wake,
    );
  for (const [load] of LOADS) {
    t.true(
      all.some(({ loads }) => (load === 'none' ? loads.length === 0 : loads.some((l) => l.name === load))),
      load,
    );
  }
  const ids = all.map(planId);
  t.is(new Set(ids).size, ids.length);
});

test('ipi options: what is going to be measured is said, how long it takes, and what --quick leaves out', (t) => {
  const said = (given: GivenBenchOptions, names = ['ipi']): string[] =>
    announcement(names, benchOptions(names, given, never));
  const [quick = '', without = '', ...more] = said({ quick: true });
  t.deepEqual(more, []);
  const [, combinations, seconds] =
    /^ipi: (\d+) combinations in 2 rounds of 50 ms, and the map of all pairs: about (\d+) s /.exec(quick) ??
    [];
  t.is(Number(combinations), plans({ quick: true }).length);
  t.true(Number(seconds) < 20, quick);
  t.regex(without, /left out by --quick: modes self, .*token; loads storm.*; --mode, --wake and --load name/);
  const named = benchOptions(['ipi'], { quick: true }, never).leftOut.map(planId);
  t.deepEqual([...plans({ quick: true }).map(planId), ...named].toSorted(), plans({}).map(planId).toSorted());
  t.deepEqual(said({ quick: true, mode: 'pair', load: 'none,gc' }), [
    'ipi: 2 combinations in 2 rounds of 50 ms: about 3 s on two cores, more on a busy computer',
  ]);
  t.deepEqual(said({ mode: 'map', duration: 7_200_000 }), [
    'ipi: the map of all pairs: about 2 h on two cores, more on a busy computer',
  ]);
  t.regex(
    said({})[0] ?? '',
    /^ipi: \d+ combinations in 5 rounds of 200 ms, .*: about \d+ (?:s|min) on two cores, /,
  );
  t.regex(
    said({}, ['switch']).join('\n'),
    /^switch: about \d+ (?:s|min) on two cores, more on a busy computer$/,
  );
  const [two = '', ofIpi = ''] = said({}, ['ipi', 'switch']);
  t.regex(two, /^2 benchmarks, about \d+ (?:s|min) on two cores, .*: ipi, switch$/);
  t.regex(ofIpi, /^ipi: \d+ combinations in 5 rounds of 200 ms, and the map of all pairs$/);
  const ten = said({ duration: 10_000 }, ['switch']).join('');
  t.regex(ten, /^switch: about \d+ min /, 'ten times as long');
});

test('ipi options: the time that is left is told by the pace', (t) => {
  t.is(left(1000, 0.01), '');
  t.is(left(10_000, 0.25), 'about 30 s left');
  t.is(left(60_000, 0.25), 'about 3 min left');
  t.is(left(60_000, 1), 'about 1 s left');
});

test('ipi options: on one cpu, without any, what needs more is left out', (t) => {
  t.deepEqual(
    plans({ cpus: 1 }).map(({ mode }) => mode),
    ['self'],
  );
});

test('ipi options: lists are combined, a plus before a mode is no part of it', (t) => {
  const ids = plans({ mode: 'pair,+token', load: 'none,gc', rate: '1e4/s' }).map(planId);
  t.deepEqual(ids, [
    'pair/awake/none@10000/s',
    'pair/awake/gc@10000/s',
    'token/awake/none@10000/s',
    'token/awake/gc@10000/s',
  ]);
});

test('ipi options: the map of all pairs is measured when it is named, or nothing is', (t) => {
  const wants = (given: GivenBenchOptions): boolean => benchOptions(['ipi'], given, never).map;
  t.true(wants({}));
  t.true(wants({ mode: 'map' }));
  t.deepEqual(plans({ mode: 'map' }), []);
  t.true(wants({ mode: 'self,map' }));
  t.false(wants({ mode: 'pair' }));
  t.false(wants({ load: 'gc' }));
  t.false(wants({ cpus: 1 }));
  t.throws(() => wants({ mode: 'map', cpus: 1 }), { message: /--cpus 1: the map needs 2 cpus/ });
});

test('ipi options: the rounds share the time', (t) => {
  t.is(plans({ mode: 'pair', duration: 1000, rounds: 4 })[0]?.durationMs, 250);
});
