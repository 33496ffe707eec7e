/**
 * Dump files: a machine's arena and the names of its functions, written by the host without help from any cpu, read
 * by anybody later.
 *
 * A file is a line `LWKTDUMP 1`, a line of JSON that says what follows, and the words of the arena, compressed. What
 * is read is data from anywhere: sizes are checked against the shape before memory is taken, and the words are shown
 * by observe/view.ts, which believes none of them.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { endianness } from 'node:os';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { z } from 'zod';
import { LwktError } from '../base/errors.ts';
import { MAXCPU, MAX_RING, MAX_THREADS } from '../base/params.ts';
import type { FunctionNames } from '../observe/view.ts';
import type { Arena } from '../shared-memory/arena.ts';
import { memoryMap } from '../shared-memory/layout/memory-map.ts';
import { layoutHash } from '../shared-memory/struct.ts';

const FIRST_LINE = 'LWKTDUMP 1';
/** Longest second line in bytes: names of functions, mostly. */
const MAX_HEAD = 4 * 1024 * 1024;
const CHUNK = 1024 * 1024;
const GIB = 1024 ** 3;

const whole = (least: number, most: number): z.ZodNumber => z.int().min(least).max(most);

const Head = z.object({
  layoutHash: z.int(),
  endian: z.enum(['LE', 'BE']),
  shape: z.object({
    ncpus: whole(1, MAXCPU),
    ringSize: whole(2, MAX_RING),
    threads: whole(1, MAX_THREADS),
    names: whole(1, 1_000_000),
    memory: whole(0, 2 * GIB),
    messages: whole(4096, GIB),
  }),
  program: z.string(),
  names: z.object({ threads: z.array(z.string()), ipis: z.array(z.string()) }),
  node: z.string(),
  pid: z.int(),
  time: z.string(),
});

/** What a dump says beside the words. */
export type DumpHead = z.infer<typeof Head>;

/** A dump that was read. */
export interface Dump {
  readonly head: DumpHead;
  readonly arena: Arena;
  readonly names: FunctionNames;
}

function bad(path: string, why: string, cause?: unknown): LwktError {
  return new LwktError('ERR_LWKT_DUMP', `${path}: ${why}`, { cause });
}

/**
 * Writes a dump; the file is complete or not there.
 *
 * @throws LwktError ERR_LWKT_DUMP when it cannot be written
 */
export async function writeDump(
  path: string,
  arena: Arena,
  names: FunctionNames,
  program: string,
): Promise<void> {
  const { ncpus, ringSize, threads, names: symbols, memory, messages } = arena.map;
  const head: DumpHead = {
    layoutHash: layoutHash(),
    endian: endianness(),
    shape: { ncpus, ringSize, threads, names: symbols, memory, messages },
    program,
    names: { threads: [...names.threads], ipis: [...names.ipis] },
    node: process.version,
    pid: process.pid,
    time: new Date().toISOString(),
  };
  const bytes = new Uint8Array(arena.m.buffer, 0, arena.map.words * 4);
  function* chunks(): Generator<Buffer> {
    // Copied piece by piece: the cpus may be writing.
    for (let at = 0; at < bytes.length; at += CHUNK) yield Buffer.from(bytes.slice(at, at + CHUNK));
  }
  const partial = `${path}.partial`;
  try {
    const file = createWriteStream(partial, { mode: 0o600 });
    file.write(`${FIRST_LINE}\n${JSON.stringify(head)}\n`);
    await pipeline(Readable.from(chunks()), createGzip({ level: 1 }), file);
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw bad(path, `cannot write the dump: ${(error as Error).message}`, error);
  }
}

/** The two lines before the words, and where those begin. */
async function readHead(path: string): Promise<{ head: DumpHead; start: number }> {
  const refuse = (error: unknown): never => {
    throw bad(path, `cannot read it: ${(error as Error).message}`, error);
  };
  const file = await open(path).catch(refuse);
  try {
    const buffer = Buffer.alloc(MAX_HEAD);
    const { bytesRead } = await file.read(buffer, 0, MAX_HEAD, 0).catch(refuse);
    const text = buffer.subarray(0, bytesRead);
    const first = text.indexOf(10);
    if (first < 0 || text.toString('latin1', 0, first) !== FIRST_LINE) {
      const isOther = text.toString('latin1', 0, 8) === 'LWKTDUMP';
      throw bad(path, isOther ? 'a dump of another version of lwkt' : 'no dump of lwkt');
    }
    const second = text.indexOf(10, first + 1);
    if (second < 0) throw bad(path, 'the dump is cut off before its first words');
    let value: unknown;
    try {
      value = JSON.parse(text.toString('utf8', first + 1, second));
    } catch (error) {
      throw bad(path, 'the dump is damaged: its second line is no JSON', error);
    }
    const head = Head.safeParse(value);
    if (!head.success) {
      const [issue] = head.error.issues;
      throw bad(path, `the dump is damaged: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`);
    }
    return { head: head.data, start: second + 1 };
  } finally {
    await file.close();
  }
}

/**
 * Reads a dump.
 *
 * @throws LwktError ERR_LWKT_DUMP when it is none, of another version, or damaged
 */
export async function readDump(path: string): Promise<Dump> {
  const { head, start } = await readHead(path);
  if (head.layoutHash !== layoutHash() || head.endian !== endianness()) {
    throw bad(
      path,
      'the dump was written by another version of lwkt, or on another kind of computer: read it there',
    );
  }
  const { shape } = head;
  if (
    (shape.ringSize & (shape.ringSize - 1)) !== 0 ||
    (shape.messages & (shape.messages - 1)) !== 0 ||
    shape.memory % 128 !== 0
  ) {
    throw bad(path, 'the dump is damaged: its sizes are no sizes of a machine');
  }
  let map;
  try {
    map = memoryMap(shape);
  } catch (error) {
    throw bad(path, 'the dump is damaged: its machine would be too large', error);
  }
  // Memory grows with what is there, not with what is announced.
  const pieces: Buffer[] = [];
  let length = 0;
  const limit = map.words * 4;
  try {
    await pipeline(
      createReadStream(path, { start }),
      createGunzip(),
      async (source: AsyncIterable<Buffer>) => {
        for await (const piece of source) {
          length += piece.length;
          if (length > limit) throw new Error('it has more words than it says');
          pieces.push(piece);
        }
      },
    );
  } catch (error) {
    throw bad(path, `the dump is damaged: ${(error as Error).message}`, error);
  }
  if (length !== limit) throw bad(path, `the dump is cut off: ${length} of ${limit} bytes are there`);
  const buffer = new SharedArrayBuffer(limit);
  const bytes = new Uint8Array(buffer);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  const arena: Arena = { memory: { buffer }, m: new Int32Array(buffer), f64: new Float64Array(buffer), map };
  return { head, arena, names: head.names };
}
