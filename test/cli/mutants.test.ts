import test from 'ava';
import type { MutantsReport } from '../../runtime/cli/mutants.ts';
import { MUTANTS } from '../../runtime/stress/mutants/list.ts';
import { lwkt } from '../helpers/cli.ts';

// Those that show at once; `npm run stress:mutants` runs them all.
const QUICK = MUTANTS.filter(({ quick }) => quick === true);

test.serial('mutants: the quick ones are caught, and the kernel as it is succeeds', async (t) => {
  t.timeout(300_000);
  t.true(QUICK.length >= 10);
  const names = QUICK.map(({ name }) => name);
  const { code, stdout, stderr } = await lwkt(['stress', '--mutants', names.join(','), '--json']);
  const report = JSON.parse(stdout) as MutantsReport;
  t.deepEqual(
    report.controls.filter(({ caught }) => caught),
    [],
  );
  t.deepEqual(
    report.mutants.filter(({ caught }) => !caught),
    [],
    stderr,
  );
  t.deepEqual(
    report.mutants.map(({ mutant }) => mutant),
    names,
  );
  t.true(report.mutants.every(({ by }) => by !== ''));
  t.regex(stderr, new RegExp(`End of test: SUCCESS mutants=${QUICK.length} caught=${QUICK.length} `));
  t.like(report, { version: 1, verb: 'stress mutants', exitCode: 0 });
  t.is(code, 0);
});

test.serial(
  'mutants: one alone fails with its name in the verdict, and the command that repeats it',
  async (t) => {
    const { code, stdout } = await lwkt([
      'stress',
      '--mutant',
      'ring-one-too-many',
      '--fail-fast',
      '--seed',
      '7',
    ]);
    t.is(code, 1);
    t.regex(stdout, /^!!! ipi-/m);
    t.regex(stdout, /^to repeat: lwkt stress ipiq .*--seed 7 .*--mutant ring-one-too-many$/m);
    t.regex(stdout, /^End of test: FAILURE suite=ipiq .* mutant=ring-one-too-many /m);
  },
);

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

test.serial('mutants: --list-mutants lists them', async (t) => {
  const { code, stdout } = await lwkt(['stress', '--list-mutants']);
  t.is(code, 0);
  t.is(stdout.trimEnd().split('\n').length, MUTANTS.length);
  t.regex(stdout, /^publish-before-fill +D23 +ipiq/m);
});
