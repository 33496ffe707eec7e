import test from 'ava';
import {
  join,
  lwktDeschedule,
  lwktGenToken,
  lwktGetToken,
  lwktRegetToken,
  lwktRelToken,
  lwktSchedule,
  lwktTryToken,
  lwktYield,
  safepoint,
  sleep,
  token,
} from '../../runtime/lwkt.ts';
import { TDPRI_CRIT } from '../../runtime/base/params.ts';
import type { Td } from '../../runtime/base/ids.ts';
import { cpu } from '../../runtime/scheduler/globaldata.ts';
import { Thread } from '../../runtime/shared-memory/layout/thread.ts';
import { IPI } from '../../runtime/base/protocol.ts';
import { Token } from '../../runtime/shared-memory/layout/token.ts';
import { tunable } from '../../runtime/shared-memory/layout/sysctl.ts';
import { ldA, orA, stA } from '../../runtime/shared-memory/word.ts';
import {
  bootOneCpu,
  child,
  checkLeaks,
  panicOf,
  run,
  sendFromOutside,
  giveWay,
  takeSent,
} from '../helpers/one-cpu.ts';
import { random, seedOf } from '../helpers/seed.ts';

bootOneCpu();
checkLeaks(test);

const a = token('a');
const b = token('b');
const c = token('c');

function critLevels(): number {
  return Math.floor((cpu.m[cpu.curthread + Thread.pri] as number) / TDPRI_CRIT);
}

test.serial('token: the same name is the same token, another name another', (t) => {
  t.is(token('a'), a);
  t.not(a, b);
});

test.serial('token done at once: a free token is got without a switch', (t) => {
  run(function* () {
    let others = 0;
    const other = child(function* other() {
      others++;
    });
    t.true((yield* lwktGetToken(a)) !== 0);
    t.is(others, 0);
    lwktRelToken(a);
    yield* join(other);
  });
});

test.serial('token: leaves the thread in a critical section until it is released', (t) => {
  run(function* () {
    t.is(critLevels(), 0);
    yield* lwktGetToken(a);
    t.is(critLevels(), 1);
    yield* lwktGetToken(b);
    t.is(critLevels(), 2);
    lwktRelToken(b);
    lwktRelToken(a);
    t.is(critLevels(), 0);
  });
});

test.serial('token exclusive: while one holds it and waits for another token, nobody else has it', (t) => {
  run(function* () {
    let holders = 0;
    let most = 0;
    const order: string[] = [];
    const taker = (name: string): Td =>
      child(function* takes() {
        yield* lwktGetToken(a);
        holders++;
        most = Math.max(most, holders);
        order.push(name);
        // Held through the wait for b.
        yield* lwktGetToken(b);
        lwktRelToken(b);
        holders--;
        lwktRelToken(a);
      });
    yield* lwktGetToken(a);
    const first = taker('first');
    const second = taker('second');
    yield* giveWay();
    yield* lwktRegetToken(a);
    lwktRelToken(a);
    yield* join(first);
    yield* join(second);
    t.is(most, 1);
    t.deepEqual(order.toSorted(), ['first', 'second']);
  });
});

test.serial('token fairness: waiting threads get it in the order they came', (t) => {
  run(function* () {
    const order: number[] = [];
    yield* lwktGetToken(b);
    // Keeps a held while it waits for b, so that the others queue up for a.
    const keeper = child(function* keeper() {
      yield* lwktGetToken(a);
      yield* lwktYield();
      yield* lwktRegetToken(a);
      lwktRelToken(a);
    });
    const threads: Td[] = [];
    for (let i = 0; i < 5; i++) {
      threads.push(
        child(function* waits() {
          yield* lwktGetToken(a);
          order.push(i);
          lwktRelToken(a);
        }),
      );
    }
    lwktRelToken(b);
    for (const td of [keeper, ...threads]) yield* join(td);
    t.deepEqual(order, [0, 1, 2, 3, 4]);
  });
});

test.serial('token reentry: one that is held may be got again, and is free after as many releases', (t) => {
  run(function* () {
    const gen = yield* lwktGetToken(a);
    t.is(yield* lwktGetToken(a), gen);
    t.true(lwktTryToken(a));
    t.is(critLevels(), 3);
    lwktRelToken(a);
    lwktRelToken(a);
    t.is(critLevels(), 1);
    lwktRelToken(a);
    t.is(critLevels(), 0);
    const got = child(function* tries() {
      const ok = lwktTryToken(a);
      if (ok) lwktRelToken(a);
      return ok;
    });
    t.true(yield* join(got));
  });
});

test.serial('token try: a free one is got, in a critical section', (t) => {
  run(function* () {
    t.true(lwktTryToken(a));
    t.is(critLevels(), 1);
    lwktRelToken(a);
    t.is(critLevels(), 0);
    yield* lwktYield();
  });
});

test.serial('token try: one that another thread holds is not got, and leaves no critical section', (t) => {
  run(function* () {
    // Low and high: a thread keeps the low one while it waits for the high one, so another can look at it.
    const [low, high] = a < c ? [a, c] : [c, a];
    const { m } = cpu;
    const ownerOfHigh = m[high] as number;
    yield* lwktGetToken(high);
    lwktRelToken(high);
    // Played: cpu 1 owns the high token, so that the keeper has to wait for it.
    m[high] = 2;
    const keeper = child(function* keeper() {
      yield* lwktGetToken(low);
      yield* lwktGetToken(high);
      lwktRelToken(high);
      lwktRelToken(low);
    });
    yield* giveWay();
    t.false(lwktTryToken(low));
    t.is(critLevels(), 0);
    t.false(lwktTryToken(high));
    t.is(critLevels(), 0);
    t.not(ownerOfHigh, 2);
    // Cpu 1 hands it over.
    m[high] = -1;
    sendFromOutside(IPI.tokenGrant, high);
    yield* join(keeper);
    t.true(lwktTryToken(low));
    lwktRelToken(low);
  });
});

test.serial('token: one is lost when its holder blocks; another thread may have it', (t) => {
  run(function* () {
    const seen: string[] = [];
    yield* lwktGetToken(a);
    const other = child(function* other() {
      yield* lwktGetToken(a);
      seen.push('other has it');
      lwktRelToken(a);
    });
    yield* giveWay();
    seen.push('back');
    lwktRelToken(a);
    yield* join(other);
    t.deepEqual(seen, ['other has it', 'back']);
  });
});

test.serial('token gen: tells whether another thread had the token while this one was blocked', (t) => {
  run(function* () {
    const gen = yield* lwktGetToken(a);
    yield* lwktYield();
    t.is(yield* lwktGenToken(a, gen), 0);
    const other = child(function* other() {
      yield* lwktGetToken(a);
      lwktRelToken(a);
    });
    yield* giveWay();
    const now = yield* lwktGenToken(a, gen);
    t.not(now, 0);
    t.not(now, gen);
    t.is(yield* lwktGenToken(a, now), 0);
    lwktRelToken(a);
    yield* join(other);
  });
});

test.serial('token reget: holds it again, exclusively', (t) => {
  run(function* () {
    yield* lwktGetToken(a);
    yield* lwktYield();
    yield* lwktRegetToken(a);
    const other = child(function* other() {
      yield* lwktGetToken(a);
      lwktRelToken(a);
      return 'got';
    });
    lwktRelToken(a);
    t.is(yield* join(other), 'got');
  });
});

test.serial('token reget: moves the generation when another had it, and only then', (t) => {
  run(function* () {
    const first = yield* lwktGetToken(a);
    yield* lwktYield();
    t.is(yield* lwktRegetToken(a), first, 'nobody had it');
    const other = child(function* other() {
      const gen = yield* lwktGetToken(a);
      lwktRelToken(a);
      return gen;
    });
    yield* lwktYield();
    const again = yield* lwktRegetToken(a);
    lwktRelToken(a);
    t.is(yield* join(other), first + 1);
    t.is(again, first + 2);
  });
});

test.serial('token reget: without a get before is refused', (t) => {
  run(function* () {
    t.throws(() => lwktRegetToken(a), { code: 'ERR_LWKT_CONTEXT', message: /never got token/ });
    yield* lwktYield();
  });
});

test.serial('token release: another than the last one got is refused, and says which', (t) => {
  run(function* () {
    t.throws(() => lwktRelToken(a), { code: 'ERR_LWKT_CONTEXT', message: /holds none/ });
    yield* lwktGetToken(a);
    yield* lwktGetToken(b);
    t.throws(() => lwktRelToken(a), { code: 'ERR_LWKT_CONTEXT', message: new RegExp(`got token ${b} last`) });
    t.is(critLevels(), 2);
    lwktRelToken(b);
    lwktRelToken(a);
  });
});

test.serial('token order: two threads that take two tokens in opposite order both go on', (t) => {
  run(function* () {
    let rounds = 0;
    const taker = (first: number, second: number): Td =>
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
    const threads = [taker(a, b), taker(b, a)];
    for (const td of threads) yield* join(td);
    t.is(rounds, 400);
  });
});

test.serial(
  'token stress: sums stay exact with many threads, tokens in random order and blocking between',
  (t) => {
    const next = random(seedOf(t));
    const tokens = [a, b, c];
    const sums = [0, 0, 0];
    run(function* () {
      const threads: Td[] = [];
      for (let n = 0; n < 20; n++) {
        threads.push(
          child(function* adds() {
            for (let i = 0; i < 100; i++) {
              const [x, y] = [next(3), next(3)];
              yield* lwktGetToken(tokens[x] as number);
              yield* lwktGetToken(tokens[y] as number);
              if (next(4) === 0) {
                yield* lwktYield();
                // Inner first is as good as outer first.
                yield* lwktRegetToken(tokens[y] as number);
                yield* lwktRegetToken(tokens[x] as number);
              }
              const before = sums[x] as number;
              for (let k = 0; k < next(3); k++) critLevels();
              sums[x] = before + 1;
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
  },
);

test.serial('token lost wake-up: a waiter that was descheduled gets the token once it is scheduled', (t) => {
  run(function* () {
    yield* lwktGetToken(b);
    const keeper = child(function* keeper() {
      yield* lwktGetToken(a);
      yield* lwktGetToken(b);
      lwktRelToken(b);
      lwktRelToken(a);
    });
    const waiter = child(function* waiter() {
      yield* lwktGetToken(a);
      lwktRelToken(a);
      return 'got';
    });
    lwktRelToken(b);
    lwktDeschedule(waiter);
    yield* join(keeper);
    yield* sleep(1);
    lwktSchedule(waiter);
    t.is(yield* join(waiter), 'got');
  });
});

test.serial('token: outside of a thread it is refused', (t) => {
  t.throws(() => lwktTryToken(a), { code: 'ERR_LWKT_CONTEXT' });
  t.throws(() => lwktRelToken(a), { code: 'ERR_LWKT_CONTEXT' });
});

test.serial('panic token: a cpu that does not exist owns it', (t) => {
  const tok = token('overwritten');
  const { message } = panicOf(function* () {
    stA(cpu.m, tok, Token.owner, 4712);
    yield* lwktGetToken(tok);
  });
  t.regex(message, /^lwkt_gettoken: bad t_cpu 4711 of token \d+: this machine has cpus 0 \.\. 1/);
  stA(cpu.m, tok, Token.owner, 0);
});

test.serial('token debug: prints each hand-over, and nothing when it is off', (t) => {
  const tok = token('watched');
  const lines: string[] = [];
  const { error } = console;
  console.error = (line: string) => lines.push(line);
  const { sysctl } = cpu.arena.map;
  stA(cpu.m, sysctl, tunable('lwkt.token_quantum_us'), 0);
  try {
    for (const debug of [0, 1]) {
      stA(cpu.m, sysctl, tunable('lwkt.token_debug'), debug);
      run(function* () {
        yield* lwktGetToken(tok);
        lwktRelToken(tok);
        orA(cpu.m, tok, Token.reqLow, 2);
        sendFromOutside(IPI.tokenRequest, tok, 1);
        safepoint();
      });
      t.is(ldA(cpu.m, tok, Token.owner), -2);
      t.deepEqual(lines, debug === 0 ? [] : [`lwkt: GT(0,1) token ${tok}`]);
      stA(cpu.m, tok, Token.owner, 0);
      stA(cpu.m, tok, Token.reqLow, 0);
    }
  } finally {
    console.error = error;
    stA(cpu.m, sysctl, tunable('lwkt.token_debug'), 0);
    stA(cpu.m, sysctl, tunable('lwkt.token_quantum_us'), 10);
    takeSent(1);
  }
});
