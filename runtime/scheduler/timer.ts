/**
 * Timers of this cpu: a binary heap of deadlines.
 *
 * A timer that is no longer wanted is only marked; it leaves the heap when its time comes, or when half are dead. Timers of equal time
 * fire in the order they were set.
 */

/** One deadline. */
export interface Timer {
  /** Nanoseconds of this cpu's clock. */
  readonly when: number;
  /** Called once, in idle context. */
  readonly fire: () => void;
  readonly order: number;
  /** False once it fired or was cancelled. */
  live: boolean;
}

/** The heap; the earliest first. Per cpu. */
const heap: Timer[] = [];
let nextOrder = 0;
/** Cancelled timers still in the heap, and how many are nothing to speak of. Per cpu. */
let dead = 0;
const MOST_DEAD = 1000;

function before(a: Timer, b: Timer): boolean {
  return a.when < b.when || (a.when === b.when && a.order < b.order);
}

/** Sets a timer. Context: thread; never blocks. */
export function setTimer(when: number, fire: () => void): Timer {
  const timer: Timer = { when, fire, order: nextOrder++, live: true };
  let at = heap.length;
  while (at > 0) {
    const up = (at - 1) >> 1;
    const parent = heap[up] as Timer;
    if (!before(timer, parent)) break;
    heap[at] = parent;
    at = up;
  }
  heap[at] = timer;
  return timer;
}

/** Makes a timer not fire. Context: thread | idle; never blocks. */
export function cancelTimer(timer: Timer): void {
  if (!timer.live) return;
  timer.live = false;
  dead++;
  if (dead > MOST_DEAD && dead * 2 > heap.length) compact();
}

/** Drops the dead, so that cancelled timers of a far future do not pile up. */
function compact(): void {
  const live = heap.filter((timer) => timer.live);
  // Sorted is a heap.
  live.sort((a, b) => (before(a, b) ? -1 : 1));
  heap.splice(0, heap.length, ...live);
  dead = 0;
}

/** When the next timer fires, Infinity if there is none. Context: any; never blocks. */
export function nextDeadline(): number {
  while (heap.length !== 0 && !(heap[0] as Timer).live) {
    pop();
    dead--;
  }
  return heap[0]?.when ?? Infinity;
}

/** Fires every timer due at `now`. Context: thread | idle; never blocks. */
export function fireTimers(now: number): void {
  while (nextDeadline() <= now) {
    const timer = pop();
    timer.live = false;
    timer.fire();
  }
}

function pop(): Timer {
  const top = heap[0] as Timer;
  const last = heap.pop() as Timer;
  const size = heap.length;
  if (size === 0) return top;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= size) break;
    if (child + 1 < size && before(heap[child + 1] as Timer, heap[child] as Timer)) child++;
    if (!before(heap[child] as Timer, last)) break;
    heap[at] = heap[child] as Timer;
    at = child;
  }
  heap[at] = last;
  return top;
}
