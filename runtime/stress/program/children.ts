/** Threads that operations make, and how they end. */
import { join, LwktError, type LwktErrorCode, type Td } from '../../lwkt.ts';

/** Joins a thread that fails; its error, or undefined if it did not. */
export function* errorOf(td: Td): Generator<unknown, unknown, unknown> {
  try {
    yield* join(td);
  } catch (error) {
    return error;
  }
  return undefined;
}

/** True for an error of the machine with this code. */
export function hasCode(error: unknown, code: LwktErrorCode): boolean {
  return error instanceof LwktError && error.code === code;
}
