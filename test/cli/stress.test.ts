import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import test from 'ava';
import { lwkt, ROOT } from '../helpers/cli.ts';

const SUITES = ['tokens', 'ipiq', 'mplock', 'waitq', 'preempt', 'threads', 'sync'] as const;

for (const suite of SUITES) {
  for (const [cpus, chaos] of [
    [2, 0],
    [8, 3],
  ] as const) {
    test.serial(
      `stress: ${suite} on ${cpus} cpus, chaos ${chaos}, ends with success and a count`,
      async (t) => {
        const args = [
          'stress',
          suite,
          '--cpus',
          String(cpus),
          '--chaos',
          String(chaos),
          '--duration',
          '2s',
          '--seed',
          '3',
        ];
        const { code, stdout, stderr } = await lwkt(args);
        const verdict = stdout.trimEnd().split('\n').at(-1) ?? '';
        t.regex(
          verdict,
          new RegExp(`^End of test: SUCCESS suite=${suite} cpus=${cpus} .*seed=3 .*violations=0 `),
          stderr,
        );
        t.regex(verdict, / operations=[1-9]\d* /);
        t.is(code, 0);
      },
    );
  }
}

for (const [what, args, reason] of [
  ['no tokens', ['--tokens', '0'], /--tokens: 0 must be a whole number of 1 \.\. 1024/],
  ['too many cpus', ['--cpus', '10000'], /--cpus: 10000 must be a whole number of 1 \.\. 64/],
  [
    'a hold as long as the test',
    ['--hold', '10s', '--duration', '1s'],
    /--hold: 10000 ms is not shorter than the duration/,
  ],
  ['an unknown suite', ['tea'], /there is no suite 'tea'; there are tokens, /],
  ['a time without a unit', ['--duration', '5'], /--duration: '5' is not a time/],
] as const) {
  test.serial(`stress: ${what} is refused before anything boots`, async (t) => {
    const { code, stdout, stderr } = await lwkt(['stress', ...args]);
    t.is(code, 2);
    t.is(stdout, '');
    t.regex(stderr, reason);
  });
}

test.serial('stress: --json is one object, with the command that repeats it', async (t) => {
  const { code, stdout } = await lwkt(['stress', 'mplock', '--duration', '1s', '--seed', '9', '--json']);
  t.is(code, 0);
  const report = JSON.parse(stdout) as {
    version: number;
    verdict: string;
    violations: number;
    repeat: string;
  };
  t.like(report, { version: 1, verdict: 'SUCCESS', violations: 0 });
  t.regex(report.repeat, /^lwkt stress mplock .*--seed 9 /);
});

test.serial('stress: Ctrl-C gives the figures so far and an honest verdict', async (t) => {
  const child = spawn(
    process.execPath,
    [join(ROOT, 'runtime/cli/main.ts'), 'stress', 'tokens', '--duration', '1h', '--interval', '1s'],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  t.teardown(() => child.kill('SIGKILL'));
  const closed = once(child, 'close');
  let said = '';
  let interrupted = false;
  const hear = (chunk: Buffer): void => {
    said += chunk.toString();
    if (interrupted || !said.includes('op/s')) return;
    interrupted = true;
    child.kill('SIGINT');
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  await closed;
  t.regex(said, /End of test: INTERRUPTED suite=tokens .* operations=[1-9]/);
});
