import test, { type ExecutionContext } from 'ava';
import { TDF_ADOPTED } from '../../runtime/base/params.ts';
import { IPI } from '../../runtime/base/protocol.ts';
import {
  critEnter,
  critExit,
  curthread,
  cpuOf,
  getMplock,
  join,
  kill,
  lwktAcquire,
  lwktDescheduleSelf,
  lwktGetToken,
  lwktRelToken,
  lwktSchedule,
  lwktSwitch,
  lwktYield,
  movePoint,
  relMplock,
  sleep,
  spawn,
  safepoint,
  token,
  type KThread,
  type Td,
} from '../../runtime/lwkt.ts';
import { askForWork } from '../../runtime/scheduler/balance.ts';
import { cpu } from '../../runtime/scheduler/globaldata.ts';
import { poll, tick } from '../../runtime/scheduler/poll.ts';
import { refOf, tryRefOf } from '../../runtime/scheduler/thread.ts';
import {
  takeValue,
  VALUE_INTS,
  VALUE_MESSAGE,
  VALUE_NONE,
  VALUE_NUMBER,
  VALUE_NUMBERS,
} from '../../runtime/shared-memory/value.ts';
import { BELL_CLOCK, ringBell } from '../../runtime/shared-memory/doorbell.ts';
import { Globaldata } from '../../runtime/shared-memory/layout/globaldata.ts';
import { tunable } from '../../runtime/shared-memory/layout/sysctl.ts';
import { Thread } from '../../runtime/shared-memory/layout/thread.ts';
import { ld, ldA, st, stA } from '../../runtime/shared-memory/word.ts';
import {
  bootOneCpu,
  checkLeaks,
  child,
  define,
  end,
  failure,
  giveWay,
  run,
  sendFromOutside,
  takeSent,
  watchCounters,
} from '../helpers/one-cpu.ts';

bootOneCpu();
checkLeaks(test);
const { m, arena } = cpu;
const log: unknown[] = [];
test.beforeEach(() => {
  log.length = 0;
});

/** Asks as a thread of cpu 1 would. */
function ask(td: Td, who = 999): void {
  sendFromOutside(IPI.acquire, td, who, 1);
  safepoint();
}

/** What cpu 0 sent to cpu 1, by name. */
function sent(): unknown[][] {
  const names = Object.keys(IPI);
  return takeSent(1).map(([func = 0, a = 0, b = 0, c = 0]) => [names[func], a, b, c]);
}

/** Plays cpu 1 with a thread that came to it: hands it back, as it is. */
function sendBack(td: Td): void {
  stA(m, refOf(td, 'test'), Thread.cpu, 0);
  sendFromOutside(IPI.adopt, td);
  safepoint();
}

const noArgs = define(function* noArgs() {
  log.push('ran');
  yield* lwktYield();
});
const one = define(function* one(n: number) {
  log.push(n);
  yield* lwktYield();
  return n;
});
const two = define(function* two(a: number, b: number) {
  log.push(a, b);
  yield* lwktYield();
});
const many = define(function* many(a: string, b: boolean) {
  log.push(a, b);
  yield* lwktYield();
});
const walker = define(
  function* walker(state: { at: number; end: number; cpus: number[] }) {
    while (state.at < state.end) {
      state.at++;
      yield* movePoint(state);
      yield* lwktYield();
    }
    return state;
  },
  { movable: true },
);

test.serial(
  'move smoke: a thread that has not started goes at once, its arguments with it, and the answer behind it',
  (t) => {
    run(function* () {
      const moved = watchCounters('lwkt.threads_moved');
      const before = ld(m, cpu.gd, Globaldata.nthreads);
      for (const [make, kind, value] of [
        [() => spawn(noArgs), VALUE_NONE, undefined],
        [() => spawn(one, [7]), VALUE_NUMBER, 7],
        [() => spawn(two, [7, -8]), VALUE_INTS, [7, -8]],
        [() => spawn(two, [7, 8.5]), VALUE_NUMBERS, [7, 8.5]],
        [() => spawn(many, ['text', true]), VALUE_MESSAGE, ['text', true]],
      ] as const) {
        const td: Td<unknown> = make();
        ask(td);
        t.deepEqual(sent(), [
          ['adopt', td, 0, 0],
          ['acquired', 999, td, 0],
        ]);
        const ref = refOf(td, 'test');
        t.is(cpuOf(td), 1);
        t.is(ld(m, ref, Thread.flags) & TDF_ADOPTED, 0);
        t.is(ld(m, ref, Thread.valueKind), kind);
        t.is(ld(m, cpu.gd, Globaldata.nthreads), before);
        if (Array.isArray(value)) {
          sendBack(td);
          yield* join(td);
          t.deepEqual(log.splice(0), value);
        } else if (kind !== VALUE_NONE) {
          t.is(takeValue(arena, 0, ref), value);
          st(m, ref, Thread.valueKind, VALUE_NONE);
          sendBack(td);
          kill(td);
          yield* failure(td);
        } else {
          sendBack(td);
          yield* join(td);
          t.deepEqual(log.splice(0), ['ran']);
        }
      }
      t.deepEqual(moved(), [5]);
    });
  },
);

test.serial('move: a stopped thread stays stopped', (t) => {
  run(function* () {
    const td = spawn(one, [3], { stopped: true });
    ask(td);
    sent();
    sendBack(td);
    yield* giveWay();
    t.deepEqual(log, []);
    lwktSchedule(td);
    t.is(yield* join(td), 3);
  });
});

test.serial('move: one that has started is refused, with the reason', (t) => {
  run(function* () {
    const td = child(function* started() {
      yield* sleep(Infinity);
    });
    yield* lwktYield();
    ask(td);
    t.deepEqual(sent(), [['acquired', 999, td, 2]]);
    yield* end(td);
  });
});

test.serial('move: one that has ended, or is gone, is refused', (t) => {
  run(function* () {
    const td = spawn(one, [1]);
    yield* giveWay();
    ask(td);
    t.deepEqual(sent(), [['acquired', 999, td, 1]]);
    yield* join(td);
    t.is(tryRefOf(td), 0);
    ask(td);
    t.deepEqual(sent(), [['acquired', 999, td, 1]]);
  });
});

test.serial(
  'move: a movable thread goes at its next move point, with its state, and goes on over there',
  (t) => {
    run(function* () {
      const td = spawn(walker, [{ at: 0, end: 5, cpus: [] }]);
      yield* lwktYield();
      yield* lwktYield();
      ask(td);
      t.deepEqual(sent(), [], 'not yet');
      ask(td, 998);
      t.deepEqual(sent(), [['acquired', 998, td, 4]], 'asked twice');
      ask(td);
      t.deepEqual(sent(), [], 'the same thread asks again, as it does when a cpu has died');
      yield* giveWay(2);
      t.deepEqual(sent(), [
        ['adopt', td, 0, 0],
        ['acquired', 999, td, 0],
      ]);
      sendBack(td);
      const state = yield* join(td);
      t.deepEqual(state, { at: 5, end: 5, cpus: [] });
    });
  },
);

test.serial('move: one that ends before its move point is refused then', (t) => {
  run(function* () {
    const td = spawn(walker, [{ at: 4, end: 5, cpus: [] }]);
    yield* lwktYield();
    ask(td);
    yield* join(td);
    t.deepEqual(sent(), [['acquired', 999, td, 1]]);
  });
});

test.serial('move: a state that cannot be cloned is an error of the thread, and a refusal', (t) => {
  const bad = define(
    function* bad(state: { f: unknown }) {
      state.f = () => {};
      yield* lwktYield();
      yield* movePoint(state);
    },
    { movable: true },
  );
  run(function* () {
    const td = spawn(bad, [{ f: 0 }]);
    yield* lwktYield();
    ask(td);
    t.is((yield* failure(td)).code, 'ERR_LWKT_CLONE');
    t.deepEqual(sent(), [['acquired', 999, td, 6]]);
  });
});

test.serial('move: an interrupt thread stays', (t) => {
  run(function* () {
    const td = spawn(walker, [{ at: 0, end: 2, cpus: [] }], { interrupt: true, priority: 12 });
    yield* lwktYield();
    ask(td);
    t.deepEqual(sent(), [['acquired', 999, td, 3]]);
    yield* join(td);
  });
});

test.serial('move: a move point with something in hand is refused, wanted or not', (t) => {
  const tok = token('in hand');
  const holds = define(
    function* holds(what: string) {
      if (what === 'token') yield* lwktGetToken(tok);
      if (what === 'section') critEnter();
      if (what === 'lock') yield* getMplock();
      try {
        yield* movePoint(what);
      } finally {
        if (what === 'token') lwktRelToken(tok);
        if (what === 'section') critExit();
        if (what === 'lock') relMplock();
      }
    },
    { movable: true },
  );
  run(function* () {
    for (const [what, words] of [
      ['token', /has 1 token: release it before/],
      ['section', /has an open critical section/],
      ['lock', /has the MP lock/],
    ] as const) {
      const error = yield* failure(spawn(holds, [what]));
      t.is(error.code, 'ERR_LWKT_CONTEXT');
      t.regex(error.message, words);
    }
  });
});

test.serial('move: a move point in a function that is not movable', (t) => {
  run(function* () {
    const td = child(function* fixed() {
      yield* movePoint(1);
    });
    t.regex(
      (yield* failure(td)).message,
      /is not registered as movable: use kthread\(f, \{ movable: true \}\)/,
    );
  });
});

test.serial('acquire: of a thread that is here is done at once; of one elsewhere asks there', (t) => {
  run(function* () {
    const here = spawn(one, [1]);
    yield* lwktAcquire(here);
    t.is(yield* join(here), 1);
    log.length = 0;
    const far = spawn(one, [2], { cpu: 1 });
    const taker = child(function* taker() {
      yield* lwktAcquire(far);
      log.push('mine');
      return yield* join(far);
    });
    yield* lwktYield();
    t.deepEqual(sent(), [
      ['adopt', far, 0, 0],
      ['acquire', far, taker, 0],
    ]);
    lwktSchedule(taker);
    yield* giveWay();
    t.deepEqual(log, [], 'a wake-up is a hint');
    // Cpu 1 gives it, and the answer follows.
    sendBack(far);
    sendFromOutside(IPI.acquired, taker, far, 0);
    safepoint();
    t.is(yield* join(taker), 2);
  });
});

test.serial('acquire: a refusal is an error with the reason', (t) => {
  run(function* () {
    const far = spawn(one, [2], { cpu: 1 });
    const taker = child(function* taker() {
      yield* lwktAcquire(far);
    });
    yield* lwktYield();
    sent();
    sendFromOutside(IPI.acquired, taker, far, 2);
    safepoint();
    const error = yield* failure(taker);
    t.is(error.code, 'ERR_LWKT_MOVE');
    t.regex(
      error.message,
      /lwktAcquire\(\d+\): thread cannot be moved: it has started, and its function has no move points/,
    );
    sendBack(far);
    yield* join(far);
  });
});

test.serial('acquire: an answer for a taker that was killed changes nothing', (t) => {
  run(function* () {
    const far = spawn(one, [2], { cpu: 1 });
    const taker = child(function* taker() {
      yield* lwktAcquire(far);
    });
    yield* lwktYield();
    yield* end(taker);
    sendBack(far);
    sendFromOutside(IPI.acquired, taker, far, 0);
    safepoint();
    t.is(yield* join(far), 2);
    sent();
  });
});

test.serial('move: requests for a thread on its way here wait, in their order, until it has come', (t) => {
  run(function* () {
    const td = spawn(one, [9], { cpu: 1, stopped: true });
    sent();
    stA(m, refOf(td, 'test'), Thread.cpu, 0);
    sendFromOutside(IPI.setPri, td, 20);
    sendFromOutside(IPI.schedule, td);
    safepoint();
    t.deepEqual(log, []);
    sendFromOutside(IPI.adopt, td);
    safepoint();
    t.is(yield* join(td), 9);
  });
});

test.serial('move: requests for a thread that moved on follow it', (t) => {
  run(function* () {
    const td = spawn(one, [9]);
    ask(td);
    sent();
    sendFromOutside(IPI.setPri, td, 20);
    sendFromOutside(IPI.schedule, td);
    sendFromOutside(IPI.kill, td);
    safepoint();
    t.deepEqual(sent(), [
      ['setPri', td, 20, 0],
      ['schedule', td, 0, 0],
      ['kill', td, 0, 0],
    ]);
    sendBack(td);
    t.is(yield* join(td), 9);
  });
});

// ---- balance

function setBalance(on: number): void {
  stA(m, arena.map.sysctl, tunable('lwkt.balance'), on);
}

test.serial(
  'balance: threads for anywhere that have not started go to a cpu with none; half of them',
  (t) => {
    run(function* () {
      // Cpu 1 looks busy while they are placed, and idle after.
      const other = cpu.arena.map.globaldata + Globaldata.WORDS;
      st(m, other, Globaldata.nrun, 1000);
      const anywhere = Array.from({ length: 9 }, (_, i) => spawn(one, [i], { cpu: 'any' }));
      const here = Array.from({ length: 5 }, (_, i) => spawn(one, [100 + i]));
      t.deepEqual(sent(), []);
      tick();
      t.deepEqual(sent(), [], 'it is not idle');
      st(m, other, Globaldata.nrun, 0);
      setBalance(0);
      tick();
      t.deepEqual(sent(), [], 'it is switched off');
      setBalance(1);
      tick();
      // 15 can run here, this thread too: 7 go.
      const gone = sent();
      t.deepEqual(
        gone.map(([name, td]) => [name, td]),
        anywhere.slice(0, 7).map((td) => ['adopt', td]),
      );
      for (const td of anywhere.slice(0, 7)) sendBack(td);
      st(m, other, Globaldata.nrun, 1000);
      for (const td of [...anywhere, ...here]) yield* join(td);
      t.is(log.length, 14);
      st(m, other, Globaldata.nrun, 0);
    });
  },
);

test.serial('balance: a started thread, and a last one, stay', (t) => {
  run(function* () {
    const other = cpu.arena.map.globaldata + Globaldata.WORDS;
    st(m, other, Globaldata.nrun, 1000);
    const started = spawn(one, [1], { cpu: 'any' });
    yield* lwktYield();
    st(m, other, Globaldata.nrun, 0);
    t.deepEqual(log, [1]);
    tick();
    t.deepEqual(sent(), []);
    yield* join(started);
    t.is(curthread() > 0, true);
    t.is(ldA(m, refOf(curthread(), 'test'), Thread.cpu), 0);
  });
});

test.serial('balance: a cpu that goes to sleep rings those that have threads waiting', (t) => {
  run(function* () {
    const other = cpu.arena.map.globaldata + Globaldata.WORDS;
    const bell = (): number => ldA(m, other, Globaldata.bell) & BELL_CLOCK;
    st(m, other, Globaldata.nrun, 1);
    askForWork();
    t.is(bell(), 0, 'what runs there cannot be given away');
    st(m, other, Globaldata.nrun, 2);
    setBalance(0);
    askForWork();
    t.is(bell(), 0, 'it is switched off');
    setBalance(1);
    askForWork();
    t.is(bell(), BELL_CLOCK);
    stA(m, other, Globaldata.bell, 0);
    st(m, other, Globaldata.nrun, 0);
    // Its bell makes the next poll look at the clock, however many polls a tick was before.
    st(m, other, Globaldata.nrun, 1000);
    const anywhere = [1, 2, 3].map((i) => spawn(one, [i], { cpu: 'any' }));
    st(m, other, Globaldata.nrun, 0);
    cpu.polls = 1 << 16;
    ringBell(m, cpu.gd, BELL_CLOCK);
    poll();
    t.is(sent().length, 2, 'four can run here, this thread too: two go');
    for (const td of anywhere.slice(0, 2)) sendBack(td);
    st(m, other, Globaldata.nrun, 1000);
    for (const td of anywhere) yield* join(td);
    st(m, other, Globaldata.nrun, 0);
  });
});

test.serial('move: killed on its way, it goes on to where its finally blocks are, and ends there', (t) => {
  const guards = define(
    function* guards(round: number) {
      log.push(`round ${round}`);
      try {
        yield* lwktYield();
        yield* movePoint(round + 1);
        yield* sleep(1_000_000);
      } finally {
        log.push('closed');
      }
    },
    { movable: true },
  );
  run(function* () {
    const td = spawn(guards, [0]);
    yield* giveWay(1);
    ask(td);
    yield* giveWay();
    t.is(cpuOf(td), 1);
    // It comes to another cpu, which is this one again; the kill was there before it.
    stA(m, refOf(td, 'test'), Thread.cpu, 0);
    kill(td);
    sendFromOutside(IPI.adopt, td);
    safepoint();
    t.is((yield* failure(td)).code, 'ERR_LWKT_KILLED');
    t.deepEqual(log, ['round 0', 'round 1', 'closed']);
    takeSent(1);
    // One that had not started has nothing to close.
    log.length = 0;
    const fresh = spawn(guards, [0]);
    ask(fresh);
    stA(m, refOf(fresh, 'test'), Thread.cpu, 0);
    kill(fresh);
    sendFromOutside(IPI.adopt, fresh);
    safepoint();
    t.is((yield* failure(fresh)).code, 'ERR_LWKT_KILLED');
    t.deepEqual(log, []);
    takeSent(1);
  });
});

/** A thread goes to cpu 1 and comes back, runs on until it waits, and is killed then. */
function killedAfterMove(t: ExecutionContext, body: KThread<[number], void>): void {
  run(function* () {
    const td = spawn(body, [0]);
    yield* giveWay(1);
    ask(td);
    yield* giveWay();
    sendBack(td);
    yield* giveWay();
    kill(td);
    t.is((yield* failure(td)).code, 'ERR_LWKT_KILLED');
    takeSent(1);
  });
}

test.serial('regress move: killed long after it came, a stopped thread does not go on first', (t) => {
  const stops = define(
    function* stops(round: number) {
      yield* lwktYield();
      yield* movePoint(round + 1);
      lwktDescheduleSelf();
      yield* lwktSwitch();
      log.push('went on');
    },
    { movable: true },
  );
  killedAfterMove(t, stops);
  t.deepEqual(log, []);
});

test.serial('move: killed after it came, it ends at its wait as any other', (t) => {
  const waits = define(
    function* waits(round: number) {
      try {
        yield* lwktYield();
        yield* movePoint(round + 1);
        yield* sleep(1_000_000);
        log.push('never');
      } finally {
        log.push('closed');
      }
    },
    { movable: true },
  );
  killedAfterMove(t, waits);
  t.deepEqual(log, ['closed']);
});
