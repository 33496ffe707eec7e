import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { BenchReport } from '../../runtime/bench/schema.ts';
import { folder, lwkt, ROOT } from '../helpers/cli.ts';

const BRIEF = [
  'bench',
  'ipi',
  '--mode',
  'pair',
  '--duration',
  '40ms',
  '--rounds',
  '2',
  '--quick',
  '--vs',
  'none',
];

for (const [what, args, reason] of [
  ['an unknown benchmark', ['bench', 'tea'], /there is no benchmark 'tea'; there are ipi/],
  ['duration 0', ['bench', 'ipi', '--duration', '0ms'], /--duration: 0 ms must be 5 ms or more/],
  ['one cpu for a pair', ['bench', 'ipi', '--mode', 'pair', '--cpus', '1'], /mode pair needs 2 cpus/],
  ['a benchmark as a file', ['bench', '--json', 'ipi'], /--json ipi: that is a benchmark, not a file/],
] as const) {
  test.serial(`bench: ${what} is refused before anything boots`, async (t) => {
    const { code, stdout, stderr } = await lwkt(args);
    t.is(code, 2);
    t.is(stdout, '');
    t.regex(stderr, reason);
  });
}

test.serial('bench: --json is one object that the schema describes', async (t) => {
  const { code, stdout, stderr } = await lwkt([...BRIEF, '--json']);
  t.is(code, 0, stderr);
  const report = BenchReport.strict().parse(JSON.parse(stdout));
  t.is(report.command, 'lwkt bench ipi --mode pair --duration 40ms --rounds 2 --quick --vs none --json');
  t.false(report.interrupted);
  t.deepEqual(
    report.runs.map(({ id }) => id),
    ['pair/awake/none'],
  );
  const [run] = report.runs;
  t.deepEqual(
    run?.distributions.map(({ name }) => name),
    ['one way', 'round trip', 'queued to noticed', 'noticed to run', 'run to acknowledged'],
  );
  for (const { name, rounds, min, p50, p99, max } of run?.distributions ?? []) {
    t.true(min <= p50 && p50 <= (p99 ?? max) && (p99 ?? max) <= max, name);
    t.true(rounds !== null && rounds !== undefined && rounds.p50.least <= rounds.p50.most, name);
  }
  t.true((report.noise?.clockNs ?? 0) > 0);
  t.true((report.noise?.hiccups.length ?? 0) > 0);
  // The tables are for people, elsewhere.
  t.regex(stderr, /^pair\/awake\/none: closed loop, 2 cpus/m);
});

test.serial('bench: the tables go to stdout, the report to a file', async (t) => {
  const file = join(await folder(t), 'report.json');
  const { code, stdout } = await lwkt([...BRIEF, '--json', file]);
  t.is(code, 0);
  t.regex(stdout, /p50 +p90 +p99 +p99\.9 +p99\.99 +max +count/);
  t.regex(stdout, /^round trip /m);
  t.is(BenchReport.parse(JSON.parse(await readFile(file, 'utf8'))).runs.length, 1);
});

test.serial('bench: Ctrl-C gives what there is, and says so', async (t) => {
  const args = [
    'bench',
    'ipi',
    '--mode',
    'pair',
    '--duration',
    '10h',
    '--rounds',
    '1',
    '--vs',
    'none',
    '--json',
  ];
  const child = spawn(process.execPath, [join(ROOT, 'runtime/cli/main.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const closed = once(child, 'close');
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => {
    const before = stderr.includes('pair/awake/none');
    stderr += chunk.toString();
    if (before || !stderr.includes('pair/awake/none')) return;
    // As timeout(1) does it: to the process, and to its group.
    child.kill('SIGINT');
    child.kill('SIGTERM');
  });
  const [code] = (await closed) as [number];
  t.is(code, 130, stderr);
  t.true(BenchReport.parse(JSON.parse(stdout)).interrupted);
  t.regex(stderr, /interrupted: parts are missing/);
});
