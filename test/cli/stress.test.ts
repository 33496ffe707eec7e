import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { folder, lwkt, ROOT } from '../helpers/cli.ts';

const SUITES = ['tokens', 'ipiq', 'mplock', 'waitq', 'preempt', 'threads', 'sync'] as const;

for (const suite of SUITES) {
  for (const [cpus, chaos] of [
    [2, 0],
    [8, 3],
  ] as const) {
    test.serial(
      `stress: ${suite} on ${cpus} cpus, chaos ${chaos}, ends with success and a count`,
      async (t) => {
        const args = [
          'stress',
          suite,
          '--cpus',
          String(cpus),
          '--chaos',
          String(chaos),
          '--duration',
          '1s',
          '--seed',
          '3',
        ];
        const { code, stdout, stderr } = await lwkt(args);
        const verdict = stdout.trimEnd().split('\n').at(-1) ?? '';
        t.regex(
          verdict,
          new RegExp(`^End of test: SUCCESS suite=${suite} cpus=${cpus} .*seed=3 .*violations=0 `),
          stderr,
        );
        t.regex(verdict, / operations=[1-9]\d* /);
        t.is(code, 0);
      },
    );
  }
}

for (const [what, args, reason] of [
  ['no tokens', ['--tokens', '0'], /--tokens: 0 must be a whole number of 1 \.\. 1024/],
  ['too many cpus', ['--cpus', '10000'], /--cpus: 10000 must be a whole number of 1 \.\. 64/],
  [
    'a hold as long as the test',
    ['--hold', '10s', '--duration', '1s'],
    /--hold: 10000 ms is not shorter than the duration/,
  ],
  [
    'a pause as long as the test',
    ['--stutter', '2s', '--duration', '1s'],
    /--stutter: 2000 ms is not shorter than the duration of 1000 ms/,
  ],
  [
    'a long hold that looks like a hang',
    ['--long-hold', '4s', '--duration', '1m'],
    /4000 ms is too near to --stall 15000 ms/,
  ],
  [
    'holds that look like a hang when threads queue up',
    ['--hold', '2s', '--threads', '8', '--cpus', '2', '--duration', '1m'],
    /when 16 threads hold one thing after the other, the last one waits 32000 ms.*raise --stall/,
  ],
  [
    'more tokens at once than there are',
    ['--tokens', '2', '--nested', '3'],
    /--nested: 3 tokens at once, but there are only 2: raise --tokens/,
  ],
  [
    'moving on one cpu',
    ['--cpus', '1', '--shuffle', '5ms'],
    /--shuffle: with one cpu there is nowhere to move to; use --cpus 2/,
  ],
  [
    'moving threads that do not move',
    ['waitq', '--cpus', '2', '--shuffle', '5ms'],
    /--shuffle: threads of suite 'waitq' do not move; those of tokens, /,
  ],
  [
    'a ring that the chaos overrides',
    ['--ring', '64', '--chaos', '3'],
    /--ring: 64 slots, but chaos 3 has rings of 2; leave --ring out/,
  ],
  ['a ring of 48 slots', ['--ring', '48'], /--ring: 48 must be a power of two/],
  ['a chaos that there is not', ['--chaos', '9'], /--chaos: 9 must be a whole number of 0 \.\. 5/],
  [
    'too many threads',
    ['--cpus', '64', '--threads', '1024'],
    /1024 on each of 64 cpus are more than 16384 threads/,
  ],
  [
    'phases without time',
    ['all', '--duration', '500ms'],
    /--duration: 500 ms for 7 suites; give 800 ms or more/,
  ],
  ['a mix that is no whole', ['--hold', '50%1us,20%2us'], /the shares sum up to 70 percent, not 100/],
  [
    'an operation that there is not',
    ['tokens', '--ops', 'tea=1'],
    /--ops: there is no operation 'tea'; there are/,
  ],
  [
    'nothing left to do',
    ['mplock', '--ops', 'get=0,try=0,nested=0,lose=0,kill=0'],
    /every operation of suite 'mplock' has weight 0/,
  ],
  ['a fairness beyond one', ['--fairness', '2'], /--fairness: 2 must be a number of 0 \.\. 1/],
  [
    'a check that there is not',
    ['--busted', 'tea'],
    /--busted: there is no check 'tea'; there are exclusion, /,
  ],
  [
    'a check that a suite never fails',
    ['mplock', '--busted', 'fifo'],
    /--busted: suite 'mplock' never makes check 'fifo' fail; waitq does/,
  ],
  [
    'a dump into a folder that is not there',
    ['--dump', '/nowhere/at/all.dump'],
    /--dump: '\/nowhere\/at\/\S+': there is no folder '\/nowhere\/at': make it first, or choose another path/,
  ],
  ['an unknown suite', ['tea'], /there is no suite 'tea'; there are tokens, /],
  ['a time without a unit', ['--duration', '5'], /--duration: '5' is not a time/],
] as const) {
  test.serial(`stress: ${what} is refused before anything boots`, async (t) => {
    const { code, stdout, stderr } = await lwkt(['stress', ...args]);
    t.is(code, 2);
    t.is(stdout, '');
    t.regex(stderr, reason);
  });
}

test.serial('stress: --json is one object, with the command that repeats it', async (t) => {
  const { code, stdout } = await lwkt(['stress', 'mplock', '--duration', '1s', '--seed', '9', '--json']);
  t.is(code, 0);
  const report = JSON.parse(stdout) as {
    version: number;
    verdict: string;
    violations: number;
    repeat: string;
  };
  t.like(report, { version: 2, verdict: 'SUCCESS', violations: 0 });
  t.regex(report.repeat, /^lwkt stress mplock .*--seed 9 /);
});

test.serial(
  'stress: --json says of a failed check what was found, and who found it doing what',
  async (t) => {
    const dump = join(await folder(t), 'machine.dump');
    const args = ['mplock', '--duration', '10s', '--seed', '9', '--cpus', '2', '--busted', 'mp-count'];
    const { code, stdout, stderr } = await lwkt(['stress', ...args, '--fail-fast', '--dump', dump, '--json']);
    t.is(code, 1, stderr);
    const report = JSON.parse(stdout) as {
      verdict: string;
      details: { name: string; cpu: number; who: string; operation: string }[];
      dump: { path: string };
      threads: string[];
    };
    t.like(report, { verdict: 'FAILURE', checks: ['mp-count'], dump: { path: dump } });
    const [found] = report.details;
    // The operation that counts twice on purpose looks while it holds the lock: in a thread, in no critical section.
    t.like(found, {
      check: 'mp-count',
      operation: 'get',
      context: 'thread',
      crit: 0,
      values: [
        { name: 'expected', value: 1 },
        { name: 'found', value: 2 },
        { name: 'has the lock', value: 'yes' },
      ],
    });
    t.is(found?.who, found?.name);
    const line = new RegExp(`^ *${found?.name.replace('.', '\\.')} +cpu ${found?.cpu} `);
    t.true(
      report.threads.some((thread) => line.test(thread)),
      report.threads.join('\n'),
    );
  },
);

test.serial(
  'stress: a failure is marked, the machine is in a file, and the command repeats it',
  async (t) => {
    const dump = join(await folder(t), 'machine.dump');
    const args = ['mplock', '--duration', '10s', '--seed', '9', '--cpus', '2'];
    const busted = ['--busted', 'mp-count', '--fail-fast', '--dump', dump];
    const { code, stdout, stderr } = await lwkt(['stress', ...args, ...busted]);
    t.is(code, 1, stderr);
    t.regex(
      stdout,
      /^!!! mp-count: the MP lock and the count of its thread disagree \(found on cpu \d by mplock\.\d/m,
    );
    t.regex(stdout, /^to repeat: lwkt stress mplock --cpus 2 .*--seed 9 .*--busted mp-count$/m);
    t.regex(stdout, /^End of test: FAILURE suite=mplock .*busted=mp-count .*violations=[1-9].*$/m);
    t.true(stdout.includes(`the machine at that time: lwkt dump ${dump}`));
    const shown = await lwkt(['dump', dump]);
    t.is(shown.code, 0, shown.stderr);
    t.regex(shown.stdout, /mplock\.\d/);
  },
);

/** Starts a run that nobody ends, sends a signal when `cue` was said, and gives what came of it. */
async function interrupt(
  t: ExecutionContext,
  args: readonly string[],
  signals: readonly (readonly [cue: string, signal: NodeJS.Signals])[],
): Promise<{ code: number | null; signal: NodeJS.Signals | null; said: string }> {
  const child = spawn(process.execPath, [join(ROOT, 'runtime/cli/main.ts'), 'stress', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  const left = [...signals];
  let said = '';
  const hear = (chunk: Buffer): void => {
    said += chunk.toString();
    const [next] = left;
    if (next === undefined || !said.includes(next[0])) return;
    left.shift();
    child.kill(next[1]);
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const [code, signal] = await closed;
  return { code, signal, said };
}

for (const name of ['SIGINT', 'SIGTERM'] as const) {
  test.serial(`stress: ${name} gives the figures so far and an honest verdict`, async (t) => {
    const args = ['tokens', '--duration', '1h', '--interval', '1s'];
    const { code, said } = await interrupt(t, args, [['op/s', name]]);
    t.is(code, 130);
    t.regex(said, /^tokens: [\d,]+ operations .*fairness/m);
    t.regex(said, /^End of test: INTERRUPTED suite=tokens .* operations=[1-9]/m);
    t.is(said.trimEnd().split('\n').at(-1)?.startsWith('End of test: '), true);
  });
}

test.serial('stress: a second Ctrl-C ends at once', async (t) => {
  // Threads hold their tokens for so long that the first one alone would take a while.
  const args = ['tokens', '--duration', '1h', '--interval', '1s', '--hold', '20s', '--stall', '1h'];
  const { code, signal, said } = await interrupt(t, args, [
    ['op/s', 'SIGINT'],
    ['interrupted: ', 'SIGINT'],
  ]);
  t.is(signal, 'SIGINT');
  t.is(code, null);
  t.notRegex(said, /End of test/);
});
