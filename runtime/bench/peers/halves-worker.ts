/** A Worker that does every other piece when told. */
import { parentPort, workerData } from 'node:worker_threads';
import { countFile, mandelbrotRow, sumOf } from '../plan/work.ts';
import type { Half } from './halves.ts';

const { work, side } = workerData as Half;

function rows(): number {
  if (work.picture === undefined) return 0;
  const { width, height } = work.picture;
  const row = new Uint8Array(width);
  let sum = 0;
  for (let y = side; y < height; y += 2) {
    mandelbrotRow(work.picture, y, row);
    sum += sumOf(row);
  }
  return sum;
}

function files(): number {
  return (work.paths ?? []).reduce((sum, path, i) => sum + (i % 2 === side ? countFile(path) : 0), 0);
}

parentPort?.on('message', () => parentPort?.postMessage(rows() + files()));
