import test from 'ava';
import { lwkt } from '../helpers/cli.ts';

const cases: [cpus: number, hops: number, args: string[]][] = [
  [1, 0, []],
  [1, 1000, []],
  [2, 1000, []],
  [8, 100_000, []],
  [1, 1000, ['--spread']],
  [2, 1000, ['--spread']],
  [4, 1006, ['--spread']],
  [8, 1509, ['--spread']],
];
for (const [cpus, hops, args] of cases) {
  test.serial(
    `thread-ring: ${hops} hops on ${cpus} cpus ${args.join(' ')} end where they must`,
    async (t) => {
      const all = ['run', 'examples/thread-ring.ts', '--cpus', `${cpus}`, '--', ...args, `${hops}`];
      const { code, stdout, stderr } = await lwkt(all);
      t.is(stderr, '');
      t.is(code, 0);
      const [last, time = ''] = stdout.split('\n');
      t.is(last, String((hops % 503) + 1));
      t.true(time.startsWith(`${hops.toLocaleString('en')} hops in `), time);
    },
  );
}

for (const args of [['-1'], ['1e3'], ['1000000001'], ['1', '2']]) {
  test.serial(`thread-ring: refuses '${args.join(' ')}' and ends with 1`, async (t) => {
    const { code, stdout, stderr } = await lwkt([
      'run',
      'examples/thread-ring.ts',
      '--cpus',
      '1',
      '--',
      '--',
      ...args,
    ]);
    t.is(code, 1);
    t.is(stdout, '');
    t.true(
      stderr.includes(`'${args.join(' ')}': give one whole number of 0 .. 1000000000 to begin with`),
      stderr,
    );
    t.is(stderr.split('\n').length, 2);
  });
}
