/** The work of the two applications, the same code for every contestant. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

export const WIDTH = 1200;
export const HEIGHT = 800;
const ITERATIONS = 200;

/** Computes one row of the picture. */
export function mandelbrotRow(y: number, out: Uint8Array): void {
  const ci = (2 * y) / HEIGHT - 1;
  for (let x = 0; x < WIDTH; x++) {
    const cr = (3 * x) / WIDTH - 2;
    let zr = 0;
    let zi = 0;
    let i = 0;
    for (; i < ITERATIONS && zr * zr + zi * zi <= 4; i++) {
      const next = zr * zr - zi * zi + cr;
      zi = 2 * zr * zi + ci;
      zr = next;
    }
    out[x] = i;
  }
}

/** Reads a file, hashes it and counts its words. */
export function countFile(path: string): number {
  const bytes = readFileSync(path);
  createHash('sha1').update(bytes).digest();
  let words = 0;
  let inside = false;
  for (const byte of bytes) {
    const letter = byte > 32;
    if (letter && !inside) words++;
    inside = letter;
  }
  return words;
}
