import test, { type ExecutionContext } from 'ava';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { command, folder, lwkt, ROOT, type Result } from '../helpers/cli.ts';
import { random, seedOf } from '../helpers/seed.ts';

const KIB = 1024;

function gzip(cwd: string, cpus: number, args: readonly string[]): Promise<Result> {
  return lwkt(['run', join(ROOT, 'examples/gzip.ts'), '--cpus', String(cpus), '--', ...args], { cwd });
}

/** Files around the borders of blocks of 128 KiB, and one of many blocks. */
function samples(t: ExecutionContext, path: string): string[] {
  const pick = random(seedOf(t));
  const words = ['thread ', 'token ', 'ring\n', 'cpu '];
  const sizes = {
    empty: 0,
    one: 1,
    under: 128 * KIB - 1,
    block: 128 * KIB,
    over: 128 * KIB + 1,
    many: 3000 * KIB,
  };
  for (const [name, size] of Object.entries(sizes)) {
    let text = '';
    while (text.length < size) text += words[pick(words.length)];
    writeFileSync(join(path, name), text.slice(0, size));
  }
  writeFileSync(
    join(path, 'random'),
    Uint8Array.from({ length: 700 * KIB }, () => pick(256)),
  );
  return readdirSync(path);
}

for (const cpus of [1, 2, 4, 8]) {
  test.serial(`gzip: what it writes is accepted and unpacks to the same, on ${cpus} cpus`, async (t) => {
    const path = await folder(t);
    const files = samples(t, path);
    const { code, stdout, stderr } = await gzip(path, cpus, ['--block', '128', ...files]);
    t.is(stderr, '');
    t.is(code, 0);
    t.deepEqual(readdirSync(path).toSorted(), [...files, ...files.map((file) => `${file}.gz`)].toSorted());
    for (const file of files) {
      const packed = readFileSync(join(path, `${file}.gz`));
      const original = readFileSync(join(path, file));
      t.true(gunzipSync(packed).equals(original), file);
      const sizes = `${original.length.toLocaleString('en')} -> ${packed.length.toLocaleString('en')} bytes`;
      t.true(stdout.includes(`${file}: ${sizes}`), sizes);
    }
    const check = await command('gzip', ['-t', ...files.map((file) => `${file}.gz`)], { cwd: path }).catch(
      () => {
        t.log('no gzip here: unpacked with zlib only');
        return undefined;
      },
    );
    t.is(check?.code ?? 0, 0, check?.stderr);
  });
}

test.serial('gzip: the number of cpus does not change a byte', async (t) => {
  const path = await folder(t);
  samples(t, path);
  const hashes = new Set<string>();
  for (const cpus of [1, 3]) {
    mkdirSync(join(path, `out${cpus}`));
    t.is((await gzip(path, cpus, ['--level', '1', '-o', `out${cpus}`, 'many', 'random'])).code, 0);
    const hash = createHash('sha256');
    for (const file of ['many.gz', 'random.gz']) hash.update(readFileSync(join(path, `out${cpus}`, file)));
    hashes.add(hash.digest('hex'));
  }
  t.is(hashes.size, 1);
});

test.serial('gzip: never overwrites without --force', async (t) => {
  const path = await folder(t);
  writeFileSync(join(path, 'a'), 'new');
  writeFileSync(join(path, 'a.gz'), 'precious');
  const refused = await gzip(path, 2, ['a']);
  t.is(refused.code, 1);
  t.is(refused.stderr, 'gzip: a: a.gz exists; --force overwrites it\n');
  t.is(readFileSync(join(path, 'a.gz'), 'utf8'), 'precious');
  t.is((await gzip(path, 2, ['--force', 'a'])).code, 0);
  t.is(gunzipSync(readFileSync(join(path, 'a.gz'))).toString(), 'new');
  t.deepEqual(readdirSync(path).toSorted(), ['a', 'a.gz']);
});

test.serial(
  'gzip: a file that fails is named, the others are compressed, nothing is left behind',
  async (t) => {
    const path = await folder(t);
    writeFileSync(join(path, 'a'), 'a');
    mkdirSync(join(path, 'dir'));
    const { code, stdout, stderr } = await gzip(path, 2, ['missing', 'dir', 'a']);
    t.is(code, 1);
    t.regex(stderr, /^gzip: missing: ENOENT.*\ngzip: dir: not a regular file\n$/);
    t.regex(stdout, /^a: 1 -> \d+ bytes/);
    t.deepEqual(readdirSync(path).toSorted(), ['a', 'a.gz', 'dir']);
  },
);

const refusals: [string, string[], RegExp][] = [
  ['no file', [], /no files given: lwkt run examples\/gzip\.ts FILE…/],
  ['a level too high', ['--level', '10', 'a'], /--level: '10' is not a whole number of 0 \.\. 9/],
  ['a block too small', ['--block', '64', 'a'], /--block: '64' is not a whole number of 128 \.\. 1024/],
  ['a block that is no number', ['--block=many', 'a'], /--block: 'many' is not a whole number/],
  ['an unknown option', ['--lvl', '1', 'a'], /'--lvl'/],
  ['two files with one target', ['-o', '.', 'x/a', 'y/a'], /two files would become a\.gz/],
];
for (const [what, args, message] of refusals) {
  test.serial(`gzip: refuses ${what} and ends with 1`, async (t) => {
    const path = await folder(t);
    const { code, stdout, stderr } = await gzip(path, 1, args);
    t.is(code, 1);
    t.is(stdout, '');
    t.regex(stderr, message);
    t.is(stderr.split('\n').length, 2);
    t.deepEqual(readdirSync(path), []);
  });
}
