/** What every pool is asked to do: one function for each task, the same for all. */
import { grain } from '../plan/grain.ts';
import { countFile, mandelbrotRow, type Picture } from '../plan/work.ts';

/** A row of a picture that lies in memory shared with the host. */
export interface RowTask {
  readonly picture: Picture;
  readonly y: number;
  readonly pixels: SharedArrayBuffer;
}

/** The cheapest task. */
export function add(n: number): number {
  return n + 1;
}

/** One row, into the shared picture. */
export function row({ picture, y, pixels }: RowTask): number {
  mandelbrotRow(picture, y, new Uint8Array(pixels, y * picture.width, picture.width));
  return y;
}

/** Work of a size that is chosen. */
export interface GrainTask {
  readonly steps: number;
  readonly seed: number;
}

export function work({ steps, seed }: GrainTask): number {
  return grain(steps, seed);
}

/** Hash and word count of one file. */
export function file(path: string): number {
  return countFile(path);
}

/** When it runs: milliseconds since 1970, on a clock that all threads share. */
export function first(): number {
  return performance.timeOrigin + performance.now();
}

export const TASKS = { add, work, row, file, first } as const;
