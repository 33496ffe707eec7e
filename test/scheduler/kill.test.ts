import test from 'ava';
import { IPI } from '../../runtime/base/protocol.ts';
import {
  curthread,
  join,
  kill,
  lwktAwaitIpiq,
  lwktBlock,
  lwktExit,
  lwktGetToken,
  lwktHold,
  lwktRele,
  lwktRelToken,
  lwktSchedule,
  lwktSendIpiq,
  lwktSignal,
  lwktWaitFree,
  lwktYield,
  kthreadExit,
  mycpu,
  ipiFunc,
  safepoint,
  sleep,
  spawn,
  token,
  until,
  waitGen,
  waitQueue,
  type Td,
} from '../../runtime/lwkt.ts';
import { cpu } from '../../runtime/scheduler/globaldata.ts';
import { refOf } from '../../runtime/scheduler/thread.ts';
import { fireTimers } from '../../runtime/scheduler/timer.ts';
import { Thread } from '../../runtime/shared-memory/layout/thread.ts';
import { Token, Wait } from '../../runtime/shared-memory/layout/token.ts';
import { tunable } from '../../runtime/shared-memory/layout/sysctl.ts';
import { ld, ldA, stA } from '../../runtime/shared-memory/word.ts';
import {
  bootOneCpu,
  checkLeaks,
  child,
  define,
  end,
  failure,
  giveWay,
  run,
  runWithLoop,
  sendFromOutside,
  takeSent,
  watchCounters,
} from '../helpers/one-cpu.ts';

bootOneCpu();
checkLeaks(test);
const { m } = cpu;

const log: string[] = [];
test.beforeEach(() => {
  log.length = 0;
});

function fail(why: string): never {
  throw new Error(why);
}

const nothing = ipiFunc(function nothing() {});

/** A thread that waits in `body`, notes its end, and is killed there. */
function* killedIn(body: () => Generator<unknown, unknown, unknown>): Generator<unknown, string, unknown> {
  const td = child(function* victim() {
    try {
      yield* body();
      log.push('came back');
    } finally {
      log.push('finally');
    }
  });
  yield* giveWay();
  kill(td);
  const error = yield* failure(td);
  return `${String(error.code)} ${log.splice(0).join()}`;
}

const KILLED = 'ERR_LWKT_KILLED finally';

test.serial('kill smoke: a thread that waits ends, its finally blocks run, its joiner is told', (t) => {
  run(function* () {
    const moved = watchCounters('lwkt.threads_killed', 'lwkt.threads_failed');
    const td = child(function* waits() {
      try {
        yield* sleep(Infinity);
      } finally {
        log.push('finally');
      }
    });
    yield* lwktYield();
    kill(td);
    kill(td);
    t.deepEqual(log, [], 'later');
    const error = yield* failure(td);
    t.is(error.code, 'ERR_LWKT_KILLED');
    t.regex(error.message, /thread \d+ 'waits\.\d+' was killed/);
    t.deepEqual(log, ['finally']);
    t.deepEqual(moved(), [1, 1]);
  });
});

test.serial('kill: whatever it waits for', async (t) => {
  const tok = token('kill');
  const queue = waitQueue('kill');
  await runWithLoop(function* () {
    t.is(
      yield* killedIn(function* () {
        yield* sleep(Infinity);
      }),
      KILLED,
      'sleep',
    );
    t.is(
      yield* killedIn(function* () {
        yield* until(new Promise(() => setTimeout(() => {}, 1)));
      }),
      KILLED,
      'until',
    );
    t.is(
      yield* killedIn(function* () {
        yield* lwktBlock(queue, waitGen(queue));
      }),
      KILLED,
      'a wait queue',
    );
    t.is(ld(m, queue, Wait.count), 0, 'nobody is left on the queue');
    const other = child(function* other() {
      yield* sleep(Infinity);
    });
    t.is(
      yield* killedIn(function* () {
        yield* join(other);
      }),
      KILLED,
      'join',
    );
    t.is(
      yield* killedIn(function* () {
        lwktHold(other);
        try {
          yield* lwktWaitFree(other);
        } finally {
          lwktRele(other);
        }
      }),
      KILLED,
      'references',
    );
    kill(other);
    t.is((yield* failure(other)).code, 'ERR_LWKT_KILLED', 'it can be joined by another');
    // Cpu 1 owns the token and does not answer.
    stA(m, tok, Token.owner, 2);
    t.is(
      yield* killedIn(function* () {
        yield* lwktGetToken(tok);
      }),
      KILLED,
      'a token',
    );
    t.is(ldA(m, tok, Token.reqLow), 0, 'the request is taken back');
    stA(m, tok, Token.owner, 0);
    t.is(
      yield* killedIn(function* () {
        yield* lwktAwaitIpiq(1, lwktSendIpiq(1, nothing));
      }),
      KILLED,
      'an IPI',
    );
    takeSent(1);
  });
});

test.serial('kill: with the message strategy of wait queues', (t) => {
  const queue = waitQueue('kill by message');
  stA(m, cpu.arena.map.sysctl, tunable('lwkt.waitq_message'), 1);
  run(function* () {
    t.is(
      yield* killedIn(function* () {
        yield* lwktBlock(queue, waitGen(queue));
      }),
      KILLED,
    );
    t.is(ld(m, queue, Wait.count), 0);
  });
  stA(m, cpu.arena.map.sysctl, tunable('lwkt.waitq_message'), 0);
});

test.serial('kill: what it holds is released, and who waits for it goes on', (t) => {
  run(function* () {
    const tok = token('held by the dead');
    const holds = child(function* holds() {
      yield* lwktGetToken(tok);
      log.push('has it');
      yield* lwktYield();
      log.push('never');
    });
    const wants = child(function* wants() {
      yield* lwktGetToken(tok);
      log.push('got it');
      lwktRelToken(tok);
    });
    yield* lwktYield();
    kill(holds);
    yield* failure(holds);
    yield* join(wants);
    t.deepEqual(log, ['has it', 'got it']);
  });
});

test.serial('kill: a waiter for a token whose turn had come passes it on', (t) => {
  run(function* () {
    const tok = token('turn');
    // Cpu 1 has it.
    stA(m, tok, Token.owner, 2);
    const [first, second] = [1, 2].map((n) =>
      child(function* waits() {
        yield* lwktGetToken(tok);
        log.push(String(n));
        lwktRelToken(tok);
      }),
    ) as [Td, Td];
    yield* giveWay();
    // The grant makes the first runnable; before it runs, it is killed.
    stA(m, tok, Token.owner, -1);
    sendFromOutside(IPI.tokenGrant, tok);
    safepoint();
    kill(first);
    t.is((yield* failure(first)).code, 'ERR_LWKT_KILLED');
    yield* join(second);
    t.deepEqual(log, ['2']);
    takeSent(1);
  });
});

test.serial(
  'kill: a running thread is told by its next safepoint, and thrown out by the one after that',
  (t) => {
    run(function* () {
      const td = child(function* runs() {
        try {
          sendFromOutside(IPI.kill, curthread());
          for (;;) if (safepoint()) log.push('told');
        } finally {
          log.push('finally');
        }
        yield* lwktYield();
      });
      t.is((yield* failure(td)).code, 'ERR_LWKT_KILLED');
      t.deepEqual(log, ['told', 'finally']);
    });
  },
);

test.serial(
  'regress kill: a running thread that gives way when told ends there, and its finally blocks may block',
  (t) => {
    run(function* () {
      const td = child(function* runs() {
        try {
          sendFromOutside(IPI.kill, curthread());
          for (;;) if (safepoint()) yield* lwktYield();
        } finally {
          yield* sleep(1);
          if (safepoint()) yield* lwktYield();
          log.push('finally');
        }
      });
      t.is((yield* failure(td)).code, 'ERR_LWKT_KILLED');
      t.deepEqual(log, ['finally']);
    });
  },
);

test.serial('kill: of oneself: the next blocking call does not come back', (t) => {
  run(function* () {
    const td = child(function* self() {
      kill(curthread());
      log.push('still');
      yield* lwktYield();
      log.push('never');
    });
    t.is((yield* failure(td)).code, 'ERR_LWKT_KILLED');
    t.deepEqual(log, ['still']);
  });
});

test.serial(
  'regress kill: a thread that is killed while it runs ends at a blocking call that nobody would end',
  (t) => {
    run(function* () {
      const td = child(function* self() {
        kill(curthread());
        try {
          yield* sleep(Infinity);
          log.push('never');
        } finally {
          log.push('finally');
        }
      });
      t.is((yield* failure(td)).code, 'ERR_LWKT_KILLED');
      t.deepEqual(log, ['finally']);
    });
  },
);

test.serial('kill: a thread that has not started never does', (t) => {
  run(function* () {
    const td = child(function* never() {
      log.push('started');
      yield* lwktYield();
    });
    kill(td);
    t.is((yield* failure(td)).code, 'ERR_LWKT_KILLED');
    t.deepEqual(log, []);
    const stopped = spawn(
      define(function* stopped() {
        log.push('started');
        yield* lwktYield();
      }),
      [],
      { stopped: true },
    );
    kill(stopped);
    t.is((yield* failure(stopped)).code, 'ERR_LWKT_KILLED');
    t.deepEqual(log, []);
  });
});

test.serial('kill: finally blocks may block, and cannot be killed again', (t) => {
  run(function* () {
    const td = child(function* cleans() {
      try {
        yield* sleep(Infinity);
      } finally {
        yield* sleep(1);
        log.push('slept');
        yield* lwktYield();
        log.push('cleaned');
      }
    });
    yield* lwktYield();
    kill(td);
    yield* lwktYield();
    kill(td);
    t.is((yield* failure(td)).code, 'ERR_LWKT_KILLED');
    t.deepEqual(log, ['slept', 'cleaned']);
  });
});

/** The token comes from cpu 1, which had it. */
function grant(tok: number): void {
  stA(m, tok, Token.owner, -(cpu.id + 1));
  sendFromOutside(IPI.tokenGrant, tok);
  safepoint();
}

test.serial(
  'regress kill: a wait queue’s clean-up that has to wait for the token does not save the thread',
  (t) => {
    run(function* () {
      const w = waitQueue('again and again');
      // yield* forgets a return when what it passed it on to blocks: the loop would go on.
      const td = child(function* waits(): Generator<unknown, void, unknown> {
        for (;;) {
          yield* lwktBlock(w, waitGen(w));
          log.push('came back');
        }
      });
      yield* giveWay();
      stA(m, w, Token.owner, 2);
      kill(td);
      yield* giveWay();
      t.is(ld(m, w, Wait.count), 1);
      grant(w);
      t.is((yield* failure(td)).code, 'ERR_LWKT_KILLED');
      t.deepEqual(log, []);
      t.is(ld(m, w, Wait.count), 0);
      takeSent(1);
    });
  },
);

test.serial('regress kill: a wait queue’s clean-up is not cut short by a kill', (t) => {
  run(function* () {
    const w = waitQueue('cut short');
    const td = child(function* waits() {
      yield* lwktBlock(w, waitGen(w), 3_600_000);
      log.push('came back');
      yield* sleep(Infinity);
    });
    // Its time is over, and the token is elsewhere: it stands in its clean-up.
    yield* giveWay();
    stA(m, w, Token.owner, 2);
    fireTimers(Number.MAX_SAFE_INTEGER);
    yield* giveWay();
    kill(td);
    yield* giveWay();
    t.is(ld(m, w, Wait.count), 1);
    grant(w);
    t.is((yield* failure(td)).code, 'ERR_LWKT_KILLED');
    t.is(ld(m, w, Wait.count), 0);
    t.deepEqual(log, ['came back']);
    takeSent(1);
  });
});

test.serial(
  'regress kill: the token that it asked for, and has, while it waits for a higher one, is let go',
  (t) => {
    run(function* () {
      const low = token('kill low');
      const high = token('kill high');
      t.true(low < high);
      stA(m, low, Token.owner, 2);
      const td = child(function* waits() {
        yield* lwktGetToken(high);
        yield* lwktGetToken(low);
        log.push('has both');
      });
      yield* giveWay();
      // It let the higher one go to wait for the lower one; cpu 1 takes it meanwhile.
      stA(m, high, Token.owner, 2);
      grant(low);
      yield* giveWay();
      t.is(ld(m, low, Token.holder), refOf(td, 'test') | 1);
      kill(td);
      t.is((yield* failure(td)).code, 'ERR_LWKT_KILLED');
      t.is(ld(m, low, Token.holder) & 1, 0);
      t.deepEqual(log, []);
      takeSent(1);
      grant(high);
    });
  },
);

test.serial('kill: a finally block that throws tells its own error', (t) => {
  run(function* () {
    const td = child(function* breaks() {
      try {
        yield* sleep(Infinity);
      } finally {
        yield* lwktYield();
        fail('in the finally block');
      }
    });
    yield* lwktYield();
    kill(td);
    t.is((yield* failure(td)).message, 'in the finally block');
  });
});

test.serial(
  'kill: a thread that catches the error of a safepoint still ends at its next blocking call',
  (t) => {
    run(function* () {
      const td = child(function* stubborn() {
        kill(curthread());
        for (let i = 0; i < 3; i++) {
          try {
            for (;;) safepoint();
          } catch {
            log.push('caught');
          }
        }
        yield* lwktYield();
        log.push('never');
      });
      t.is((yield* failure(td)).code, 'ERR_LWKT_KILLED');
      t.deepEqual(log, ['caught', 'caught', 'caught']);
    });
  },
);

test.serial('kill: an ended thread, and one that is gone', (t) => {
  run(function* () {
    const td = child(function* quick() {
      yield* lwktYield();
      return 5;
    });
    yield* giveWay();
    kill(td);
    t.is(yield* join(td), 5, 'too late');
    t.throws(() => kill(td), { code: 'ERR_LWKT_NO_THREAD' });
  });
});

test.serial('kill: a thread of another cpu is asked by IPI', (t) => {
  run(function* () {
    const far = spawn(
      define(function* far() {
        yield* lwktYield();
      }),
      [],
      { cpu: 1 },
    );
    kill(far);
    t.deepEqual(
      takeSent(1).map(([func, handle]) => [func, handle]),
      [
        [IPI.adopt, far],
        [IPI.kill, far],
      ],
    );
    yield* lwktYield();
  });
});

test.serial('kill: for a thread on its way here, it waits until that has come', (t) => {
  run(function* () {
    const td = spawn(
      define(function* late() {
        log.push('started');
        yield* lwktYield();
      }),
      [],
      { cpu: 1 },
    );
    takeSent(1);
    // Cpu 1 gives it to us: the kill overtakes the adoption.
    stA(m, refOf(td, 'test'), Thread.cpu, 0);
    sendFromOutside(IPI.kill, td);
    safepoint();
    sendFromOutside(IPI.adopt, td);
    safepoint();
    t.is((yield* failure(td)).code, 'ERR_LWKT_KILLED');
    t.deepEqual(log, []);
  });
});

test.serial(
  'exit: lwktExit ends the thread from any depth; finally blocks run; join gives undefined',
  (t) => {
    run(function* () {
      for (const exit of [lwktExit, kthreadExit]) {
        const td = child(function* leaves() {
          try {
            yield* (function* deep() {
              yield* exit();
            })();
            log.push('never');
          } finally {
            log.push('finally');
            yield* lwktYield();
            log.push('after a block');
          }
        });
        t.is(yield* join(td), undefined);
        t.deepEqual(log.splice(0), ['finally', 'after a block']);
      }
    });
  },
);

test.serial('exit: with tokens in hand they are released', (t) => {
  run(function* () {
    const tok = token('exit');
    const td = child(function* leaves() {
      yield* lwktGetToken(tok);
      yield* lwktExit();
    });
    t.is(yield* join(td), undefined);
    yield* lwktGetToken(tok);
    lwktRelToken(tok);
    t.is(mycpu(), 0);
  });
});

test.serial('kill: a killed joiner of a thread elsewhere takes its request back', (t) => {
  run(function* () {
    const far = spawn(
      define(function* far() {
        yield* lwktYield();
      }),
      [],
      { cpu: 1 },
    );
    const joiner = child(function* joiner() {
      yield* join(far);
    });
    yield* lwktYield();
    kill(joiner);
    yield* failure(joiner);
    t.deepEqual(
      takeSent(1).map(([func]) => func),
      [IPI.adopt, IPI.join, IPI.unjoin],
    );
  });
});

test.serial('kill: scheduling a thread that waits does not end its wait, killing does', (t) => {
  run(function* () {
    const queue = waitQueue('stays');
    const waits = child(function* waits() {
      yield* lwktBlock(queue, waitGen(queue));
      log.push('signalled');
    });
    yield* lwktYield();
    lwktSchedule(waits);
    yield* giveWay();
    t.deepEqual(log, []);
    yield* end(waits);
    t.is(yield* lwktSignal(queue), 0);
  });
});

test.serial(
  'kill: a finally block that blocks: in the thread’s own function, and in one that it calls',
  (t) => {
    const told: string[] = [];
    function* called(how: string): Generator<unknown, void, unknown> {
      try {
        yield* sleep(1_000_000);
      } finally {
        yield* sleep(0);
        told.push('closed');
        // oxlint-disable-next-line no-unsafe-finally -- what the doc of kill() advises
        if (how === 'throws') throw new Error('ended');
      }
    }
    run(function* () {
      for (const how of ['own', 'throws', 'forgets']) {
        const td = child(function* dies() {
          try {
            if (how === 'own') yield* sleep(1_000_000);
            else yield* called(how);
            told.push('went on');
          } finally {
            yield* sleep(0);
            told.push('own closed');
          }
          told.push('went on');
        });
        yield* giveWay();
        kill(td);
        t.is((yield* failure(td)).code, how === 'throws' ? undefined : 'ERR_LWKT_KILLED', how);
        t.deepEqual(
          told.splice(0),
          {
            own: ['own closed'],
            throws: ['closed', 'own closed'],
            forgets: ['closed', 'went on', 'own closed', 'went on'],
          }[how],
          how,
        );
      }
    });
  },
);
