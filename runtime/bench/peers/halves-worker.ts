/** A Worker that does every other piece when told. */
import { parentPort, workerData } from 'node:worker_threads';
import { countFile, mandelbrotRow, sumOf } from '../plan/work.ts';
import type { Half } from './halves.ts';

const { work, side } = workerData as Half;
const { picture, paths = [] } = work;
const pixels = new Uint8Array(picture === undefined ? 0 : picture.width * picture.height);
let counted = 0;

function go(): void {
  if (picture !== undefined) {
    const { width, height } = picture;
    for (let y = side; y < height; y += 2)
      mandelbrotRow(picture, y, pixels.subarray(y * width, (y + 1) * width));
  }
  counted = paths.reduce((sum, path, i) => sum + (i % 2 === side ? countFile(path) : 0), 0);
}

// The sum of the pixels is asked for afterwards: it is not part of the work.
parentPort?.on('message', (what: 'go' | 'result') => {
  if (what === 'go') go();
  parentPort?.postMessage(what === 'go' ? 0 : counted + sumOf(pixels));
});
