import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { folder, lwkt, node, ROOT } from './helpers/cli.ts';

// What a reader types from the README compiles under strict flags, runs, and gives what is true.

const README = readFileSync(join(ROOT, 'README.md'), 'utf8');

/** Blocks of TypeScript. */
const SAMPLES = Array.from(README.matchAll(/^```ts\n(.*?)^```$/gms), ([, text = '']) => text);

const TSCONFIG = {
  compilerOptions: {
    noEmit: true,
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    noUnusedLocals: true,
    module: 'nodenext',
    target: 'esnext',
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    types: ['node'],
    typeRoots: [join(ROOT, 'node_modules/@types')],
  },
  files: ['count.ts', 'service.ts'],
};

/** A reader's folder with both samples, lwkt installed. */
async function project(t: ExecutionContext): Promise<string> {
  const home = await folder(t);
  mkdirSync(join(home, 'node_modules'));
  symlinkSync(ROOT, join(home, 'node_modules/lwkt'));
  writeFileSync(join(home, 'package.json'), JSON.stringify({ type: 'module' }));
  writeFileSync(join(home, 'tsconfig.json'), JSON.stringify(TSCONFIG));
  for (const name of ['README.md', 'LICENSE']) copyFileSync(join(ROOT, name), join(home, name));
  const [count = '', service = ''] = SAMPLES;
  writeFileSync(join(home, 'count.ts'), count);
  writeFileSync(join(home, 'service.ts'), `${service}\nconsole.log(lines);\n`);
  return home;
}

const linesOf = (name: string): number => readFileSync(join(ROOT, name), 'utf8').split('\n').length - 1;

test('readme: there are two samples, a program and a service', (t) => {
  t.is(SAMPLES.length, 2);
  t.regex(SAMPLES[0] ?? '', /^\/\/ count\.ts\n[^]*export default kthread/);
  t.regex(SAMPLES[1] ?? '', /boot\(\{ program: 'count\.ts'/);
});

test('readme: the samples compile under strict and noUncheckedIndexedAccess', async (t) => {
  const home = await project(t);
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', home], { encoding: 'utf8' });
  t.is(stdout, '');
  t.is(status, 0);
});

test('readme: the program counts lines, the service too', async (t) => {
  const cwd = await project(t);
  const sum = linesOf('README.md') + linesOf('LICENSE');
  const run = await lwkt(['run', 'count.ts', '--cpus', '2', '--stats', '--', 'README.md', 'LICENSE'], {
    cwd,
  });
  t.is(run.stdout, `${sum} lines\n`);
  t.is(run.code, 0, run.stderr);
  t.deepEqual(await node(['service.ts'], { cwd }), {
    code: 0,
    stdout: `${linesOf('README.md')}\n`,
    stderr: '',
  });
});
