/**
 * Some threads get the same tokens a few times each, and end. Nobody else ever comes to them, so a request that is lost is not
 * made good by the next one.
 */
import {
  join,
  kthread,
  lwktGetToken,
  lwktRelToken,
  ncpus,
  shared,
  spawn,
  token,
  type Token,
} from '../../lwkt.ts';
import type { StressPlan } from '../plan.ts';
import { busy, failed, type Torture } from './harness.ts';

/** Threads of the suite that do this: each has two tokens of its own for it. */
const MOST_RELAYS = 16;
const MOST_IN_GROUP = 6;
const MOST_TIMES = 60;
const LINE = 32;
/** Longer than a cpu may keep a token that others wait for, one time in four. */
const HOLD_NS = 20_000;

/** Per cpu. */
let toks: readonly Token[] = [];
/** How often each token was had: plain, it is what the token protects. */
let m = new Int32Array(0);

/** Finds the tokens; before the first operation on this cpu. */
export function bindRelays({ cpus, threads }: StressPlan): void {
  const relays = Math.min(MOST_RELAYS, cpus * threads);
  toks = Array.from({ length: 2 * relays }, (_, i) => token(`lwkt.stress.relay.${i}`));
  m = shared.i32('lwkt.stress.relays', 2 * relays * LINE);
}

/** Turn `i` of a runner takes the first token, the second one, or both. */
const FIRST = 0;
const SECOND = 1;
const KINDS = 3;
const kindOf = (me: number, i: number): number => (i + me) % KINDS;

function passed(which: number): void {
  m[which * LINE] = ((m[which * LINE] as number) + 1) | 0;
}

/** While it has the first token it may wait for the second one: then others of its own cpu wait for the first. */
const runner = kthread(function* stressTokenRunner(pair: number, me: number, times: number) {
  for (let i = 0; i < times; i++) {
    const kind = kindOf(me, i);
    const [first, second] = [2 * pair, 2 * pair + 1];
    if (kind !== SECOND) yield* lwktGetToken(toks[first] as Token);
    if (kind !== FIRST) yield* lwktGetToken(toks[second] as Token);
    if (kind !== SECOND) passed(first);
    if (kind !== FIRST) passed(second);
    if ((i & 3) === 0) busy(HOLD_NS);
    if (kind !== FIRST) lwktRelToken(toks[second] as Token);
    if (kind !== SECOND) lwktRelToken(toks[first] as Token);
  }
});

/** How often a group passes the token that turns of kind `other` do not take. */
function passes(all: number, times: number, other: number): number {
  let n = 0;
  for (let me = 0; me < all; me++) for (let i = 0; i < times; i++) if (kindOf(me, i) !== other) n++;
  return n;
}

/** One relay, if the thread has tokens for it. */
export function* tokenRelay(t: Torture): Generator<unknown, void, unknown> {
  const [first, second] = [2 * t.index, 2 * t.index + 1];
  if (second >= toks.length) return;
  const times = 1 + t.next(MOST_TIMES);
  const all = 2 + t.next(MOST_IN_GROUP - 1);
  m[first * LINE] = 0;
  m[second * LINE] = 0;
  const group = Array.from({ length: all }, (_, i) =>
    spawn(runner, [t.index, i, times], { cpu: i % ncpus() }),
  );
  for (const td of group) yield* join(td);
  for (const [which, other] of [
    [first, SECOND],
    [second, FIRST],
  ] as const) {
    const found = m[which * LINE] as number;
    const expected = passes(all, times, other);
    if (found !== expected) failed('lost-update', t.line, { token: which, group: all, expected, found });
  }
}
