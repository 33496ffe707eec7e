/** The suite `threads`: threads are made in every way there is, and each ends once, with what it was to end with. */
import {
  join,
  kill,
  kthread,
  lwktAcquire,
  lwktHold,
  lwktRele,
  lwktSchedule,
  lwktSetPri,
  lwktYield,
  movePoint,
  mycpu,
  ncpus,
  safepoint,
  shared,
  sleep,
  spawn,
  until,
  type SpawnOptions,
  type Td,
} from '../../lwkt.ts';
import type { Atomic } from '../../shared-memory/struct.ts';
import { addA, ldA } from '../../shared-memory/word.ts';
import { errorOf, hasCode } from './children.ts';
import { eventually } from './eventually.ts';
import {
  anyCpu,
  busted,
  failed,
  torture,
  type Operations,
  type SuiteProgram,
  type Torture,
} from './harness.ts';

const MADE = 0 as Atomic;
const BEGUN = 32 as Atomic;
const ENDED = 64 as Atomic;
const WORDS = 96;

let region = new Int32Array(0);

function bind(): void {
  if (region.length === 0) region = shared.i32('lwkt.stress.threads', WORDS);
}

/** Counts a child in, and out however it ends. */
function* counted<R>(body: () => Generator<unknown, R, unknown>): Generator<unknown, R, unknown> {
  addA(region, 0, BEGUN, 1);
  try {
    return yield* body();
  } finally {
    addA(region, 0, ENDED, 1);
  }
}

function mix(a: number, b: number): number {
  return Math.imul(a ^ Math.imul(b, 0x9e37_79b1), 0x85eb_ca6b) ^ (b >>> 9);
}

/** Adds up what it is given; `cpu` is where it should run, -1 for anywhere. */
const adder = kthread(function* stressAdder(a: number, list: readonly number[], cpu: number) {
  return yield* counted(function* add() {
    if (cpu >= 0 && mycpu() !== cpu) failed('placement', 0, cpu, mycpu());
    if ((a & 3) === 0) yield* lwktYield();
    return list.reduce(mix, a);
  });
});

const thrower = kthread(function* stressThrower(n: number) {
  return yield* counted(function* fail(): Generator<unknown, never, unknown> {
    if ((n & 1) === 0) yield* sleep(0.01);
    throw new Error(`thrown ${n}`);
  });
});

const parent = kthread(function* stressParent(n: number, depth: number): Generator<unknown, number, unknown> {
  return yield* counted(function* tree() {
    if (depth === 0) return n;
    const children = [0, 1].map((i) => {
      addA(region, 0, MADE, 1);
      return spawnParent(mix(n, i), depth - 1);
    });
    let sum = n;
    for (const child of children) sum = mix(sum, yield* join(child));
    return sum;
  });
});

function spawnParent(n: number, depth: number): Td<number> {
  return spawn(parent, [n, depth], { cpu: 'spread' });
}

function expectedTree(n: number, depth: number): number {
  if (depth === 0) return n;
  return [0, 1].reduce((sum, i) => mix(sum, expectedTree(mix(n, i), depth - 1)), n);
}

/** Runs until it is killed, in one of several ways. */
const victim = kthread(function* stressVictim(way: number) {
  return yield* counted(function* suffer(): Generator<unknown, void, unknown> {
    for (;;) {
      if (way === 0) yield* sleep(1000);
      else if (way === 1) yield* lwktYield();
      else if (safepoint()) yield* lwktYield();
    }
  });
});

interface Journey {
  readonly n: number;
  readonly steps: number;
  readonly at: number;
  readonly sum: number;
}

/** Adds up its steps, wherever each of them is. */
const traveller = kthread(
  function* stressTraveller({ n, steps, at, sum }: Journey) {
    if (at === 0) addA(region, 0, BEGUN, 1);
    let total = sum;
    for (let i = at; i < steps; i++) {
      total = mix(total, n + i);
      yield* movePoint({ n, steps, at: i + 1, sum: total });
      if ((i & 7) === 0) yield* lwktYield();
    }
    addA(region, 0, ENDED, 1);
    return total;
  },
  { movable: true },
);

function make<R>(spawned: () => Td<R>): Td<R> {
  addA(region, 0, MADE, 1);
  return spawned();
}

/** Words that a child is given. */
function someWords(t: Torture): number[] {
  return Array.from({ length: t.next(6) }, () => t.next(0x7fff_ffff));
}

function place(t: Torture): NonNullable<SpawnOptions['cpu']> {
  return t.next(4) === 0 ? (['any', 'spread'] as const)[t.next(2) as 0 | 1] : anyCpu(t);
}

function* checkedJoin(t: Torture, td: Td<number>, expected: number): Generator<unknown, void, unknown> {
  const result = yield* join(td);
  if (result !== expected) failed('result', t.line, td, result, expected);
}

function* stopOrRun(t: Torture, td: Td): Generator<unknown, void, unknown> {
  if (t.next(2) === 0) yield* lwktYield();
  try {
    if (t.next(2) === 0) yield* lwktAcquire(td);
  } catch (error) {
    if (!hasCode(error, 'ERR_LWKT_MOVE')) throw error;
  }
  lwktSchedule(td);
}

const operations: Operations<'threads'> = {
  *join(t) {
    const a = t.next(0x7fff_ffff);
    const list = someWords(t);
    const where = place(t);
    const here = typeof where === 'number' ? where : -1;
    const expected = busted(t, 'placement') ? ncpus() : here;
    const td = make(() => spawn(adder, [busted(t, 'result') ? a ^ 1 : a, list, expected], { cpu: where }));
    if (busted(t, 'thread-count')) addA(region, 0, BEGUN, 1);
    if (t.next(3) === 0) yield* lwktYield();
    yield* checkedJoin(t, td, list.reduce(mix, a));
  },
  *fail(t) {
    const n = t.next(1_000_000);
    const error = yield* errorOf(make(() => spawn(thrower, [n], { cpu: place(t) })));
    if (!(error instanceof Error) || error.message !== `thrown ${n}`) failed('result', t.line, 0, n);
  },
  *tree(t) {
    const n = t.next(1_000_000);
    const depth = 1 + t.next(3);
    yield* checkedJoin(
      t,
      make(() => spawnParent(n, depth)),
      expectedTree(n, depth),
    );
  },
  *kill(t) {
    const td = make(() => spawn(victim, [t.next(3)], { cpu: anyCpu(t) }));
    if (t.next(2) === 0) yield* sleep(t.next(10) / 100);
    kill(td);
    if (t.next(4) === 0) kill(td);
    if (!hasCode(yield* errorOf(td), 'ERR_LWKT_KILLED')) failed('result', t.line, 1, td);
  },
  *detached(t) {
    make(() => spawn(adder, [t.next(1000), someWords(t), -1], { cpu: place(t), detached: true }));
    yield* lwktYield();
  },
  *stopped(t) {
    const a = t.next(0x7fff_ffff);
    const list = someWords(t);
    const td = make(() => spawn(adder, [a, list, -1], { cpu: anyCpu(t), stopped: true }));
    yield* stopOrRun(t, td);
    yield* checkedJoin(t, td, list.reduce(mix, a));
  },
  *priority(t) {
    const a = t.next(0x7fff_ffff);
    const td = make(() => spawn(adder, [a, [], -1], { cpu: anyCpu(t), priority: 1 + t.next(11) }));
    lwktSetPri(td, 6 + t.next(12));
    yield* checkedJoin(t, td, a);
  },
  *hold(t) {
    const a = t.next(0x7fff_ffff);
    const td = make(() => spawn(adder, [a, [], -1], { cpu: anyCpu(t) }));
    const levels = 1 + t.next(3);
    for (let i = 0; i < levels; i++) lwktHold(td);
    yield* checkedJoin(t, td, a);
    for (let i = 0; i < levels; i++) lwktRele(td);
  },
  *move(t) {
    const n = t.next(1_000_000);
    const steps = 5 + t.next(60);
    const td = make(() => spawn(traveller, [{ n, steps, at: 0, sum: 0 }], { cpu: anyCpu(t) }));
    if (t.next(2) === 0) yield* lwktYield();
    try {
      yield* lwktAcquire(td);
    } catch (error) {
      // It ended before, which is its right.
      if (!hasCode(error, 'ERR_LWKT_MOVE')) throw error;
    }
    let expected = 0;
    for (let i = 0; i < steps; i++) expected = mix(expected, n + i);
    yield* checkedJoin(t, td, expected);
  },
  *until(t) {
    const n = t.next(1_000_000);
    const promise =
      t.next(2) === 0 ? Promise.resolve(n) : new Promise<number>((resolve) => setImmediate(resolve, n));
    const got = yield* until(promise);
    if (got !== n) failed('result', t.line, 2, got, n);
  },
};

export const threads: SuiteProgram = {
  body: kthread(function* stressThreads(state) {
    return yield* torture('threads', state, operations);
  }),
  bind,
  *finish(plan) {
    // A victim may be killed before it has begun; it is then neither begun nor ended.
    const even = (): boolean => ldA(region, 0, BEGUN) === ldA(region, 0, ENDED);
    const whole = (): boolean => even() && ldA(region, 0, ENDED) <= ldA(region, 0, MADE);
    if (!(yield* eventually(plan, whole)))
      failed('thread-count', 0, ldA(region, 0, MADE), ldA(region, 0, BEGUN), ldA(region, 0, ENDED));
  },
};
