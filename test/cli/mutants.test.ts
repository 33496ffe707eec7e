import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { outcomeOf } from '../../runtime/cli/mutant-process.ts';
import type { MutantsReport } from '../../runtime/cli/mutants.ts';
import { MUTANTS } from '../../runtime/stress/mutants/list.ts';
import { lwkt, ROOT } from '../helpers/cli.ts';
import { DEADLINE_MS, eventually } from '../helpers/eventually.ts';

// Those that show at once; `npm run stress:mutants` runs them all.
const QUICK = MUTANTS.filter(({ quick }) => quick === true);

test('mutants: ten and more of them are quick', (t) => {
  t.true(QUICK.length >= 10);
});

for (const setup of new Set(QUICK.map((mutant) => mutant.setup))) {
  const names = QUICK.filter((mutant) => mutant.setup === setup).map(({ name }) => name);
  test.serial(`mutants: ${setup}: the quick ones are caught, the kernel as it is succeeds`, async (t) => {
    // The command gives each of its processes so long.
    const deadline = (names.length + 1) * DEADLINE_MS;
    const { code, stdout, stderr } = await lwkt(['stress', '--mutants', names.join(','), '--json'], {
      deadline,
    });
    t.not(stdout, '', stderr);
    const report = JSON.parse(stdout) as MutantsReport;
    t.deepEqual(
      report.controls.map(({ mutant, by }) => [mutant, by]),
      [['none', '']],
      stderr,
    );
    t.deepEqual(
      report.mutants.map(({ mutant, caught, by }) => [mutant, caught, by !== '']),
      names.map((name) => [name, true, true]),
      stderr,
    );
    t.regex(stderr, new RegExp(`End of test: SUCCESS mutants=${names.length} caught=${names.length} `));
    t.like(report, { version: 1, verb: 'stress mutants', exitCode: 0 });
    t.is(code, 0);
  });
}

test.serial('mutants: one alone fails with its name in the verdict and in the command', async (t) => {
  const args = ['stress', '--mutant', 'ring-one-too-many', '--fail-fast', '--no-dump', '--seed', '7'];
  const { code, stdout } = await lwkt(args);
  t.is(code, 1);
  t.regex(stdout, /^!!! (?:ipi-|panic)/m);
  t.regex(stdout, /^to repeat: lwkt stress ipiq .*--seed 7 .*--mutant ring-one-too-many$/m);
  t.regex(stdout, /^End of test: FAILURE suite=ipiq .* mutant=ring-one-too-many /m);
});

for (const args of [
  ['--mutant', 'publish-before-fil'],
  ['--mutants', 'no-resched,publish-before-fil'],
]) {
  test.serial(`mutants: ${args.join(' ')} is refused, with names that are near`, async (t) => {
    const { code, stdout, stderr } = await lwkt(['stress', ...args]);
    t.is(code, 2);
    t.is(stdout, '');
    t.regex(stderr, /there is no mutant 'publish-before-fil'; did you mean publish-before-fill/);
  });
}

test.serial('mutants: the table takes no suite and no setup from the command line', async (t) => {
  const { code, stderr } = await lwkt(['stress', 'tokens', '--mutants', '--fail-fast', '--cpus', '4']);
  t.is(code, 2);
  t.regex(stderr, /setup of its own; leave out tokens, --fail-fast, --cpus, or/);
});

test.serial('mutants: --list-mutants lists them', async (t) => {
  const { code, stdout } = await lwkt(['stress', '--list-mutants']);
  t.is(code, 0);
  t.is(stdout.trimEnd().split('\n').length, MUTANTS.length);
  t.regex(stdout, /^publish-before-fill +D23 +ipiq/m);
});

/** What comes of a process that runs this text. */
const outcomeOfText = (text: string, limitMs?: number): ReturnType<typeof outcomeOf> =>
  outcomeOf(['-e', text], new AbortController().signal, limitMs);

test('mutants: a process that says its whole report counts, even if it hangs after', async (t) => {
  const { result, untried } = await outcomeOfText(
    'console.log(\'{"operations":7}\'); setInterval(() => {}, 1000)',
  );
  t.like(result, { operations: 7 });
  t.is(untried, undefined);
});

test('mutants: a process that hangs is ended, and that is a finding', async (t) => {
  const outcome = await outcomeOfText('setInterval(() => {}, 1000)', 300);
  t.like(outcome, { result: undefined, end: 'hang: the process did not end in 0.3 s' });
  t.false('untried' in outcome);
});

test('mutants: a process that crashes is a finding', async (t) => {
  const outcome = await outcomeOfText('process.kill(process.pid, "SIGSEGV"); setInterval(() => {}, 1000)');
  t.regex(outcome.end, /^the process was ended by SIGSEGV/);
  t.false('untried' in outcome);
});

for (const [what, text, untried] of [
  ['is ended from outside', 'process.kill(process.pid, "SIGKILL")', /^ended from outside by SIGKILL$/],
  [
    'is cut off in its report',
    "process.stdout.write('{\"ope'); process.exitCode = 1",
    /^the process ended with 1$/,
  ],
  ['ends with an error', 'console.error("no memory"); process.exitCode = 3', /^no memory$/],
] as const) {
  test(`mutants: a process that ${what} tells nothing`, async (t) => {
    const outcome = await outcomeOfText(text);
    t.is(outcome.result, undefined);
    t.regex(outcome.untried ?? '', untried);
  });
}

/** Child processes of a process; Linux only. */
function childrenOf(pid: number | undefined): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number);
}

(process.platform === 'linux' ? test.serial : test.serial.skip)(
  'mutants: a row whose process is killed from outside is in the report, and fails it',
  async (t) => {
    const args = [join(ROOT, 'runtime/cli/main.ts'), 'stress', '--mutants', 'ring-one-too-many', '--json'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    t.teardown(() => child.kill('SIGKILL'));
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const closed = once(child, 'close') as Promise<[number | null]>;
    process.kill(await eventually('the process of the control', () => childrenOf(child.pid)[0]), 'SIGKILL');
    const [code] = await closed;
    const report = JSON.parse(stdout) as MutantsReport;
    t.like(report.controls[0], {
      expected: false,
      caught: false,
      by: 'not run: ended from outside by SIGKILL',
    });
    t.like(report.mutants[0], { mutant: 'ring-one-too-many', caught: true });
    t.regex(stderr, /^NOT RUN +none .* {2}not run: ended from outside by SIGKILL$/m);
    t.is(report.exitCode, 1);
    t.is(code, 1);
  },
);
