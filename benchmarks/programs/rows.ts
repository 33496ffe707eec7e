/** Mandelbrot by single rows: as many threads as rows, spread over the cpus; the picture lies in shared memory. */
import { join, kthread, shared, spawn } from 'lwkt/thread';
import { HEIGHT, mandelbrotRow, WIDTH } from '../lib/work.ts';

const picture = shared.u8('picture', WIDTH * HEIGHT);

const row = kthread(function* row(y: number) {
  mandelbrotRow(y, picture.subarray(y * WIDTH, (y + 1) * WIDTH));
});

/** The sum of all pixels, to see that they are there. */
export const sum = kthread(function* checksum() {
  return picture.reduce((total, pixel) => total + pixel, 0);
});

export default kthread(function* main() {
  const rows = Array.from({ length: HEIGHT }, (_, y) => spawn(row, [y], { cpu: 'spread' }));
  for (const td of rows) yield* join(td);
});
