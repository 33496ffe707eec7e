import test, { type ExecutionContext } from 'ava';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, symlinkSync, writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { command, folder, lwkt, ROOT, type Result } from '../helpers/cli.ts';
import { random, seedOf } from '../helpers/seed.ts';

const WORDCOUNT = 'examples/wordcount.ts';
const MIB = 1024 * 1024;

function wc(input: string | Uint8Array): string | undefined {
  const { stdout, error } = spawnSync('wc', {
    input,
    env: { ...process.env, LC_ALL: 'C' },
    encoding: 'utf8',
  });
  return error === undefined ? stdout.trim().split(/\s+/)[1] : undefined;
}

/** How the installed wc counts a byte that is neither white space nor printable: undefined if there is no wc. */
const WORDS_OF_CONTROL = wc('\x01');
/** The option that makes wordcount agree with it. */
const AS_WC = WORDS_OF_CONTROL === '0' ? ['--printable'] : [];

/** Rows of `wc` or wordcount as [lines, words, bytes, path]. */
function rows(stdout: string): string[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.trim().replace(/^(\d+) +(\d+) +(\d+) /, '$1 $2 $3 '));
}

async function wcRows(paths: readonly string[]): Promise<string[]> {
  return rows((await command('wc', ['--', ...paths], { env: { LC_ALL: 'C' } })).stdout);
}

function wordcount(cpus: number, args: readonly string[], cwd = ROOT): Promise<Result> {
  return lwkt(['run', join(ROOT, WORDCOUNT), '--cpus', String(cpus), '--', ...args], { cwd });
}

/** Lines, words and bytes counted the plain way. */
function plain(bytes: Buffer): string {
  const text = bytes.toString('latin1');
  const words = text.split(/[ \t\n\v\f\r]+/).filter((word) => word !== '').length;
  return `${text.split('\n').length - 1} ${words} ${bytes.length}`;
}

/** Files that are hard to count; some larger than a piece, with words and odd bytes across the borders. */
function odd(t: ExecutionContext, path: string): string[] {
  const pick = random(seedOf(t));
  const bytes = (n: number, alphabet: readonly number[]): Buffer =>
    Buffer.from(Uint8Array.from({ length: n }, () => alphabet[pick(alphabet.length)] as number));
  const every = Array.from({ length: 256 }, (_, byte) => byte);
  const files: Record<string, Buffer> = {
    empty: Buffer.alloc(0),
    newline: Buffer.from('\n'),
    'no end of line': Buffer.from('one two\nthree'),
    'white space': Buffer.from(' \t\n\v\f\r'.repeat(1000)),
    utf8: Buffer.from('naïve — café\u00a0→ 日本語　語\n'.repeat(500)),
    'not utf8': Buffer.from([0x61, 0x20, 0xff, 0xfe, 0x20, 0x80, 0x0a, 0x01, 0x20, 0x7f, 0x00]),
    'all bytes': bytes(300_000, every),
    'large random': bytes(3 * MIB + 17, every),
    'large odd': bytes(2 * MIB + 1, [0x20, 0x0a, 0x61, 0x01, 0x80, 0xff, 0x00]),
    'one word': Buffer.alloc(2 * MIB + 5, 'x'),
    zeros: Buffer.alloc(2 * MIB),
    'zeros in a word': Buffer.concat([Buffer.from('a'), Buffer.alloc(2 * MIB), Buffer.from('b')]),
    'exactly a piece': Buffer.alloc(MIB, 'ab '),
    'exactly two': Buffer.alloc(2 * MIB, 'ab '),
  };
  return Object.entries(files).map(([name, content]) => {
    const file = join(path, name);
    writeFileSync(file, content);
    return file;
  });
}

/** All regular files below a folder, in the order of wordcount. */
function walk(path: string): string[] {
  if (!statSync(join(ROOT, path)).isDirectory()) return [path];
  return readdirSync(join(ROOT, path), { withFileTypes: true })
    .filter((entry) => entry.isFile() || entry.isDirectory())
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(({ name }) => walk(`${path}/${name}`));
}

for (const cpus of [1, 2, 4, 8]) {
  test.serial(`wordcount: odd files count as wc counts them, on ${cpus} cpus`, async (t) => {
    const paths = odd(t, await folder(t));
    const { code, stdout } = await wordcount(cpus, paths);
    t.is(code, 0);
    const counts = paths.map((path) => `${plain(readFileSync(path))} ${path}`);
    t.deepEqual(rows(stdout).slice(0, -1), counts);
    if (WORDS_OF_CONTROL === undefined) {
      t.log('no wc here: compared with a plain count only');
      return;
    }
    const same = await wordcount(cpus, [...AS_WC, ...paths]);
    t.deepEqual(rows(same.stdout), await wcRows(paths));
  });

  test.serial(`wordcount: the files of this checkout count as wc counts them, on ${cpus} cpus`, async (t) => {
    const given = ['node_modules/typescript', 'examples', 'toolchain/', 'package-lock.json', 'tsconfig.json'];
    const paths = given.map((path) => path.replace(/\/$/, '')).flatMap(walk);
    const { code, stdout } = await wordcount(cpus, [...AS_WC, ...given]);
    t.is(code, 0);
    t.deepEqual(
      rows(stdout).map((row) => row.replace(/^\d+ \d+ \d+ /, '')),
      [...paths, 'total'],
    );
    if (WORDS_OF_CONTROL === undefined) t.log('no wc here: compared the names only');
    else t.deepEqual(rows(stdout), await wcRows(paths));
  });
}

test.serial('wordcount: one file has no total, and the columns are as wide as they must be', async (t) => {
  const path = await folder(t);
  writeFileSync(join(path, 'a'), 'one two\n'.repeat(20));
  const { stdout } = await wordcount(2, ['a'], path);
  t.is(stdout, ' 20  40 160 a\n');
});

test.serial(
  'wordcount: a file that cannot be read is named, the others count, and the exit code is 1',
  async (t) => {
    const path = await folder(t);
    writeFileSync(join(path, 'a'), 'one two\n');
    const { code, stdout, stderr } = await wordcount(2, ['missing', 'a', 'a/b'], path);
    t.is(code, 1);
    t.deepEqual(rows(stdout), ['1 2 8 a', '1 2 8 total']);
    t.is(stderr, 'wordcount: missing: no such file or directory\nwordcount: a/b: not a directory\n');
  },
);

test.serial('wordcount: links in a folder are not followed, links that are given are', async (t) => {
  const path = await folder(t);
  mkdirSync(join(path, 'in/deep'), { recursive: true });
  writeFileSync(join(path, 'outside'), 'x\n');
  writeFileSync(join(path, 'in/deep/file'), 'a b\n');
  symlinkSync('../outside', join(path, 'in/link'));
  symlinkSync('..', join(path, 'in/loop'));
  const { code, stdout } = await wordcount(2, ['in', 'in/link'], path);
  t.is(code, 0);
  t.deepEqual(rows(stdout), ['1 2 4 in/deep/file', '1 1 2 in/link', '2 3 6 total']);
});

test.serial('wordcount: a pipe is read to its end', async (t) => {
  const path = await folder(t);
  writeFileSync(join(path, 'a'), 'one two\n'.repeat(100_000));
  const script = `cat a | '${process.execPath}' '${ROOT}/runtime/cli/main.ts' run '${ROOT}/${WORDCOUNT}' /dev/stdin`;
  const { code, stdout } = await command('sh', ['-c', script], { cwd: path });
  t.is(code, 0);
  t.deepEqual(rows(stdout), ['100000 200000 800000 /dev/stdin']);
});

test.serial('wordcount: an empty folder counts nothing', async (t) => {
  const { code, stdout, stderr } = await wordcount(2, ['.'], await folder(t));
  t.deepEqual({ code, stdout, stderr }, { code: 0, stdout: '', stderr: '' });
});

test.serial('wordcount: without files it says what to give, and ends with 1', async (t) => {
  const { code, stdout, stderr } = await wordcount(1, []);
  t.is(code, 1);
  t.is(stdout, '');
  t.regex(
    stderr,
    /^lwkt: .*no files given: lwkt run examples\/wordcount\.ts FILE_OR_FOLDER…, at wordcount \(.*:\d+:\d+\)\n$/,
  );
});

test.serial('wordcount: an unknown option is named, and it ends with 1', async (t) => {
  const { code, stderr } = await wordcount(1, ['--lines', 'package.json']);
  t.is(code, 1);
  t.regex(stderr, /'--lines'/);
  t.notRegex(stderr, /\n {4}at /);
});
