import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import type { MachineView } from '../../runtime/index.ts';
import { folder, lwkt, ROOT } from '../helpers/cli.ts';

const MAIN = join(ROOT, 'runtime/cli/main.ts');
const program = (name: string): string => fileURLToPath(new URL(`./programs/${name}.ts`, import.meta.url));

test.serial('run --dump: a panic leaves a dump, and says how to show it', async (t) => {
  const file = join(await folder(t), 'dump');
  const { code, stderr } = await lwkt(['run', program('panics'), '--cpus', '2', '--dump', file]);
  t.is(code, 70);
  t.regex(stderr, /panic on cpu 0: crit_panic/);
  t.true(stderr.includes(`lwkt: dump written; \`lwkt dump ${file}\` shows it`));
  const shown = await lwkt(['dump', file]);
  t.is(shown.code, 0);
  t.regex(shown.stdout, /^file:.*panics\.ts, process \d+, Node v/);
  t.regex(
    shown.stdout,
    /^machine: panicked, panic on cpu 0 in thread \d+ 'main': crit_panic.*\n {4}at panic /m,
  );
  t.regex(shown.stdout, /^ {4}at main \(.*panics\.ts:3:3\)$/m);
  const { view } = JSON.parse((await lwkt(['dump', file, '--json'])).stdout) as { view: MachineView };
  t.is(view.panic?.cpu, 0);
  t.regex(view.panic?.reason ?? '', /^crit_panic: [^\n]*$/);
  t.is(view.threads.find(({ handle }) => handle === view.panic?.thread)?.name, 'main');
  t.true((view.panic?.stack ?? []).length > 3);
});

test.serial('run --dump: nothing is written when nothing goes wrong', async (t) => {
  const file = join(await folder(t), 'dump');
  const { code } = await lwkt(['run', program('echo'), '--cpus', '1', '--dump', file]);
  t.is(code, 0);
  t.false(existsSync(file));
});

test.serial('run --on-signal: SIGQUIT prints the machine, and it goes on', async (t) => {
  const file = join(await folder(t), 'runs');
  writeFileSync(file, '');
  const child = spawn(
    process.execPath,
    [MAIN, 'run', program('until-gone'), '--cpus', '2', '--on-signal', file],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  t.teardown(() => child.kill('SIGKILL'));
  const ended = once(child, 'close');
  let stderr = '';
  await once(child.stdout, 'data');
  child.kill('SIGQUIT');
  for await (const chunk of child.stderr) {
    stderr += String(chunk);
    if (stderr.includes('== threads') && existsSync(file)) unlinkSync(file);
  }
  t.deepEqual(await ended, [0, null]);
  t.regex(stderr, /^machine: running\n/);
  t.regex(stderr, /'?untilGone/);
});

test.serial('run: a cpu without safepoints is named while it runs', async (t) => {
  const { code, stderr } = await lwkt([
    'run',
    program('burns'),
    '--cpus',
    '2',
    '--sysctl',
    'lwkt.watchdog_ms=400',
  ]);
  t.is(code, 0);
  t.regex(
    stderr,
    /cpu 0 has reached no safepoint for \d+ ms: thread \d+ 'burns'\n[^]* {4}at .*burns\.ts:\d+/,
  );
});

test.serial(
  'run --cpu-death: the machine goes on, says so, and ends with the program’s code; or stops',
  async (t) => {
    const on = await lwkt(['run', program('loses'), '--cpus', '3', '--cpu-death', 'offline', '--stats']);
    t.is(on.code, 0);
    t.regex(on.stdout, /^thread \d+ 'dies' was lost: cpu 2 died: .*9[^]*\n10\n$/);
    t.regex(on.stderr, /^lwkt: cpu 2 died: .*; its threads are lost, the machine goes on with 2 cpus\n/m);
    t.regex(on.stderr, /offline/);
    const off = await lwkt(['run', program('loses'), '--cpus', '3']);
    t.is(off.code, 70);
    t.regex(off.stderr, /cpu 2 died: .*the machine is stopped/);
    const bad = await lwkt(['run', program('loses'), '--cpu-death', 'maybe']);
    t.is(bad.code, 2);
    t.regex(bad.stderr, /panic, offline/);
  },
);

test.serial('dump: a folder is refused', async (t) => {
  const { code, stdout, stderr } = await lwkt(['dump', ROOT]);
  t.is(code, 1);
  t.is(stdout, '');
  t.regex(stderr, /^lwkt: .*: cannot read it: EISDIR/);
});
