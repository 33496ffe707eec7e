/** Waiting in a thread for a condition that other cpus bring about; the limit only tells a hang from slowness. */
import { nowNs } from '../../base/clock.ts';
import { sleep } from '../../lwkt.ts';
import type { StressPlan } from '../plan.ts';

/**
 * @param plan - says after how long something stands still
 * @returns whether the condition came true in time
 */
export function* eventually(
  { stallMs }: StressPlan,
  check: () => boolean,
): Generator<unknown, boolean, unknown> {
  const end = nowNs() + stallMs * 1e6;
  while (!check()) {
    if (nowNs() > end) return false;
    yield* sleep(1);
  }
  return true;
}
