/** A token that goes to and fro: each get finds it with the other cpu, and has to ask for it. */
import {
  kthread,
  lwktGetToken,
  lwktRelToken,
  lwktYield,
  safepoint,
  spawn,
  token,
  type Td,
  type Token,
} from '../../lwkt.ts';
import { clock } from '../plan/clock.ts';
import { receivers, type IpiPlan } from '../plan/ipi-plan.ts';
import { region } from './bound.ts';
import type { Sender } from './sender.ts';

const SENDER = 0;
const OTHER = 1;

const wandering = (): Token => token('lwkt.bench');

/** Takes the token whenever it is told to, so that the sender finds it there. */
const other = kthread(function* benchTokenOther() {
  const r = region();
  const tok = wandering();
  r.begun();
  while (!r.stopped) {
    if (r.turn === OTHER) {
      yield* lwktGetToken(tok);
      lwktRelToken(tok);
      r.turn = SENDER;
    }
    if (safepoint()) yield* lwktYield();
  }
});

/** Makes the other side. */
export function startOther(plan: IpiPlan): Td[] {
  return receivers(plan).map((cpu) => spawn(other, [], { cpu }));
}

/** Gets the token from the other cpu, once. `due` 0 means when it is there. */
export function* tokenRound(sender: Sender, sample: number, due: number): Generator<unknown, void, unknown> {
  const r = region();
  const tok = wandering();
  r.turn = OTHER;
  while (r.turn !== SENDER) {
    if (r.stopped) return;
    if (safepoint()) yield* lwktYield();
  }
  const asked = clock();
  yield* lwktGetToken(tok);
  const got = clock();
  lwktRelToken(tok);
  sender.recordRoundTrip(sample, due === 0 ? asked : due, got);
}
