/** A thread that was woken for a token and is descheduled before it ran stands in nobody's way. */
import test from 'ava';
import { IPI } from '../../runtime/base/protocol.ts';
import {
  ipiFunc,
  join,
  lwktDeschedule,
  lwktDescheduleSelf,
  lwktGetToken,
  lwktRelToken,
  lwktSchedule,
  lwktYield,
  safepoint,
  spawn,
  token,
  type Td,
} from '../../runtime/lwkt.ts';
import { cpu } from '../../runtime/scheduler/globaldata.ts';
import { refOf } from '../../runtime/scheduler/thread.ts';
import { Token } from '../../runtime/shared-memory/layout/token.ts';
import { ringOf } from '../../runtime/shared-memory/layout/memory-map.ts';
import { ringPush } from '../../runtime/shared-memory/ring.ts';
import { ld, ldA, orA, st, stA } from '../../runtime/shared-memory/word.ts';
import { tunable } from '../../runtime/shared-memory/layout/sysctl.ts';
import {
  bootOneCpu,
  checkLeaks,
  child,
  define,
  giveWay,
  run,
  sendFromOutside,
  takeSent,
} from '../helpers/one-cpu.ts';

bootOneCpu();
checkLeaks(test);
const { m, arena } = cpu;
const log: string[] = [];

interface Kind {
  readonly tok: number;
  /** A thread of cpu 1 has it. */
  readonly taken: () => void;
  /** It is free, and the first who waits here is woken for it. */
  readonly freed: () => void;
}

const owned = token('owned');
const free = token('free', { kind: 'mutex' });
const KINDS: Readonly<Record<string, Kind>> = {
  'that its cpu owns': {
    tok: owned,
    taken: () => stA(m, owned, Token.owner, 2),
    freed: () => {
      stA(m, owned, Token.owner, -1);
      sendFromOutside(IPI.tokenGrant, owned);
      safepoint();
    },
  },
  'that no cpu owns': {
    tok: free,
    taken: () => stA(m, free, Token.state, cpu.idlethread),
    freed: () => {
      stA(m, free, Token.state, 0);
      sendFromOutside(IPI.tokenFree, free);
      safepoint();
    },
  },
};

const wants = (tok: number, name: string): Td =>
  child(function* wanting() {
    yield* lwktGetToken(tok);
    log.push(name);
    lwktRelToken(tok);
  });

/** Nobody waits for it or has it. */
function isIdle(tok: number): boolean {
  return ldA(m, tok, Token.reqLow) === 0 && ldA(m, tok, Token.state) === 0 && ldA(m, tok, Token.next) === 0;
}

for (const [what, { tok, taken, freed }] of Object.entries(KINDS)) {
  test.serial(`token ${what}: the next one gets it, and its release wakes the stopped one`, (t) => {
    log.length = 0;
    run(function* () {
      taken();
      const first = wants(tok, 'first');
      const second = wants(tok, 'second');
      yield* giveWay();
      freed();
      lwktDeschedule(first);
      yield* join(second);
      yield* join(first);
      t.deepEqual(log, ['second', 'first']);
      t.true(isIdle(tok));
      takeSent(1);
    });
  });

  test.serial(
    `token ${what}: alone, the stopped one stays stopped, and gets it when it is scheduled`,
    (t) => {
      log.length = 0;
      run(function* () {
        taken();
        const only = wants(tok, 'only');
        yield* giveWay();
        freed();
        lwktDeschedule(only);
        yield* giveWay(20);
        t.deepEqual(log, []);
        lwktSchedule(only);
        yield* join(only);
        t.deepEqual(log, ['only']);
        t.true(isIdle(tok));
        takeSent(1);
      });
    },
  );
}

test.serial('token: handed to a thread that is then stopped, it is handed on', (t) => {
  log.length = 0;
  const { taken } = KINDS['that no cpu owns'] as Kind;
  run(function* () {
    taken();
    const first = wants(free, 'first');
    const second = wants(free, 'second');
    yield* giveWay();
    // Woken in vain: it asks to be next.
    sendFromOutside(IPI.tokenFree, free);
    safepoint();
    yield* giveWay();
    t.is(ldA(m, free, Token.next), first);
    // The release of cpu 1 takes the wish, hands over, and tells.
    stA(m, free, Token.next, 0);
    stA(m, free, Token.state, refOf(first, 'test'));
    sendFromOutside(IPI.schedule, first);
    safepoint();
    lwktDeschedule(first);
    yield* join(second);
    yield* join(first);
    t.deepEqual(log, ['second', 'first']);
    t.true(isIdle(free));
    takeSent(1);
  });
});

test.serial('token: with nobody else here that wants it, another cpu gets it', (t) => {
  const { taken, freed } = KINDS['that its cpu owns'] as Kind;
  // Each release may hand it over at once.
  stA(m, arena.map.sysctl, tunable('lwkt.token_quantum_us'), 0);
  run(function* () {
    taken();
    const only = wants(owned, 'only');
    yield* giveWay();
    freed();
    takeSent(1);
    orA(m, owned, Token.reqLow, 2);
    st(m, owned, Token.gen, 16);
    lwktDeschedule(only);
    t.deepEqual(
      takeSent(1).map(([func]) => func),
      [IPI.tokenGrant, IPI.tokenRequest],
      'handed over, and asked back for the one that is stopped',
    );
    t.is(ldA(m, owned, Token.owner), -2);
    stA(m, owned, Token.owner, 1);
    lwktSchedule(only);
    yield* join(only);
  });
});

const makesRoom = ipiFunc(function makesRoom() {
  takeSent(1);
});

for (const kind of ['owned', 'mutex'] as const) {
  test.serial(
    `regress token: stopped while it asks for the next of several, behind one (${kind}) that it has`,
    (t) => {
      log.length = 0;
      run(function* () {
        const low = token(`low ${kind}`, { kind });
        const high = token(`high ${kind}`);
        t.true(low < high);
        const take = (): void => {
          if (kind === 'owned') stA(m, low, Token.owner, 2);
          else stA(m, low, Token.state, cpu.idlethread);
        };
        const letGo = (): void => {
          if (kind === 'owned') stA(m, low, Token.owner, -1);
          else stA(m, low, Token.state, 0);
          sendFromOutside(kind === 'owned' ? IPI.tokenGrant : IPI.tokenFree, low);
          safepoint();
        };
        take();
        const both = child(function* both() {
          yield* lwktGetToken(high);
          yield* lwktGetToken(low);
          log.push('both');
          lwktRelToken(low);
          lwktRelToken(high);
        });
        yield* giveWay();
        // It let the higher one go, to wait for the lower one; cpu 1 takes it meanwhile.
        stA(m, high, Token.owner, 2);
        letGo();
        // It has the lower one and asks for the higher one again; while it waits for room, it is stopped.
        while (ringPush(m, ringOf(arena.map, 0, 1), IPI.wake, 0, 0, 0));
        ringPush(m, ringOf(arena.map, 1, 0), IPI.deschedule, both, 0, 0);
        ringPush(m, ringOf(arena.map, 1, 0), makesRoom.id, 0, 0, 0);
        cpu.polls = 1000;
        yield* giveWay();
        t.is(ld(m, low, Token.holder), refOf(both, 'test') | 1);
        const other = wants(low, 'other');
        yield* giveWay();
        stA(m, high, Token.owner, -1);
        sendFromOutside(IPI.tokenGrant, high);
        safepoint();
        yield* giveWay(8);
        t.deepEqual(log, ['both', 'other']);
        t.true(isIdle(low));
        lwktSchedule(other);
        yield* join(both);
        yield* join(other);
        takeSent(1);
      });
    },
  );
}

test.serial(
  'regress token stopped: who is scheduled again by the one that takes its turn is stopped no more',
  (t) => {
    log.length = 0;
    run(function* () {
      const { tok, taken, freed } = KINDS['that its cpu owns'] as Kind;
      taken();
      const td = child(function* stopped() {
        yield* lwktGetToken(tok);
        lwktRelToken(tok);
        lwktDescheduleSelf();
        yield* lwktYield();
        log.push('through');
      });
      yield* giveWay(2);
      // Runs inside the very call that stops the first one, as soon as it is woken.
      const interrupt = spawn(
        define(function* interrupt() {
          yield* lwktGetToken(tok);
          lwktRelToken(tok);
          lwktSchedule(td);
        }),
        [],
        { interrupt: true },
      );
      yield* giveWay(2);
      freed();
      lwktDeschedule(td);
      yield* join(interrupt);
      yield* giveWay();
      t.deepEqual(log, ['through']);
      yield* join(td);
      takeSent(1);
    });
  },
);
