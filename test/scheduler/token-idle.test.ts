/** What a cpu owes goes as soon as it has nothing to run. */
import test from 'ava';
import { IPI } from '../../runtime/base/protocol.ts';
import {
  lwktDescheduleSelf,
  lwktGetToken,
  lwktRelToken,
  lwktSwitch,
  lwktYield,
  token,
} from '../../runtime/lwkt.ts';
import { cpu } from '../../runtime/scheduler/globaldata.ts';
import { wakeHandle } from '../../runtime/scheduler/schedule.ts';
import { handleOf } from '../../runtime/scheduler/thread.ts';
import { tunable, type TunableName } from '../../runtime/shared-memory/layout/sysctl.ts';
import { Token } from '../../runtime/shared-memory/layout/token.ts';
import { ldA, orA, stA } from '../../runtime/shared-memory/word.ts';
import { bootOneCpu, checkLeaks, giveWay, run, sendFromOutside, takeSent } from '../helpers/one-cpu.ts';
import { whilePolling } from '../helpers/polling.ts';

const arena = bootOneCpu();
checkLeaks(test);
const { m } = cpu;

const setSysctl = (name: TunableName, value: number): void => stA(m, arena.map.sysctl, tunable(name), value);
const CLOCK = ['lwkt.token_quantum_us', 'lwkt.tick_us'] as const;
const USUAL = CLOCK.map((name) => ldA(m, arena.map.sysctl, tunable(name)));

// Neither its quantum nor a look at the clock may be what moves a token.
test.before(() => CLOCK.forEach((name) => setSysctl(name, 1_000_000)));
test.after(() => CLOCK.forEach((name, i) => setSysctl(name, USUAL[i] as number)));

/** Tokens that this cpu owns, that a thread here has used since the last look, and that cpu 1 waits for. */
function* owed(many: number): Generator<unknown, number[], unknown> {
  const toks = Array.from({ length: many }, (_, i) => token(`owed ${i}`));
  for (const tok of toks) {
    yield* lwktGetToken(tok);
    orA(m, tok, Token.reqLow, 1 << 1);
    sendFromOutside(IPI.tokenRequest, tok, 1);
    lwktRelToken(tok);
    yield* lwktYield();
  }
  return toks;
}

const ownersOf = (toks: readonly number[]): number[] => toks.map((tok) => ldA(m, tok, Token.owner));

/** Cpu 1 takes them over and wants them no more. */
function takenOver(toks: readonly number[]): void {
  takeSent(1);
  for (const tok of toks) {
    stA(m, tok, Token.reqLow, 0);
    stA(m, tok, Token.owner, 0);
  }
}

for (const many of [1, 3]) {
  test.serial(`regress token: ${many} that another cpu waits for, gone when the cpu begins to idle`, (t) => {
    run(function* () {
      const toks = yield* owed(many);
      t.deepEqual(ownersOf(toks), Array<number>(many).fill(1));
      const sleeper = handleOf(cpu.curthread);
      let owners: number[] = [];
      const end = whilePolling(sleeper, () => {
        owners = ownersOf(toks);
        wakeHandle(sleeper);
      });
      lwktDescheduleSelf();
      yield* lwktSwitch();
      t.true(end());
      t.deepEqual(owners, Array<number>(many).fill(-2));
      takenOver(toks);
    });
  });
}

test.serial('token: while a thread can run here, it stays for its quantum', (t) => {
  run(function* () {
    const toks = yield* owed(1);
    yield* giveWay();
    t.deepEqual(ownersOf(toks), [1]);
    takenOver(toks);
  });
});
