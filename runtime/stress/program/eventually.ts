/** Waiting in a thread for a condition that other cpus bring about; the limit only tells a hang from slowness. */
import { nowNs } from '../../base/clock.ts';
import { sleep } from '../../lwkt.ts';

const LIMIT_MS = 20_000;

/** @returns whether the condition came true in time */
export function* eventually(check: () => boolean): Generator<unknown, boolean, unknown> {
  const end = nowNs() + LIMIT_MS * 1e6;
  while (!check()) {
    if (nowNs() > end) return false;
    yield* sleep(1);
  }
  return true;
}
