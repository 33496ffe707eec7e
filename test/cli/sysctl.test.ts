import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { sysctlEntries } from '../../runtime/cli/sysctl.ts';
import { Request } from '../../runtime/machine/control-protocol.ts';
import { folder, lwkt, ROOT } from '../helpers/cli.ts';

const MAIN = join(ROOT, 'runtime/cli/main.ts');
const PAGE = join(ROOT, 'docs/sysctl.md');
const program = fileURLToPath(new URL('./programs/until-gone.ts', import.meta.url));

interface Running {
  readonly control: string;
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
  /** Lets the program come to its end. */
  readonly finish: () => void;
}

/** A machine that runs until it is told, and its socket. */
async function running(t: ExecutionContext): Promise<Running> {
  const dir = await folder(t);
  const control = join(dir, 'control');
  const file = join(dir, 'runs');
  writeFileSync(file, '');
  const child = spawn(process.execPath, [MAIN, 'run', program, '--cpus', '2', '--control', control, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  t.teardown(() => child.kill('SIGKILL'));
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  return { control, child, ended, finish: () => unlinkSync(file) };
}

test.serial('sysctl: lists every name with kind, default, range and one line', async (t) => {
  const { code, stdout } = await lwkt(['sysctl']);
  t.is(code, 0);
  const lines = stdout.trimEnd().split('\n');
  t.is(lines.length, 1 + sysctlEntries().length);
  t.regex(stdout, /^lwkt\.untimely_switch +tunable +0 +0 \.\. 1000000 +chaos: /m);
  t.regex(stdout, /^lwkt\.switch_count +counter +calls of the switch/m);
  t.regex(stdout, /^lwkt\.mplock_longest_us +maximum +longest wait/m);
  const json = JSON.parse((await lwkt(['sysctl', '--json', 'spin_us'])).stdout) as { entries: unknown[] };
  t.is(json.entries.length, 1);
});

test.serial('sysctl: the seed’s names are there', (t) => {
  const names = new Set(sysctlEntries().map(({ name }) => name));
  for (const name of [
    'untimely_switch',
    'token_debug',
    'switch_count',
    'preempt_hit',
    'preempt_miss',
    'preempt_weird',
    'ipiq_count',
    'ipiq_fifofull',
  ]) {
    t.true(names.has(`lwkt.${name}`), name);
  }
});

for (const [what, args, reason] of [
  ['an unknown name', ['sysctl', 'preempt_hits'], /there is no 'preempt_hits'; `lwkt sysctl` lists all/],
  ['part of a name', ['sysctl', 'lwkt.preempt'], /did you mean lwkt\.preempt_hit, lwkt\.preempt_miss/],
  ['setting without a machine', ['sysctl', 'spin_us=3'], /of which machine\? Give its socket with --control/],
  ['ps without a machine', ['ps'], /required option '--control <path>'/],
] as const) {
  test.serial(`sysctl: ${what} is refused`, async (t) => {
    const { code, stdout, stderr } = await lwkt(args);
    t.is(code, 2);
    t.is(stdout, '');
    t.regex(stderr, reason);
  });
}

test.serial(
  'control: ps, stats and sysctl look at a running machine and set it; the socket goes with it',
  async (t) => {
    const { control, ended, finish } = await running(t);
    t.is(statSync(control).mode & 0o777, 0o600);
    const ps = await lwkt(['ps', '--control', control]);
    t.is(ps.code, 0);
    t.regex(ps.stdout, /^cpu +thread +name +state/);
    t.regex(ps.stdout, / untilGone +(wait +sleep|run|ready) /);
    const stats = await lwkt(['stats', '--control', control]);
    t.regex(stats.stdout, /^all /m);
    const get = (name: string): Promise<string> =>
      lwkt(['sysctl', '--control', control, name]).then(({ stdout }) => stdout.trim());
    t.is(await get('lwkt.spin_us'), 'lwkt.spin_us  50');
    const set = await lwkt(['sysctl', '--control', control, 'lwkt.spin_us=7', 'token_debug']);
    t.is(set.code, 0);
    t.is(set.stdout, 'lwkt.token_debug  0\nlwkt.spin_us      7\n');
    t.is(await get('spin_us'), 'lwkt.spin_us  7');
    t.regex(await get('switch_count'), /^lwkt\.switch_count {2}\d+$/);
    for (const [word, reason] of [
      ['lwkt.spin_us=-1', /-1 must be a whole number of 0 \.\. 1000000/],
      ['lwkt.spin_us=x', /'x' is not a number/],
      [
        'lwkt.switch_count=5',
        /sysctl 'lwkt\.switch_count' is a counter, which cannot be set; there are lwkt\./,
      ],
    ] as const) {
      const bad = await lwkt(['sysctl', '--control', control, word]);
      t.is(bad.code, 2, word);
      t.regex(bad.stderr, reason);
    }
    // A second machine does not take it over.
    const second = await lwkt(['run', program, '--control', control]);
    t.is(second.code, 2);
    t.regex(second.stderr, /belongs to a running machine/);
    finish();
    t.deepEqual(await ended, [0, null]);
    t.throws(() => statSync(control), { code: 'ENOENT' });
  },
);

test.serial(
  'control: junk is answered, long lines end the connection, and the machine goes on',
  async (t) => {
    const { control, ended, finish } = await running(t);
    const socket = connect(control);
    const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
    const next = async (): Promise<Record<string, unknown>> =>
      JSON.parse((await lines.next()).value as string) as Record<string, unknown>;
    const hello = await next();
    t.is(hello['lwkt'], 1);
    t.is(hello['cpus'], 2);
    const ask = (line: string): Promise<Record<string, unknown>> => {
      socket.write(`${line}\n`);
      return next();
    };
    t.like(await ask('no json'), { id: null, ok: false });
    t.like(await ask('{"id":7,"ask":"reboot"}'), { id: 7, ok: false });
    t.like(await ask('{"id":8,"ask":"sysctl","name":5}'), { id: 8, ok: false });
    t.like(await ask('[1,2]'), { id: null, ok: false });
    t.like(await ask('{"id":9,"ask":"sysctl","name":"lwkt.tick_us"}'), { id: 9, ok: true, result: 100 });
    socket.write('x'.repeat(70_000));
    t.like(await next(), { ok: false, error: { message: 'a line of more than 65536 bytes' } });
    t.true((await lines.next()).done);
    // Gone in the middle of an answer.
    const rude = connect(control).on('error', () => undefined);
    await once(rude, 'connect');
    rude.write('{"id":1,"ask":"ps"}\n');
    rude.destroy();
    t.is((await lwkt(['ps', '--control', control])).code, 0);
    finish();
    t.deepEqual(await ended, [0, null]);
  },
);

test.serial(
  'control: a path that cannot be is refused before anything runs; a dead socket makes way',
  async (t) => {
    const dir = await folder(t);
    const file = join(dir, 'file');
    writeFileSync(file, 'precious');
    for (const [path, reason] of [
      [file, /exists and is no socket/],
      [join(dir, 'x'.repeat(120)), /the path of a socket has 103 at most/],
      [
        join(dir, 'none', 'control'),
        /^lwkt: --control: '.*': there is no folder '.*none': make it first, or choose another path\n$/,
      ],
      [join(file, 'control'), /^lwkt: --control: '.*': '.*file' is no folder: choose another path\n$/],
    ] as const) {
      const { code, stderr } = await lwkt(['run', program, '--control', path]);
      t.is(code, 2, path);
      t.regex(stderr, reason);
    }
    t.is(readFileSync(file, 'utf8'), 'precious');
    const gone = await lwkt(['ps', '--control', join(dir, 'control')]);
    t.is(gone.code, 1);
    t.regex(gone.stderr, /there is no such socket; start one with/);
    // A process that was killed leaves its socket.
    const { control, child, ended } = await running(t);
    child.kill('SIGKILL');
    await ended;
    const dead = await lwkt(['stats', '--control', control]);
    t.is(dead.code, 1);
    t.regex(dead.stderr, /its machine is gone/);
    const again = await lwkt(['run', program, '--cpus', '1', '--control', control]);
    t.is(again.code, 0);
  },
);

test('control: the page shows requests that are requests, and all of them', (t) => {
  const page = readFileSync(join(ROOT, 'docs/control.md'), 'utf8');
  const shown = [...page.matchAll(/^\{ "id": \d+, "ask".*\}$/gm)].map(([line]) =>
    Request.parse(JSON.parse(line)),
  );
  t.deepEqual(new Set(shown.map(({ ask }) => ask)), new Set(['ps', 'stats', 'sysctl']));
});

/** The page of all names. */
function sysctlPage(): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const entries = sysctlEntries();
  return [
    '# Sysctls',
    '',
    'Written by `LWKT_UPDATE_DOCS=1 npx ava test/cli/sysctl.test.ts` from the layouts of `runtime/shared-memory/layout`.',
    'Set at the start: `lwkt run --sysctl name=value`, `boot({ sysctl: { name: value } })`. While a machine runs:',
    '`lwkt sysctl --control PATH name=value`, `machine.sysctl.set(name, value)`. Every cpu sees it at its next look.',
    '',
    '## Tunables',
    '',
    '| name | default | range | |',
    '|---|---|---|---|',
    ...entries
      .filter(({ kind }) => kind === 'tunable')
      .map(({ name, default: initial, least, most, description }) =>
        row([`\`${name}\``, String(initial), `${least} .. ${most}`, description]),
      ),
    '',
    '## Counters',
    '',
    'Of each cpu, 64 bits; summed on read, of maxima the largest.',
    '',
    '| name | |',
    '|---|---|',
    ...entries
      .filter(({ kind }) => kind !== 'tunable')
      .map(({ name, description }) => row([`\`${name}\``, description])),
    '',
  ].join('\n');
}

test('sysctl: the page is what the layouts say', (t) => {
  const page = sysctlPage();
  if (process.env['LWKT_UPDATE_DOCS'] === '1') writeFileSync(PAGE, page);
  t.is(readFileSync(PAGE, 'utf8'), page);
});
