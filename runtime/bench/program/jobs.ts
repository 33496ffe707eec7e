/** The two applications: a thread for each row of a picture, and for each file. */
import { join, kthread, lwktSetPriSelf, shared, spawn, TDPRI_SOFT_NORM, type Td } from '../../lwkt.ts';
import { countFile, mandelbrotRow, sumOf, type Picture } from '../plan/work.ts';

const size = shared.i32('bench picture size', 3);
/** The picture of this run, and its pixels: looked up once a cpu, not once a row. Per cpu. */
let picture: Picture = { width: 0, height: 0, iterations: 0 };
let pixels = new Uint8Array(0);

function bind(): void {
  const [width = 0, height = 0, iterations = 0] = size;
  if (picture.width === width && picture.height === height && picture.iterations === iterations) return;
  picture = { width, height, iterations };
  pixels = shared.u8('bench picture', width * height);
}

const row = kthread(function* benchRow(y: number) {
  bind();
  const { width } = picture;
  mandelbrotRow(picture, y, pixels.subarray(y * width, (y + 1) * width));
});

/**
 * What all threads return. Who joins goes first: as their equal it would come back after each join when all that wait
 * on its cpu had run, and join most of them at the end, while the others have nothing to do.
 */
function* joined<R>(threads: readonly Td<R>[]): Generator<unknown, R[], unknown> {
  lwktSetPriSelf(TDPRI_SOFT_NORM);
  const results: R[] = [];
  for (const td of threads) results.push(yield* join(td));
  return results;
}

/** A picture by single rows, on whatever cpu has time; the pixels lie in shared memory. */
export const mandelbrot = kthread(function* benchMandelbrot({ width, height, iterations }: Picture) {
  size.set([width, height, iterations]);
  yield* joined(Array.from({ length: height }, (_, y) => spawn(row, [y], { cpu: 'any' })));
});

/** The sum of all pixels, which are then black again. */
export const wipe = kthread(function* benchWipe() {
  bind();
  const sum = sumOf(pixels);
  pixels.fill(0);
  return sum;
});

const file = kthread(function* benchFile(path: string) {
  return countFile(path);
});

/** Hash and word count of files; the sum of what countFile gives. */
export const files = kthread(function* benchFiles(paths: string[]) {
  const counts = yield* joined(paths.map((path) => spawn(file, [path], { cpu: 'any' })));
  return counts.reduce((sum, n) => sum + n, 0);
});
