/** The suite `mplock`: threads fight for the one lock of the machine. */
import { nowNs } from '../../base/clock.ts';
import {
  getMplock,
  kthread,
  lwktYield,
  mpcount,
  mpLockHeld,
  relMplock,
  shared,
  spawn,
  tryMplock,
} from '../../lwkt.ts';
import { slayLater } from './children.ts';
import {
  anyCpu,
  busted,
  failed,
  switchAway,
  torture,
  waited,
  type Operations,
  type SuiteProgram,
  type Torture,
} from './harness.ts';
import { goThrough, SECTION_WORDS, sumOf } from './section.ts';

let region = new Int32Array(0);

function bind(): void {
  if (region.length === 0) region = shared.i32('lwkt.stress.mplock', SECTION_WORDS);
}

function inside(t: Torture, count: number): void {
  if (!mpLockHeld() || mpcount() !== count)
    failed('mp-count', t.line, { expected: count, found: mpcount(), hasLock: mpLockHeld() ? 1 : 0 });
  goThrough(t, region, 0, 0);
  t.tally[0] = (t.tally[0] as number) + 1;
}

/** A cpu has the lock only while its running thread wants it. */
function outside(t: Torture): void {
  if (mpcount() === 0 && mpLockHeld()) failed('mp-count', t.line, { expected: 0, found: 0, hasLock: 1 });
}

function* get(t: Torture): Generator<unknown, void, unknown> {
  outside(t);
  const from = nowNs();
  yield* getMplock();
  waited(t, from);
}

function out(t: Torture): void {
  relMplock();
  if (mpcount() !== 0) failed('mp-count', t.line, { expected: 0, found: mpcount() });
}

/** Takes the lock again and again, blocks with it, until it is killed wherever it stands. */
const victim = kthread(function* stressVictimOfMplock() {
  for (;;) {
    yield* getMplock();
    yield* lwktYield();
    relMplock();
    yield* lwktYield();
  }
});

const operations: Operations<'mplock'> = {
  *get(t) {
    yield* get(t);
    const twice = busted(t, 'mp-count');
    if (twice) yield* get(t);
    inside(t, 1);
    if (twice) relMplock();
    out(t);
  },
  *try(t) {
    outside(t);
    if (!tryMplock()) return;
    inside(t, 1);
    out(t);
  },
  *nested(t) {
    const levels = 2 + t.next(3);
    for (let i = 0; i < levels; i++) yield* get(t);
    inside(t, levels);
    for (let i = 1; i < levels; i++) relMplock();
    inside(t, 1);
    out(t);
  },
  /** Blocks inside: the wish stays, the lock comes back. */
  *lose(t) {
    yield* get(t);
    inside(t, 1);
    const from = nowNs();
    yield* switchAway(t);
    waited(t, from);
    inside(t, 1);
    out(t);
  },
  *kill(t) {
    yield* slayLater(t, spawn(victim, [], { cpu: anyCpu(t) }));
  },
};

/** The sum when the phase began. On the cpu that runs the phases. */
let before = 0;

export const mplock: SuiteProgram = {
  body: kthread(
    function* stressMplock(state) {
      return yield* torture('mplock', state, operations);
    },
    { movable: true },
  ),
  bind,
  *prepare() {
    before = sumOf(region, 0);
  },
  *finish(_plan, tallies) {
    const counted = tallies.reduce((sum, tally) => sum + (tally[0] ?? 0), before) | 0;
    const found = sumOf(region, 0);
    if (found !== counted) failed('lost-update', 0, { section: 0, expected: counted, found });
  },
};
