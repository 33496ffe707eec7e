/** Tokens between cpus. Everything they protect is plain words. */
import {
  join,
  kthread,
  lwktDeschedule,
  lwktGenToken,
  lwktGetToken,
  lwktRegetToken,
  lwktRelToken,
  lwktSchedule,
  lwktSetPriSelf,
  lwktTryToken,
  lwktYield,
  mycpu,
  ncpus,
  safepoint,
  shared,
  sleep,
  spawn,
  TDPRI_SOFT_NORM,
  token,
  type Td,
} from 'lwkt/thread';
import { nowNs } from '../../../runtime/base/clock.ts';
import { WMESGS } from '../../../runtime/base/wmesg.ts';
import { cpu } from '../../../runtime/scheduler/globaldata.ts';
import { descriptorOf } from '../../../runtime/shared-memory/descriptor.ts';
import { BELL_ASLEEP } from '../../../runtime/shared-memory/doorbell.ts';
import { counter, Globaldata } from '../../../runtime/shared-memory/layout/globaldata.ts';
import { globaldataOf } from '../../../runtime/shared-memory/layout/memory-map.ts';
import { Token } from '../../../runtime/shared-memory/layout/token.ts';
import { ldA, ldCount } from '../../../runtime/shared-memory/word.ts';
import { Thread } from '../../../runtime/shared-memory/layout/thread.ts';
import { random } from '../../helpers/seed.ts';
export * from './leaks.ts';

const MOST = 6;
const WAKEUPS = counter('lwkt.ipiq_wakeups');
const PARKS = counter('lwkt.idle_parks');
const toks = Array.from({ length: MOST }, (_, i) => token(`tok${i}`));
const mutexToks = Array.from({ length: MOST }, (_, i) => token(`mutex tok${i}`, { kind: 'mutex' }));
/** What a test is about: tokens of one kind, or of both in turns. */
const KINDS = {
  owned: toks,
  mutex: mutexToks,
  mixed: toks.map((tok, i) => (i % 2 === 0 ? tok : (mutexToks[i] as number))),
};
export type Kind = keyof typeof KINDS;
/** For each token: a sum, who is inside, overlaps. 32 words apart. */
const cells = shared.i32('cells', MOST * 32);
const progress = shared.i32('progress', 64);
const flags = shared.i32('flags', 8);

function inside(which: number, next: (n: number) => number): void {
  const at = which * 32;
  const me = mycpu() + 1;
  if (cells[at + 1] !== 0) cells[at + 2] = (cells[at + 2] as number) + 1;
  cells[at + 1] = me;
  const before = cells[at] as number;
  for (let i = next(20); i > 0; i--) if (cells[at + 1] !== me) cells[at + 2] = (cells[at + 2] as number) + 1;
  cells[at] = before + 1;
  cells[at + 1] = 0;
}

const adder = kthread(function* adder(rounds: number, ntoks: number, seed: number, kind: Kind) {
  const next = random(seed);
  const taken = KINDS[kind];
  const mine = Array.from({ length: ntoks }, () => 0);
  for (let i = 0; i < rounds; i++) {
    // One to three tokens in any order, the same one twice included.
    const picks = Array.from({ length: 1 + next(Math.min(3, ntoks)) }, () => next(ntoks));
    for (const pick of picks) yield* lwktGetToken(taken[pick] as number);
    for (const pick of new Set(picks)) {
      inside(pick, next);
      mine[pick] = (mine[pick] as number) + 1;
    }
    if (next(6) === 0) {
      // Lost by blocking, got back, in any order.
      if (next(2) === 0) yield* lwktYield();
      else yield* sleep(0.05);
      for (const pick of picks.toSorted(() => next(3) - 1)) yield* lwktRegetToken(taken[pick] as number);
      for (const pick of new Set(picks)) {
        inside(pick, next);
        mine[pick] = (mine[pick] as number) + 1;
      }
    }
    for (const pick of picks.toReversed()) lwktRelToken(taken[pick] as number);
    const free = next(ntoks);
    if (next(10) === 0 && lwktTryToken(taken[free] as number)) {
      inside(free, next);
      mine[free] = (mine[free] as number) + 1;
      lwktRelToken(taken[free] as number);
    }
    if (next(8) === 0) yield* lwktYield();
    if (safepoint()) yield* lwktYield();
    Atomics.add(progress, mycpu(), 1);
  }
  return mine;
});

export const exclusion = kthread(function* exclusion(
  threads: number,
  rounds: number,
  ntoks: number,
  seed: number,
  kind: Kind,
) {
  const tds: Td<number[]>[] = [];
  for (let i = 0; i < threads; i++)
    tds.push(spawn(adder, [rounds, ntoks, seed + i * 7919, kind], { cpu: i % ncpus() }));
  const sums = Array.from({ length: ntoks }, () => 0);
  for (const td of tds) {
    const mine = yield* join(td);
    mine.forEach((n, i) => (sums[i] = (sums[i] as number) + n));
  }
  return {
    exact: sums.every((sum, i) => sum === cells[i * 32]),
    overlaps: sums.reduce((total, _, i) => total + (cells[i * 32 + 2] as number), 0),
    progress: [...progress.subarray(0, ncpus())],
  };
});

// ---- fairness between cpus: all take one token as often as they can until all have had their share

const greedy = kthread(function* greedy(share: number, kind: Kind) {
  const me = mycpu();
  const tok = KINDS[kind][0] as number;
  for (;;) {
    yield* lwktGetToken(tok);
    cells[0] = (cells[0] as number) + 1;
    progress[me] = (progress[me] as number) + 1;
    const over = progress.subarray(0, ncpus()).every((n) => n >= share);
    lwktRelToken(tok);
    if (over) return;
    if (safepoint()) yield* lwktYield();
  }
});

export const fairness = kthread(function* fairness(share: number, kind: Kind) {
  const tds = Array.from({ length: ncpus() }, (_, i) => spawn(greedy, [share, kind], { cpu: i }));
  for (const td of tds) yield* join(td);
  return cells[0] === progress.reduce((sum, n) => sum + n, 0);
});

// ---- a token whose owner sleeps, or that is granted to a sleeper

const once = kthread(function* once() {
  yield* lwktGetToken(toks[0] as number);
  cells[0] = (cells[0] as number) + 1;
  lwktRelToken(toks[0] as number);
});

/** Takes and releases a token of a cpu that sleeps, from this one; how often that cpu woke, and the nanoseconds of the quickest. */
export const sleeping = kthread(function* sleeping(rounds: number) {
  const { m, arena, gd } = cpu;
  const other = globaldataOf(arena.map, 1);
  const tok = toks[0] as number;
  let woke = 0;
  let least = Infinity;
  for (let i = 0; i < rounds; i++) {
    yield* join(spawn(once, [], { cpu: 1 }));
    // Asleep, and nothing is on its way to it.
    while (ldA(m, other, Globaldata.bell) !== BELL_ASLEEP) yield* sleep(0.05);
    const wakeups = ldCount(m, gd, WAKEUPS);
    const parks = ldCount(m, other, PARKS);
    const start = nowNs();
    yield* lwktGetToken(tok);
    least = Math.min(least, nowNs() - start);
    lwktRelToken(tok);
    woke += ldCount(m, gd, WAKEUPS) - wakeups + ldCount(m, other, PARKS) - parks;
    if (ldA(m, other, Globaldata.bell) !== BELL_ASLEEP) woke++;
    if (ldA(m, tok, Token.owner) !== 1) woke++;
  }
  return { woke, least };
});

/** Each cpu in turn takes the token and parks. */
export const parked = kthread(function* parked(rounds: number) {
  for (let i = 0; i < rounds; i++) yield* join(spawn(once, [], { cpu: i % ncpus() }));
  return cells[0];
});

const holdLong = kthread(function* holdLong(flag: number) {
  yield* lwktGetToken(toks[0] as number);
  Atomics.store(flags, flag, 1);
  // Busy, so that the one who asks goes to sleep meanwhile.
  while (Atomics.load(flags, flag) !== 2) Atomics.pause();
  lwktRelToken(toks[0] as number);
});

/** Cpu 1 waits for a token of cpu 0 and has parked when it is handed over. */
export const granted = kthread(function* granted(rounds: number) {
  for (let i = 0; i < rounds; i++) {
    Atomics.store(flags, 0, 0);
    const holder = spawn(holdLong, [0], { cpu: 0 });
    while (Atomics.load(flags, 0) !== 1) yield* lwktYield();
    const asker = spawn(once, [], { cpu: 1 });
    yield* sleep(2);
    Atomics.store(flags, 0, 2);
    yield* join(asker);
    yield* join(holder);
  }
  return cells[0];
});

// ---- a waiter that is stopped while the token that it waits for comes and goes

const waitsForLow = kthread(function* waitsForLow() {
  yield* lwktGetToken(toks[0] as number);
  cells[0] = (cells[0] as number) + 1;
  lwktRelToken(toks[0] as number);
});

const keepsLow = kthread(function* keepsLow() {
  yield* lwktGetToken(toks[0] as number);
  Atomics.store(flags, 1, 1);
  // Keeps the low one while it waits for the high one.
  yield* lwktGetToken(toks[1] as number);
  lwktRelToken(toks[1] as number);
  lwktRelToken(toks[0] as number);
});

const keepsHigh = kthread(function* keepsHigh() {
  yield* lwktGetToken(toks[1] as number);
  Atomics.store(flags, 2, 1);
  while (Atomics.load(flags, 3) === 0) Atomics.pause();
  lwktRelToken(toks[1] as number);
});

const takesLow = kthread(function* takesLow() {
  yield* lwktGetToken(toks[0] as number);
  Atomics.store(flags, 4, 1);
  while (Atomics.load(flags, 5) === 0) Atomics.pause();
  lwktRelToken(toks[0] as number);
});

const waitOf = (td: Td): string => {
  const { m, arena } = cpu;
  return WMESGS[m[descriptorOf(arena, td) + Thread.wmesg] as number] ?? '';
};

export const descheduled = kthread(function* descheduled() {
  const high = spawn(keepsHigh, [], { cpu: 1 });
  while (Atomics.load(flags, 2) === 0) yield* sleep(0.1);
  const low = spawn(keepsLow, [], { cpu: 0 });
  const waiter = spawn(waitsForLow, [], { cpu: 0 });
  while (waitOf(waiter) !== 'token' || waitOf(low) !== 'token') yield* sleep(0.1);
  // Cpu 1 gives the high one away; here the keeper releases the low one, which makes the waiter runnable.
  Atomics.store(flags, 3, 1);
  lwktSetPriSelf(TDPRI_SOFT_NORM);
  yield* join(low);
  // More urgent than the waiter, so it has not run: stop it, and let this cpu sleep. Its tokens go.
  lwktDeschedule(waiter);
  while (cells[0] === 0 && (cpu.m[toks[0] as number] as number) === mycpu() + 1) yield* sleep(1);
  const taker = spawn(takesLow, [], { cpu: 1 });
  while (Atomics.load(flags, 4) === 0) yield* sleep(0.1);
  // It looks, finds the token gone, and waits again.
  lwktSchedule(waiter);
  yield* sleep(1);
  Atomics.store(flags, 5, 1);
  yield* join(waiter);
  yield* join(taker);
  yield* join(high);
  return cells[0];
});

// ---- generations

const touch = kthread(function* touch() {
  yield* lwktGetToken(toks[0] as number);
  lwktRelToken(toks[0] as number);
});

export const generations = kthread(function* generations() {
  const tok = toks[0] as number;
  const gen = yield* lwktGetToken(tok);
  yield* sleep(1);
  const untouched = yield* lwktGenToken(tok, gen);
  yield* join(spawn(touch, [], { cpu: 1 }));
  const touched = yield* lwktGenToken(tok, gen);
  const again = yield* lwktGenToken(tok, touched);
  lwktRelToken(tok);
  const next = yield* lwktGetToken(tok);
  lwktRelToken(tok);
  return { untouched, touched: touched !== 0 && touched !== gen, again, next: next !== touched };
});
