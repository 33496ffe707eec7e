/** A token that has come for a thread stays until that has had its turn, and not for ever. */
import test, { type ExecutionContext } from 'ava';
import { IPI } from '../../runtime/base/protocol.ts';
import {
  join,
  kill,
  lwktGetToken,
  lwktRelToken,
  lwktSetPri,
  lwktYield,
  spawn,
  TDPRI_KERN_DAEMON,
  token,
  type Td,
} from '../../runtime/lwkt.ts';
import { cpu } from '../../runtime/scheduler/globaldata.ts';
import { Token } from '../../runtime/shared-memory/layout/token.ts';
import { ldA, orA, st, stA } from '../../runtime/shared-memory/word.ts';
import {
  bootOneCpu,
  checkLeaks,
  child,
  define,
  failure,
  giveWay,
  run,
  sendFromOutside,
  takeSent,
} from '../helpers/one-cpu.ts';

bootOneCpu();
checkLeaks(test);
const { m } = cpu;

/** The token as cpu 1 owns it and wants it back, and its grant to this cpu, in a poll in which a tick is due. */
const away = (tok: number): void => stA(m, tok, Token.owner, 2);
function comes(tok: number): void {
  orA(m, tok, Token.reqLow, 1 << 1);
  stA(m, tok, Token.owner, -1);
  sendFromOutside(IPI.tokenGrant, tok);
  cpu.polls = 0;
}
const isHere = (tok: number): boolean => ldA(m, tok, Token.owner) === 1;
/** Cpu 1 takes it over and wants it no more. */
function takenOver(tok: number): void {
  st(m, tok, Token.holder, 0);
  stA(m, tok, Token.reqLow, 0);
  stA(m, tok, Token.owner, 0);
}

/** Lets the others run, with a look at the clock before each turn, until the token has gone to cpu 1. */
function* untilGone(t: ExecutionContext, tok: number): Generator<unknown, void, unknown> {
  for (let i = 0; i < 100 && isHere(tok); i++) {
    cpu.polls = 0;
    yield* lwktYield();
  }
  t.is(ldA(m, tok, Token.owner), -2);
  takeSent(1);
  takenOver(tok);
}

let over = false;
const isOver = (): boolean => over;
const runs = define(function* busy() {
  while (!isOver()) yield* lwktYield();
});

/** Threads that are always runnable, and stand before whoever is woken. */
function* crowd(body: () => Generator<unknown, void, unknown>): Generator<unknown, void, unknown> {
  over = false;
  const others: Td[] = Array.from({ length: 10 }, () => spawn(runs));
  yield* lwktYield();
  yield* body();
  over = true;
  for (const td of others) yield* join(td);
}

test.serial(
  'regress token: one that comes in a poll with a tick due waits for the thread that it wakes',
  (t) => {
    run(() =>
      crowd(function* () {
        const tok = token('wanted');
        away(tok);
        const got: string[] = [];
        const td = child(function* wanting() {
          yield* lwktGetToken(tok);
          got.push('it');
          lwktRelToken(tok);
        });
        yield* giveWay();
        takeSent(1);
        comes(tok);
        // One turn of everybody, with a look at the clock before each.
        for (let i = 0; i < 3 && got.length === 0; i++) {
          yield* lwktYield();
          cpu.polls = 0;
        }
        t.deepEqual(got, ['it']);
        yield* join(td);
        // Now it is the other's.
        yield* untilGone(t, tok);
      }),
    );
  },
);

test.serial('token: one that comes for a thread which never runs goes on', (t) => {
  run(() =>
    crowd(function* () {
      const tok = token('in vain');
      away(tok);
      const td = child(function* wanting() {
        yield* lwktGetToken(tok);
      });
      yield* giveWay();
      takeSent(1);
      // All others are more urgent from now on, and always runnable.
      lwktSetPri(td, 1);
      comes(tok);
      yield* lwktYield();
      t.true(isHere(tok));
      yield* untilGone(t, tok);
      lwktSetPri(td, TDPRI_KERN_DAEMON);
      kill(td);
      t.regex((yield* failure(td)).message, /was killed/);
    }),
  );
});
