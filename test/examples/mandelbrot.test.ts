import test from 'ava';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, inflateSync } from 'node:zlib';
import { folder, lwkt, ROOT, type Result } from '../helpers/cli.ts';

function mandelbrot(cwd: string, cpus: number, args: readonly string[]): Promise<Result> {
  return lwkt(['run', join(ROOT, 'examples/mandelbrot.ts'), '--cpus', String(cpus), '--', ...args], { cwd });
}

/** Chunks of a PNG by type, their checksums verified. */
function chunks(png: Buffer): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  if (png.toString('latin1', 0, 8) !== '\x89PNG\r\n\x1a\n') throw new Error('no PNG signature');
  for (let at = 8; at < png.length;) {
    const end = at + 8 + png.readUInt32BE(at);
    if (png.readUInt32BE(end) !== crc32(png.subarray(at + 4, end))) throw new Error(`bad checksum at ${at}`);
    found.set(png.toString('latin1', at + 4, at + 8), png.subarray(at + 8, end));
    at = end + 4;
  }
  return found;
}

/** The picture computed the plain way: palette indices, row by row. */
function plain(width: number, height: number, iterations: number): Uint8Array {
  const pixels = new Uint8Array(width * height);
  const step = 3 / width;
  for (let i = 0; i < pixels.length; i++) {
    const x = -0.6 + ((i % width) + 0.5 - width / 2) * step;
    const y = (height / 2 - Math.floor(i / width) - 0.5) * step;
    let n = 0;
    for (let re = 0, im = 0; n < iterations && re * re + im * im <= 4; n++) {
      [re, im] = [re * re - im * im + x, 2 * re * im + y];
    }
    pixels[i] = n === iterations ? 0 : 1 + (n % 255);
  }
  return pixels;
}

for (const cpus of [1, 2, 4, 8]) {
  test.serial(`mandelbrot: the picture is the computed one, on ${cpus} cpus`, async (t) => {
    const path = await folder(t);
    const [width, height, iterations] = [301, 203, 300];
    const args = [
      '--width',
      `${width}`,
      '--height',
      `${height}`,
      '--iterations',
      `${iterations}`,
      '-o',
      'set.png',
    ];
    const { code, stdout, stderr } = await mandelbrot(path, cpus, args);
    t.is(stderr, '');
    t.is(code, 0);
    const rows = [...stdout.matchAll(/^cpu \d+: (\d+) rows$/gm)].map((match) => Number(match[1]));
    t.is(rows.length, cpus);
    t.is(
      rows.reduce((sum, n) => sum + n, 0),
      height,
    );

    const png = chunks(readFileSync(join(path, 'set.png')));
    t.deepEqual([...png.keys()], ['IHDR', 'PLTE', 'IDAT', 'IEND']);
    const header = png.get('IHDR') as Buffer;
    t.deepEqual([header.readUInt32BE(0), header.readUInt32BE(4)], [width, height]);
    t.deepEqual([...header.subarray(8)], [8, 3, 0, 0, 0]);
    t.is(png.get('PLTE')?.length, 3 * 256);
    const lines = inflateSync(png.get('IDAT') as Buffer);
    t.is(lines.length, height * (width + 1));
    const pixels = Buffer.concat(
      Array.from({ length: height }, (_, row) =>
        lines.subarray(row * (width + 1) + 1, (row + 1) * (width + 1)),
      ),
    );
    t.true(pixels.equals(plain(width, height, iterations)));
  });
}

const refusals: [string, string[], RegExp][] = [
  ['a width of 0', ['--width', '0'], /--width: '0' is not a whole number of 1 \.\. 16384/],
  ['a fraction', ['--height', '1.5'], /--height: '1\.5' is not a whole number of 1 \.\. 16384/],
  [
    'too many iterations',
    ['--iterations', '10001'],
    /--iterations: '10001' is not a whole number of 1 \.\. 10000/,
  ],
  [
    'a picture that does not fit',
    ['--width', '16384', '--height', '16384'],
    /'pixels'.*raise memory \(--memory\)/,
  ],
  [
    'a folder that does not exist',
    ['--width', '9', '--height', '9', '-o', 'no/set.png'],
    /ENOENT.*no\/set\.png/,
  ],
  ['an argument without an option', ['set.png'], /'set\.png'/],
];
for (const [what, args, message] of refusals) {
  test.serial(`mandelbrot: refuses ${what} and ends with 1`, async (t) => {
    const path = await folder(t);
    const { code, stdout, stderr } = await mandelbrot(path, 2, args);
    t.is(code, 1);
    t.is(stdout, '');
    t.regex(stderr, message);
    t.is(stderr.split('\n').length, 2);
    t.deepEqual(readdirSync(path), []);
  });
}
