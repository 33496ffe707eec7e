import test from 'ava';
import type { MutantsReport } from '../../runtime/cli/mutants.ts';
import { MUTANTS } from '../../runtime/stress/mutants/list.ts';
import { lwkt } from '../helpers/cli.ts';
import { DEADLINE_MS } from '../helpers/eventually.ts';

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
