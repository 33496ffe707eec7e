/**
 * The suite `sync`: mutexes, spinlocks, semaphores and rwlocks, as many of each as the plan has tokens, each with a
 * section of its own; threads lock them in every way there is. What needs a group of threads is in sync-groups.ts,
 * the queue of conditions in sync-queue.ts.
 *
 * What one thread needs of another is brought about by the operations of other threads, or by children; so an
 * operation ends on its own once the phase is over, and a lost wake-up shows as a thread that stands still.
 */
import { nowNs } from '../../base/clock.ts';
import {
  acquired,
  kthread,
  locked,
  mutex,
  mutexLock,
  mutexTryLock,
  mutexUnlock,
  readLocked,
  rwlock,
  rwlockRead,
  rwlockTryRead,
  rwlockTryWrite,
  rwlockUnlock,
  rwlockWrite,
  semaphore,
  semaphorePost,
  semaphoreTryWait,
  semaphoreWait,
  shared,
  spinLock,
  spinlock,
  spinTryLock,
  spinUnlock,
  writeLocked,
  type Mutex,
  type RwLock,
  type Semaphore,
  type Spinlock,
} from '../../lwkt.ts';
import type { Atomic } from '../../shared-memory/struct.ts';
import { addA, ldA } from '../../shared-memory/word.ts';
import type { StressPlan } from '../plan.ts';
import {
  busted,
  failed,
  gaveUp,
  hold,
  switchAway,
  torture,
  waited,
  type Operations,
  type SuiteProgram,
  type Torture,
} from './harness.ts';
import { goThrough, isInside, SECTION_WORDS, stayIn, sumOf } from './section.ts';
import {
  barrierRounds,
  bindGroups,
  failedHolder,
  killedWaiter,
  onceOfMany,
  relay,
  takeFree,
} from './sync-groups.ts';
import { bindQueue, checkQueue, exchange } from './sync-queue.ts';

/** Semaphores have 1, 2, 3, 1, … units. */
const MOST_UNITS = 3;
const LINE = 32;
/** Threads inside a semaphore; readers of an rwlock: a line each. */
const COUNT = 0 as Atomic;

/** Per cpu. */
let mutexes: readonly Mutex[] = [];
let spins: readonly Spinlock[] = [];
let rwlocks: readonly RwLock[] = [];
let semaphores: readonly Semaphore[] = [];
/** Sections of the mutexes, then the spinlocks, then the rwlocks. */
let m = new Int32Array(0);
/** Counts of the semaphores, then of the rwlocks' readers. */
let counts = new Int32Array(0);
let each = 0;

const unitsOf = (which: number): number => 1 + (which % MOST_UNITS);

function bind(plan: StressPlan): void {
  if (each !== 0) return;
  each = plan.tokens;
  const all = Array.from({ length: each }, (_, i) => i);
  mutexes = all.map((i) => mutex(`lwkt.stress.${i}`));
  spins = all.map((i) => spinlock(`lwkt.stress.${i}`));
  rwlocks = all.map((i) => rwlock(`lwkt.stress.${i}`));
  semaphores = all.map((i) => semaphore(unitsOf(i), `lwkt.stress.${i}`));
  m = shared.i32('lwkt.stress.sync', 3 * each * SECTION_WORDS);
  counts = shared.i32('lwkt.stress.sync.counts', 2 * each * LINE);
  bindQueue(plan);
  bindGroups(plan);
}

const baseOf = (section: number): number => section * SECTION_WORDS;

/** Goes through the section of what the thread holds; blocks in it only where that is allowed. */
function* inside(t: Torture, section: number): Generator<unknown, void, unknown> {
  yield* stayIn(t, m, baseOf(section), section);
  t.tally[section] = (t.tally[section] as number) + 1;
}

function insideSpin(t: Torture, which: number): void {
  goThrough(t, m, baseOf(each + which), each + which);
  t.tally[each + which] = (t.tally[each + which] as number) + 1;
}

/** A time limit in milliseconds for one lock in eight. */
function limit(t: Torture): number {
  return t.next(8) === 0 ? t.next(30) / 10 : Infinity;
}

/** Notes the wait, and looks at one that was given up. */
function waitedFor(t: Torture, from: number, got: boolean, ms: number): boolean {
  waited(t, from);
  if (!got) gaveUp(t, from, ms);
  return got;
}

function* insideSemaphore(t: Torture, which: number): Generator<unknown, void, unknown> {
  const now = addA(counts, which * LINE, COUNT, 1) + 1;
  if (now > unitsOf(which)) failed('units', t.line, { lock: which, most: unitsOf(which), found: now });
  hold(t);
  if (t.next(3) === 0) yield* switchAway(t);
  addA(counts, which * LINE, COUNT, -1);
}

function* readInside(t: Torture, which: number): Generator<unknown, void, unknown> {
  const base = baseOf(2 * each + which);
  const readers = (each + which) * LINE;
  addA(counts, readers, COUNT, 1);
  const sum = sumOf(m, base);
  const before = isInside(m, base);
  hold(t);
  if (t.next(3) === 0) yield* switchAway(t);
  if (before || isInside(m, base) || sumOf(m, base) !== sum)
    failed('readers', t.line, { lock: which, expected: sum, found: sumOf(m, base) });
  addA(counts, readers, COUNT, -1);
}

/** No reader is inside. */
function mustBeNone(t: Torture, which: number, readers: number): void {
  const found = ldA(counts, readers, COUNT);
  if (found !== 0) failed('readers', t.line, { lock: which, expected: 0, found });
}

function* writeInside(t: Torture, which: number): Generator<unknown, void, unknown> {
  const readers = (each + which) * LINE;
  mustBeNone(t, which, readers);
  yield* inside(t, 2 * each + which);
  mustBeNone(t, which, readers);
}

function* tryOne(t: Torture, which: number): Generator<unknown, void, unknown> {
  switch (t.next(5)) {
    case 0:
      if (!mutexTryLock(mutexes[which] as Mutex)) return;
      yield* inside(t, which);
      mutexUnlock(mutexes[which] as Mutex);
      return;
    case 1:
      if (!spinTryLock(spins[which] as Spinlock)) return;
      insideSpin(t, which);
      spinUnlock(spins[which] as Spinlock);
      return;
    case 2:
      if (!semaphoreTryWait(semaphores[which] as Semaphore)) return;
      yield* insideSemaphore(t, which);
      semaphorePost(semaphores[which] as Semaphore);
      return;
    case 3:
      if (!rwlockTryRead(rwlocks[which] as RwLock)) return;
      yield* readInside(t, which);
      rwlockUnlock(rwlocks[which] as RwLock);
      return;
    default:
      if (!rwlockTryWrite(rwlocks[which] as RwLock)) return;
      yield* writeInside(t, which);
      rwlockUnlock(rwlocks[which] as RwLock);
  }
}

/** Locks by a guard; two mutexes in the order of their numbers. */
function* guardOne(t: Torture, which: number): Generator<unknown, void, unknown> {
  const kind = t.next(4);
  if (kind === 0) {
    using _first = yield* locked(mutexes[which] as Mutex);
    if (which + 1 < each) {
      using _second = yield* locked(mutexes[which + 1] as Mutex);
      yield* inside(t, which + 1);
    }
    yield* inside(t, which);
  } else if (kind === 1) {
    using _unit = yield* acquired(semaphores[which] as Semaphore);
    yield* insideSemaphore(t, which);
  } else if (kind === 2) {
    using _read = yield* readLocked(rwlocks[which] as RwLock);
    yield* readInside(t, which);
  } else {
    using _write = yield* writeLocked(rwlocks[which] as RwLock);
    yield* writeInside(t, which);
  }
}

const operations: Operations<'sync'> = {
  *mutex(t) {
    const which = t.next(each);
    const timeoutMs = limit(t);
    const from = nowNs();
    const got = yield* mutexLock(mutexes[which] as Mutex, { timeoutMs });
    if (!waitedFor(t, from, got, timeoutMs)) return;
    yield* inside(t, which);
    mutexUnlock(mutexes[which] as Mutex);
  },
  *try(t) {
    yield* tryOne(t, t.next(each));
  },
  *guard(t) {
    yield* guardOne(t, t.next(each));
  },
  *spin(t) {
    const which = t.next(each);
    const from = nowNs();
    yield* spinLock(spins[which] as Spinlock);
    waited(t, from);
    insideSpin(t, which);
    spinUnlock(spins[which] as Spinlock);
  },
  *semaphore(t) {
    const which = t.next(each);
    const ms = limit(t);
    const from = nowNs();
    const free = busted(t, 'units');
    const got = free || (yield* semaphoreWait(semaphores[which] as Semaphore, ms));
    if (!waitedFor(t, from, got, ms)) return;
    yield* insideSemaphore(t, which);
    if (!free) semaphorePost(semaphores[which] as Semaphore);
  },
  *queue(t) {
    yield* exchange(t);
  },
  *read(t) {
    const which = t.next(each);
    const ms = limit(t);
    const from = nowNs();
    const free = busted(t, 'readers');
    const got = free || (yield* rwlockRead(rwlocks[which] as RwLock, ms));
    if (!waitedFor(t, from, got, ms)) return;
    yield* readInside(t, which);
    if (!free) rwlockUnlock(rwlocks[which] as RwLock);
  },
  *write(t) {
    const which = t.next(each);
    const timeoutMs = limit(t);
    const from = nowNs();
    const got = yield* rwlockWrite(rwlocks[which] as RwLock, { timeoutMs });
    if (!waitedFor(t, from, got, timeoutMs)) return;
    yield* writeInside(t, which);
    rwlockUnlock(rwlocks[which] as RwLock);
  },
  *barrier(t) {
    yield* barrierRounds(t);
  },
  *once(t) {
    yield* onceOfMany(t);
  },
  *kill(t) {
    const which = t.next(each);
    yield* killedWaiter(t, [
      mutexes[which] as Mutex,
      semaphores[which] as Semaphore,
      rwlocks[which] as RwLock,
    ]);
  },
  *poison(t) {
    yield* failedHolder(t);
  },
  *relay(t) {
    yield* relay(t);
  },
};

/** The sums when the phase began. On the cpu that runs the phases. */
let before: readonly number[] = [];

const sums = (): number[] => Array.from({ length: 3 * each }, (_, section) => sumOf(m, baseOf(section)));

/** Everything can be had at once, and no more than there is. */
function checkFree(): void {
  for (let which = 0; which < each; which++) {
    const units = unitsOf(which);
    const sem = semaphores[which] as Semaphore;
    const found = takeFree(sem, units);
    if (found !== units) failed('units', 0, { lock: which, expected: units, found });
    if (found !== 0) semaphorePost(sem, found);
    if (mutexTryLock(mutexes[which] as Mutex)) mutexUnlock(mutexes[which] as Mutex);
    else failed('left', 0, { lock: which, kind: 0 });
    if (rwlockTryWrite(rwlocks[which] as RwLock)) rwlockUnlock(rwlocks[which] as RwLock);
    else failed('left', 0, { lock: which, kind: 1 });
  }
}

export const sync: SuiteProgram = {
  body: kthread(
    function* stressSync(state) {
      return yield* torture('sync', state, operations);
    },
    { movable: true },
  ),
  bind,
  *prepare() {
    before = sums();
  },
  *finish(_plan, tallies) {
    sums().forEach((found, section) => {
      const counted = tallies.reduce((sum, tally) => sum + (tally[section] ?? 0), before[section] ?? 0) | 0;
      if (found !== counted) failed('lost-update', 0, { section, expected: counted, found });
    });
    checkFree();
    yield* checkQueue();
  },
};
