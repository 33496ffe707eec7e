import test from 'ava';
import { join } from 'node:path';
import { folder, lwkt, node, ROOT } from '../helpers/cli.ts';

const COLUMNS = 100;

test.serial('tour: counts are equal on one cpu and on all, and the speed-up is told', async (t) => {
  const { code, stdout, stderr } = await node(['examples/tour.ts', 'toolchain', 'package-lock.json']);
  t.is(stderr, '');
  t.is(code, 0);
  const counts = [...stdout.matchAll(/^ +\d+ cpus? +([\d,]+) +([\d,]+) +([\d,]+) +\d+$/gm)].map((row) =>
    row.slice(1),
  );
  t.is(counts.length, 2);
  t.deepEqual(counts[0], counts[1]);
  t.regex(stdout, /^ {2}counts equal: yes$/m);
  // Which of the two it says depends on what else the computer does.
  t.regex(
    stdout,
    /^ {2}speed-up: (?:|cannot be told now: other programs took \d+\.\d of \d+ cores? meanwhile; try again\n +when they are done \(it was )\d+\.\d\d times one cpu's speed, on \d+ cpus[ )]/m,
  );
  t.regex(stdout, /^ +cpu +threads run +switches +IPIs sent +IPIs run +times asleep$/m);
  for (const line of stdout.split('\n')) t.true(line.length <= COLUMNS, line);
});

test.serial('tour: counts what lwkt counts', async (t) => {
  const { stdout } = await node(['examples/tour.ts', 'toolchain']);
  const program = await lwkt(['run', 'examples/wordcount.ts', 'toolchain']);
  const total = /(\d+) +(\d+) +(\d+) total$/m
    .exec(program.stdout)
    ?.slice(1)
    .map((n) => Number(n).toLocaleString('en'));
  const row = /^ +1 cpu +([\d,]+) +([\d,]+) +([\d,]+) /m.exec(stdout)?.slice(1);
  t.truthy(total);
  t.deepEqual(row, total);
});

test.serial('tour: a file that cannot be read makes it end with 1', async (t) => {
  const { code, stderr } = await node(['examples/tour.ts', join(await folder(t), 'missing')]);
  t.is(code, 1);
  t.is(stderr, 'tour: 1 file could not be read\n');
});

test.serial('tour: the commands it recommends work', async (t) => {
  const out = await folder(t);
  const { stdout } = await node(['examples/tour.ts', 'toolchain']);
  const commands = [...stdout.matchAll(/^ {2}npx lwkt (.*?) {2,}/gm)].map((match) => match[1] as string);
  t.true(commands.length >= 3);
  for (const command of commands) {
    const args = command.replace(' /tmp', ` ${out}`).replace('~/Documents', 'toolchain').split(' ');
    const result = await lwkt(args, { cwd: ROOT });
    t.is(result.code, 0, `${command}\n${result.stderr}`);
  }
});
