/**
 * Lines, words and bytes of files and folders, in the columns of `wc`, counted on every cpu.
 *
 *   lwkt run examples/wordcount.ts runtime README.md
 *   lwkt run examples/wordcount.ts --cpus 4 --stats -- --printable /usr/bin
 *
 * Prints a row for each file and a total; `wordcount: FILE: reason` for a file that cannot be read, and then ends
 * with 1. Folders are walked to the bottom; links found there are not followed. As for `wc` in the C locale, white
 * space is space, \t, \n, \v, \f and \r; a word is whatever stands between, or with --printable only what has a
 * printable ASCII character in it, as GNU wc had it for long.
 *
 * A thread counts a batch of files. It hands the pieces of a large one to threads of all cpus, and joins their
 * counts with an eye on words that cross a border. No more than one block per thread is in memory.
 */
import { closeSync, fstatSync, openSync, read, readdirSync, readSync, statSync, type Dirent } from 'node:fs';
import { getSystemErrorMessage, parseArgs, promisify } from 'node:util';
import { join, kthread, lwktYield, ncpus, safepoint, spawn, until, type Td } from 'lwkt/thread';

/** Bytes read at a time, and bytes counted between two safepoints. */
const BLOCK = 256 * 1024;
const STRIDE = 16 * 1024;
/** Larger files are cut in pieces of at least this size, and at most so many of them. */
const PIECE = 1024 * 1024;
const MOST_PIECES = 64;
/** Files of one thread, and threads under way for each cpu. */
const BATCH = 32;
const AHEAD = 4;

// Kinds of bytes. A NEITHER leaves a word a word and a gap a gap.
const SPACE = 0;
const WORD = 1;
const NEITHER = 2;

const isSpace = (byte: number): boolean => byte === 32 || (byte >= 9 && byte <= 13);
const KINDS = Uint8Array.from({ length: 256 }, (_, byte) => (isSpace(byte) ? SPACE : WORD));
const PRINTABLE = KINDS.map((kind, byte) => (kind === WORD && (byte < 32 || byte > 126) ? NEITHER : kind));

/** What some bytes hold. The kinds of the first and last byte tell whether a word goes on next door. */
interface Count {
  readonly lines: number;
  readonly words: number;
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

/** The result for a file: its count, or why there is none. */
interface Row {
  readonly path: string;
  readonly count?: Count;
  readonly error?: string;
}

const NOTHING: Count = { lines: 0, words: 0, bytes: 0, first: NEITHER, last: NEITHER };

function countBytes(bytes: Uint8Array, from: number, to: number, kinds: Uint8Array): Count {
  let lines = 0;
  let words = 0;
  let first = NEITHER;
  for (let i = from; i < to && first === NEITHER; i++) first = kinds[bytes[i] as number] as number;
  let last = NEITHER;
  for (let i = from; i < to; i++) {
    const byte = bytes[i] as number;
    const kind = kinds[byte] as number;
    if (kind === NEITHER) continue;
    words += kind & (last ^ WORD);
    lines += byte === 10 ? 1 : 0;
    last = kind;
  }
  return { lines, words, bytes: to - from, first, last };
}

/** The count of two stretches of bytes, one after the other. */
function follow(a: Count, b: Count): Count {
  return {
    lines: a.lines + b.lines,
    words: a.words + b.words - (a.last === WORD && b.first === WORD ? 1 : 0),
    bytes: a.bytes + b.bytes,
    first: a.first === NEITHER ? b.first : a.first,
    last: b.last === NEITHER ? a.last : b.last,
  };
}

const readBlock = promisify(read);

/** Buffers to read into. Every cpu loads this module for itself, so each has its own. */
const buffers: Buffer[] = [];

/**
 * Counts the bytes of an open file from `start` to `end`, or all that come if `start` is null. A small file is read
 * in place, which costs less than a turn of the event loop; for what may take long, only the thread waits.
 */
function* countOpen(
  fd: number,
  start: number | null,
  end: number,
  kinds: Uint8Array,
  small: boolean,
): Generator<unknown, Count, unknown> {
  const buffer = buffers.pop() ?? Buffer.allocUnsafe(BLOCK);
  let count = NOTHING;
  try {
    for (let at = start ?? 0; at < end;) {
      const want = Math.min(BLOCK, end - at);
      const position = start === null ? null : at;
      const got = small
        ? readSync(fd, buffer, 0, want, position)
        : (yield* until(readBlock(fd, buffer, 0, want, position))).bytesRead;
      if (got === 0) break;
      for (let from = 0; from < got; from += STRIDE) {
        count = follow(count, countBytes(buffer, from, Math.min(from + STRIDE, got), kinds));
        if (safepoint()) yield* lwktYield();
      }
      at += got;
    }
  } finally {
    buffers.push(buffer);
  }
  return count;
}

const countPiece = kthread(function* countPiece(
  path: string,
  start: number,
  end: number,
  printable: boolean,
) {
  const fd = openSync(path, 'r');
  try {
    return yield* countOpen(fd, start, end, printable ? PRINTABLE : KINDS, false);
  } finally {
    closeSync(fd);
  }
});

function spawnPieces(path: string, size: number, printable: boolean): Td<Count>[] {
  const step = Math.max(PIECE, Math.ceil(size / MOST_PIECES));
  const pieces: Td<Count>[] = [];
  for (let start = 0; start < size; start += step) {
    const end = start + step < size ? start + step : Infinity;
    pieces.push(spawn(countPiece, [path, start, end, printable], { cpu: 'spread' }));
  }
  return pieces;
}

/** The count of a small file, or the threads that count a large one. */
function* countFile(path: string, printable: boolean): Generator<unknown, Count | Td<Count>[], unknown> {
  const fd = openSync(path, 'r');
  try {
    const file = fstatSync(fd);
    if (file.isFile() && file.size > PIECE) return spawnPieces(path, file.size, printable);
    const start = file.isFile() ? 0 : null;
    return yield* countOpen(fd, start, Infinity, printable ? PRINTABLE : KINDS, file.isFile());
  } finally {
    closeSync(fd);
  }
}

function failure(path: string, error: unknown): Row {
  const { errno } = error as NodeJS.ErrnoException;
  if (errno === undefined) throw error;
  return { path, error: getSystemErrorMessage(errno) };
}

const countBatch = kthread(function* countBatch(paths: string[], printable: boolean) {
  const begun: { path: string; found: Count | Td<Count>[] | Row }[] = [];
  for (const path of paths) {
    try {
      begun.push({ path, found: yield* countFile(path, printable) });
    } catch (error) {
      begun.push({ path, found: failure(path, error) });
    }
  }
  const rows: Row[] = [];
  for (const { path, found } of begun) {
    if ('path' in found) rows.push(found);
    else if (!Array.isArray(found)) rows.push({ path, count: found });
    else rows.push(yield* joinPieces(path, found));
  }
  return rows;
});

function* joinPieces(path: string, pieces: Td<Count>[]): Generator<unknown, Row, unknown> {
  let count = NOTHING;
  let failed: Row | undefined;
  for (const piece of pieces) {
    try {
      count = follow(count, yield* join(piece));
    } catch (error) {
      failed = failure(path, error);
    }
  }
  return failed ?? { path, count };
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false; // Whoever opens it will say what is wrong.
  }
}

/** Counts files, and all files below folders, in order. */
function* countAll(paths: readonly string[], printable: boolean): Generator<unknown, Row[], unknown> {
  const rows: Row[] = [];
  const running: Td<Row[]>[] = [];
  let batch: string[] = [];
  const todo = paths.toReversed().map((path) => ({ path, folder: isFolder(path) }));
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const { path, folder } = next;
    if (!folder) {
      batch.push(path);
    } else {
      try {
        todo.push(...entries(path, readdirSync(path, { withFileTypes: true })));
      } catch (error) {
        rows.push(failure(path, error));
      }
    }
    if (batch.length < BATCH && todo.length !== 0) continue;
    running.push(spawn(countBatch, [batch, printable], { cpu: 'spread' }));
    batch = [];
    if (running.length === AHEAD * ncpus()) rows.push(...(yield* join(running.shift() as Td<Row[]>)));
  }
  for (const td of running) rows.push(...(yield* join(td)));
  return rows;
}

/** Files and folders of a folder, the last one first. */
function entries(path: string, found: Dirent[]): { path: string; folder: boolean }[] {
  return found
    .filter((entry) => entry.isFile() || entry.isDirectory())
    .toSorted((a, b) => (a.name < b.name ? 1 : -1))
    .map((entry) => ({ path: `${path.replace(/\/$/, '')}/${entry.name}`, folder: entry.isDirectory() }));
}

function total(rows: readonly Row[]): { lines: number; words: number; bytes: number } {
  const sum = { lines: 0, words: 0, bytes: 0 };
  for (const { count = NOTHING } of rows) {
    sum.lines += count.lines;
    sum.words += count.words;
    sum.bytes += count.bytes;
  }
  return sum;
}

/** For a host that wants numbers: `machine.spawn('tally', [['runtime']])`. */
export const tally = kthread(function* tally(paths: string[], printable: boolean = false) {
  const rows = yield* countAll(paths, printable);
  const failed = rows.filter(({ error }) => error !== undefined).length;
  return { ...total(rows), files: rows.length - failed, failed };
});

export default kthread(function* wordcount(...args: string[]) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { printable: { type: 'boolean' } },
  });
  if (positionals.length === 0) {
    throw new Error('no files given: lwkt run examples/wordcount.ts FILE_OR_FOLDER…');
  }
  const rows = yield* countAll(positionals, values.printable === true);
  const sum = total(rows);
  const width = String(sum.bytes).length;
  const line = (path: string, { lines, words, bytes }: typeof sum): string =>
    `${[lines, words, bytes].map((n) => String(n).padStart(width)).join(' ')} ${path}\n`;
  let out = '';
  for (const { path, count, error } of rows) {
    if (count !== undefined) out += line(path, count);
    else console.error(`wordcount: ${path}: ${error}`);
  }
  if (rows.length > 1) out += line('total', sum);
  process.stdout.write(out);
  return rows.some(({ error }) => error !== undefined) ? 1 : 0;
});
