/** What becomes of the tokens of a thread that blocks: a single one stands where arguments and results do. */
import { inspect } from 'node:util';
import test from 'ava';
import {
  join,
  kill,
  lwktGetToken,
  lwktRegetToken,
  lwktRelToken,
  lwktTryToken,
  lwktYield,
  sleep,
  token,
} from '../../runtime/lwkt.ts';
import { bootOneCpu, checkLeaks, child, failure, giveWay, run } from '../helpers/one-cpu.ts';

bootOneCpu();
checkLeaks(test);

const toks = ['held a', 'held b', 'held c'].map((name) => token(name));
const [a, b, c] = toks as [(typeof toks)[0], (typeof toks)[0], (typeof toks)[0]];

/** Blocks with one, three, two and one token in hand, and none. */
function* blocksWithAll(): Generator<unknown, void, unknown> {
  yield* lwktGetToken(a);
  yield* sleep(1);
  yield* lwktGetToken(b);
  yield* lwktGetToken(c);
  yield* sleep(1);
  lwktRelToken(c);
  yield* sleep(1);
  lwktRelToken(b);
  yield* sleep(1);
  yield* lwktRegetToken(a);
  lwktRelToken(a);
  yield* sleep(1);
}

for (const [argument, result] of [
  [1.5, 2.5],
  [undefined, undefined],
  [-0, 'text'],
  [null, true],
  [{ a: 1 }, [1]],
] as const) {
  test.serial(
    `token: ${inspect(argument)} comes in and ${inspect(result)} goes out past tokens in hand`,
    (t) => {
      run(function* () {
        const tds = [1, 2].map(() =>
          child(function* holds(given: unknown) {
            yield* blocksWithAll();
            return [given, result];
          }, argument),
        );
        for (const td of tds) t.deepEqual(yield* join(td), [argument, result]);
      });
    },
  );
}

for (const held of [1, 2, 3]) {
  test.serial(`token: a thread killed anywhere with ${held} in hand leaves them free`, (t) => {
    run(function* () {
      for (let at = 0; at < 8; at++) {
        const victim = child(function* victim() {
          for (;;) {
            for (const tok of toks.slice(0, held)) {
              yield* lwktGetToken(tok);
              yield* lwktYield();
            }
            for (const tok of toks.slice(0, held).toReversed()) {
              yield* lwktRegetToken(tok);
              lwktRelToken(tok);
              yield* lwktYield();
            }
          }
        });
        const other = child(function* other() {
          for (const tok of toks) {
            yield* lwktGetToken(tok);
            yield* lwktYield();
          }
          for (const tok of toks.toReversed()) {
            yield* lwktRegetToken(tok);
            yield* lwktYield();
            lwktRelToken(tok);
          }
        });
        yield* giveWay(at);
        kill(victim);
        yield* failure(victim);
        yield* join(other);
        for (const tok of toks) t.true(lwktTryToken(tok), `killed after ${at} turns`);
        for (const tok of toks.toReversed()) lwktRelToken(tok);
      }
    });
  });
}
