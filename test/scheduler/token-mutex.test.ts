/** Tokens that no cpu owns. The test plays cpu 1. */
import test from 'ava';
import type { Td } from '../../runtime/base/ids.ts';
import { TDPRI_CRIT } from '../../runtime/base/params.ts';
import { IPI } from '../../runtime/base/protocol.ts';
import {
  join,
  kill,
  lwktGenToken,
  lwktGetToken,
  lwktRegetToken,
  lwktRelToken,
  lwktSchedule,
  lwktTryToken,
  lwktYield,
  safepoint,
  token,
} from '../../runtime/lwkt.ts';
import { cpu } from '../../runtime/scheduler/globaldata.ts';
import { refOf } from '../../runtime/scheduler/thread.ts';
import { bereaveMutexToken } from '../../runtime/scheduler/token-mutex.ts';
import { Thread } from '../../runtime/shared-memory/layout/thread.ts';
import { NO_CPU, Token } from '../../runtime/shared-memory/layout/token.ts';
import { ldA, stA } from '../../runtime/shared-memory/word.ts';
import {
  bootOneCpu,
  checkLeaks,
  child,
  failure,
  giveWay,
  run,
  sendFromOutside,
  takeSent,
} from '../helpers/one-cpu.ts';
import { random, seedOf } from '../helpers/seed.ts';

bootOneCpu();
checkLeaks(test);

const { m } = cpu;
const a = token('a', { kind: 'mutex' });
const b = token('b', { kind: 'mutex' });
const owned = token('owned');
/** A thread of cpu 1, as it stands in `state`. */
const FOREIGN = cpu.slab + 60 * Thread.WORDS;
const state = (tok: number): number => ldA(m, tok, Token.state);
const next = (tok: number): number => ldA(m, tok, Token.next);
const bits = (tok: number): number => ldA(m, tok, Token.reqLow);
const critLevels = (): number => Math.floor((m[cpu.curthread + Thread.pri] as number) / TDPRI_CRIT);

/** Cpu 1 takes a free token. */
function foreignTake(tok: number): void {
  stA(m, tok, Token.state, FOREIGN);
  m[tok + Token.holder] = FOREIGN | 1;
}

/** Cpu 1 lets its token go and tells cpu 0 if that one waits. */
function foreignRelease(tok: number): void {
  m[tok + Token.holder] = FOREIGN;
  stA(m, tok, Token.state, 0);
  if ((bits(tok) & 1) !== 0) sendFromOutside(IPI.tokenFree, tok);
}

const taker = (tok: number, log: unknown[], name: unknown): Td =>
  child(function* takes() {
    yield* lwktGetToken(tok);
    log.push(name);
    lwktRelToken(tok);
  });

const { compareExchange, load, or, pause, store } = Atomics;

/** Lists the atomic accesses to a token's first line, with what its holder word said then. */
function watch(tok: number, during: () => void): string[] {
  const seen: string[] = [];
  const names = new Map<number, string>([
    [tok + Token.state, 'state'],
    [tok + Token.next, 'next'],
    [tok + Token.reqLow, 'bits'],
  ]);
  const note = (what: string, at: number): void => {
    const name = names.get(at);
    const held = ((m[tok + Token.holder] as number) & 1) !== 0;
    if (name !== undefined) seen.push(`${what} ${name}, ${held ? 'held' : 'free'}`);
  };
  Object.assign(Atomics, {
    compareExchange(words: Int32Array, at: number, expected: number, value: number) {
      note('cas', at);
      return compareExchange(words, at, expected, value);
    },
    load(words: Int32Array, at: number) {
      note('load', at);
      return load(words, at);
    },
    store(words: Int32Array, at: number, value: number) {
      note('store', at);
      return store(words, at, value);
    },
  });
  try {
    during();
  } finally {
    Object.assign(Atomics, { compareExchange, load, store });
  }
  return seen;
}

test.afterEach(() => {
  Object.assign(Atomics, { compareExchange, load, or, pause, store });
  for (const tok of [a, b]) {
    stA(m, tok, Token.state, 0);
    stA(m, tok, Token.next, 0);
    m[tok + Token.holder] = 0;
  }
});

test.serial('mutex token: belongs to no cpu, whoever takes it', (t) => {
  run(function* () {
    t.is(ldA(m, a, Token.owner), NO_CPU);
    yield* lwktGetToken(a);
    t.is(state(a), cpu.curthread);
    t.is(critLevels(), 1);
    lwktRelToken(a);
    t.deepEqual([state(a), critLevels(), ldA(m, a, Token.owner)], [0, 0, NO_CPU]);
  });
});

test.serial('mutex token: a name stands for one kind, and there are two', (t) => {
  t.throws(() => token('a'), { code: 'ERR_LWKT_SYMBOL' });
  t.throws(() => token('owned', { kind: 'mutex' }), { code: 'ERR_LWKT_SYMBOL' });
  t.throws(() => token('x', { kind: 'spin' as 'mutex' }), {
    code: 'ERR_LWKT_OPTION',
    message: /no kind 'spin'; use 'owned' or 'mutex'/,
  });
  t.is(token('a', { kind: 'mutex' }), a);
});

test.serial('mutex token order: taken by one compare-and-swap before its words are touched', (t) => {
  run(function* () {
    const seen = watch(a, () => t.true(lwktTryToken(a)));
    t.deepEqual(seen, ['cas state, free']);
    lwktRelToken(a);
    yield* lwktYield();
  });
});

test.serial(
  'mutex token order: its words say free before it is stored free; then the bits are looked at',
  (t) => {
    run(function* () {
      yield* lwktGetToken(a);
      t.deepEqual(
        watch(a, () => lwktRelToken(a)),
        ['store state, free', 'load bits, free'],
      );
    });
  },
);

test.serial('mutex token try: held elsewhere it is not got, and leaves no critical section', (t) => {
  run(function* () {
    foreignTake(a);
    t.false(lwktTryToken(a));
    t.deepEqual([critLevels(), state(a), bits(a)], [0, FOREIGN, 0]);
    foreignRelease(a);
    t.true(lwktTryToken(a));
    lwktRelToken(a);
    yield* lwktYield();
  });
});

test.serial('mutex token reentry: is free after as many releases', (t) => {
  run(function* () {
    const gen = yield* lwktGetToken(a);
    t.is(yield* lwktGetToken(a), gen);
    t.true(lwktTryToken(a));
    lwktRelToken(a);
    lwktRelToken(a);
    t.is(state(a), cpu.curthread);
    lwktRelToken(a);
    t.is(state(a), 0);
  });
});

test.serial(
  'mutex token lost wake-up: let go between the first try and the request, it is found (A1/B1)',
  (t) => {
    run(function* () {
      foreignTake(a);
      Object.assign(Atomics, {
        or(words: Int32Array, at: number, value: number) {
          // The release has looked at the bits before this one is set: it tells nobody.
          if (at === a + Token.reqLow) foreignRelease(a);
          return or(words, at, value);
        },
      });
      yield* lwktGetToken(a);
      t.deepEqual([state(a), bits(a)], [cpu.curthread, 0]);
      lwktRelToken(a);
    });
  },
);

test.serial('mutex token: a waiter has its bit set until it has the token; a release tells it', (t) => {
  run(function* () {
    const log: unknown[] = [];
    foreignTake(a);
    const waiter = taker(a, log, 'got');
    yield* giveWay();
    t.deepEqual([log, bits(a)], [[], 1]);
    foreignRelease(a);
    yield* join(waiter);
    t.deepEqual([log, bits(a), state(a)], [['got'], 0, 0]);
  });
});

test.serial('mutex token: a release here tells a cpu with waiters by one IPI', (t) => {
  run(function* () {
    takeSent(1);
    yield* lwktGetToken(a);
    stA(m, a, Token.reqLow, 2);
    lwktRelToken(a);
    t.deepEqual(takeSent(1), [[IPI.tokenFree, a, 0, 0]]);
    stA(m, a, Token.reqLow, 0);
  });
});

test.serial('mutex token fairness: threads of a cpu get it in the order they came', (t) => {
  run(function* () {
    const log: unknown[] = [];
    foreignTake(a);
    const threads = [0, 1, 2, 3].map((i) => taker(a, log, i));
    yield* giveWay();
    foreignRelease(a);
    for (const td of threads) yield* join(td);
    t.deepEqual(log, [0, 1, 2, 3]);
  });
});

test.serial(
  'mutex token fairness: who was woken in vain asks to be next, and a release hands it over',
  (t) => {
    run(function* () {
      const log: unknown[] = [];
      foreignTake(a);
      const waiter = taker(a, log, 'waiter');
      yield* giveWay();
      t.is(next(a), 0);
      // Told, but another one was quicker.
      foreignRelease(a);
      foreignTake(a);
      safepoint();
      yield* giveWay();
      t.is(next(a), waiter);
      foreignRelease(a);
      // A newcomer of this cpu is quicker again: its release has no choice.
      t.true(lwktTryToken(a));
      lwktRelToken(a);
      t.deepEqual([next(a), state(a)], [0, refOf(waiter, 'test')]);
      t.false(lwktTryToken(a), 'it is on its way');
      yield* join(waiter);
      t.deepEqual([log, state(a)], [['waiter'], 0]);
    });
  },
);

test.serial('mutex token: a wake-up is a hint: a waiter that is scheduled goes on waiting', (t) => {
  run(function* () {
    const log: unknown[] = [];
    foreignTake(a);
    const waiter = taker(a, log, 'got');
    for (let i = 0; i < 3; i++) {
      yield* giveWay();
      lwktSchedule(waiter);
    }
    yield* giveWay();
    t.deepEqual([log, bits(a)], [[], 1]);
    foreignRelease(a);
    yield* join(waiter);
    t.is(next(a), 0, 'got while free, it takes its wish back');
  });
});

test.serial('mutex token kill: a waiter that was told passes the token on', (t) => {
  run(function* () {
    const log: unknown[] = [];
    foreignTake(a);
    const first = taker(a, log, 'first');
    const second = taker(a, log, 'second');
    yield* giveWay();
    foreignRelease(a);
    kill(first);
    yield* failure(first);
    yield* join(second);
    t.deepEqual([log, bits(a), state(a)], [['second'], 0, 0]);
  });
});

/** A thread that waits and has asked to be next. */
function* asks(log: unknown[]): Generator<unknown, Td, unknown> {
  foreignTake(a);
  const waiter = taker(a, log, 'asked');
  yield* giveWay();
  lwktSchedule(waiter);
  yield* giveWay();
  return waiter;
}

test.serial('mutex token kill: a waiter that asked to be next takes its wish back', (t) => {
  run(function* () {
    const waiter = yield* asks([]);
    t.is(next(a), waiter);
    kill(waiter);
    yield* failure(waiter);
    t.deepEqual([next(a), bits(a), state(a)], [0, 0, FOREIGN]);
  });
});

test.serial(
  'mutex token kill: one to whom it is being handed over waits for it, and lets it go (A3/B3)',
  (t) => {
    run(function* () {
      const waiter = yield* asks([]);
      const td = refOf(waiter, 'test');
      // Cpu 1 has taken the wish, and not yet stored whose the token is.
      stA(m, a, Token.next, 0);
      let looks = 0;
      Object.assign(Atomics, {
        pause() {
          if (++looks === 3) stA(m, a, Token.state, td);
        },
      });
      kill(waiter);
      yield* failure(waiter);
      t.is(looks, 3);
      t.deepEqual([next(a), bits(a), state(a)], [0, 0, 0]);
    });
  },
);

test.serial(
  'mutex token: one that a thread of a dead cpu holds, or is to have next, is free; its words say so',
  (t) => {
    run(function* () {
      const log: unknown[] = [];
      foreignTake(a);
      const [waiter, heir] = [taker(a, log, 'waiter'), taker(a, log, 'heir')];
      yield* giveWay();
      // Played: cpu 1, of the holder and of the one that is to be next, dies.
      stA(m, a, Token.next, heir);
      stA(m, a, Token.reqLow, 3);
      m[FOREIGN + Thread.cpu] = 1;
      m[refOf(heir, 'test') + Thread.cpu] = 1;
      bereaveMutexToken(a, 1);
      m[refOf(heir, 'test') + Thread.cpu] = 0;
      m[FOREIGN + Thread.cpu] = 0;
      t.deepEqual([state(a), next(a), bits(a), m[a + Token.holder]], [0, 0, 1, FOREIGN]);
      for (const td of [waiter, heir]) yield* join(td);
      t.deepEqual(log, ['waiter', 'heir']);
    });
  },
);

test.serial('mutex token: the death of another cpu than the holder’s changes nothing', (t) => {
  run(function* () {
    yield* lwktGetToken(a);
    bereaveMutexToken(a, 1);
    t.is(state(a), cpu.curthread);
    lwktRelToken(a);
  });
});

test.serial('mutex token: is lost by blocking; the generation tells whether another had it', (t) => {
  run(function* () {
    const gen = yield* lwktGetToken(a);
    yield* lwktYield();
    t.is(state(a), 0);
    t.is(yield* lwktGenToken(a, gen), 0);
    const log: unknown[] = [];
    const other = taker(a, log, 'other');
    yield* giveWay();
    t.deepEqual(log, ['other']);
    t.is(yield* lwktRegetToken(a), gen + 2);
    t.is(state(a), cpu.curthread);
    lwktRelToken(a);
    yield* join(other);
  });
});

test.serial('mutex token: a thread that ends with one in hand lets it go', (t) => {
  run(function* () {
    const td = child(function* keeps() {
      yield* lwktGetToken(a);
    });
    t.regex((yield* failure(td)).message, /1 token in hand/);
    t.is(state(a), 0);
  });
});

test.serial('mutex token order: both kinds together, in opposite orders, both threads go on', (t) => {
  run(function* () {
    let rounds = 0;
    const opposite = (first: number, second: number): Td =>
      child(function* takes() {
        for (let i = 0; i < 200; i++) {
          yield* lwktGetToken(first);
          if (i % 3 === 0) yield* lwktYield();
          yield* lwktGetToken(second);
          if (i % 5 === 0) yield* lwktYield();
          rounds++;
          lwktRelToken(second);
          lwktRelToken(first);
        }
      });
    for (const td of [opposite(a, b), opposite(b, a), opposite(owned, a), opposite(b, owned)])
      yield* join(td);
    t.is(rounds, 800);
    t.deepEqual([state(a), state(b), bits(a), bits(b), next(a), next(b)], [0, 0, 0, 0, 0, 0]);
  });
});

test.serial('mutex token stress: sums stay exact, both kinds in random order with blocking between', (t) => {
  const draw = random(seedOf(t));
  const tokens = [a, owned, b];
  const sums = [0, 0, 0];
  run(function* () {
    const threads: Td[] = [];
    for (let n = 0; n < 20; n++) {
      threads.push(
        child(function* adds() {
          for (let i = 0; i < 100; i++) {
            const [x, y] = [draw(3), draw(3)];
            yield* lwktGetToken(tokens[x] as number);
            yield* lwktGetToken(tokens[y] as number);
            if (draw(4) === 0) {
              yield* lwktYield();
              yield* lwktRegetToken(tokens[y] as number);
              yield* lwktRegetToken(tokens[x] as number);
            }
            sums[x] = (sums[x] as number) + 1;
            lwktRelToken(tokens[y] as number);
            lwktRelToken(tokens[x] as number);
          }
        }),
      );
    }
    for (const td of threads) yield* join(td);
  });
  t.is(
    sums.reduce((x, y) => x + y, 0),
    2000,
  );
  t.deepEqual([state(a), state(b), next(a), next(b)], [0, 0, 0, 0]);
});
