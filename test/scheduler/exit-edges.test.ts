/** What reaches a thread while it ends, because its end has to wait for room in a ring. */
import test from 'ava';
import { IPI } from '../../runtime/base/protocol.ts';
import {
  curthread,
  ipiFunc,
  join,
  kill,
  lwktRele,
  lwktYield,
  mutex,
  mutexLock,
  safepoint,
  spawn,
  tsleep,
  type Td,
} from '../../runtime/lwkt.ts';
import { cpu, globaldataFind } from '../../runtime/scheduler/globaldata.ts';
import { Globaldata } from '../../runtime/shared-memory/layout/globaldata.ts';
import { balance } from '../../runtime/scheduler/balance.ts';
import { refOf, tryRefOf } from '../../runtime/scheduler/thread.ts';
import { Machine, SLEEP_SLOTS } from '../../runtime/shared-memory/layout/machine.ts';
import { Thread } from '../../runtime/shared-memory/layout/thread.ts';
import { ringOf } from '../../runtime/shared-memory/layout/memory-map.ts';
import { ringPush } from '../../runtime/shared-memory/ring.ts';
import type { Atomic } from '../../runtime/shared-memory/struct.ts';
import { ldA, stA } from '../../runtime/shared-memory/word.ts';
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

bootOneCpu({ ncpus: 2, ringSize: 4 });
checkLeaks(test);
const { m, arena } = cpu;

let sent: number[][] = [];
test.beforeEach(() => {
  sent = [];
});
const makesRoom = ipiFunc(function makesRoom() {
  sent.push(...takeSent(1));
});

function fillOutgoing(): void {
  while (ringPush(m, ringOf(arena.map, 0, 1), IPI.wake, 0, 0, 0));
}

/** What was sent to cpu 1 but for what filled the ring. */
function toOne(): number[][] {
  return [...sent, ...takeSent(1)].filter(([func]) => func !== IPI.wake);
}

/** Says that cpu 1 may have sleepers on any number. */
function pretend(bits: number): void {
  for (let i = 0; i < SLEEP_SLOTS; i++) stA(m, 0, (Machine.sleepers + 2 * i) as Atomic, bits);
}

test.serial('regress exit: a thread that ends is not taken for one that has not started', (t) => {
  run(function* () {
    const mu = mutex('left locked');
    const td = child(function* ends() {
      yield* mutexLock(mu);
      // Its end releases the mutex, and tells a waiter of cpu 1; while that waits for room, cpu 1 asks for the thread.
      cpu.m[mu + 2] = 1;
      pretend(2);
      fillOutgoing();
      sendFromOutside(IPI.acquire, curthread(), 0, 1);
      sendFromOutside(makesRoom.id);
    });
    t.is((yield* failure(td)).code, 'ERR_LWKT_CONTEXT');
    pretend(0);
    cpu.m[mu + 2] = 0;
    t.deepEqual(
      toOne().map(([func]) => func),
      [IPI.acquired, IPI.wakeup],
      'an answer, and no thread',
    );
  });
});

test.serial('regress exit: a request to move that comes while the last one is refused is answered', (t) => {
  run(function* () {
    const mover = define(
      function* mover(n: number) {
        sendFromOutside(IPI.acquire, curthread(), 0, 1);
        safepoint();
        fillOutgoing();
        sendFromOutside(IPI.acquire, curthread(), 0, 1);
        sendFromOutside(makesRoom.id);
        t.is(n, 1);
        yield* [];
      },
      { movable: true },
    );
    const td = (spawn as (kt: typeof mover, args: [number]) => Td)(mover, [1]);
    yield* join(td);
    t.deepEqual(
      toOne().map(([func, , handle, reason]) => [func, handle, reason]),
      [
        [IPI.acquired, td, 1],
        [IPI.acquired, td, 1],
      ],
    );
  });
});

test.serial('regress join: a joiner that is gone keeps nobody else from joining', (t) => {
  run(function* () {
    const td = child(function* ends() {
      yield* tsleep(5, { timeoutMs: 1 });
      return 'result';
    });
    const gone = child(function* gone() {
      yield* lwktYield();
    });
    yield* join(gone);
    // A request to join that followed the thread here came after its joiner had been killed.
    sendFromOutside(IPI.join, td, gone, 1);
    safepoint();
    t.is(yield* join(td), 'result');
  });
});

test.serial('regress join: the end of a thread whose joiner is gone leaves it to be joined', (t) => {
  run(function* () {
    const td = child(function* ends() {
      yield* lwktYield();
      return 'result';
    });
    const gone = child(function* gone() {
      yield* lwktYield();
    });
    yield* join(gone);
    sendFromOutside(IPI.join, td, gone, 1);
    safepoint();
    yield* giveWay();
    t.is(yield* join(td), 'result');
  });
});

test.serial('regress join: a result that was taken is not taken again by way of a held handle', (t) => {
  run(function* () {
    const td = child(function* ends() {
      yield* lwktYield();
      return 'result';
    });
    m[refOf(td, 'test') + Thread.refs] = 1;
    const taker = child(function* taker() {
      return yield* join(td);
    });
    t.is(yield* join(taker), 'result');
    const error = yield* failure(
      child(function* again() {
        yield* join(td);
      }),
    );
    t.is(error.code, 'ERR_LWKT_JOINED');
    lwktRele(td);
    t.is(tryRefOf(td), 0);
  });
});

test.serial('regress join: a refusal does not hide the answer to the first time', (t) => {
  run(function* () {
    const far = spawn(
      define(function* far() {
        yield* lwktYield();
      }),
      [],
      { cpu: 1 },
    );
    const joiner = child(function* joiner() {
      try {
        yield* join(far);
      } finally {
        yield* join(far);
      }
    });
    yield* lwktYield();
    kill(joiner);
    yield* giveWay();
    takeSent(1);
    // Cpu 1 ended the thread before it heard of all that; both answers come at once.
    const ref = refOf(far, 'test');
    m[ref + Thread.flags] = 2;
    sendFromOutside(IPI.joined, joiner, far, 0);
    sendFromOutside(IPI.joined, joiner, far, 1);
    safepoint();
    t.is((yield* failure(joiner)).code, 'ERR_LWKT_KILLED');
    t.is(tryRefOf(far), 0, 'its descriptor is free');
  });
});

test.serial('regress balance: a thread that is asked for while another is given away goes once', (t) => {
  run(function* () {
    // Cpu 1 has more to do while they are made, and then nothing.
    const load = globaldataFind(1) + Globaldata.nrun;
    m[load] = 100;
    const mine = [1, 2, 3, 4, 5, 6].map(() =>
      spawn(
        define(function* anywhere() {
          yield* lwktYield();
        }),
        [],
        { cpu: 'any' },
      ),
    );
    m[load] = 0;
    fillOutgoing();
    sendFromOutside(IPI.acquire, mine[1], 0, 1);
    sendFromOutside(makesRoom.id);
    balance();
    const adopted = toOne()
      .filter(([func]) => func === IPI.adopt)
      .map(([, handle]) => handle);
    t.is(new Set(adopted).size, adopted.length, 'each once');
    t.true(adopted.includes(mine[1]));
    const here = mine.filter((td) => ldA(m, refOf(td, 'test'), Thread.cpu) === 0);
    for (const td of here) yield* join(td);
  });
});
