/**
 * A queue under a mutex and two conditions. Each thread has one item; an exchange puts it in and takes another out, or
 * the other way round. The queue is half full when nobody is at it, so it is never full and empty at once, and nobody
 * waits for ever. At the end every item is in the queue or in one thread's hand, once.
 */
import { nowNs } from '../../base/clock.ts';
import {
  condition,
  conditionBroadcast,
  conditionSignal,
  conditionWait,
  mutex,
  mutexLock,
  mutexUnlock,
  shared,
  type Condition,
  type Mutex,
} from '../../lwkt.ts';
import type { StressPlan } from '../plan.ts';
import { busted, failed, gaveUp, switchAway, waited, type Torture } from './harness.ts';

const SLOTS = 8;
const HALF = SLOTS / 2;
/** Words of the region: first, length, whether it was filled; then the slots, the items in hand, and where items are. */
const FIRST = 0;
const LENGTH = 1;
const FILLED = 2;
const SLOT = 32;
const HAND = 64;

/** Per cpu. */
let lock: Mutex = 0;
let notEmpty: Condition = 0;
let notFull: Condition = 0;
let q = new Int32Array(0);
let threads = 0;

/** Finds the queue; before the first exchange on this cpu. */
export function bindQueue(plan: StressPlan): void {
  threads = plan.cpus * plan.threads;
  lock = mutex('lwkt.stress.queue');
  notEmpty = condition('lwkt.stress.not-empty');
  notFull = condition('lwkt.stress.not-full');
  q = shared.i32('lwkt.stress.queue', HAND + threads);
}

/** The first who comes fills the queue: items are numbered from 1, those of the threads first. */
function fill(): void {
  if (q[FILLED] !== 0) return;
  q[FILLED] = 1;
  for (let i = 0; i < threads; i++) q[HAND + i] = 1 + i;
  for (let i = 0; i < HALF; i++) q[SLOT + i] = 1 + threads + i;
  q[LENGTH] = HALF;
}

/** Waits for a change; some wait for a short time only, and look again. */
function* waitFor(t: Torture, cond: Condition): Generator<unknown, void, unknown> {
  const ms = t.next(4) === 0 ? t.next(20) / 10 : Infinity;
  const from = nowNs();
  if (!(yield* conditionWait(cond, lock, ms))) gaveUp(t, from, ms);
}

/** Gives away the item in hand. */
function* put(t: Torture): Generator<unknown, void, unknown> {
  yield* mutexLock(lock);
  fill();
  while ((q[LENGTH] as number) === SLOTS) yield* waitFor(t, notFull);
  const length = q[LENGTH] as number;
  q[SLOT + (((q[FIRST] as number) + length) % SLOTS)] = q[HAND + t.index] as number;
  if (t.next(4) === 0) yield* switchAway(t);
  q[HAND + t.index] = 0;
  q[LENGTH] = length + 1;
  conditionSignal(notEmpty);
  mutexUnlock(lock);
}

/** Takes an item into `hand`: the thread's word, or none of them yet. */
function* take(t: Torture): Generator<unknown, number, unknown> {
  yield* mutexLock(lock);
  fill();
  while ((q[LENGTH] as number) === 0) yield* waitFor(t, notEmpty);
  const first = q[FIRST] as number;
  const length = q[LENGTH] as number;
  const item = q[SLOT + first] as number;
  if (t.next(4) === 0) yield* switchAway(t);
  q[FIRST] = (first + 1) % SLOTS;
  q[LENGTH] = length - 1;
  // More than were asked for are woken now and then; they look again.
  if (t.next(8) === 0) conditionBroadcast(notFull);
  else conditionSignal(notFull);
  mutexUnlock(lock);
  if (item <= 0 || item > threads + HALF) failed('queue-item', t.line, { item, most: threads + HALF });
  return busted(t, 'queue-item') ? 1 : item;
}

/** Puts one item in and takes one out, in either order. */
export function* exchange(t: Torture): Generator<unknown, void, unknown> {
  const from = nowNs();
  if (t.next(2) === 0) {
    yield* put(t);
    q[HAND + t.index] = yield* take(t);
  } else {
    const other = yield* take(t);
    yield* put(t);
    q[HAND + t.index] = other;
  }
  waited(t, from);
}

/** Looks for every item when all threads have ended. */
export function* checkQueue(): Generator<unknown, void, unknown> {
  yield* mutexLock(lock);
  fill();
  const found = [...q.subarray(HAND, HAND + threads)];
  for (let i = 0; i < (q[LENGTH] as number); i++) {
    found.push(q[SLOT + (((q[FIRST] as number) + i) % SLOTS)] as number);
  }
  mutexUnlock(lock);
  const items = new Set(found);
  for (let item = 1; item <= threads + HALF; item++) {
    if (!items.has(item)) failed('queue-item', 0, { item, items: found.length });
  }
  if (found.length !== threads + HALF)
    failed('queue-item', 0, { expected: threads + HALF, found: found.length });
}
