import test from 'ava';
import { lwkt } from '../helpers/cli.ts';

const cases: [cpus: number, leaves: number, sum: number, threads: string][] = [
  [1, 1, 0, '1 threads'],
  [2, 10, 45, '11 threads'],
  [4, 10_000, 49_995_000, '11,111 threads'],
  [8, 100_000, 4_999_950_000, '111,111 threads'],
  [1, 1_000_000, 499_999_500_000, '1,111,111 threads'],
  [2, 1_000_000, 499_999_500_000, '1,111,111 threads'],
];
for (const [cpus, leaves, sum, threads] of cases) {
  test.serial(`skynet: ${leaves} leaves on ${cpus} cpus have the right sum`, async (t) => {
    const { code, stdout, stderr } = await lwkt([
      'run',
      'examples/skynet.ts',
      '--cpus',
      `${cpus}`,
      `${leaves}`,
    ]);
    t.is(stderr, '');
    t.is(code, 0);
    const [first = '', second = ''] = stdout.split('\n');
    t.is(first, `sum ${sum}`);
    t.true(second.startsWith(`${threads} in `), second);
  });
}

test.serial('skynet: a million leaves need few threads at a time', async (t) => {
  const args = ['run', 'examples/skynet.ts', '--cpus', '2', '--threads', '8192', '1000000'];
  const { code, stdout } = await lwkt(args);
  t.is(code, 0);
  t.regex(stdout, /^sum 499999500000$/m);
});

for (const leaves of ['0', '20', '-10', 'many', '100000000']) {
  test.serial(`skynet: refuses ${leaves} leaves and ends with 1`, async (t) => {
    const { code, stdout, stderr } = await lwkt(['run', 'examples/skynet.ts', '--cpus', '1', '--', leaves]);
    t.is(code, 1);
    t.is(stdout, '');
    t.true(stderr.includes(`'${leaves}' leaves: give a power of ten of 1 .. 10000000`), stderr);
    t.is(stderr.split('\n').length, 2);
  });
}
