/** The suite `tokens`: threads fight for a few tokens, and look whether anybody else was inside. */
import { nowNs } from '../../base/clock.ts';
import {
  ipiFunc,
  join,
  kthread,
  lwktGenToken,
  lwktGetToken,
  lwktRegetToken,
  lwktRelToken,
  lwktSendIpiq,
  lwktTryToken,
  lwktWaitIpiq,
  lwktYield,
  safepoint,
  shared,
  spawn,
  token,
  type Token,
} from '../../lwkt.ts';
import { CHAOS } from '../chaos.ts';
import type { StressPlan } from '../plan.ts';
import { slayLater } from './children.ts';
import {
  anyCpu,
  busted,
  failed,
  switchAway,
  torture,
  tortureOf,
  waited,
  type Operations,
  type SuiteProgram,
  type ThreadState,
  type Torture,
} from './harness.ts';
import { bindRelays, tokenRelay } from './token-relay.ts';
import { goThrough, loseUpdate, noteGeneration, SECTION_WORDS, stayIn, sumOf } from './section.ts';

/** Tokens and their sections, in the order of the plan. Per cpu. */
let toks: readonly Token[] = [];
let m = new Int32Array(0);

function bind(plan: StressPlan): void {
  if (toks.length !== 0) return;
  const { tokens } = plan;
  bindRelays(plan);
  // The last of several belongs to no cpu, so that both kinds are held together.
  const kind = (i: number): 'owned' | 'mutex' => (i !== 0 && i === tokens - 1 ? 'mutex' : 'owned');
  toks = Array.from({ length: tokens }, (_, i) => token(`lwkt.stress.${i}`, { kind: kind(i) }));
  m = shared.i32('lwkt.stress.tokens', tokens * SECTION_WORDS);
}

function tok(which: number): Token {
  return toks[which] as Token;
}

/** The token has just been got. */
function enter(t: Torture, which: number, gen: number): void {
  noteGeneration(t, m, which * SECTION_WORDS, which, gen, true);
  inside(t, which);
}

function inside(t: Torture, which: number): void {
  goThrough(t, m, which * SECTION_WORDS, which);
  t.tally[which] = (t.tally[which] as number) + 1;
}

/** Gets a token and notes how long that took. */
function* get(t: Torture, which: number): Generator<unknown, number, unknown> {
  const from = nowNs();
  const gen = yield* lwktGetToken(tok(which));
  waited(t, from);
  return gen;
}

/** Different tokens in any order. */
function several(t: Torture): number[] {
  const all = toks.map((_, i) => i);
  const most = Math.min(all.length, t.plan.nested);
  const want = most < 2 ? most : 2 + t.next(most - 1);
  return Array.from({ length: want }, () => all.splice(t.next(all.length), 1)[0] as number);
}

/** Takes a token from whoever has it, and goes through its section. */
const thief = kthread(function* stressThief(state: ThreadState, which: number) {
  const t = tortureOf('tokens', state);
  const gen = yield* lwktGetToken(tok(which));
  noteGeneration(t, m, which * SECTION_WORDS, which, gen, true);
  goThrough(t, m, which * SECTION_WORDS, which);
  lwktRelToken(tok(which));
});

/** Chaos: another thread is made to take the token, and the holder must be told. */
function* forceLoss(t: Torture, which: number, gen: number): Generator<unknown, void, unknown> {
  const { loss = 0 } = CHAOS[t.plan.chaos] ?? {};
  if (loss === 0 || t.next(loss) !== 0) return;
  yield* join(spawn(thief, [t.state, which], { cpu: anyCpu(t) }));
  t.tally[which] = (t.tally[which] as number) + 1;
  const now = yield* lwktGenToken(tok(which), gen);
  if (now === 0) failed('generation', t.line, { token: which, generation: now, last: gen });
  else noteGeneration(t, m, which * SECTION_WORDS, which, now, false);
  inside(t, which);
}

/** Without the token, on purpose. */
function* trespass(t: Torture, which: number): Generator<unknown, void, unknown> {
  yield* stayIn(t, m, which * SECTION_WORDS, which);
  t.tally[which] = (t.tally[which] as number) + 1;
}

const UNGUARDED = ['exclusion', 'canary'] as const;

/** An IPI that does nothing: waiting for it drains. */
const nothing = ipiFunc(function stressNothing() {});

/** Takes two tokens in any order and lets them go, again and again, until it is killed wherever it stands. */
const victim = kthread(function* stressVictimOfTokens(first: number, second: number) {
  for (;;) {
    yield* lwktGetToken(tok(first));
    yield* lwktGetToken(tok(second));
    lwktRelToken(tok(second));
    lwktRelToken(tok(first));
    if (safepoint()) yield* lwktYield();
  }
});

const operations: Operations<'tokens'> = {
  *get(t) {
    const which = t.next(toks.length);
    if (UNGUARDED.some((check) => busted(t, check))) {
      yield* trespass(t, which);
      return;
    }
    const gen = yield* get(t, which);
    enter(t, which, busted(t, 'generation') ? gen - 2 : gen);
    if (busted(t, 'lost-update')) loseUpdate(m, which * SECTION_WORDS);
    yield* forceLoss(t, which, gen);
    lwktRelToken(tok(which));
  },
  *try(t) {
    const which = t.next(toks.length);
    if (!lwktTryToken(tok(which))) return;
    inside(t, which);
    lwktRelToken(tok(which));
  },
  *nested(t) {
    const picks = several(t);
    for (const which of picks) yield* get(t, which);
    for (const which of picks) {
      // Held by now: this asks for the generation only.
      noteGeneration(t, m, which * SECTION_WORDS, which, yield* lwktRegetToken(tok(which)), false);
      inside(t, which);
    }
    for (const which of picks.toReversed()) lwktRelToken(tok(which));
  },
  /** The same one several times. */
  *again(t) {
    const which = t.next(toks.length);
    enter(t, which, yield* get(t, which));
    const levels = 1 + t.next(3);
    for (let i = 0; i < levels; i++) yield* lwktGetToken(tok(which));
    inside(t, which);
    for (let i = 0; i < levels; i++) lwktRelToken(tok(which));
    inside(t, which);
    lwktRelToken(tok(which));
  },
  /** Blocks inside, and gets it back; or releases it as it is, lost and perhaps held by another. */
  *lose(t) {
    const which = t.next(toks.length);
    enter(t, which, yield* get(t, which));
    yield* switchAway(t);
    if (t.next(4) === 0) {
      lwktRelToken(tok(which));
      return;
    }
    const from = nowNs();
    const gen = yield* lwktRegetToken(tok(which));
    waited(t, from);
    noteGeneration(t, m, which * SECTION_WORDS, which, gen, false);
    inside(t, which);
    lwktRelToken(tok(which));
  },
  /** Blocks inside, and asks whether anybody else had it. */
  *gen(t) {
    const which = t.next(toks.length);
    const before = yield* get(t, which);
    enter(t, which, before);
    const sum = sumOf(m, which * SECTION_WORDS);
    yield* switchAway(t);
    const gen = yield* lwktGenToken(tok(which), before);
    const now = sumOf(m, which * SECTION_WORDS);
    if (gen === 0 && now !== sum)
      failed('generation', t.line, { token: which, generation: gen, expected: sum, found: now });
    inside(t, which);
    lwktRelToken(tok(which));
  },
  /** Drains IPIs inside, among them requests for the token. */
  *keep(t) {
    const which = t.next(toks.length);
    enter(t, which, yield* get(t, which));
    const sum = sumOf(m, which * SECTION_WORDS);
    const dcpu = anyCpu(t);
    lwktWaitIpiq(dcpu, lwktSendIpiq(dcpu, nothing));
    const now = sumOf(m, which * SECTION_WORDS);
    if (now !== sum) failed('exclusion', t.line, { section: which, expected: sum, found: now });
    inside(t, which);
    lwktRelToken(tok(which));
  },
  *relay(t) {
    yield* tokenRelay(t);
  },
  *kill(t) {
    const picks = [t.next(toks.length), t.next(toks.length)] as const;
    yield* slayLater(t, spawn(victim, [...picks], { cpu: anyCpu(t) }));
  },
};

export const tokens: SuiteProgram = {
  body: kthread(
    function* stressTokens(state) {
      return yield* torture('tokens', state, operations);
    },
    { movable: true },
  ),
  bind,
  *prepare() {
    before = toks.map((_, which) => sumOf(m, which * SECTION_WORDS));
  },
  *finish(_plan, tallies) {
    toks.forEach((__, which) => {
      const counted = tallies.reduce((sum, tally) => sum + (tally[which] ?? 0), before[which] ?? 0) | 0;
      const found = sumOf(m, which * SECTION_WORDS);
      if (found !== counted) failed('lost-update', 0, { section: which, expected: counted, found });
    });
  },
};

/** The sums when the phase began. On the cpu that runs the phases. */
let before: readonly number[] = [];
