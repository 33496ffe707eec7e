/** The suite `threads`: threads are made in every way there is, and each ends once, with what it was to end with. */
import {
  join,
  kill,
  kthread,
  lwktAcquire,
  lwktBlock,
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
  TDPRI_KERN_DAEMON,
  until,
  waitGen,
  waitQueue,
  type SpawnOptions,
  type Td,
  type WaitQueue,
} from '../../lwkt.ts';
import type { Atomic } from '../../shared-memory/struct.ts';
import { addA, ldA, stA } from '../../shared-memory/word.ts';
import { acquire, errorOf, hasCode } from './children.ts';
import { eventually } from './eventually.ts';
import {
  anyCpu,
  busted,
  failed,
  record,
  stopped,
  torture,
  type Operations,
  type SuiteProgram,
  type Torture,
} from './harness.ts';
import { bindHalted, haltedThread } from './halted.ts';
import { refsOf } from './kernel-words.ts';
import type { StressPlan } from '../plan.ts';
import { liveThreads } from '../record.ts';

const MADE = 0 as Atomic;
const BEGUN = 32 as Atomic;
const ENDED = 64 as Atomic;
/** A thread that lasts as long as the phase. */
const HELD_BY_ALL = 96 as Atomic;
const WORDS = 128;

let region = new Int32Array(0);
/** Who waits here is killed. Per cpu. */
let nobodySignals: WaitQueue = 0;

function bind(plan: StressPlan): void {
  if (region.length !== 0) return;
  bindHalted(plan);
  region = shared.i32('lwkt.stress.threads', WORDS);
  nobodySignals = waitQueue('lwkt.stress.victims');
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
    if (cpu >= 0 && mycpu() !== cpu) failed('placement', 0, { expected: cpu, onCpu: mycpu() });
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
      else if (way === 3) yield* lwktBlock(nobodySignals, waitGen(nobodySignals));
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

/** Goes wherever it is pulled, until it is killed. */
const runaway = kthread(
  function* stressRunaway(n: number): Generator<unknown, void, unknown> {
    for (let i = n; ; i++) {
      yield* movePoint(i);
      yield* lwktYield();
    }
  },
  { movable: true },
);

const lasting = kthread(function* stressLasting() {
  while (!stopped()) yield* sleep(1);
  // Until the last thread that may hold it has ended.
  while (liveThreads(record(), 'threads') !== 0) yield* sleep(1);
});

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

/** A handle is good no more once its thread was joined. */
function checkGone(t: Torture, td: Td): void {
  try {
    lwktSchedule(td);
    failed('result', t.line, { handle: td });
  } catch (error) {
    if (!hasCode(error, 'ERR_LWKT_NO_THREAD')) throw error;
  }
}

/** Pulls a thread to its cpu, again and again, until it has ended. */
const puller = kthread(function* stressPuller(td: Td, times: number) {
  for (let i = 0; i < times; i++) {
    yield* acquire(td);
    yield* lwktYield();
  }
});

/** Two cpus pull at a thread, which is killed while it is between them. */
function* killOnTheWay(t: Torture): Generator<unknown, void, unknown> {
  const td = make(() => spawn(runaway, [0], { cpu: anyCpu(t) }));
  const times = t.next(20);
  const first = anyCpu(t);
  const pullers = [first, (first + 1) % ncpus()].map((cpu) =>
    make(() => spawn(puller, [td, times], { cpu })),
  );
  for (let i = t.next(5); i > 0; i--) yield* acquire(td);
  kill(td);
  if (!hasCode(yield* errorOf(td), 'ERR_LWKT_KILLED')) failed('result', t.line, { handle: td });
  for (const each of pullers) yield* join(each);
}

function* checkedJoin(t: Torture, td: Td<number>, expected: number): Generator<unknown, void, unknown> {
  const result = yield* join(td);
  if (result !== expected) failed('result', t.line, { handle: td, expected, found: result });
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
    checkGone(t, td);
  },
  *fail(t) {
    const n = t.next(1_000_000);
    const error = yield* errorOf(make(() => spawn(thrower, [n], { cpu: place(t) })));
    if (!(error instanceof Error) || error.message !== `thrown ${n}`) failed('result', t.line, { number: n });
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
    const td = make(() => spawn(victim, [t.next(4)], { cpu: anyCpu(t) }));
    if (t.next(2) === 0) yield* sleep(t.next(10) / 100);
    kill(td);
    if (t.next(4) === 0) kill(td);
    if (!hasCode(yield* errorOf(td), 'ERR_LWKT_KILLED')) failed('result', t.line, { handle: td });
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
    // As urgent as the threads of the suites or more: one of those may be runnable at any time, and for ever.
    lwktSetPri(td, TDPRI_KERN_DAEMON + t.next(6));
    yield* checkedJoin(t, td, a);
  },
  *hold(t) {
    const a = t.next(0x7fff_ffff);
    const td = make(() => spawn(adder, [a, [], -1], { cpu: anyCpu(t) }));
    const levels = 1 + t.next(3);
    for (let i = 0; i < levels; i++) lwktHold(td);
    yield* checkedJoin(t, td, a);
    for (let i = 0; i < levels; i++) lwktRele(td);
    if (busted(t, 'refs')) lwktHold(ldA(region, 0, HELD_BY_ALL));
    // One that all cpus hold and release at the same time.
    const held = ldA(region, 0, HELD_BY_ALL);
    for (let i = t.next(50); i > 0; i--) {
      lwktHold(held);
      lwktRele(held);
    }
  },
  *move(t) {
    if (t.next(3) === 0) {
      yield* killOnTheWay(t);
      return;
    }
    const n = t.next(1_000_000);
    const steps = 5 + t.next(60);
    const td = make(() => spawn(traveller, [{ n, steps, at: 0, sum: 0 }], { cpu: anyCpu(t) }));
    if (t.next(2) === 0) yield* lwktYield();
    yield* acquire(td);
    let expected = 0;
    for (let i = 0; i < steps; i++) expected = mix(expected, n + i);
    yield* checkedJoin(t, td, expected);
  },
  *halt(t) {
    yield* haltedThread(t);
  },
  *until(t) {
    const n = t.next(1_000_000);
    const promise =
      t.next(2) === 0 ? Promise.resolve(n) : new Promise<number>((resolve) => setImmediate(resolve, n));
    const got = yield* until(promise);
    if (got !== n) failed('result', t.line, { expected: n, found: got });
  },
};

export const threads: SuiteProgram = {
  body: kthread(function* stressThreads(state) {
    return yield* torture('threads', state, operations);
  }),
  bind,
  *prepare() {
    stA(region, 0, HELD_BY_ALL, spawn(lasting));
  },
  *finish(plan) {
    const held = ldA(region, 0, HELD_BY_ALL);
    const refs = refsOf(held);
    if (refs !== 0) failed('refs', 0, { handle: held, expected: 0, found: refs });
    else yield* join(held);
    // A victim may be killed before it has begun; it is then neither begun nor ended.
    const even = (): boolean => ldA(region, 0, BEGUN) === ldA(region, 0, ENDED);
    const whole = (): boolean => even() && ldA(region, 0, ENDED) <= ldA(region, 0, MADE);
    if (!(yield* eventually(plan, whole)))
      failed('thread-count', 0, {
        made: ldA(region, 0, MADE),
        begun: ldA(region, 0, BEGUN),
        ended: ldA(region, 0, ENDED),
      });
  },
};
