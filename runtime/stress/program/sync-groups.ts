/**
 * What needs a group of threads: barriers, once, waiters that are killed, holders that fail. An operation makes the
 * group and its objects, and both end with it.
 */
import {
  barrier,
  barrierWait,
  condition,
  conditionBroadcast,
  conditionWait,
  destroy,
  join,
  kill,
  kthread,
  lwktYield,
  mutex,
  mutexLock,
  mutexUnlock,
  ncpus,
  once,
  onceRun,
  rwlock,
  rwlockRead,
  rwlockUnlock,
  rwlockWrite,
  semaphore,
  semaphorePost,
  semaphoreTryWait,
  semaphoreWait,
  shared,
  sleep,
  spawn,
  type Barrier,
  type Condition,
  type Mutex,
  type Once,
  type RwLock,
  type Semaphore,
  type Td,
} from '../../lwkt.ts';
import type { Atomic } from '../../shared-memory/struct.ts';
import { addA, ldA, stA } from '../../shared-memory/word.ts';
import type { StressPlan } from '../plan.ts';
import { errorOf, hasCode, slay, slayLater } from './children.ts';
import { anyCpu, busted, failed, switchAway, type Torture } from './harness.ts';

/** For each thread of the suite a line: the rounds of its group, and what its group does once. */
const LINE = 32;
const MOST_IN_GROUP = 6;
const DONE = 16 as Atomic;
/** How often the group still fails at it. */
const FAILURES = 17 as Atomic;
/** How often the group has gone through its lock: plain, it is what the lock protects. */
const PASSED = 24;

let m = new Int32Array(0);

/** Finds the groups' words; before the first operation on this cpu. */
export function bindGroups(plan: StressPlan): void {
  m = shared.i32('lwkt.stress.groups', plan.cpus * plan.threads * LINE);
}

/** A thread of the group for each number of 0 .. n - 1, on any cpu. */
function group<R>(n: number, make: (me: number) => Td<R>): Td<R>[] {
  return Array.from({ length: n }, (_, me) => make(me));
}

// ---- barrier

function checkStep(base: number, all: number, round: number): void {
  for (let other = 0; other < all; other++) {
    const at = ldA(m, base, other as Atomic);
    if (at < round || at > round + 1) failed('barrier', 0, { member: other, round, found: at });
  }
}

interface Walk {
  readonly b: Barrier;
  readonly base: number;
  readonly all: number;
  readonly rounds: number;
  /** Looks before the barrier opens. */
  readonly hasty: boolean;
}

const walker = kthread(function* stressWalker({ b, base, all, rounds, hasty }: Walk, me: number) {
  let last = 0;
  for (let round = 1; round <= rounds; round++) {
    stA(m, base, me as Atomic, round);
    if (((round + me) & 1) === 0) yield* lwktYield();
    if (hasty) checkStep(base, all, round);
    if (yield* barrierWait(b)) last++;
    checkStep(base, all, round);
  }
  return last;
});

const early = kthread(function* stressEarly(b: Barrier) {
  yield* barrierWait(b);
});

/** Some threads go in step; one that came before them is killed, so it has not come. */
export function* barrierRounds(t: Torture): Generator<unknown, void, unknown> {
  const all = 2 + t.next(MOST_IN_GROUP - 1);
  const rounds = 1 + t.next(8);
  const b = barrier(all);
  const base = t.index * LINE;
  for (let i = 0; i < MOST_IN_GROUP; i++) stA(m, base, i as Atomic, 0);
  if (t.next(2) === 0) {
    const td = spawn(early, [b], { cpu: anyCpu(t) });
    yield* switchAway(t);
    yield* slay(t, td);
  }
  const walk: Walk = { b, base, all, rounds, hasty: busted(t, 'barrier') };
  let last = 0;
  for (const td of group(all, (me) => spawn(walker, [walk, me], { cpu: anyCpu(t) }))) last += yield* join(td);
  if (last !== rounds) failed('barrier', t.line, { group: all, expected: rounds, found: last });
  destroy(b);
}

// ---- relay

/** Kinds; the first is a mutex alone. */
const SEMAPHORE = 1;
/** To write. */
const RWLOCK = 2;
/** A mutex and a condition: each waits for its turn, which the one before gives it. */
const IN_TURN = 3;
const RELAYS = 4;
const MOST_UNITS = 3;

/** A lock of a relay. */
interface Relay {
  readonly kind: number;
  readonly mu: Mutex;
  readonly sem: Semaphore;
  readonly units: number;
  readonly rw: RwLock;
  readonly cond: Condition;
  readonly base: number;
  readonly all: number;
  readonly times: number;
}

const runner = kthread(function* stressRelayRunner(race: Relay, me: number) {
  const { kind, mu, sem, units, rw, cond, base, all, times } = race;
  for (let i = 0; i < times; i++) {
    if (kind === SEMAPHORE) yield* semaphoreWait(sem);
    else if (kind === RWLOCK) yield* rwlockWrite(rw);
    else yield* mutexLock(mu);
    if (kind === IN_TURN) while ((m[base + PASSED] as number) % all !== me) yield* conditionWait(cond, mu);
    // Several at once only where a semaphore lets them in.
    if (kind === SEMAPHORE && units > 1) {
      addA(m, base, PASSED as Atomic, 1);
      // Others come and wait.
      yield* lwktYield();
    } else m[base + PASSED] = ((m[base + PASSED] as number) + 1) | 0;
    if (kind === IN_TURN) conditionBroadcast(cond);
    if (kind === SEMAPHORE) semaphorePost(sem);
    else if (kind === RWLOCK) rwlockUnlock(rw);
    else mutexUnlock(mu);
  }
});

const taker = kthread(function* stressTaker(sem: Semaphore, base: number) {
  yield* semaphoreWait(sem);
  addA(m, base, PASSED as Atomic, 1);
});

/** Units are given, one after the other, to threads that wait for one each; nobody gives any after. */
function* handOut(t: Torture): Generator<unknown, void, unknown> {
  const base = t.index * LINE;
  const sem = semaphore(0);
  const all = 2 + t.next(MOST_IN_GROUP - 1);
  m[base + PASSED] = 0;
  const takers = group(all, () => spawn(taker, [sem, base], { cpu: anyCpu(t) }));
  yield* switchAway(t);
  for (let i = 0; i < all; i++) semaphorePost(sem);
  for (const td of takers) yield* join(td);
  const found = m[base + PASSED] as number;
  if (found !== all) failed('units', t.line, { group: all, expected: all, found });
  destroy(sem);
}

/** Takes what is free of a semaphore, at most one unit more than there should be. @returns how many */
export function takeFree(sem: Semaphore, units: number): number {
  let taken = 0;
  while (taken <= units && semaphoreTryWait(sem)) taken++;
  return taken;
}

/** All units are back, and no more. */
function mustBeBack(t: Torture, sem: Semaphore, units: number): void {
  const found = takeFree(sem, units);
  if (found !== units) failed('units', t.line, { expected: units, found });
}

/**
 * Some threads go through one lock a few times each, and end. Nobody else ever comes to it, so a wake-up that is lost
 * is not made good by the next one.
 */
export function* relay(t: Torture): Generator<unknown, void, unknown> {
  if (t.next(RELAYS + 1) === 0) {
    yield* handOut(t);
    return;
  }
  const times = 1 + t.next(20);
  const base = t.index * LINE;
  const mu = mutex();
  const kind = t.next(RELAYS);
  const units = 1 + t.next(MOST_UNITS);
  const sem = semaphore(units);
  const rw = rwlock();
  const cond = condition();
  const all = 2 + t.next(MOST_IN_GROUP - 1);
  const race: Relay = { kind, mu, sem, units, rw, cond, base, all, times };
  m[base + PASSED] = 0;
  for (const td of group(all, (me) => spawn(runner, [race, me], { cpu: me % ncpus() }))) yield* join(td);
  if (m[base + PASSED] !== all * times)
    failed('lost-update', t.line, {
      kind: race.kind,
      expected: all * times,
      found: m[base + PASSED] as number,
    });
  mustBeBack(t, sem, units);
  destroy(mu);
  destroy(sem);
  destroy(rw);
  destroy(cond);
}

// ---- once

/** @returns whether this thread has done it */
const doer = kthread(function* stressDoer(o: Once, base: number, twice: boolean) {
  for (;;) {
    try {
      const mine = yield* onceRun(o, function* body() {
        yield* lwktYield();
        if (addA(m, base, FAILURES, -1) > 0) throw new Error('not yet');
        addA(m, base, DONE, twice ? 2 : 1);
      });
      if (ldA(m, base, DONE) !== 1) failed('once', 0, { expected: 1, found: ldA(m, base, DONE) });
      return mine;
    } catch (error) {
      if (!(error instanceof Error) || error.message !== 'not yet') throw error;
    }
  }
});

/** Never gets it done. */
const idler = kthread(function* stressIdler(o: Once) {
  yield* onceRun(o, function* body() {
    for (;;) yield* sleep(1000);
  });
});

/** Several threads do something once; some fail at it, and one may be killed over it. */
export function* onceOfMany(t: Torture): Generator<unknown, void, unknown> {
  const o = once();
  const base = t.index * LINE;
  stA(m, base, DONE, 0);
  stA(m, base, FAILURES, t.next(3));
  const idle = t.next(2) === 0 ? spawn(idler, [o], { cpu: anyCpu(t) }) : 0;
  const twice = busted(t, 'once');
  const tds = group(1 + t.next(MOST_IN_GROUP), () => spawn(doer, [o, base, twice], { cpu: anyCpu(t) }));
  if (idle !== 0) {
    yield* switchAway(t);
    kill(idle);
    const error = yield* errorOf(idle);
    // Others may have done it before it came.
    if (error !== undefined && !hasCode(error, 'ERR_LWKT_KILLED')) failed('result', t.line, { handle: idle });
  }
  let done = 0;
  for (const td of tds) if (yield* join(td)) done++;
  if (done !== 1) failed('once', t.line, { group: tds.length, expected: 1, found: done });
  destroy(o);
}

// ---- kill of waiters

/** Waits for a mutex, a semaphore, an rwlock to read or to write, again and again. */
const victim = kthread(function* stressVictimOfLocks(
  kind: number,
  [mu, sem, rw]: readonly [Mutex, Semaphore, RwLock],
) {
  for (;;) {
    if (kind === 0) yield* mutexLock(mu);
    else if (kind === 1) yield* semaphoreWait(sem);
    else if (kind === 2) yield* rwlockRead(rw);
    else yield* rwlockWrite(rw);
    try {
      yield* lwktYield();
    } finally {
      if (kind === 0) mutexUnlock(mu);
      else if (kind === 1) semaphorePost(sem);
      else rwlockUnlock(rw);
    }
    yield* lwktYield();
  }
});

/** Kills a thread that waits for what the suite fights over; whoever waits behind it must get on. */
export function* killedWaiter(
  t: Torture,
  locks: readonly [Mutex, Semaphore, RwLock],
): Generator<unknown, void, unknown> {
  const td = spawn(victim, [t.next(4), locks], { cpu: anyCpu(t) });
  yield* slayLater(t, td);
}

// ---- holders that fail

const failing = kthread(function* stressFailing(
  mu: Mutex,
  rw: RwLock,
  asWriter: boolean,
): Generator<unknown, void, unknown> {
  if (asWriter) yield* rwlockWrite(rw);
  else yield* mutexLock(mu);
  yield* lwktYield();
  throw new Error('failed on purpose');
});

/** Waits behind the one that fails. @returns whether it was told */
const nextHolder = kthread(function* stressNextHolder(mu: Mutex, rw: RwLock, asWriter: boolean) {
  try {
    if (asWriter) yield* rwlockWrite(rw);
    else yield* mutexLock(mu);
  } catch (error) {
    if (hasCode(error, 'ERR_LWKT_POISONED')) return true;
    throw error;
  }
  if (asWriter) rwlockUnlock(rw);
  else mutexUnlock(mu);
  return false;
});

/** Takes it with its mark, which goes. */
function* cure([mu, rw, asWriter]: readonly [Mutex, RwLock, boolean]): Generator<unknown, void, unknown> {
  if (asWriter) {
    yield* rwlockWrite(rw, { poisoned: true });
    rwlockUnlock(rw);
  } else {
    yield* mutexLock(mu, { poisoned: true });
    mutexUnlock(mu);
  }
}

/** A holder fails: from then on everybody is told, until one takes it all the same. */
export function* failedHolder(t: Torture): Generator<unknown, void, unknown> {
  const mu = mutex();
  const rw = rwlock();
  const asWriter = t.next(2) === 0;
  const args = [mu, rw, asWriter] as const;
  const told = function* (): Generator<unknown, boolean, unknown> {
    return yield* join(spawn(nextHolder, [...args], { cpu: anyCpu(t) }));
  };
  if (yield* told()) failed('poison', t.line, { told: 1 });
  const holder = spawn(failing, [...args], { cpu: anyCpu(t) });
  const waiters = group(t.next(4), () => spawn(nextHolder, [...args], { cpu: anyCpu(t) }));
  if (!((yield* errorOf(holder)) instanceof Error)) failed('result', t.line, { handle: holder });
  // Those that came before the holder failed had it before, or are told.
  for (const td of waiters) yield* join(td);
  if (busted(t, 'poison')) yield* cure(args);
  if (!(yield* told())) failed('poison', t.line, { told: 0 });
  yield* cure(args);
  if (yield* told()) failed('poison', t.line, { told: 1 });
  destroy(mu);
  destroy(rw);
}
