/** Piscina tasks: one export for each contestant. */
import { countFile, mandelbrotRow, WIDTH } from '../lib/work.ts';

/** The cheapest task. */
export function add(n: number): number {
  return n + 1;
}

/** One row of the picture, into memory shared with the host. */
export function row({ y, picture }: { y: number; picture: SharedArrayBuffer }): void {
  mandelbrotRow(y, new Uint8Array(picture, y * WIDTH, WIDTH));
}

/** Hash and word count of one file. */
export function file(path: string): number {
  return countFile(path);
}

/** The time of the first instruction. */
export function first(): number {
  return performance.timeOrigin + performance.now();
}
