/**
 * A survivor and the dead, word by word: each test leaves the arena as a cpu does that dies in a certain place, and then
 * lets cpu 0 go on. The other cpus exist in memory only.
 */
import test from 'ava';
import { IPI } from '../../runtime/base/protocol.ts';
import { TDF_ADOPTED, TDF_ALLOCATED_THREAD, TDF_MOVED } from '../../runtime/base/params.ts';
import type { Td } from '../../runtime/base/ids.ts';
import { wmesgCode, type Wmesg } from '../../runtime/base/wmesg.ts';
import {
  getMplock,
  join,
  kill,
  lwktBlock,
  lwktDescheduleSelf,
  lwktGetToken,
  lwktHold,
  lwktRele,
  lwktRelToken,
  lwktSchedule,
  lwktSignal,
  lwktSwitch,
  lwktWaitFree,
  mutex,
  mutexLock,
  mutexTryLock,
  mutexUnlock,
  once,
  onceRun,
  relMplock,
  rwlock,
  rwlockTryWrite,
  rwlockUnlock,
  safepoint,
  semaphore,
  semaphoreTryWait,
  semaphorePost,
  sleep,
  spawn,
  spinlock,
  spinTryLock,
  spinUnlock,
  token,
  tsleep,
  waitGen,
  waitQueue,
} from '../../runtime/lwkt.ts';
import { cpu } from '../../runtime/scheduler/globaldata.ts';
import { bereaveRefs } from '../../runtime/scheduler/refs.ts';
import { refOf } from '../../runtime/scheduler/thread.ts';
import { link } from '../../runtime/scheduler/wait-queue.ts';
import { markDead, seenDeaths, deathsOf } from '../../runtime/shared-memory/death.ts';
import { descriptorHandle, initDescriptor } from '../../runtime/shared-memory/descriptor.ts';
import { Machine } from '../../runtime/shared-memory/layout/machine.ts';
import { ringOf, globaldataOf } from '../../runtime/shared-memory/layout/memory-map.ts';
import { Globaldata } from '../../runtime/shared-memory/layout/globaldata.ts';
import { RWLOCK_WRITER, Sync } from '../../runtime/shared-memory/layout/sync.ts';
import { Thread } from '../../runtime/shared-memory/layout/thread.ts';
import { Token, Wait } from '../../runtime/shared-memory/layout/token.ts';
import { headFunc, Ring, ringPush, ringSeq, ringSlot } from '../../runtime/shared-memory/ring.ts';
import { slabTake } from '../../runtime/shared-memory/slab.ts';
import { symbol } from '../../runtime/shared-memory/symbols.ts';
import { ld, ldA, orA, st, stA } from '../../runtime/shared-memory/word.ts';
import { bootOneCpu, child, checkLeaks, define, failure, giveWay, panicOf, run } from '../helpers/one-cpu.ts';

const CPUS = 40;
const arena = bootOneCpu({ ncpus: CPUS });
const { m } = arena;
checkLeaks(test);

/** Each test has a cpu to lose. */
let next = 1;
const victim = (): number => next++;

/** The cpu's worker has ended; all others but this one have seen it. */
function dies(dead: number, settled = true): void {
  markDead(arena, dead, 'for the test');
  if (settled) others(dead);
}

function others(dead: number): void {
  for (let id = 1; id < CPUS; id++) if (id > dead) seenDeaths(arena, id, deathsOf(arena));
}

const idles = define(function* idles() {
  yield* sleep(1_000_000);
});

function* idles0(): Generator<unknown, void, unknown> {
  yield* sleep(1_000_000);
}

/** A thread of another cpu, in memory. */
function threadOf(owner: number, wmesg: Wmesg = 'sleep', wait = 0): number {
  let td = 0;
  slabTake(arena, owner, 1, (ref) => (td = ref));
  initDescriptor(arena, td, owner, idles.id, TDF_ALLOCATED_THREAD | TDF_ADOPTED, 12);
  st(m, td, Thread.wmesg, wmesgCode(wmesg));
  st(m, td, Thread.wait, wait);
  return td;
}

const handle = (td: number): number => descriptorHandle(arena, td);

/** Joins a lost thread; its error. */
function* lost(td: number): Generator<unknown, string, unknown> {
  const error = yield* failure(handle(td));
  return `${String(error.code)} ${error.message}`;
}

const LOST = /^ERR_LWKT_CPU_DIED thread \d+ '.*' was lost: cpu \d+ died: for the test$/;

const tok = token('tok');
const queue = waitQueue('queue');

for (const [what, owner] of [
  ['owned by', 1],
  ['on its way to', -1],
] as const) {
  test.serial(`survive: a token ${what} the dead cpu comes to who wants it; its holder is forgotten`, (t) => {
    const dead = victim();
    const td = threadOf(dead);
    stA(m, tok, Token.owner, owner * (dead + 1));
    st(m, tok, Token.holder, td | 1);
    st(m, tok, Token.gen, 7);
    orA(m, tok, dead < 32 ? Token.reqLow : Token.reqHigh, 1 << (dead & 31));
    run(function* () {
      const waiter = child(function* wants() {
        const gen = yield* lwktGetToken(tok);
        lwktRelToken(tok);
        return gen;
      });
      yield* giveWay();
      dies(dead);
      t.is(yield* join(waiter), 8, 'the generation moved');
      t.is(ldA(m, tok, dead < 32 ? Token.reqLow : Token.reqHigh), 0);
      t.regex(yield* lost(td), LOST);
    });
  });
}

test.serial(
  'survive: a token on its way here arrives although the grant was never sent; a late grant is nothing',
  (t) => {
    const dead = victim();
    stA(m, tok, Token.owner, -1);
    st(m, tok, Token.holder, 0);
    run(function* () {
      const waiter = child(function* wants() {
        yield* lwktGetToken(tok);
        lwktRelToken(tok);
      });
      yield* giveWay();
      t.is(ldA(m, tok, Token.owner), -1, 'nobody brings it');
      dies(dead);
      yield* join(waiter);
      // It has gone on to cpu 39 when the grant of before comes.
      stA(m, tok, Token.owner, -CPUS);
      ringPush(m, ringOf(arena.map, CPUS - 1, 0), IPI.tokenGrant, tok, 0, 0);
      cpu.polls = -1;
      yield* giveWay();
      t.is(ldA(m, tok, Token.owner), -CPUS);
      stA(m, tok, Token.owner, 1);
    });
  },
);

for (const [what, sign] of [
  ['held by', 1],
  ['kept for', -1],
] as const) {
  test.serial(`survive: the MP lock ${what} the dead cpu is free`, (t) => {
    const dead = victim();
    stA(m, 0, Machine.mplock, sign * (dead + 1));
    orA(m, 0, Machine.mplockReqLow, 1 << dead);
    run(function* () {
      const waiter = child(function* wants() {
        yield* getMplock();
        relMplock();
      });
      yield* giveWay();
      dies(dead);
      yield* join(waiter);
      t.is(ldA(m, 0, Machine.mplockReqLow), 0);
    });
  });
}

test.serial('survive: what the dead cpu had sent is run, before its threads are given up', (t) => {
  const dead = victim();
  const td = threadOf(dead);
  run(function* () {
    const joiner = child(function* joins() {
      return yield* join(handle(td));
    });
    yield* giveWay();
    // It ended well, its result is on its way: as deliver() in exit.ts leaves it.
    arena.f64[(td + Thread.value) >> 1] = 42;
    st(m, td, Thread.valueKind, 1);
    st(m, td, Thread.joiner, joiner);
    st(m, td, Thread.flags, ld(m, td, Thread.flags) | 2);
    ringPush(m, ringOf(arena.map, dead, 0), IPI.joined, joiner, handle(td), 0);
    dies(dead);
    t.is(yield* join(joiner), 42);
  });
});

test.serial(
  'survive: a join that the dead cpu never heard of fails all the same; so does a later one',
  (t) => {
    const dead = victim();
    const early = threadOf(dead);
    const late = threadOf(dead);
    const heard = threadOf(dead);
    run(function* () {
      const joiners = [early, heard].map((td) =>
        child(function* joins() {
          return yield* lost(td);
        }),
      );
      yield* giveWay();
      st(m, heard, Thread.joiner, joiners[1] as number);
      dies(dead);
      for (const joiner of joiners) t.regex(yield* join(joiner), LOST);
      t.regex(yield* lost(late), LOST);
    });
  },
);

test.serial('survive: nothing is given up before all cpus have seen the death', (t) => {
  const dead = victim();
  const td = threadOf(dead);
  run(function* () {
    dies(dead, false);
    yield* giveWay(10);
    t.is(ldA(m, td, Thread.cpu), dead);
    others(dead);
    yield* giveWay(10);
    t.is(ldA(m, td, Thread.cpu), 0);
    t.regex(yield* lost(td), LOST);
  });
});

const mu = mutex('mu');

test.serial('survive: a mutex whose holder is lost is poisoned, and goes to who waits', (t) => {
  const dead = victim();
  const td = threadOf(dead);
  stA(m, mu, Sync.state, handle(td));
  run(function* () {
    const waiter = child(function* wants() {
      yield* mutexLock(mu);
    });
    yield* giveWay();
    dies(dead);
    t.is((yield* failure(waiter)).code, 'ERR_LWKT_POISONED');
    yield* mutexLock(mu, { poisoned: true });
    mutexUnlock(mu);
    t.is(ldA(m, mu, Sync.next), 0);
    yield* lost(td);
  });
});

test.serial('survive: an unlock that died between taking the wish and handing over is finished', (t) => {
  const dead = victim();
  const td = threadOf(dead);
  stA(m, mu, Sync.state, handle(td));
  run(function* () {
    const waiter = child(function* wants() {
      yield* mutexLock(mu, { poisoned: true });
      mutexUnlock(mu);
      return 'got';
    });
    yield* giveWay();
    stA(m, mu, Sync.next, -Number(waiter));
    dies(dead);
    t.is(yield* join(waiter), 'got');
    t.deepEqual([ldA(m, mu, Sync.state), ldA(m, mu, Sync.next), ldA(m, mu, Sync.waiters)], [0, 0, 0]);
    yield* lost(td);
  });
});

test.serial(
  'survive: a mutex handed over to a lost thread, and one that a dead cpu was mending, are free',
  (t) => {
    const dead = victim();
    const td = threadOf(dead, 'mutex', -Number(mu));
    run(function* () {
      yield* mutexLock(mu);
      stA(m, mu, Sync.next, handle(td));
      stA(m, mu, Sync.waiters, 1);
      dies(dead);
      yield* giveWay();
      t.is(ldA(m, mu, Sync.waiters), 0);
      mutexUnlock(mu);
      t.true(mutexTryLock(mu), 'not given to a dead one');
      mutexUnlock(mu);
      stA(m, mu, Sync.state, -(dead + 1));
      t.true(mutexTryLock(mu, { poisoned: true }));
      mutexUnlock(mu);
      yield* lost(td);
    });
  },
);

test.serial(
  'survive: rwlock, spinlock and once are taken from the lost; an object half made is finished',
  (t) => {
    const dead = victim();
    const td = threadOf(dead);
    const rw = rwlock('rw');
    const spin = spinlock('spin');
    const o = once('o');
    stA(m, rw, Sync.state, RWLOCK_WRITER | dead);
    stA(m, spin, Sync.state, handle(td));
    stA(m, o, Sync.state, -handle(td));
    const half = symbol(arena, dead, 'half', 'semaphore', 4, Sync.WORDS);
    stA(m, half, Sync.kind, -(3 | ((dead + 1) << 8)));
    run(function* () {
      dies(dead);
      yield* giveWay();
      t.throws(() => rwlockTryWrite(rw), { code: 'ERR_LWKT_POISONED' });
      t.true(rwlockTryWrite(rw, { poisoned: true }));
      rwlockUnlock(rw);
      t.true(spinTryLock(spin));
      spinUnlock(spin);
      t.true(
        yield* onceRun(o, function* () {
          yield* giveWay(1);
        }),
      );
      const sem = semaphore(3, 'half');
      for (let i = 0; i < 3; i++) t.true(semaphoreTryWait(sem));
      t.false(semaphoreTryWait(sem));
      semaphorePost(sem, 3);
      yield* lost(td);
    });
  },
);

test.serial('survive: a wait queue of the dead cpu is emptied, and all on it look again', (t) => {
  const dead = victim();
  run(function* () {
    const gen = waitGen(queue);
    const waiter = child(function* waits() {
      return yield* lwktBlock(queue, waitGen(queue));
    });
    yield* giveWay();
    const td = threadOf(dead, 'waitq', queue);
    link(queue, td);
    // In the middle of a removal: the list is torn, what waitOn says is not.
    st(m, queue + Wait.waitq, Wait.WORDS as never, 0);
    stA(m, queue, Token.owner, dead + 1);
    dies(dead);
    t.is(yield* join(waiter), gen + 1);
    t.deepEqual([m[queue + Wait.waitq], m[queue + Wait.count]], [0, 0]);
    t.regex(yield* lost(td), LOST);
    t.is(yield* lwktSignal(queue), 0);
  });
});

test.serial(
  'survive: a lost thread leaves a wait queue of a living cpu; one whose signal died with it goes on',
  (t) => {
    const dead = victim();
    run(function* () {
      yield* lwktGetToken(queue as number);
      lwktRelToken(queue as number);
      const td = threadOf(dead, 'waitq', queue);
      link(queue, td);
      const waiter = child(function* waits() {
        return yield* lwktBlock(queue, waitGen(queue));
      });
      yield* giveWay();
      t.is(m[queue + Wait.count], 2);
      // The dead cpu took the waiter off the queue and had yet to tell it.
      const ref = arena.map.slab + (waiter & 0x3f_ffff) * Thread.WORDS;
      m[queue + Wait.waitq] = td;
      m[queue + Wait.waitq + 1] = td;
      m[td + Thread.waitq] = 0;
      m[queue + Wait.count] = 1;
      st(m, ref, Thread.waitOn, 0);
      dies(dead);
      yield* join(waiter);
      t.regex(yield* lost(td), LOST);
      t.deepEqual([m[queue + Wait.waitq], m[queue + Wait.count]], [0, 0]);
    });
  },
);

test.serial('survive: sleepers look again, and nobody asks the dead cpu for any', (t) => {
  const dead = victim();
  run(function* () {
    const sleeper = child(function* sleeps() {
      return yield* tsleep(5);
    });
    yield* giveWay();
    for (let word = 0; word < 512; word += 2) {
      orA(m, 0, (Machine.sleepers + word + (dead >>> 5)) as never, 1 << (dead & 31));
    }
    dies(dead);
    t.true(yield* join(sleeper));
    const left = Array.from({ length: 512 }, (_, i) => m[Machine.sleepers + i] as number);
    t.true(left.every((word) => word === 0));
  });
});

test.serial('survive: a thread on its way from the dead cpu arrives; one on its way there is lost', (t) => {
  const dead = victim();
  const coming = threadOf(0, 'running', dead + 1);
  st(
    m,
    coming,
    Thread.func,
    define(function* comes() {
      yield* giveWay(1);
      return 'came';
    }).id,
  );
  st(m, coming, Thread.flags, TDF_ALLOCATED_THREAD | TDF_MOVED);
  st(m, coming, Thread.wmesg, 0);
  const going = threadOf(dead);
  st(m, going, Thread.flags, TDF_ALLOCATED_THREAD | TDF_MOVED);
  run(function* () {
    const joiner = child(function* joins() {
      return yield* join(handle(coming));
    });
    yield* giveWay();
    dies(dead);
    t.is(yield* join(joiner), 'came');
    t.regex(yield* lost(going), LOST);
  });
});

test.serial(
  'survive: detached threads and those whose joiner is lost too are freed, with their messages',
  (t) => {
    const dead = victim();
    const detached = threadOf(dead);
    st(m, detached, Thread.flags, ld(m, detached, Thread.flags) | 0x200);
    const joiner = threadOf(dead);
    const joined = threadOf(dead);
    st(m, joined, Thread.joiner, handle(joiner));
    const handles = [detached, joined].map(handle);
    run(function* () {
      dies(dead);
      yield* giveWay();
      for (const one of handles) {
        t.throws(() => join(one), { code: 'ERR_LWKT_NO_THREAD' });
      }
      yield* lost(joiner);
    });
  },
);

/** A thread that was on its way from the dead cpu, with a function that comes to its end. */
function moving(to: number, from: number): number {
  const td = threadOf(to, 'running', from + 1);
  const body = define(function* comes() {
    yield* sleep(1_000_000);
  });
  st(m, td, Thread.func, body.id);
  st(m, td, Thread.flags, TDF_ALLOCATED_THREAD | TDF_MOVED);
  return td;
}

test.serial('survive: a kill that the dead cpu was to send on reaches the thread that moved', (t) => {
  const dead = victim();
  const here = moving(dead, dead);
  const there = moving(dead, dead);
  run(function* () {
    const joiner = child(function* joins() {
      return (yield* failure(handle(here))).code;
    });
    for (const td of [here, there]) kill(handle(td));
    // They had gone when the kills came; the dead cpu sent them on no more.
    stA(m, here, Thread.cpu, 0);
    stA(m, there, Thread.cpu, CPUS - 1);
    const ring = ringOf(arena.map, 0, CPUS - 1);
    const before = ringSeq(m, ring);
    yield* giveWay();
    dies(dead);
    t.is(yield* join(joiner), 'ERR_LWKT_KILLED');
    const sent = Array.from({ length: ringSeq(m, ring) - before }, (_, i) => ringSlot(ring, before + i));
    t.true(sent.some((slot) => headFunc(m[slot] as number) === IPI.kill && m[slot + 1] === handle(there)));
  });
});

test.serial('survive: a thread that the dead cpu was to schedule, and that had moved, is scheduled', (t) => {
  const dead = victim();
  run(function* () {
    const stopped = (): Td<string> =>
      child(function* stops() {
        lwktDescheduleSelf();
        yield* lwktSwitch();
        return 'went on';
      });
    const tds = [stopped(), stopped(), stopped()];
    const [taken = 0, unread = 0, late = 0] = tds;
    yield* giveWay();
    // All three were on that cpu when they were scheduled, and have moved here since.
    const refs = tds.map((td) => refOf(td, 'test'));
    for (const td of refs) stA(m, td, Thread.cpu, dead);
    const ring = ringOf(arena.map, 0, dead);
    lwktSchedule(taken);
    stA(m, ring.base, Ring.rindex, ringSeq(m, ring));
    lwktSchedule(unread);
    for (const td of refs) stA(m, td, Thread.cpu, 0);
    dies(dead, false);
    safepoint();
    // This cpu knows, and looked where that one was a moment before.
    stA(m, refs[2] as number, Thread.cpu, dead);
    lwktSchedule(late);
    stA(m, refs[2] as number, Thread.cpu, 0);
    others(dead);
    for (const td of tds) t.is(yield* join(td), 'went on');
  });
});

test.serial('survive: what the dead cpu has run is not asked for again', (t) => {
  const dead = victim();
  let runs = 0;
  run(function* () {
    const td = child(function* stops() {
      lwktDescheduleSelf();
      yield* lwktSwitch();
      return ++runs;
    });
    yield* giveWay();
    const ring = ringOf(arena.map, 0, dead);
    stA(m, refOf(td, 'test'), Thread.cpu, dead);
    lwktSchedule(td);
    stA(m, refOf(td, 'test'), Thread.cpu, 0);
    stA(m, ring.base, Ring.rindex, ringSeq(m, ring));
    stA(m, ring.base, Ring.xindex, ringSeq(m, ring));
    dies(dead);
    yield* giveWay();
    t.is(runs, 0);
    lwktSchedule(td);
    t.is(yield* join(td), 1);
  });
});

test.serial('survive: who waits for a reference that may be lost is told, then and later', (t) => {
  const dead = victim();
  const refs = (td: number): number => ldA(m, arena.map.slab + (td & 0x3f_ffff) * Thread.WORDS, Thread.refs);
  run(function* () {
    const held = child(idles0);
    const mine = child(idles0);
    const waits = (td: Td): Td<unknown> =>
      child(function* waitsFree() {
        yield* lwktWaitFree(td);
      });
    const early = waits(held);
    yield* giveWay();
    lwktHold(held);
    lwktHold(held);
    lwktHold(mine);
    const waiter = waits(held);
    yield* giveWay();
    // A cpu that never took any has none to lose.
    dies(dead);
    yield* giveWay();
    const another = victim();
    st(m, globaldataOf(arena.map, another), Globaldata.refsTaken, 1);
    dies(another);
    const error = yield* failure(waiter);
    t.is(error.code, 'ERR_LWKT_CPU_DIED');
    t.is(
      error.message,
      `lwktWaitFree(${held}): a reference may be lost, which nobody would drop: cpu ${another} died: for the test`,
    );
    t.is((yield* failure(waits(held))).code, 'ERR_LWKT_CPU_DIED');
    yield* join(early);
    // With the last reference the doubt ends.
    lwktRele(held);
    t.is((yield* failure(waits(held))).code, 'ERR_LWKT_CPU_DIED');
    lwktRele(held);
    t.is(refs(held), 0);
    yield* lwktWaitFree(held);
    // Whoever does it again for this death wakes who waits, and doubts no reference taken since.
    lwktHold(held);
    const later = waits(held);
    yield* giveWay();
    bereaveRefs(another, [refOf(held, 'test')]);
    yield* giveWay();
    t.is(refs(held), 1);
    lwktRele(held);
    yield* join(later);
    // Joined while in doubt, it is freed all the same.
    kill(mine);
    yield* failure(mine);
    lwktRele(mine);
    t.throws(() => lwktHold(mine), { code: 'ERR_LWKT_NO_THREAD' });
    kill(held);
    yield* failure(held);
  });
});

test.serial('survive: placement and spawn pass the dead by', (t) => {
  const dead = victim();
  run(function* () {
    dies(dead);
    yield* giveWay();
    t.throws(() => spawn(idles, [], { cpu: dead }), {
      code: 'ERR_LWKT_CPU_DIED',
      message: /cpu \d+ died: for the test/,
    });
    t.is(ld(m, globaldataOf(arena.map, dead), Globaldata.nrun), 0x7fff_ffff);
  });
});

test.serial('survive: a lost thread that read under an rwlock is a panic that says so', (t) => {
  const dead = victim();
  const td = threadOf(dead);
  st(m, td, Thread.readLocks, 1);
  const error = panicOf(function* () {
    dies(dead);
    yield* giveWay();
  });
  t.regex(
    error.message,
    /cpu \d+ died: for the test; its thread \d+ 'idles.*' read under an rwlock, and nobody knows under which/,
  );
});
