/** The work of the two applications: the same code for every contender in JavaScript, the same arithmetic in others. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';

/** A picture of the Mandelbrot set. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Until a point counts as inside; at most 255, so that a pixel is a byte. */
  readonly iterations: number;
}

/** Computes one row of the picture. */
export function mandelbrotRow({ width, height, iterations }: Picture, y: number, out: Uint8Array): void {
  const ci = (2 * y) / height - 1;
  for (let x = 0; x < width; x++) {
    const cr = (3 * x) / width - 2;
    let zr = 0;
    let zi = 0;
    let i = 0;
    for (; i < iterations && zr * zr + zi * zi <= 4; i++) {
      const next = zr * zr - zi * zi + cr;
      zi = 2 * zr * zi + ci;
      zr = next;
    }
    out[x] = i;
  }
}

/** The sum of all pixels. */
export function sumOf(pixels: Uint8Array): number {
  let sum = 0;
  for (const pixel of pixels) sum += pixel;
  return sum;
}

/** Largest file that is counted. */
export const MOST_FILE_BYTES = 2 ** 20;

/** Used again for each file of this worker: a fresh megabyte a file is a fault for each of its pages. */
let buffer: Buffer | undefined;

/**
 * Reads a file, hashes it with SHA-1 and counts its words.
 *
 * @returns the words, plus the first byte of the hash
 */
export function countFile(path: string): number {
  buffer ??= Buffer.allocUnsafeSlow(MOST_FILE_BYTES);
  const fd = openSync(path, 'r');
  let length = 0;
  try {
    for (let more = -1; more !== 0; length += more)
      more = readSync(fd, buffer, length, buffer.length - length, null);
  } finally {
    closeSync(fd);
  }
  const bytes = buffer.subarray(0, length);
  const digest = createHash('sha1').update(bytes).digest();
  let words = 0;
  let inside = false;
  for (let i = 0; i < length; i++) {
    const letter = (bytes[i] as number) > 32;
    if (letter && !inside) words++;
    inside = letter;
  }
  return words + (digest[0] as number);
}
