import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { compareReports, type Finding } from '../../runtime/bench/compare/compare.ts';
import { tolerance } from '../../runtime/bench/compare/tolerance.ts';
import { parseReport } from '../../runtime/bench/read-report.ts';
import { BenchReport, type Spread } from '../../runtime/bench/schema.ts';
import { benchReport } from '../helpers/bench-report.ts';
import { folder, lwkt } from '../helpers/cli.ts';

const report = benchReport(1, 5000, 2);

function scaled({ median, least, most }: Spread, factor: number): Spread {
  return { median: median * factor, least: least * factor, most: most * factor };
}

/** The report with one row's figure of lwkt changed by a factor, and its ratios with it. */
function changedRow(id: string, factor: number): BenchReport {
  const changed = structuredClone(report);
  for (const c of changed.rows.find((row) => row.id === id)?.contestants ?? []) {
    if (c.kind === 'lwkt' && c.cost !== null) c.cost = scaled(c.cost, factor);
    else if (c.ratio !== null) c.ratio = scaled(c.ratio, factor);
  }
  return changed;
}

function verdicts(old: BenchReport, now: BenchReport, factor = 1.2): Record<string, Finding['verdict']> {
  const { findings } = compareReports(old, now, factor);
  return Object.fromEntries(
    findings.filter(({ verdict }) => verdict !== 'equal').map(({ key, verdict }) => [key, verdict]),
  );
}

test('compare: a report equals itself, and every part of it is compared', (t) => {
  const { findings, missing, added, warnings } = compareReports(report, report, 1.2);
  t.deepEqual(verdicts(report, report), {});
  t.deepEqual([missing, added, warnings], [[], [], []]);
  t.deepEqual(new Set(findings.map(({ kind }) => kind)), new Set(['row', 'latency', 'growth']));
  t.true(findings.some(({ key }) => key === 'pair/awake/none round trip p99'));
  t.true(findings.some(({ key }) => key === 'switch.threads at 1000 threads'));
});

test('compare: worse beyond the tolerance is a regression, better an improvement, less is neither', (t) => {
  t.deepEqual(verdicts(report, changedRow('switch.2', 1.5)), { 'switch.2': 'regression' });
  t.deepEqual(verdicts(report, changedRow('switch.2', 0.6)), { 'switch.2': 'improvement' });
  t.deepEqual(verdicts(report, changedRow('switch.2', 1.15)), {});
  t.deepEqual(verdicts(report, changedRow('switch.2', 1.15), 1.1), { 'switch.2': 'regression' });
});

test('compare: where more is better, less is worse', (t) => {
  t.deepEqual(verdicts(report, changedRow('jobs.mandelbrot', 0.6)), { 'jobs.mandelbrot': 'regression' });
  t.deepEqual(verdicts(report, changedRow('jobs.mandelbrot', 1.6)), { 'jobs.mandelbrot': 'improvement' });
});

test('compare: what lies within the spreads is neither', (t) => {
  const wide = structuredClone(report);
  const now = changedRow('switch.2', 1.5);
  for (const { rows } of [wide, now]) {
    for (const c of rows.find(({ id }) => id === 'switch.2')?.contestants ?? []) {
      for (const spread of [c.cost, c.ratio]) {
        if (spread === null) continue;
        spread.least *= 0.6;
        spread.most *= 1.6;
      }
    }
  }
  t.deepEqual(verdicts(wide, now), { 'switch.2': 'unsure' });
});

test('compare: a machine that became slower as a whole is no regression where there is a baseline', (t) => {
  const slower = structuredClone(report);
  for (const { contestants } of slower.rows) {
    for (const c of contestants) if (c.cost !== null) c.cost = scaled(c.cost, 3);
  }
  const { findings } = compareReports(report, slower, 1.2);
  const rows = findings.filter(({ kind }) => kind === 'row');
  t.true(rows.every(({ basis, verdict }) => basis !== null && verdict === 'equal'));
  // Without the baseline the figures themselves are compared.
  for (const { contestants } of slower.rows) {
    for (const c of contestants) if (c.kind === 'native') c.name = `another ${c.name}`;
  }
  const [first] = compareReports(report, slower, 1.2).findings;
  t.like(first, { key: 'ipi.call', basis: null, verdict: 'regression' });
});

test('compare: latency is compared by percentile, over the C bounce', (t) => {
  const tail = structuredClone(report);
  for (const { id, distributions } of tail.runs) {
    if (id === 'pair/awake/none') for (const d of distributions) [d.p99, d.hdr] = [(d.p99 ?? NaN) * 2, ''];
  }
  t.deepEqual(verdicts(report, tail), { 'pair/awake/none round trip p99': 'regression' });
  for (const run of tail.runs) if (run.baselineNs !== null) run.baselineNs *= 2;
  const found = verdicts(report, tail);
  t.is(found['pair/awake/none round trip p99'], undefined);
  t.is(found['pair/awake/none round trip p50'], 'unsure', 'only the baseline moved');
  const { findings } = compareReports(report, tail, 1.2);
  t.is(findings.find(({ key }) => key === 'pair/awake/none round trip p50')?.doubt, 'baseline');
});

test('compare: rounds that differ widen the spread of a percentile', (t) => {
  const [old, now] = [structuredClone(report), structuredClone(report)];
  const wide = { median: 1, least: 0.5, most: 2.5 };
  for (const { runs } of [old, now]) {
    for (const { distributions } of runs) {
      for (const d of distributions) d.rounds = { p50: wide, p99: wide };
    }
  }
  for (const { distributions } of now.runs) for (const d of distributions) d.p50 *= 1.8;
  t.deepEqual(new Set(Object.values(verdicts(old, now))), new Set(['unsure']));
});

test('compare: of few measurements the spread is taken to be wider, of one nothing is certain', (t) => {
  const counted = (given: BenchReport, n: number): BenchReport => {
    const copy = structuredClone(given);
    for (const { contestants } of copy.rows) {
      for (const { cost, ratio } of contestants) {
        for (const spread of [cost, ratio]) {
          if (spread !== null)
            Object.assign(spread, { least: spread.median * 0.95, most: spread.median * 1.05, n });
        }
      }
    }
    return copy;
  };
  for (const [n, factor, verdict] of [
    [10, 1.21, 'regression'],
    [6, 1.21, 'unsure'],
    [6, 1.3, 'regression'],
    [4, 1.5, 'unsure'],
    [4, 1.6, 'regression'],
    [2, 9, 'unsure'],
    [2, 11, 'regression'],
    [1, 1000, 'unsure'],
  ] as const) {
    const [old, now] = [report, changedRow('switch.2', factor)].map((one) => counted(one, n)) as [
      BenchReport,
      BenchReport,
    ];
    t.is(verdicts(old, now)['switch.2'], verdict, `${n} measurements, ${factor} times worse`);
    const { findings } = compareReports(old, now, 1.2);
    const doubt = findings.find(({ key }) => key === 'switch.2')?.doubt;
    t.is(doubt, verdict === 'unsure' ? 'spreads' : null);
  }
});

test('compare: each percentile has the spread of its own rounds', (t) => {
  const [old, now] = [structuredClone(report), structuredClone(report)];
  const wide = { median: 1, least: 0.3, most: 3, n: 10 };
  const tight = { median: 1, least: 1, most: 1, n: 10 };
  for (const { runs } of [old, now]) {
    for (const { distributions } of runs)
      for (const d of distributions)
        [d.rounds, d.hdr] = [{ p50: tight, p90: tight, p99: wide, p999: wide }, ''];
  }
  for (const { id, distributions } of now.runs) {
    if (id !== 'pair/awake/none') continue;
    for (const d of distributions) [d.p90, d.p99] = [(d.p90 ?? NaN) * 1.5, (d.p99 ?? NaN) * 1.5];
  }
  const found = verdicts(old, now);
  t.is(found['pair/awake/none round trip p90'], 'regression');
  t.is(found['pair/awake/none round trip p99'], 'unsure');
});

test('compare: percentiles with too few samples are left out', (t) => {
  const few = structuredClone(report);
  for (const { distributions } of few.runs) for (const d of distributions) d.count = 50;
  const { findings, missing } = compareReports(few, report, 1.2);
  t.false(findings.some(({ key }) => key.endsWith('p99')));
  t.true(compareReports(report, few, 1.2).missing.some((key) => key.endsWith('p99')));
  t.deepEqual(missing, []);
});

test('compare: percentiles that are null are left out, and their missing rounds do not matter', (t) => {
  const few = structuredClone(report);
  for (const { distributions } of few.runs) {
    for (const d of distributions) {
      [d.p99, d.p999, d.p9999, d.count] = [null, null, null, 99];
      d.rounds = { p50: { median: d.p50, least: d.p50, most: d.p50 }, p99: null };
    }
  }
  t.deepEqual(BenchReport.parse(JSON.parse(JSON.stringify(few))).runs, few.runs);
  t.false(compareReports(few, few, 1.2).findings.some(({ key }) => key.endsWith('p99')));
  t.true(compareReports(few, few, 1.2).findings.some(({ key }) => key.endsWith('round trip p50')));
});

test('compare: a point of a curve that got worse is found', (t) => {
  const worse = structuredClone(report);
  const point = worse.growth[0]?.curves[0]?.points[3];
  if (point === undefined || point.cost === null) throw new Error('the helper has no such point');
  point.cost = scaled(point.cost, 2);
  t.deepEqual(verdicts(report, worse), { 'switch.threads at 1000 threads': 'regression' });
});

test('compare: what only one report has is told; what can no longer be measured fails', (t) => {
  const less = structuredClone(report);
  less.rows = less.rows.filter(({ id }) => id !== 'boot.two');
  t.deepEqual(compareReports(report, less, 1.2).missing, ['boot.two']);
  t.deepEqual(compareReports(less, report, 1.2).added, ['boot.two']);
  const gone = structuredClone(report);
  const own = gone.rows[0]?.contestants[0];
  Object.assign(own ?? {}, { cost: null, ratio: null, why: 'the machine did not boot' });
  t.like(compareReports(report, gone, 1.2).findings[0], {
    key: 'ipi.call',
    verdict: 'gone',
    why: 'the machine did not boot',
  });
});

test('compare: another environment is warned about', (t) => {
  const other = structuredClone(report);
  Object.assign(other.environment, {
    cpu: 'another',
    cores: 64,
    node: '24.12.0',
    load: 60,
    flags: ['--jitless'],
  });
  other.interrupted = true;
  t.deepEqual(compareReports(report, other, 1.2).warnings, [
    'the processors differ: AMD EPYC; another',
    'the numbers of cores differ: 2; 64',
    'the versions of Node.js differ: 26.10.0; 24.12.0',
    'the options of Node.js differ: none; --jitless',
    'the new run was stopped before its end',
    'the machine was busy when the new run began: load 60.0 on 64 cores',
  ]);
});

test('compare: tolerance is a share or a factor, and nothing else', (t) => {
  t.is(tolerance('20%'), 1.2);
  t.is(tolerance(' 7.5 % '), 1.075);
  t.is(tolerance('1.5x'), 1.5);
  t.is(tolerance('2×'), 2);
  for (const bad of [
    '0.2',
    '1.2',
    '20',
    '',
    '%',
    'x',
    '0%',
    '1x',
    '0.5x',
    '-5%',
    '1e2%',
    'NaN%',
    '2000%',
    '11x',
  ]) {
    t.throws(
      () => tolerance(bad),
      { code: 'ERR_LWKT_OPTION', message: /as in 20%, or a factor as in 1\.2x/ },
      bad,
    );
  }
});

for (const [what, text, reason] of [
  ['an empty file', '', /this is no JSON: it is empty/],
  ['no JSON', '{"a":', /this is no JSON: /],
  ['other JSON', '{"name":"lwkt","version":"0.1.0"}', /this is no report of benchmarks/],
  ['null', 'null', /this is no report of benchmarks/],
  ['the report of another verb', '{"version":1,"verb":"stress"}', /this is no report of benchmarks/],
  ['another version', '{"version":2,"verb":"bench"}', /this report has version 2, this lwkt reads version 1/],
  [
    'wrong fields',
    JSON.stringify({ ...report, seconds: 'long', rows: [{ ...report.rows[0], more: 3 }] }),
    /docs\/bench-report\.md says:\n {2}seconds: .*number.*\n {2}rows\[0\]\.more: .*boolean/,
  ],
  ['missing parts', '{"version":1,"verb":"bench"}', /\n {2}command: .*\n(.*\n)+ {2}and \d+ more$/],
] as const) {
  test(`compare: ${what} is refused with a reason`, (t) => {
    t.throws(() => parseReport('x.json', text), { code: 'ERR_LWKT_OPTION', message: reason });
  });
}

test('compare: fields of a later version are passed over', (t) => {
  t.notThrows(() => parseReport('x.json', JSON.stringify({ ...report, later: { much: 1 } })));
});

test.serial('lwkt bench compare: says what got worse and ends with 1, 0 or 2', async (t) => {
  const dir = await folder(t);
  const [old, slow, other] = ['old', 'slow', 'other'].map((name) => join(dir, `${name}.json`)) as [
    string,
    string,
    string,
  ];
  writeFileSync(old, JSON.stringify(report));
  writeFileSync(slow, JSON.stringify(changedRow('ipi.call', 4)));
  writeFileSync(other, JSON.stringify({ ...report, rows: [], runs: [], growth: [] }));
  const bad = await lwkt(['bench', 'compare', old, slow, '--tolerance', '50%']);
  t.is(bad.code, 1);
  t.is(bad.stderr, '');
  t.regex(bad.stdout, /^ipi\.call +151 ns +604 ns +4 times worse +C cache-line bounce +REGRESSION$/m);
  t.regex(bad.stdout, /ratios to it were compared, since the machine drifts/);
  t.regex(bad.stdout, /\n1 regression, 0 improvements, \d+ within 50 %, 0 not certain/);
  const good = await lwkt(['bench', 'compare', old, slow, '--tolerance', '5x', '--json']);
  t.is(good.code, 0);
  const json = JSON.parse(good.stdout) as { version: number; exitCode: number; findings: Finding[] };
  t.like(json, { version: 1, verb: 'bench compare', tolerance: 5, exitCode: 0 });
  t.true(json.findings.length > 20);
  for (const [args, reason] of [
    [[old], /missing required argument 'new'/],
    [[old, join(dir, 'none.json')], /none\.json: there is no such file/],
    [[old, dir], /cannot be read: EISDIR/],
    [[old, other], /have no figure in common/],
    [[old, slow, '--tolerance', '0.2'], /--tolerance: '0\.2' must be a share/],
    [['/dev/zero', old], /more than 67108864 bytes/],
  ] as const) {
    const { code, stdout, stderr } = await lwkt(['bench', 'compare', ...args]);
    t.is(code, 2, args.join(' '));
    t.is(stdout, '');
    t.regex(stderr, reason);
  }
});

test.serial('lwkt bench show: prints a report again, or writes its page', async (t) => {
  const dir = await folder(t);
  const file = join(dir, 'report.json');
  writeFileSync(file, JSON.stringify(report));
  const tables = await lwkt(['bench', 'show', file]);
  t.is(tables.code, 0);
  t.regex(tables.stdout, /^pair\/awake\/none: closed loop/m);
  const page = await lwkt(['bench', 'show', file, '--html', join(dir, 'report.html')]);
  t.deepEqual([page.code, page.stdout, page.stderr], [0, '', `lwkt: wrote ${join(dir, 'report.html')}\n`]);
  for (const [path, reason] of [
    [dir, /--html .*: that is a folder; name a file/],
    [join(dir, 'none', 'x.html'), /there is no folder '.*none': make it first/],
  ] as const) {
    const { code, stderr } = await lwkt(['bench', 'show', file, '--html', path]);
    t.is(code, 2);
    t.regex(stderr, reason);
  }
  // Refused before anything is measured.
  const late = await lwkt(['bench', 'ipi', '--html', join(dir, 'none', 'x.html')]);
  t.is(late.code, 2);
  t.regex(late.stderr, /--html .*none.x\.html: there is no folder/);
});
