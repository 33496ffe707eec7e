import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { folder, node, ROOT, type Result } from '../helpers/cli.ts';

// However a host and its program are loaded, a worker has one copy of the kernel.

/** Asks for shared memory while it loads, which only the kernel of the worker's cpu can give. */
const PROGRAM = `import { join, kthread, shared, spawn } from 'lwkt/thread';

const cell = shared.i32('cell', 1);

const add = kthread(function* add(n: number) {
  cell[0] = (cell[0] ?? 0) + n;
  return cell[0];
});

export default kthread(function* main() {
  yield* join(spawn(add, [2]));
  return yield* join(spawn(add, [3]));
});
`;

const ENUM = `${PROGRAM}
enum Colour { Red = 1 }
export const red = Colour.Red;
`;

const HOST = `import { boot } from 'lwkt';

async function main(): Promise<void> {
  await using machine = await boot({ program: 'program.ts', cpus: 2 });
  console.log(await machine.run(), await machine.spawn('add', [4]));
}
void main();
`;

/** A user's project whose node_modules has this checkout as lwkt. */
async function project(
  t: ExecutionContext,
  manifest: object,
  files: Readonly<Record<string, string>>,
): Promise<string> {
  const home = await folder(t);
  mkdirSync(join(home, 'node_modules'));
  symlinkSync(ROOT, join(home, 'node_modules/lwkt'));
  writeFileSync(join(home, 'package.json'), JSON.stringify(manifest));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(home, name), text);
  return home;
}

const tsx = pathToFileURL(join(ROOT, 'node_modules/tsx/dist/loader.mjs')).href;
const TSX = ['--require', join(ROOT, 'node_modules/tsx/dist/preflight.cjs'), '--import', tsx];

const hosts: readonly [string, object, string, readonly string[]][] = [
  ['types stripped by Node.js', { type: 'module' }, PROGRAM, []],
  ['types stripped by Node.js, package without a type', {}, PROGRAM, ['--no-warnings']],
  ['tsx', { type: 'module' }, PROGRAM, TSX],
  ['tsx, more than types', { type: 'module' }, ENUM, TSX],
  ['tsx, package without a type', {}, PROGRAM, TSX],
  ['tsx, package without a type, more than types', {}, ENUM, TSX],
];

for (const [name, manifest, program, options] of hosts) {
  test(`loaders: ${name}`, async (t) => {
    const cwd = await project(t, manifest, { 'program.ts': program, 'host.ts': HOST });
    t.deepEqual(await node([...options, 'host.ts'], { cwd }), { code: 0, stdout: '5 9\n', stderr: '' });
  });
}

function failure({ code, stderr }: Result): string {
  return `${code}: ${/^LwktError: .*$/m.exec(stderr)?.[0] ?? stderr}`;
}

test('loaders: a host that imports the program itself is told to import its types', async (t) => {
  const cwd = await project(
    t,
    { type: 'module' },
    { 'program.ts': PROGRAM, 'host.ts': `import './program.ts';\n${HOST}` },
  );
  const said = failure(await node(['host.ts'], { cwd }));
  t.regex(
    said,
    /^1: LwktError: shared\.i32 works only on a cpu of a machine: .* loaded by an ordinary thread/,
  );
  t.regex(said, /boot\(\{ program \}\), and in the host import nothing but types from it \(`import type`\)$/);
});

test('loaders: a program with another copy of lwkt is refused by the name of both', async (t) => {
  const cwd = await project(
    t,
    { type: 'module' },
    {
      'program.ts': PROGRAM.replace('lwkt/thread', './copy/lwkt.ts').replace(
        /^const cell.*$/m,
        'const cell = [0];',
      ),
      'host.ts': HOST,
    },
  );
  for (const part of ['lwkt.ts', 'base', 'shared-memory', 'observe', 'scheduler']) {
    cpSync(join(ROOT, 'runtime', part), join(cwd, 'copy', part), { recursive: true });
  }
  const said = failure(await node(['host.ts'], { cwd }));
  t.regex(
    said,
    /^1: LwktError: cannot load \S+program\.ts: LwktError: kthread\(\): this worker is a cpu of the lwkt at /,
  );
  t.regex(
    said,
    /runtime\/scheduler\/globaldata\.ts, and the program has loaded another one, \S+copy\/scheduler\/globaldata\.ts: /,
  );
  t.regex(said, /import from 'lwkt\/thread', by this name, and not from a path or a bundle$/);
});

test('loaders: what Piscina requires has no default export, so Node.js makes no facade for it', async (t) => {
  t.deepEqual(Object.keys(await import('../../runtime/cpu-worker.ts')), ['cpuWorker']);
});
