/** A thread that is killed while it runs: its next blocking call does not come back, whatever that waits for. */
import test from 'ava';
import { IPI } from '../../runtime/base/protocol.ts';
import {
  curthread,
  getMplock,
  kill,
  lwktDescheduleSelf,
  lwktSwitch,
  lwktYield,
  movePoint,
  safepoint,
  sleep,
  spawn,
  tsleep,
  type Td,
} from '../../runtime/lwkt.ts';
import { nowNs } from '../../runtime/base/clock.ts';
import { cpu } from '../../runtime/scheduler/globaldata.ts';
import { wakeHandle } from '../../runtime/scheduler/schedule.ts';
import { beginCleanup, endCleanup } from '../../runtime/scheduler/thread.ts';
import { cancelTimer, setTimer } from '../../runtime/scheduler/timer.ts';
import { Machine } from '../../runtime/shared-memory/layout/machine.ts';
import { stA } from '../../runtime/shared-memory/word.ts';
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

const log: string[] = [];
test.beforeEach(() => {
  log.length = 0;
});

/** How a thread ends that is killed and then blocks in `body`; the alarm ends the test if it does not. */
function* endOf(body: () => Generator<unknown, unknown, unknown>): Generator<unknown, string, unknown> {
  let late = '';
  const main = curthread();
  const td = child(function* victim() {
    try {
      kill(curthread());
      yield* body();
      log.push('came back');
    } finally {
      log.push('finally');
    }
  });
  const alarm = setTimer(nowNs() + 5e9, () => {
    late = ' late';
    wakeHandle(td);
    wakeHandle(main);
  });
  const error = yield* failure(td);
  cancelTimer(alarm);
  return `${String(error.code)} ${log.splice(0).join()}${late}`;
}

const KILLED = 'ERR_LWKT_KILLED finally';

test.serial('regress kill: of a running thread that then sleeps', (t) => {
  run(function* () {
    t.is(
      yield* endOf(function* () {
        yield* sleep(10_000);
      }),
      KILLED,
    );
    t.is(
      yield* endOf(function* () {
        yield* tsleep(5);
      }),
      KILLED,
    );
  });
});

test.serial('regress kill: of a running thread that then stops', (t) => {
  run(function* () {
    const end = yield* endOf(function* () {
      lwktDescheduleSelf();
      yield* lwktSwitch();
    });
    t.is(end, KILLED);
  });
});

test.serial(
  'kill: of a running thread that another cpu had stopped; its finally blocks give way and come back',
  (t) => {
    run(function* () {
      const td = child(function* victim() {
        try {
          sendFromOutside(IPI.deschedule, curthread());
          safepoint();
          kill(curthread());
          const begun = beginCleanup();
          yield* lwktYield();
          endCleanup(begun);
          log.push('cleaned up');
          yield* lwktYield();
          log.push('went on');
        } finally {
          yield* lwktYield();
          log.push('finally');
        }
      });
      yield* giveWay();
      t.deepEqual(log, ['cleaned up', 'finally']);
      t.is((yield* failure(td)).code, 'ERR_LWKT_KILLED');
    });
  },
);

test.serial('regress kill: of a running thread that then wants an MP lock that another cpu has', (t) => {
  run(function* () {
    stA(cpu.m, 0, Machine.mplock, 2);
    t.is(
      yield* endOf(function* () {
        yield* getMplock();
      }),
      KILLED,
    );
    stA(cpu.m, 0, Machine.mplock, 0);
  });
});

test.serial('regress kill: a finally block of a thread killed while it ran may block', (t) => {
  run(function* () {
    const td = child(function* victim() {
      try {
        kill(curthread());
        yield* sleep(10_000);
      } finally {
        yield* sleep(1);
        log.push('finally');
      }
    });
    t.is((yield* failure(td)).code, 'ERR_LWKT_KILLED');
    t.deepEqual(log, ['finally']);
  });
});

test.serial('regress kill: a killed thread does not move: it ends where its finally blocks are', (t) => {
  run(function* () {
    const mover = define(
      function* mover(n: number) {
        try {
          sendFromOutside(IPI.acquire, curthread(), 0, 1);
          safepoint();
          kill(curthread());
          yield* movePoint(n + 1);
        } finally {
          log.push('finally');
        }
      },
      { movable: true },
    );
    const td = (spawn as (kt: typeof mover, args: [number]) => Td)(mover, [1]);
    t.is((yield* failure(td)).code, 'ERR_LWKT_KILLED');
    t.deepEqual(log, ['finally']);
    t.deepEqual(
      takeSent(1).map(([func]) => func),
      [IPI.acquired],
    );
  });
});
