/** Threads that operations make, and how they end. */
import { join, kill, lwktAcquire, LwktError, sleep, type LwktErrorCode, type Td } from '../../lwkt.ts';
import { failed, type Torture } from './harness.ts';

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

/** Kills a thread, and looks whether it has ended by that. */
export function* slay(t: Torture, td: Td): Generator<unknown, void, unknown> {
  kill(td);
  const error = yield* errorOf(td);
  if (!hasCode(error, 'ERR_LWKT_KILLED')) failed('result', t.line, { handle: td });
}

/** Kills it a moment later, or before it has begun. */
export function* slayLater(t: Torture, td: Td): Generator<unknown, void, unknown> {
  if (t.next(4) !== 0) yield* sleep(t.next(20) / 20);
  yield* slay(t, td);
}

/** Brings a thread here, if it is to be had. @returns whether it was */
export function* acquire(td: Td): Generator<unknown, boolean, unknown> {
  try {
    yield* lwktAcquire(td);
    return true;
  } catch (error) {
    // It ended before, or another cpu asked first, which is their right.
    if (!hasCode(error, 'ERR_LWKT_MOVE') && !hasCode(error, 'ERR_LWKT_NO_THREAD')) throw error;
    return false;
  }
}
