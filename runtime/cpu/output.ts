/**
 * Output of threads, at once: a worker's own streams reach the process only through its event loop, which a busy
 * cpu seldom turns. So a cpu writes to the file descriptors itself, a write at a time, so that lines of two cpus
 * are not torn.
 */
import { writeSync } from 'node:fs';
import type { Arena } from '../shared-memory/arena.ts';
import { Machine } from '../shared-memory/layout/machine.ts';
import { withLock } from '../shared-memory/lock.ts';
import { pause } from '../shared-memory/word.ts';

type Callback = (error?: Error | null) => void;

/**
 * Points this worker's process.stdout and process.stderr, and with them its console, at the file descriptors.
 *
 * @param self - number of the cpu
 * @param stdout - descriptor for standard output: 1 or 2
 * @param statusLine - the host shows a status line on the terminal: clear it first
 */
export function captureOutput(arena: Arena, self: number, stdout: number, statusLine: boolean): void {
  const clear = statusLine ? Buffer.from('\r\x1b[2K') : undefined;
  capture(arena, self, process.stdout, stdout, clear);
  capture(arena, self, process.stderr, 2, clear);
}

function capture(
  arena: Arena,
  self: number,
  stream: NodeJS.WriteStream,
  fd: number,
  clear: Buffer | undefined,
): void {
  stream.write = (
    chunk: string | Uint8Array,
    encoding?: BufferEncoding | Callback,
    callback?: Callback,
  ): boolean => {
    const bytes =
      typeof chunk === 'string'
        ? Buffer.from(chunk, typeof encoding === 'string' ? encoding : 'utf8')
        : chunk;
    withLock(arena.m, Machine.outputLock, self, () => {
      if (clear !== undefined) writeAll(2, clear);
      writeAll(fd, bytes);
    });
    const done = typeof encoding === 'function' ? encoding : callback;
    if (done !== undefined) process.nextTick(done);
    return true;
  };
}

function writeAll(fd: number, bytes: Uint8Array): void {
  let at = 0;
  while (at < bytes.length) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // A pipe that is full and does not block; its reader is another process and will go on.
      if (code === 'EAGAIN') pause();
      // Nobody reads any more, as after `| head`.
      else if (code === 'EPIPE') return;
      else throw error;
    }
  }
}
