import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { folder, lwkt, ROOT } from '../helpers/cli.ts';

const MAIN = `${ROOT}/runtime/cli/main.ts`;

const program = (name: string): string => fileURLToPath(new URL(`./programs/${name}.ts`, import.meta.url));

/** What `--json` promises, as far as these tests look. */
interface Report {
  readonly version: number;
  readonly exitCode: number;
  readonly result: unknown;
  readonly cpus: number;
  readonly error: { readonly code: string | null; readonly message: string } | null;
  readonly stats: { readonly cpus: readonly { readonly state: string }[] } | null;
  readonly leftovers: readonly {
    readonly name: string;
    readonly waits: string;
    readonly error: string | null;
  }[];
}

test.serial('run: prints what the program prints and ends with the number it returns', async (t) => {
  const { code, stdout, stderr } = await lwkt(['run', program('echo'), '--cpus', '2', '--', 'a', '--b', 'c']);
  t.is(stdout, 'cpu 0 of 2: a --b c\n');
  t.is(stderr, '');
  t.is(code, 3);
});

test.serial('run: --stats adds a table with a line for each cpu on stderr', async (t) => {
  const { code, stdout, stderr } = await lwkt(['run', program('echo'), '--cpus', '3', '--stats']);
  t.is(code, 0);
  t.is(stdout, 'cpu 0 of 3: \n');
  t.regex(stderr, /^cpu {2}threads run {2}switches/);
  for (const line of ['  0  ', '  1  ', '  2  ', 'all  ', 'boot '])
    t.true(stderr.includes(`\n${line}`), line);
});

test.serial('run: --json prints one versioned object; the program prints on stderr', async (t) => {
  const { code, stdout, stderr } = await lwkt(['run', program('echo'), '--cpus', '2', '--json', 'x']);
  const report = JSON.parse(stdout) as Report;
  t.is(code, 1);
  t.is(report.version, 1);
  t.is(report.exitCode, 1);
  t.is(report.result, 1);
  t.is(report.cpus, 2);
  t.is(report.error, null);
  t.deepEqual(
    report.stats?.cpus.map(({ state }) => state),
    ['halted', 'halted'],
  );
  t.is(stderr, 'cpu 0 of 2: x\n');
});

for (const [value, reason] of [
  ['0', /^lwkt: --cpus: 0 must be a whole number of 1 \.\. 64/],
  ['-1', /^lwkt: --cpus: -1 must be a whole number of 1 \.\. 64/],
  ['1.5', /^lwkt: --cpus: 1\.5 must be a whole number of 1 \.\. 64/],
  ['1e9', /^lwkt: --cpus: 1000000000 must be a whole number of 1 \.\. 64/],
  ['abc', /^lwkt: --cpus: 'abc' is not a number/],
] as const) {
  test.serial(`run: --cpus ${value} is refused with the value and the limit`, async (t) => {
    const { code, stdout, stderr } = await lwkt(['run', program('echo'), '--cpus', value]);
    t.is(code, 2);
    t.is(stdout, '');
    t.regex(stderr, reason);
    t.is(stderr.trim().split('\n').length, 1);
  });
}

for (const [what, args, code, reason] of [
  [
    'a program that does not exist',
    ['run', '/nowhere/x.ts'],
    2,
    /no such program: \/nowhere\/x\.ts does not exist/,
  ],
  ['a folder as program', ['run', '/'], 2, /no such program: \/ is not a file/],
  [
    'an unknown option',
    ['run', program('echo'), '--frobnicate'],
    2,
    /unknown option '--frobnicate'\nlwkt: see `lwkt run --help`/,
  ],
  ['an unknown verb', ['rum'], 2, /unknown command 'rum'\n[^]*lwkt: see `lwkt --help`/],
  [
    'a dump in a folder that is not there',
    ['run', program('echo'), '--dump', '/nowhere/at/all'],
    2,
    /^lwkt: --dump: '\/nowhere\/at\/all': there is no folder '\/nowhere\/at': make it first, or choose another path\n$/,
  ],
  [
    'a dump onto a folder',
    ['run', program('echo'), '--dump', '/'],
    2,
    /^lwkt: --dump: '\/': it is a folder: choose the path of a file\n$/,
  ],
  ['no program', ['run'], 2, /missing required argument 'program'/],
  ['a bad size', ['run', program('echo'), '--memory', '12Q'], 2, /--memory: '12Q' is not a size/],
  [
    'a ring that is no power of two',
    ['run', program('echo'), '--ring', '100'],
    2,
    /^lwkt: --ring: 100 must be a power of two/,
  ],
  [
    'an unknown sysctl',
    ['run', program('echo'), '--sysctl', 'lwkt.nope=1'],
    2,
    /sysctl 'lwkt\.nope' does not exist/,
  ],
  [
    'a module that throws at load',
    ['run', program('throws-at-load')],
    1,
    /cannot load .*throws-at-load\.ts: Error: boom/,
  ],
  ['no default export', ['run', program('no-default')], 1, /has no default export: a program needs/],
  [
    'another default export',
    ['run', program('default-not-kthread')],
    1,
    /something else than a kthread as default/,
  ],
  [
    'cpus that register different names',
    ['run', program('names-differ')],
    1,
    /'main' on cpu 0 and 'extra' on cpu 1/,
  ],
  [
    'an argument that cannot be cloned',
    ['run', program('clone')],
    1,
    /argument 1 of 'takes' cannot be cloned/,
  ],
  [
    'too many threads',
    ['run', program('crowd'), '--threads', '50', '9999'],
    1,
    /all 50 threads are in use.*--threads/,
  ],
  ['a forgotten yield*', ['run', program('forgets')], 1, /sleep\(\) was called without yield\*/],
  ['a panic', ['run', program('panics')], 70, /panic on cpu 0: crit_panic: td_pri is\/would-go negative/],
  ['a panic of the program', ['run', program('asserts'), 'tells'], 70, /panic on cpu 0: 41 is not 42/],
  [
    'a panic that the program throws',
    ['run', program('asserts'), 'throws'],
    70,
    /panic on cpu 0: 41 is not 42/,
  ],
  ['a cpu that exits', ['run', program('exits')], 70, /cpu 0 died: worker exited with code: 7/],
] as const) {
  test.serial(`run: ${what} is told in plain words, without a stack`, async (t) => {
    const ended = await lwkt([...args, ...(args[0] === 'run' && args.length > 1 ? ['--cpus', '2'] : [])]);
    t.is(ended.code, code);
    t.is(ended.stdout, '');
    t.regex(ended.stderr, reason);
    t.notRegex(ended.stderr, /^ {4}at /m);
  });
}

test.serial(
  'run: a thread that fails is named, with the line of the program, however it failed',
  async (t) => {
    const at = (name: string): string => `at ${name} \\(test/cli/programs/nowhere\\.ts:\\d+:\\d+\\)`;
    for (const [what, exitCode, told] of [
      ['file', 1, `thread 'count' of cpu 1 failed: Error: ENOENT: .*open 'no-such-file', ${at('count')}`],
      ['typo', 1, `thread 'typo' of cpu 1 failed: TypeError: nothing but trouble, ${at('inner')}`],
      [
        'ipi',
        70,
        `panic on cpu 1: IPI function 'pokes' \\(0, 0, 0\\) threw on cpu 1: TypeError: nothing but trouble, ${at('inner')}`,
      ],
    ] as const) {
      const { code, stderr } = await lwkt(['run', program('nowhere'), '--cpus', '2', what]);
      t.regex(stderr, new RegExp(`^lwkt: ${told}$`, 'm'));
      t.is(code, exitCode);
    }
    const { stderr } = await lwkt(['run', program('throws-at-load'), '--cpus', '2']);
    t.regex(
      stderr,
      /throws-at-load\.ts: Error: boom at load, at test\/cli\/programs\/throws-at-load\.ts:1:7\n$/,
    );
  },
);

test.serial('run: a program that does not parse is told with the line, in either language', async (t) => {
  const dir = await folder(t);
  for (const name of ['broken.ts', 'broken.js']) {
    const path = join(dir, name);
    writeFileSync(path, `import { kthread } from 'lwkt/thread';\n\nconst a = ;\nexport default kthread;\n`);
    const { code, stderr } = await lwkt(['run', path, '--cpus', '1']);
    t.is(code, 1);
    t.regex(stderr, new RegExp(`^lwkt: cannot load file:.*${name}: SyntaxError: .*, at .*${name}:3\n$`));
  }
  const path = join(dir, 'outer.js');
  writeFileSync(path, `import './broken.js';\n`);
  const { code, stderr } = await lwkt(['run', path, '--cpus', '1']);
  t.is(code, 1);
  t.regex(stderr, /^lwkt: cannot load .*outer\.js: SyntaxError: Unexpected token ';'\n$/);
});

test.serial('run: --debug adds the stack', async (t) => {
  const { code, stderr } = await lwkt(['run', program('throws-at-load'), '--debug']);
  t.is(code, 1);
  t.regex(stderr, /^ {4}at /m);
});

test.serial('run: threads that are left and errors that nobody saw are told at the end', async (t) => {
  const { code, stderr } = await lwkt(['run', program('leftovers'), '--cpus', '2']);
  t.is(code, 3);
  t.regex(
    stderr,
    /detached thread '\w+' of cpu \d failed: TypeError: nobody listens, at \w+ \(test\/cli\/programs\/leftovers\.ts:\d+:\d+\)/,
  );
  t.regex(
    stderr,
    /thread 'bad' of cpu \d failed, and nobody joined it: TypeError: nobody listens, at bad \(\S+leftovers\.ts:/,
  );
  t.regex(stderr, /ended before 1 thread had: 'w' \(cpu 1, sleep\)/);
});

test.serial('run: TypeScript that needs a compiler runs too', async (t) => {
  const { code, stderr } = await lwkt(['run', program('enum')]);
  t.is(stderr, '');
  t.is(code, 4);
});

test.serial('run: without arguments it prints help and exits 2; --help and --version exit 0', async (t) => {
  const bare = await lwkt([]);
  t.is(bare.code, 2);
  t.regex(bare.stderr, /Usage: lwkt/);
  const help = await lwkt(['run', '--help']);
  t.is(help.code, 0);
  for (const word of ['--cpus', '--stats', '--json', 'Exit codes:', '70'])
    t.true(help.stdout.includes(word), word);
  for (const [verb, codes] of [
    [['run'], [0, 1, 2, 70, 130]],
    [['stress'], [0, 1, 2, 130]],
    [['bench'], [0, 1, 2, 70, 130]],
    [
      ['bench', 'compare'],
      [0, 1, 2],
    ],
    [['ps'], [0, 1, 2]],
    [['dump'], [0, 1, 2]],
  ] as const) {
    const { stdout } = await lwkt([...verb, '--help']);
    const [, listed = ''] = stdout.split('\nExit codes:\n');
    t.deepEqual(
      Array.from(listed.matchAll(/^ +(\d+) {2}/gm), ([, code]) => Number(code)),
      [...codes],
      verb.join(' '),
    );
    if (verb[0] !== 'run') t.false(listed.includes('program'), verb.join(' '));
  }
  const version = await lwkt(['--version']);
  t.regex(version.stdout, /^\d+\.\d+\.\d+\n$/);
});

/** Runs a program and sends it SIGINT once it has said `cue`, on either stream. */
async function interrupted(
  cue: string,
  name: string,
  ...options: string[]
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [MAIN, 'run', program(name), '--cpus', '2', ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  let sent = false;
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].on('data', (chunk: Buffer) => {
      said[stream] += chunk.toString();
      if (sent || !said[stream].includes(cue)) return;
      sent = true;
      child.kill('SIGINT');
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...said };
}

test.serial('run: Ctrl-C stops the machine, prints what there is and exits 130', async (t) => {
  const { code, stdout, stderr } = await interrupted('ready', 'waits', '--json');
  t.is(code, 130);
  const report = JSON.parse(stdout) as Report;
  t.is(report.exitCode, 130);
  t.deepEqual(report.leftovers, [{ name: 'main', cpu: 0, waits: 'sleep', error: null }] as never);
  t.regex(stderr, /interrupted/);
});

test.serial(
  'regress run: a loop that V8 does not interrupt stops neither the watchdog nor the end of the process',
  async (t) => {
    const { code, stderr } = await interrupted('no safepoint', 'builtins');
    t.is(code, 130);
    t.regex(stderr, /^lwkt: cpu 0 has reached no safepoint for \d+ ms: thread \d+ 'main'$/m);
    t.regex(stderr, /it runs on all the same, in a loop that V8 does not leave/);
  },
);

test.serial('run: a thread without safepoints is ended by force and named', async (t) => {
  const { code, stderr } = await interrupted('ready', 'endless');
  t.is(code, 130);
  t.regex(stderr, /cpu 0 reached no safepoint and was ended by force/);
});
