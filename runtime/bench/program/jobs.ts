/** The two applications: a thread for each row of a picture, and for each file. */
import { join, kthread, shared, spawn } from '../../lwkt.ts';
import { countFile, mandelbrotRow, sumOf, type Picture } from '../plan/work.ts';

const size = shared.i32('bench picture size', 3);

function current(): Picture {
  const [width = 0, height = 0, iterations = 0] = size;
  return { width, height, iterations };
}

function pixelsOf({ width, height }: Picture): Uint8Array {
  return shared.u8('bench picture', width * height);
}

const row = kthread(function* benchRow(y: number) {
  const picture = current();
  const { width } = picture;
  mandelbrotRow(picture, y, pixelsOf(picture).subarray(y * width, (y + 1) * width));
});

/** A picture by single rows, spread over the cpus; the pixels lie in shared memory. */
export const mandelbrot = kthread(function* benchMandelbrot(picture: Picture) {
  size.set([picture.width, picture.height, picture.iterations]);
  const rows = Array.from({ length: picture.height }, (_, y) => spawn(row, [y], { cpu: 'spread' }));
  for (const td of rows) yield* join(td);
});

/** The sum of all pixels, which are then black again. */
export const wipe = kthread(function* benchWipe() {
  const pixels = pixelsOf(current());
  const sum = sumOf(pixels);
  pixels.fill(0);
  return sum;
});

const file = kthread(function* benchFile(path: string) {
  return countFile(path);
});

/** Hash and word count of files; the sum of what countFile gives. */
export const files = kthread(function* benchFiles(paths: string[]) {
  const threads = paths.map((path) => spawn(file, [path], { cpu: 'spread' }));
  let total = 0;
  for (const td of threads) total += yield* join(td);
  return total;
});
