/**
 * The suite `preempt`: on every cpu three interrupt threads of different urgency, and threads that make them run, in
 * every state in which one may or may not be preempted.
 *
 * An interrupt thread sleeps until somebody raises its count of requests and schedules it. All of its words are of
 * its own cpu but the requests.
 */
import { nowNs } from '../../base/clock.ts';
import {
  critEnter,
  critExit,
  curthread,
  getMplock,
  join,
  kthread,
  lwktDescheduleSelf,
  lwktSchedule,
  lwktSwitch,
  lwktYield,
  mpcount,
  mpLockHeld,
  mycpu,
  ncpus,
  relMplock,
  safepoint,
  setRelease,
  shared,
  spawn,
  sleep,
  splz,
  TDPRI_EXITING,
  TDPRI_INT_HIGH,
  TDPRI_INT_LOW,
  TDPRI_INT_MED,
  TDPRI_KERN_DAEMON,
  type Td,
} from '../../lwkt.ts';
import type { Atomic } from '../../shared-memory/struct.ts';
import { addA, ldA, stA } from '../../shared-memory/word.ts';
import type { StressPlan } from '../plan.ts';
import { eventually } from './eventually.ts';
import {
  busted,
  busy,
  failed,
  hold,
  stopped,
  torture,
  waited,
  type Operations,
  type SuiteProgram,
  type Torture,
} from './harness.ts';
import { isQueued } from './kernel-words.ts';

const URGENCIES = [TDPRI_INT_LOW, TDPRI_INT_MED, TDPRI_INT_HIGH] as const;
const LINE = 32;

// ---- words of an interrupt thread
const REQUESTS = 0 as Atomic;
const HANDLE = 1 as Atomic;
const SERVED = 2 as Atomic;
/** Set at the end of the phase. */
const OVER = 3 as Atomic;
/** Times it ran: plain, of its cpu. */
const RAN = 4;

/** By cpu and urgency. */
let region = new Int32Array(0);
/** Urgencies of the interrupt threads that stand on each other on this cpu. Per cpu. */
const standing: number[] = [];

function bind(plan: StressPlan): void {
  if (region.length === 0)
    region = shared.i32('lwkt.stress.interrupts', plan.cpus * (URGENCIES.length + plan.threads) * LINE);
}

function wordsOf(cpu: number, urgency: number): number {
  return (cpu * URGENCIES.length + urgency) * LINE;
}

function urgencyOf(base: number): number {
  return (base / LINE) % URGENCIES.length;
}

/** An interrupt thread of this cpu has run since `before`. */
function mustHaveRun(t: Torture, base: number, before: number): void {
  if (ran(base) === before)
    failed('preempt', t.line, { urgency: urgencyOf(base), least: before + 1, found: before });
}

function ran(base: number): number {
  return region[base + RAN] as number;
}

/** At an interrupt point, outside of critical sections: no interrupt thread of this cpu is left runnable. */
function noneLeft(t: Torture): void {
  splz();
  for (let urgency = 0; urgency < URGENCIES.length; urgency++) {
    const base = wordsOf(mycpu(), urgency);
    if (isQueued(ldA(region, base, HANDLE))) failed('preempt', t.line, { urgency });
  }
}

/** Asks an interrupt thread of any cpu to run. */
function interrupt(base: number): void {
  addA(region, base, REQUESTS, 1);
  lwktSchedule(ldA(region, base, HANDLE));
}

/** True while a thread makes an interrupt thread run on top of itself. Per cpu. */
let preempting = false;

/** The release hook of an interrupt thread: not for one that returns to whom it preempted. */
function releaseRan(urgency: number): void {
  if (preempting) failed('release', 0, { urgency });
}

/**
 * Asks an interrupt thread of this cpu, outside of critical sections: it runs here and now, and returns.
 *
 * @param hasty - wrong on purpose: a release hook runs before that
 */
function preemptMe(base: number, hasty: boolean): void {
  preempting = true;
  interrupt(base);
  if (hasty) releaseRan(-1);
  preempting = false;
}

/** What an interrupt thread does when it is asked. */
function serve(base: number, urgency: number): void {
  const below = standing.at(-1) ?? -1;
  if (below >= urgency) failed('priority', 0, { urgency, below });
  standing.push(urgency);
  region[base + RAN] = (ran(base) + 1) | 0;
  // A less urgent one waits until this one has gone.
  if (urgency > 0 && (ran(base) & 7) === 0) interrupt(wordsOf(mycpu(), urgency - 1));
  // More urgent ones may come on top.
  for (let i = 0; i < 3; i++) {
    busy(200);
    safepoint();
  }
  const top = standing.pop();
  if (top !== urgency) failed('priority', 0, { expected: urgency, found: top ?? -1 });
}

const interruptThread = kthread(function* stressInterrupt(cpu: number, urgency: number) {
  const base = wordsOf(cpu, urgency);
  if (mycpu() !== cpu) failed('placement', 0, { expected: cpu, onCpu: mycpu() });
  stA(region, base, HANDLE, curthread());
  setRelease(() => releaseRan(urgency));
  for (;;) {
    while (ldA(region, base, SERVED) !== ldA(region, base, REQUESTS)) {
      stA(region, base, SERVED, ldA(region, base, REQUESTS));
      serve(base, urgency);
    }
    if (ldA(region, base, OVER) !== 0) return;
    // No interrupt point between the look and here.
    lwktDescheduleSelf();
    yield* lwktSwitch();
  }
});

/** Looks for an interrupt thread of another cpu, and then pauses between them: that cpu may wait for this one's core. */
const MOST_LOOKS = 100;
const LOOK_MS = 0.1;

/** Threads of different priority that wait for one cpu. */
const RUNNERS = 3;

/** Where the runners of a thread write in which order they ran: how many have, and who; and how often. */
function orderBase(t: Torture): number {
  return (t.plan.cpus * URGENCIES.length + t.index) * LINE;
}

const runner = kthread(function* stressRunner(base: number, urgency: number) {
  const nth = region[base] as number;
  region[base] = nth + 1;
  region[base + 1 + nth] = urgency;
});

/** Turns of each of the threads that take turns. */
const TURNS = 6;
const TURN = 8;

/** Of equals that were all runnable before the first of them ran, each has had its turn before one has the next. */
const turner = kthread(function* stressTurner(base: number, me: number, line: number, greedy: boolean) {
  for (let round = 1; round <= TURNS; round++) {
    for (let other = 0; other < RUNNERS; other++) {
      const found = region[base + TURN + other] as number;
      if (found < round - 1) failed('turn', line, { member: me, round, least: round - 1, found });
    }
    region[base + TURN + me] = round;
    if (!greedy) yield* lwktYield();
  }
});

/** How many urgent threads have run. Per cpu. */
let urgentRan = 0;

const urgentThread = kthread(function* stressUrgent() {
  urgentRan++;
});

function anyUrgency(t: Torture): number {
  return wordsOf(mycpu(), t.next(URGENCIES.length));
}

const operations: Operations<'preempt'> = {
  /** It runs before the call returns. */
  *local(t) {
    const base = anyUrgency(t);
    splz();
    const before = ran(base);
    if (!busted(t, 'preempt')) preemptMe(base, busted(t, 'release'));
    mustHaveRun(t, base, before);
    hold(t);
  },
  /** It runs over there; here it is waited for. */
  *remote(t) {
    const cpu = (mycpu() + 1 + t.next(Math.max(1, ncpus() - 1))) % ncpus();
    const base = wordsOf(cpu, t.next(URGENCIES.length));
    const from = nowNs();
    const before = ldA(region, base, SERVED);
    interrupt(base);
    if (t.next(2) === 0) return;
    for (let looks = 0; ldA(region, base, SERVED) === before; looks++) {
      if (looks > MOST_LOOKS) yield* sleep(LOOK_MS);
      else if (safepoint() || !stopped()) yield* lwktYield();
    }
    waited(t, from);
  },
  /** Not before the section ends, and then at once. */
  *crit(t) {
    const base = anyUrgency(t);
    splz();
    const guarded = !busted(t, 'crit');
    if (guarded) critEnter();
    const before = ran(base);
    interrupt(base);
    hold(t);
    safepoint();
    if (ran(base) !== before)
      failed('crit', t.line, { urgency: urgencyOf(base), expected: before, found: ran(base) });
    if (guarded) critExit();
    mustHaveRun(t, base, before);
  },
  /** All of this cpu, in any order. */
  *storm(t) {
    splz();
    const bases = URGENCIES.map((_, urgency) => wordsOf(mycpu(), urgency));
    const before = bases.map(ran);
    if (t.next(2) === 0) critEnter();
    else {
      for (const base of bases) interrupt(base);
      bases.forEach((base, i) => mustHaveRun(t, base, before[i] as number));
      return;
    }
    for (const base of t.next(2) === 0 ? bases : bases.toReversed()) interrupt(base);
    critExit();
    bases.forEach((base, i) => mustHaveRun(t, base, before[i] as number));
  },
  /** The preempted thread has the MP lock, and has it still afterwards. */
  *mp(t) {
    yield* getMplock();
    splz();
    const base = anyUrgency(t);
    const before = ran(base);
    interrupt(base);
    mustHaveRun(t, base, before);
    if (!mpLockHeld() || mpcount() !== 1)
      failed('mp-count', t.line, { expected: 1, found: mpcount(), hasLock: mpLockHeld() ? 1 : 0 });
    relMplock();
  },
  /**
   * Of threads that wait for the cpu, the most urgent one runs first. None is less urgent than the rack's own threads,
   * which may keep a cpu busy for ever among them: that would be no fault.
   */
  *order(t) {
    const base = orderBase(t);
    region[base] = 0;
    const wrong = busted(t, 'priority');
    const first = TDPRI_KERN_DAEMON + t.next(TDPRI_INT_LOW - RUNNERS - TDPRI_KERN_DAEMON);
    const tds = Array.from({ length: RUNNERS }, (_, i) =>
      spawn(runner, [base, wrong ? RUNNERS - 1 - i : i], {
        cpu: mycpu(),
        stopped: true,
        priority: first + i,
      }),
    );
    critEnter();
    for (const td of t.next(2) === 0 ? tds : tds.toReversed()) lwktSchedule(td);
    critExit();
    for (const td of tds) yield* join(td);
    for (let i = 0; i < RUNNERS; i++) {
      const urgency = region[base + 1 + i] as number;
      if (urgency !== RUNNERS - 1 - i)
        failed('priority', t.line, { place: i, expected: RUNNERS - 1 - i, found: urgency });
    }
  },
  *turns(t) {
    const base = orderBase(t);
    const greedy = busted(t, 'turn');
    const tds = Array.from({ length: RUNNERS }, (_, i) => {
      region[base + TURN + i] = 0;
      return spawn(turner, [base, i, t.line, greedy], { cpu: mycpu(), stopped: true });
    });
    critEnter();
    for (const td of tds) lwktSchedule(td);
    critExit();
    for (const td of tds) yield* join(td);
  },
  /** A more urgent thread, but no interrupt thread: the next safepoint asks for a switch, and that picks it. */
  *urgent(t) {
    const before = urgentRan;
    const td = spawn(urgentThread, [], { priority: busted(t, 'resched') ? 1 : TDPRI_EXITING });
    if (!safepoint()) failed('resched', t.line, { told: 0 });
    yield* lwktYield();
    if (urgentRan === before) failed('resched', t.line, { least: before + 1, found: urgentRan });
    yield* join(td);
  },
  /** Computes, with safepoints; looks what other cpus have woken here. */
  *work(t) {
    for (let i = t.next(50); i > 0; i--) {
      hold(t);
      noneLeft(t);
      if (safepoint()) yield* lwktYield();
    }
  },
};

/** Interrupt threads of this phase. On the cpu that runs the phases. */
let made: Td<void>[] = [];

export const preempt: SuiteProgram = {
  body: kthread(function* stressPreempt(state) {
    return yield* torture('preempt', state, operations);
  }),
  bind,
  *prepare(plan) {
    made = [];
    for (let cpu = 0; cpu < plan.cpus; cpu++) {
      for (const [urgency, priority] of URGENCIES.entries()) {
        const base = wordsOf(cpu, urgency);
        stA(region, base, HANDLE, 0);
        stA(region, base, OVER, 0);
        made.push(spawn(interruptThread, [cpu, urgency], { cpu, interrupt: true, priority }));
      }
    }
    const isReady = (_: Td<void>, i: number): boolean => ldA(region, i * LINE, HANDLE) !== 0;
    const ready = (): boolean => made.every(isReady);
    if (!(yield* eventually(plan, ready)))
      failed('preempt', 0, { expected: made.length, found: made.filter(isReady).length });
  },
  *finish(plan) {
    const isServed = (_: Td<void>, i: number): boolean =>
      ldA(region, i * LINE, SERVED) === ldA(region, i * LINE, REQUESTS);
    if (!(yield* eventually(plan, () => made.every(isServed))))
      failed('preempt', 0, { expected: made.length, found: made.filter(isServed).length });
    for (const [i, td] of made.entries()) {
      stA(region, i * LINE, OVER, 1);
      lwktSchedule(td);
    }
    for (const td of made) yield* join(td);
  },
};
