/** Short UTF-8 texts in words: thread names, symbol names, the panic text. */

import type { Mem } from './word.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function bytesOf(m: Mem, at: number, bytes: number): Uint8Array {
  return new Uint8Array(m.buffer, at * 4, bytes);
}

/** UTF-8 bytes of `text`, cut at `limit` bytes without splitting a character. */
export function encodeText(text: string, limit: number): Uint8Array {
  const bytes = new Uint8Array(Math.min(limit, text.length * 3));
  const { written } = encoder.encodeInto(text, bytes);
  return bytes.subarray(0, written);
}

/** Writes `text` at word `at`, cut at `limit` bytes, the rest zero. */
export function stText(m: Mem, at: number, limit: number, text: string): void {
  const target = bytesOf(m, at, limit);
  const bytes = encodeText(text, limit);
  target.fill(0);
  target.set(bytes);
}

/** Reads the text at word `at`, up to `limit` bytes or the first zero. */
export function ldText(m: Mem, at: number, limit: number): string {
  const bytes = bytesOf(m, at, limit).slice();
  const end = bytes.indexOf(0);
  return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end));
}
