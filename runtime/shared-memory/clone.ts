/**
 * Structured clone of arguments and results through the arena.
 *
 * Numbers, booleans, null and undefined fit the descriptor's two value words, and as arguments so do two whole numbers
 * of 32 bits. More numbers go into a message block as they are. Everything else is serialised by V8, as postMessage does, into a message block. Views of the arena itself (`shared.*`) cross as what they are,
 * shared memory; any other SharedArrayBuffer is refused, since the other side could not attach to it.
 */
import { Deserializer, Serializer } from 'node:v8';
import { inspect } from 'node:util';
import { LwktError, type LwktErrorCode } from '../base/errors.ts';
import { originOf, setOrigin, type Origin } from '../base/origin.ts';
import type { Arena } from './arena.ts';
import { Thread } from './layout/thread.ts';
import { messageAlloc, messageBytes, messageFree, MESSAGES_BUSY } from './messages.ts';
import type { Plain } from './struct.ts';
import { ld, st } from './word.ts';

const { value: VALUE, valueKind: VALUE_KIND } = Thread;

/** What the value words of a descriptor hold. */
export const VALUE_NONE = 0;
export const VALUE_NUMBER = 1;
export const VALUE_UNDEFINED = 2;
export const VALUE_NULL = 3;
export const VALUE_TRUE = 4;
export const VALUE_FALSE = 5;
/** A message: the serialised value. */
export const VALUE_MESSAGE = 6;
/** A message: a serialised error, to be thrown. */
export const VALUE_ERROR = 7;
/** There was no message space for the value; it is gone. */
export const VALUE_LOST = 10;
/** In the heap of the owner cpu. */
export const VALUE_LOCAL = 8;
/** An error in the heap of the owner cpu. */
export const VALUE_LOCAL_ERROR = 9;
/** Two arguments, whole numbers of 32 bits, a word each. */
export const VALUE_INTS = 11;
/** A message: arguments that are all numbers, a double each. */
export const VALUE_NUMBERS = 12;

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

/** True when a value needs no cloning: it cannot change and cannot be shared by reference. */
export function isPlainValue(value: unknown): value is number | boolean | null | undefined {
  return typeof value === 'number' || typeof value === 'boolean' || value === null || value === undefined;
}

/** True when a value may pass from thread to thread of one cpu as it is: it cannot change. */
export function isImmutable(value: unknown): boolean {
  return isPlainValue(value) || typeof value === 'string' || typeof value === 'bigint';
}

/** Writes a plain value into the value words of a descriptor. */
export function stPlainValue(arena: Arena, td: number, value: number | boolean | null | undefined): void {
  const { m } = arena;
  if (typeof value === 'number') {
    arena.f64[(td + VALUE) >> 1] = value;
    st(m, td, VALUE_KIND, VALUE_NUMBER);
  } else if (value === undefined) st(m, td, VALUE_KIND, VALUE_UNDEFINED);
  else if (value === null) st(m, td, VALUE_KIND, VALUE_NULL);
  else st(m, td, VALUE_KIND, value ? VALUE_TRUE : VALUE_FALSE);
}

function isInt32(value: unknown): value is number {
  // -0 is none: it would come back as 0.
  return typeof value === 'number' && Object.is(value | 0, value);
}

/** Writes arguments into the value words, if they fit: none, one number, or two whole numbers of 32 bits. */
export function tryStArguments(arena: Arena, td: number, args: readonly unknown[]): boolean {
  const { m } = arena;
  const [first, second] = args;
  if (args.length === 0) {
    st(m, td, VALUE_KIND, VALUE_NONE);
    return true;
  }
  if (args.length === 1 && typeof first === 'number') {
    stPlainValue(arena, td, first);
    return true;
  }
  if (args.length !== 2 || !isInt32(first) || !isInt32(second)) return false;
  st(m, td, VALUE, first);
  st(m, td, (VALUE + 1) as Plain, second);
  st(m, td, VALUE_KIND, VALUE_INTS);
  return true;
}

/** Takes the two arguments of VALUE_INTS. */
export function takeInts({ m }: Arena, td: number): readonly [number, number] {
  st(m, td, VALUE_KIND, VALUE_NONE);
  return [ld(m, td, VALUE), ld(m, td, (VALUE + 1) as Plain)];
}

/** Writes the offset of a message into the value words. */
export function stMessageValue(arena: Arena, td: number, kind: number, ref: number): void {
  st(arena.m, td, VALUE, ref);
  st(arena.m, td, VALUE_KIND, kind);
}

/**
 * Takes the value that crosses cpus out of a descriptor.
 *
 * @throws the error that it carries, if it is one
 */
export function takeValue(arena: Arena, self: number, td: number): unknown {
  const { m } = arena;
  const kind = ld(m, td, VALUE_KIND);
  st(m, td, VALUE_KIND, VALUE_NONE);
  switch (kind) {
    case VALUE_NUMBER:
      return arena.f64[(td + VALUE) >> 1];
    case VALUE_NULL:
      return null;
    case VALUE_TRUE:
      return true;
    case VALUE_FALSE:
      return false;
    case VALUE_MESSAGE:
      return cloneFromMessage(arena, self, ld(m, td, VALUE));
    case VALUE_NUMBERS:
      return numbersFromMessage(arena, self, ld(m, td, VALUE));
    case VALUE_ERROR:
      throw errorIn(cloneFromMessage(arena, self, ld(m, td, VALUE)));
    case VALUE_LOST:
      throw new LwktError(
        'ERR_LWKT_MESSAGES',
        'the thread ended, but there was no message space for its result or error: join threads sooner, return ' +
          'less, or raise messages (--messages)',
      );
    default:
      return undefined;
  }
}

/** An error on its way. */
interface ErrorRecord {
  /** The error without its own properties, or the thrown value if it is none. */
  readonly error: unknown;
  readonly name: string;
  readonly properties: Readonly<Record<string, unknown>>;
  /** The thread that it came out of. */
  readonly origin?: Origin;
  readonly cause?: ErrorRecord;
  /** Of an AggregateError. */
  readonly errors?: readonly ErrorRecord[];
}

/** The error types of the language, which a clone keeps. */
const ERRORS: Readonly<Record<string, new (message: string) => Error>> = {
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};

/** Causes of causes that cross; more are cut off, and so are circles. */
const MOST_CAUSES = 8;

/** Reads what may throw when read: getters, proxies, inspection. */
function safely<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

/** What should be a text, and may be anything. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : shown(value);
}

function shown(value: unknown): string {
  return safely(() => inspect(value), '(cannot be shown)');
}

/** What crosses for a thrown value: an error keeps its type, stack, causes and own properties. */
export function errorOut(arena: Arena, thrown: unknown): unknown {
  return recordOf(arena, thrown, MOST_CAUSES);
}

function recordOf(arena: Arena, thrown: unknown, causes: number): ErrorRecord {
  if (!safely(() => thrown instanceof Error, false)) {
    return clonable(arena, thrown)
      ? { error: thrown, name: '', properties: {} }
      : recordOf(arena, new Error(shown(thrown)), causes);
  }
  const error = thrown as Error;
  const origin = originOf(error);
  const name = safely(() => textOf(error.name), 'Error');
  const message = safely(() => textOf(error.message), '');
  const plain = new (ERRORS[name] ?? Error)(message);
  plain.stack = safely(() => error.stack, undefined) ?? `${name}: ${message}`;
  const properties: Record<string, unknown> = {};
  for (const key of safely(() => Object.keys(error), [])) {
    const value = safely(() => (error as unknown as Record<string, unknown>)[key], undefined);
    properties[key] = clonable(arena, value) ? value : shown(value);
  }
  const cause = safely(() => error.cause, undefined);
  const errors = safely(
    () => (error instanceof AggregateError ? [...(error.errors as unknown[])] : undefined),
    undefined,
  );
  return {
    error: plain,
    name,
    properties,
    ...(origin === undefined ? {} : { origin }),
    ...(cause === undefined || causes === 0 ? {} : { cause: recordOf(arena, cause, causes - 1) }),
    ...(errors === undefined || causes === 0
      ? {}
      : { errors: errors.map((one) => recordOf(arena, one, causes - 1)) }),
  };
}

/** Makes the thrown value again. */
export function errorIn(record: unknown): unknown {
  const { error, name, properties, origin, cause, errors } = record as ErrorRecord;
  if (!(error instanceof Error)) return error;
  const made = remake(error, name, properties, errors);
  if (origin !== undefined) setOrigin(made, () => origin);
  for (const [key, value] of Object.entries(properties)) {
    if (key !== 'name') define(made, key, value, true);
  }
  if (cause !== undefined) define(made, 'cause', errorIn(cause), false);
  if (made.name !== name) define(made, 'name', name, false);
  return made;
}

function remake(
  error: Error,
  name: string,
  properties: ErrorRecord['properties'],
  errors: readonly ErrorRecord[] | undefined,
): Error {
  let made = error;
  if (errors !== undefined) made = new AggregateError(errors.map(errorIn), error.message);
  else if (name === 'LwktError') made = new LwktError(properties['code'] as LwktErrorCode, error.message);
  if (made !== error && error.stack !== undefined) made.stack = error.stack;
  return made;
}

function define(error: Error, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(error, key, { value, configurable: true, writable: true, enumerable });
}

function clonable(arena: Arena, value: unknown): boolean {
  try {
    cloneOut(arena, value);
    return true;
  } catch {
    return false;
  }
}

function areNumbers(args: readonly unknown[]): args is readonly number[] {
  return args.every((arg) => typeof arg === 'number');
}

function numbersFromMessage(arena: Arena, self: number, ref: number): number[] {
  const bytes = messageBytes(arena, ref);
  const numbers = Array.from(new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8));
  messageFree(arena, self, ref);
  return numbers;
}

/**
 * Puts arguments that do not fit the value words into a message.
 *
 * @param name - the thread's function, for the message of an error
 * @returns false for the host when the message space is busy
 * @throws LwktError ERR_LWKT_CLONE naming the argument that cannot be cloned, ERR_LWKT_MESSAGES
 */
export function stMessageArguments(
  arena: Arena,
  self: number,
  td: number,
  name: string,
  args: readonly unknown[],
): boolean {
  const numbers = areNumbers(args);
  const ref = numbers
    ? messageAlloc(arena, self, 8 * args.length)
    : argumentsToMessage(arena, self, name, args);
  if (ref === MESSAGES_BUSY) return false;
  if (numbers) {
    const bytes = messageBytes(arena, ref);
    new Float64Array(bytes.buffer, bytes.byteOffset, args.length).set(args);
  }
  stMessageValue(arena, td, numbers ? VALUE_NUMBERS : VALUE_MESSAGE, ref);
  return true;
}

/** Frees the message of a value that nobody is going to take, if it has one. */
export function dropValue(arena: Arena, self: number, td: number): void {
  const { m } = arena;
  const kind = ld(m, td, VALUE_KIND);
  st(m, td, VALUE_KIND, VALUE_NONE);
  if (kind === VALUE_MESSAGE || kind === VALUE_NUMBERS || kind === VALUE_ERROR)
    messageFree(arena, self, ld(m, td, VALUE));
}

/**
 * Serialises the arguments of a thread.
 *
 * @param name - the thread's function, for the message
 * @throws LwktError ERR_LWKT_CLONE naming the argument that cannot be cloned
 */
export function argumentsToMessage(
  arena: Arena,
  self: number,
  name: string,
  args: readonly unknown[],
): number {
  try {
    return cloneToMessage(arena, self, args);
  } catch (cause) {
    if (cause instanceof LwktError) throw cause;
    const index = args.findIndex((arg) => !clonable(arena, arg));
    throw new LwktError(
      'ERR_LWKT_CLONE',
      `argument ${index + 1} of '${name}' cannot be cloned: ${cause instanceof Error ? cause.message : String(cause)} ` +
        'Arguments and results cross by structured clone: pass numbers, strings, plain objects, arrays, buffers, ' +
        'or shared memory',
      { cause },
    );
  }
}
