import test from 'ava';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type * as apply from '../runtime/stress/mutants/apply.ts';
import type * as list from '../runtime/stress/mutants/list.ts';
import { build } from '../toolchain/build.ts';
import { pack, packageFaults, type Packed } from '../toolchain/pack.ts';

// The package as its users get it: built, packed, installed from the tarball elsewhere, run as JavaScript.

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** A program of a user, in JavaScript. */
const PROGRAM = `import { join, kthread, mycpu, ncpus, spawn } from 'lwkt/thread';

const where = kthread(function* where(word) {
  return word + ' on cpu ' + mycpu();
});

export default kthread(function* main(...words) {
  for (const word of words) {
    const td = spawn(where, [word], { cpu: ncpus() - 1 });
    console.log(yield* join(td));
  }
  return words.length === 2 ? 0 : 9;
});
`;

/** A host whose boot is refused. */
const FAILS = `import { boot } from 'lwkt';
await boot({ program: './none.js', cpus: 0 });
`;

/** How a user of TypeScript compiles; the types of Node.js are those of this checkout. */
const TSCONFIG = {
  compilerOptions: {
    noEmit: true,
    strict: true,
    module: 'nodenext',
    target: 'esnext',
    types: ['node'],
    typeRoots: [join(ROOT, 'node_modules/@types')],
  },
  files: ['typed.ts'],
};

/** The same for a user of TypeScript, with a mistake that its types must find. */
const TYPED = `import { join, kthread, spawn } from 'lwkt/thread';
import { boot } from 'lwkt';

const twice = kthread(function* twice(n: number) {
  return n * 2;
});

export default kthread(function* main() {
  const four: number = yield* join(spawn(twice, [2]));
  // @ts-expect-error the argument is a number
  spawn(twice, ['2']);
  return four === 4 ? 0 : 1;
});

export const booting: Promise<AsyncDisposable> = boot({ cpus: 1, program: import.meta.url });
`;

let home = '';
let packed: Packed;

/** The environment of a user: none of what npm scripts set, but whom the registry is trusted by; this Node.js first. */
function userEnv(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) =>
      !/^(?:npm_(?!config_(?:registry|cache|cafile|ca)$)|INIT_CWD|NODE_(?!EXTRA_CA_CERTS$))/i.test(name),
  );
  return {
    ...Object.fromEntries(own),
    PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`,
  };
}

interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs an installed command as the user does. */
function run(command: string, args: readonly string[], cwd: string): Outcome {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    env: userEnv(),
    encoding: 'utf8',
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
  return { status, stdout, stderr };
}

/** Runs the installed command `lwkt`. */
function lwkt(...args: string[]): Outcome {
  return run(join(home, 'node_modules/.bin/lwkt'), args, home);
}

test.before('build, pack and install', async (t) => {
  t.timeout(180_000);
  home = realpathSync(mkdtempSync(join(tmpdir(), 'lwkt-user-')));
  const dist = join(home, 'built');
  await build(dist);
  mkdirSync(join(home, 'packed'));
  packed = pack(dist, join(home, 'packed'));
  rmSync(dist, { recursive: true });
  writeFileSync(join(home, 'package.json'), JSON.stringify({ name: 'user', private: true, type: 'module' }));
  writeFileSync(join(home, 'program.js'), PROGRAM);
  writeFileSync(join(home, 'typed.ts'), TYPED);
  writeFileSync(join(home, 'tsconfig.json'), JSON.stringify(TSCONFIG));
  execFileSync(
    'npm',
    ['install', packed.tarball, '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'],
    {
      cwd: home,
      env: userEnv(),
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: 150_000,
    },
  );
});

test.after.always('remove', () => {
  if (home !== '') rmSync(home, { recursive: true, force: true });
});

test('package: the tarball holds what is published and nothing else', (t) => {
  t.deepEqual(packageFaults(packed), []);
});

test('package: source maps lead to the lines of the sources', (t) => {
  writeFileSync(join(home, 'fails.mjs'), FAILS);
  const { stderr } = run(process.execPath, ['--enable-source-maps', 'fails.mjs'], home);
  t.regex(stderr, /node_modules\/lwkt\/machine\/config\.ts:\d+:\d+/);
  t.notRegex(stderr, /node_modules\/runtime\//);
});

test('package: lwkt --version prints the version', (t) => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const { status, stdout, stderr } = lwkt('--version');
  t.is(stderr, '');
  t.is(stdout.trim(), version);
  t.is(status, 0);
});

test('package: lwkt run runs a program on the installed, compiled runtime', (t) => {
  t.timeout(90_000);
  const { status, stdout, stderr } = lwkt('run', 'program.js', '--cpus', '2', '--', 'one', 'two');
  t.is(stderr, '');
  t.is(stdout, 'one on cpu 1\ntwo on cpu 1\n');
  t.is(status, 0);
});

test('package: a host in TypeScript runs under tsx, as module and without a type, with its program', (t) => {
  t.timeout(120_000);
  for (const manifest of [{ type: 'module' }, {}]) {
    const folder = mkdtempSync(join(home, 'tsx-'));
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
    writeFileSync(
      join(folder, 'program.ts'),
      PROGRAM.replace('(word)', '(word: string)').replace('(...words)', '(...words: string[])'),
    );
    writeFileSync(
      join(folder, 'host.ts'),
      `import { boot } from 'lwkt';
enum Cpu { Last = 1 }
void boot({ program: 'program.ts', cpus: 2 }).then(async (machine) => {
  console.log(await machine.spawn('where', ['tsx'], { cpu: Cpu.Last }));
  await machine.stop();
});
`,
    );
    const { status, stdout, stderr } = run(join(home, 'node_modules/.bin/tsx'), ['host.ts'], folder);
    t.is(stderr, '');
    t.is(stdout, 'tsx on cpu 1\n');
    t.is(status, 0);
  }
});

test('package: lwkt run ends with the number that the program returns', (t) => {
  t.timeout(90_000);
  const { status, stdout } = lwkt('run', 'program.js', '--cpus', '1', 'one');
  t.is(stdout, 'one on cpu 0\n');
  t.is(status, 9);
});

test('package: every mutant finds its place in what is published', async (t) => {
  const below = (file: string): string =>
    pathToFileURL(join(home, 'node_modules/lwkt/stress/mutants', file)).href;
  const { mutatedTexts } = (await import(below('apply.js'))) as Pick<typeof apply, 'mutatedTexts'>;
  const { MUTANTS } = (await import(below('list.js'))) as Pick<typeof list, 'MUTANTS'>;
  t.true(MUTANTS.length >= 45);
  for (const mutant of MUTANTS) {
    for (const [url, text] of mutatedTexts(mutant)) {
      t.true(url.endsWith('.js'), url);
      t.not(text, readFileSync(new URL(url), 'utf8'), mutant.name);
    }
  }
});

test('package: lwkt stress --mutant fails, and says by what', (t) => {
  t.timeout(90_000);
  const { status, stdout } = lwkt('stress', '--mutant', 'ring-one-too-many', '--fail-fast', '--no-dump');
  t.regex(stdout, /^!!! (?:ipi-|panic)/m);
  t.regex(stdout, /^End of test: FAILURE suite=ipiq .* mutant=ring-one-too-many /m);
  t.is(status, 1);
});

test('package: lwkt bench measures, and says what others would need', (t) => {
  t.timeout(120_000);
  const options = ['--quick', '--rounds', '1', '--duration', '6ms', '--json'];
  const { status, stdout, stderr } = lwkt(
    'bench',
    'boot',
    'call',
    ...options,
    '--vs',
    'native,piscina,tinypool',
  );
  t.is(status, 0, stderr);
  interface Contestant {
    name: string;
    cost: { median: number } | null;
    why: string | null;
  }
  const { rows } = JSON.parse(stdout) as { rows: { id: string; contestants: Contestant[] }[] };
  const find = (id: string, name: string): Contestant | undefined =>
    rows.find((row) => row.id === id)?.contestants.find((one) => one.name === name);
  t.true((find('boot.compiled', 'lwkt')?.cost?.median ?? 0) > 0);
  t.true((find('ipi.call', 'lwkt')?.cost?.median ?? 0) > 0);
  t.true((find('ipi.call', 'Piscina')?.cost?.median ?? 0) > 0, 'a package that lwkt itself needs');
  t.is(find('ipi.call', 'tinypool')?.why, 'the package is not installed: npm install tinypool');
  const native = find('ipi.call', 'C bounce of a cache line');
  if (native?.cost === null) t.regex(native.why ?? '', /^cc is not installed/);
  t.is(rows.length, 4, 'no sources to boot from');
});

test('package: lwkt bench ipi measures on the installed, compiled runtime', (t) => {
  t.timeout(90_000);
  const args = [
    'bench',
    'ipi',
    '--mode',
    'self,pair',
    '--duration',
    '100ms',
    '--quick',
    '--vs',
    'none',
    '--json',
  ];
  const { status, stdout, stderr } = lwkt(...args);
  t.is(status, 0, stderr);
  const { runs } = JSON.parse(stdout) as { runs: { id: string; distributions: { count: number }[] }[] };
  t.deepEqual(
    runs.map(({ id }) => id),
    ['self/awake/none', 'pair/awake/none'],
  );
  for (const { distributions } of runs) t.true((distributions[0]?.count ?? 0) > 0);
});

test('package: a thread that fails is told with the line of the program, not of the runtime', (t) => {
  writeFileSync(
    join(home, 'broken.js'),
    `import { kthread } from 'lwkt/thread';
export default kthread(function* main(what) {
  if (what === 'panic') critExit();
  throw new TypeError('broken');
});
import { critExit } from 'lwkt/thread';
`,
  );
  const threw = lwkt('run', 'broken.js', '--cpus', '1', 'throw');
  t.is(threw.stderr, "lwkt: thread 'main' of cpu 0 failed: TypeError: broken, at main (broken.js:4:9)\n");
  t.is(threw.status, 1);
  t.regex(
    lwkt('run', 'broken.js', '--cpus', '1', 'panic').stderr,
    /^lwkt: panic on cpu 0: .*, at main \(broken\.js:3:25\)$/m,
  );
});

test('package: every declaration is referred to, and every map belongs to a file', (t) => {
  const paths = new Set(packed.files.map(({ path }) => path));
  for (const path of paths) {
    if (path.endsWith('.map')) t.true(paths.has(path.slice(0, -4)), path);
    if (!path.endsWith('.js')) continue;
    const text = readFileSync(join(home, 'node_modules/lwkt', path), 'utf8');
    t.is(text.includes('//# sourceMappingURL='), paths.has(`${path}.map`), path);
  }
  t.false(paths.has('cli/run.d.ts'));
});

test('package: the types hold where the user compiles', (t) => {
  t.timeout(60_000);
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', home], { encoding: 'utf8' });
  t.is(stdout, '');
  t.is(status, 0);
});
