/**
 * Arguments and results of threads, on their way through a descriptor.
 *
 * Numbers, booleans, null and undefined fit its two value words, and as arguments so do two whole numbers of 32 bits. More
 * numbers go into a message block as they are; everything else is cloned into one.
 */
import { LwktError } from '../base/errors.ts';
import type { Arena } from './arena.ts';
import { clonable, cloneFromMessage, cloneToMessage } from './clone.ts';
import { Thread } from './layout/thread.ts';
import { messageAlloc, messageBytes, messageFree, MESSAGES_BUSY } from './messages.ts';
import type { Plain } from './struct.ts';
import { errorIn } from './thrown.ts';
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

function areNumbers(args: readonly unknown[]): args is readonly number[] {
  // every() would pass over holes, which are no numbers.
  for (const arg of args) if (typeof arg !== 'number') return false;
  return true;
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
