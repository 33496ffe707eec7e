/**
 * The Mandelbrot set as a PNG, its rows computed on every cpu.
 *
 *   lwkt run examples/mandelbrot.ts
 *   lwkt run examples/mandelbrot.ts --cpus 4 -- --width 3000 --height 2000 --iterations 5000 -o set.png
 *
 *   --width N, --height N   pixels, 1 .. 16384; default 1200 × 800
 *   --iterations N          1 .. 10000; default 1000
 *   -o, --output FILE       default mandelbrot.png, which is overwritten
 *
 * Prints the file, and how many rows each cpu computed. Rows in the middle take longest, so nobody is given a share
 * beforehand: whoever is free takes the next row, by one atomic addition to a shared word. The pixels are shared
 * memory; no row is ever sent anywhere. The picture is the same to the byte whatever the number of cpus.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs, promisify } from 'node:util';
import { crc32, deflate } from 'node:zlib';
import { join, kthread, lwktYield, ncpus, safepoint, shared, spawn, until } from 'lwkt/thread';

/** What is seen of the plane: 3 wide around -0.6, with square pixels. */
const CENTRE = -0.6;
const SPAN = 3;

/** Steps until a point escapes; `iterations` if it does not. */
function escapeTime(x: number, y: number, iterations: number): number {
  let re = 0;
  let im = 0;
  for (let n = 0; n < iterations; n++) {
    const re2 = re * re;
    const im2 = im * im;
    if (re2 + im2 > 4) return n;
    im = 2 * re * im + y;
    re = re2 - im2 + x;
  }
  return iterations;
}

const drawRows = kthread(function* drawRows(width: number, height: number, iterations: number) {
  const pixels = shared.u8('pixels', width * height);
  const next = shared.i32('next row', 1);
  const step = SPAN / width;
  let rows = 0;
  for (;;) {
    const row = Atomics.add(next, 0, 1);
    if (row >= height) return rows;
    const y = (height / 2 - row - 0.5) * step;
    for (let column = 0; column < width; column++) {
      const x = CENTRE + (column + 0.5 - width / 2) * step;
      const n = escapeTime(x, y, iterations);
      pixels[row * width + column] = n === iterations ? 0 : 1 + (n % 255);
      if (safepoint()) yield* lwktYield();
    }
    rows++;
  }
});

/** One red, green and blue for each value of a pixel: black for the set, a loop of colours around it. */
function palette(): Buffer {
  const wave = (i: number, shift: number): number =>
    Math.round(127.5 - 127.5 * Math.cos((i / 255 + shift) * 2 * Math.PI));
  const colours = Array.from({ length: 255 }, (_, i) => [
    wave(i * 4, 0.1),
    wave(i * 4, 0.2),
    wave(i * 4, 0.35),
  ]);
  return Buffer.from([0, 0, 0, ...colours.flat()]);
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

function* encodePng(pixels: Uint8Array, width: number, height: number): Generator<unknown, Buffer, unknown> {
  // A scanline is the number of its filter, here 0 for none, and its pixels.
  const lines = new Uint8Array(height * (width + 1));
  for (let row = 0; row < height; row++) {
    lines.set(pixels.subarray(row * width, (row + 1) * width), row * (width + 1) + 1);
    if (safepoint()) yield* lwktYield();
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3], 8); // 8 bits a pixel, which are indices into the palette
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('PLTE', palette()),
    chunk('IDAT', yield* until(promisify(deflate)(lines))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function wholeNumber(option: string, text: string, most: number): number {
  const n = Number(text);
  if (/^\d+$/.test(text) && n >= 1 && n <= most) return n;
  throw new Error(`--${option}: '${text}' is not a whole number of 1 .. ${most}`);
}

export default kthread(function* mandelbrot(...args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      width: { type: 'string', default: '1200' },
      height: { type: 'string', default: '800' },
      iterations: { type: 'string', default: '1000' },
      output: { type: 'string', short: 'o', default: 'mandelbrot.png' },
    },
  });
  const width = wholeNumber('width', values.width, 16_384);
  const height = wholeNumber('height', values.height, 16_384);
  const iterations = wholeNumber('iterations', values.iterations, 10_000);
  const pixels = shared.u8('pixels', width * height);

  const start = performance.now();
  const threads = Array.from({ length: ncpus() }, (_, cpu) =>
    spawn(drawRows, [width, height, iterations], { cpu }),
  );
  const rows: number[] = [];
  for (const td of threads) rows.push(yield* join(td));
  const ms = performance.now() - start;

  const png = yield* encodePng(pixels, width, height);
  yield* until(writeFile(values.output, png));
  console.log(`${values.output}: ${width} × ${height}, ${png.length.toLocaleString('en')} bytes`);
  rows.forEach((n, cpu) => console.log(`cpu ${cpu}: ${n} rows`));
  console.log(`computed in ${ms.toFixed(0)} ms on ${ncpus()} cpu${ncpus() === 1 ? '' : 's'}`);
});
