import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { clean, cleanLine } from '../../runtime/base/clean.ts';
import { textTable } from '../../runtime/cli/text-table.ts';
import { boot } from '../../runtime/index.ts';
import { folder, lwkt } from '../helpers/cli.ts';

const PROGRAM = fileURLToPath(new URL('programs/steers.ts', import.meta.url));
/** What may reach a terminal: no control but newline and tab. */
// eslint-disable-next-line no-control-regex
const RAW = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

test('clean: controls are shown, not sent; text of all languages stays', (t) => {
  t.is(clean('a\u001b[31mb\u0007\u009b\u007f\r\n\tc\u202ed'), 'a\\x1b[31mb\\x07\\x9b\\x7f\\x0d\n\tc\\u202ed');
  t.is(cleanLine('a\nb\tc'), 'a\\nb\\tc');
  t.is(clean('Ünïcode 漢字 🎉'), 'Ünïcode 漢字 🎉');
  t.is(
    textTable(
      [
        ['\u001b[1mx', '1'],
        ['y\nz', '2'],
      ],
      ['left', 'right'],
    ),
    '\\x1b[1mx  1\ny\\nz      2',
  );
});

for (const how of ['thrown', 'detached', 'unjoined', 'left']) {
  test.serial(`run: names and errors of a program do not steer the terminal (${how})`, async (t) => {
    const { stderr, stdout } = await lwkt(['run', PROGRAM, '--cpus', '1', '--stats', how]);
    t.notRegex(stderr, RAW);
    t.notRegex(stdout, RAW);
    t.true(stderr.includes(how === 'thrown' ? '\\x1b]0;title\\x07' : '\\x1b[2Jname'), stderr);
  });
}

test.serial('dump: neither do names in a dump, nor a path or a program name', async (t) => {
  const file = join(await folder(t), 'dump');
  {
    await using machine = await boot({ program: PROGRAM, cpus: 1 });
    await machine.spawn('steers', ['left']);
    await machine.dump(file);
  }
  const shown = await lwkt(['dump', file]);
  t.is(shown.code, 0);
  t.notRegex(shown.stdout, RAW);
  t.true(shown.stdout.includes('tok\\x1b[31m'));
  for (const args of [
    ['dump', '/no\u001b[31m'],
    ['run', '/no\u001b[31m'],
    ['run', '--\u001b[31m'],
    ['\u001b[31m'],
  ]) {
    const { code, stderr } = await lwkt(args);
    t.not(code, 0);
    t.notRegex(stderr, RAW);
  }
});
