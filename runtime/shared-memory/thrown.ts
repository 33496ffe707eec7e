/** What a thread throws, on its way to another corner: an error keeps its type, stack, causes and own properties. */
import { inspect } from 'node:util';
import { LwktError, type LwktErrorCode } from '../base/errors.ts';
import { originOf, setOrigin, type Origin } from '../base/origin.ts';
import type { Arena } from './arena.ts';
import { clonable } from './clone.ts';

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
