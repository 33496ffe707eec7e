/**
 * Structured clone of values through the arena: serialised by V8, as postMessage does, into a message block. Views of
 * the arena itself (`shared.*`) cross as what they are, shared memory; any other SharedArrayBuffer is refused, since the
 * other side could not attach to it.
 */
import { Deserializer, Serializer } from 'node:v8';
import { inspect } from 'node:util';
import type { Arena } from './arena.ts';
import { messageAlloc, messageBytes, messageFree, MESSAGES_BUSY } from './messages.ts';

const VIEW_ARENA = 0;
const VIEW_COPY = 1;

const VIEWS = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  Float16Array,
] as const;

/** Code of DataView, which is no typed array; Buffer has its own, because it is not the Uint8Array it extends. */
const VIEW_DATAVIEW = 100;
const VIEW_BUFFER = 101;

class ArenaSerializer extends Serializer {
  readonly #arena: Arena;

  constructor(arena: Arena) {
    super();
    this.#arena = arena;
    // Missing from the type definitions, present since Node 8: views come to _writeHostObject.
    (
      this as unknown as { _setTreatArrayBufferViewsAsHostObjects(on: boolean): void }
    )._setTreatArrayBufferViewsAsHostObjects(true);
  }

  _writeHostObject(object: object): void {
    if (!ArrayBuffer.isView(object)) throw new Error(`${inspect(object, { depth: 0 })} could not be cloned.`);
    const shared = object.buffer === this.#arena.memory.buffer;
    if (!shared && object.buffer instanceof SharedArrayBuffer) this._getSharedArrayBufferId();
    this.writeUint32(shared ? VIEW_ARENA : VIEW_COPY);
    this.writeUint32(viewCode(object));
    this.writeUint32(object.byteLength);
    if (shared) this.writeDouble(object.byteOffset);
    else this.writeRawBytes(new Uint8Array(object.buffer, object.byteOffset, object.byteLength));
  }

  _getSharedArrayBufferId(): number {
    throw new Error(
      'a SharedArrayBuffer other than the machine’s own could not be cloned; use shared.u8(name, length) instead.',
    );
  }

  _getDataCloneError(message: string): Error {
    return new Error(message);
  }
}

class ArenaDeserializer extends Deserializer {
  readonly #arena: Arena;

  constructor(arena: Arena, bytes: Uint8Array) {
    super(bytes);
    this.#arena = arena;
  }

  _readHostObject(): ArrayBufferView {
    const where = this.readUint32();
    const code = this.readUint32();
    const bytes = this.readUint32();
    if (where === VIEW_ARENA) return makeView(code, this.#arena.memory.buffer, this.readDouble(), bytes);
    const copy = Uint8Array.from(this.readRawBytes(bytes) as Uint8Array);
    return makeView(code, copy.buffer, 0, bytes);
  }
}

function viewCode(view: ArrayBufferView): number {
  if (Buffer.isBuffer(view)) return VIEW_BUFFER;
  if (view instanceof DataView) return VIEW_DATAVIEW;
  return VIEWS.findIndex((type) => view instanceof type);
}

function makeView(code: number, buffer: ArrayBufferLike, offset: number, bytes: number): ArrayBufferView {
  if (code === VIEW_BUFFER) return Buffer.from(buffer as ArrayBuffer, offset, bytes);
  if (code === VIEW_DATAVIEW) return new DataView(buffer, offset, bytes);
  const View = VIEWS[code] as (typeof VIEWS)[number];
  return new View(buffer as ArrayBuffer, offset, bytes / View.BYTES_PER_ELEMENT);
}

/**
 * Serialises a value.
 *
 * @throws Error with V8's reason when the value cannot be cloned
 */
export function cloneOut(arena: Arena, value: unknown): Uint8Array {
  const serializer = new ArenaSerializer(arena);
  serializer.writeHeader();
  serializer.writeValue(value);
  return serializer.releaseBuffer();
}

/** Makes the value again. */
export function cloneIn(arena: Arena, bytes: Uint8Array): unknown {
  const deserializer = new ArenaDeserializer(arena, bytes);
  deserializer.readHeader();
  return deserializer.readValue();
}

/** Serialises a value into a message; returns its offset; for the host also MESSAGES_BUSY. */
export function cloneToMessage(arena: Arena, self: number, value: unknown): number {
  const bytes = cloneOut(arena, value);
  const ref = messageAlloc(arena, self, bytes.byteLength);
  if (ref !== MESSAGES_BUSY) messageBytes(arena, ref).set(bytes);
  return ref;
}

/** Takes a value out of its message and frees it. */
export function cloneFromMessage(arena: Arena, self: number, ref: number): unknown {
  // A copy, because V8's reader does not read from shared memory, and the block is freed below.
  const bytes = messageBytes(arena, ref).slice();
  messageFree(arena, self, ref);
  return cloneIn(arena, bytes);
}

/** True when a value can be cloned. */
export function clonable(arena: Arena, value: unknown): boolean {
  try {
    cloneOut(arena, value);
    return true;
  } catch {
    return false;
  }
}
