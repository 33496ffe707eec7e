import test from 'ava';
import { MachinePanic } from '../../runtime/base/panic.ts';
import {
  critEnter,
  critExit,
  ipiFunc,
  join,
  lwktSendIpiq,
  lwktYield,
  safepoint,
} from '../../runtime/lwkt.ts';
import { TDPRI_CRIT } from '../../runtime/base/params.ts';
import { cpu } from '../../runtime/scheduler/globaldata.ts';
import { Thread } from '../../runtime/shared-memory/layout/thread.ts';
import { bootOneCpu, child, checkLeaks, run, sendFromOutside, giveWay } from '../helpers/one-cpu.ts';

bootOneCpu();
checkLeaks(test);

function inCrit(): boolean {
  return (cpu.m[cpu.curthread + Thread.pri] as number) >= TDPRI_CRIT;
}

const seen: number[] = [];
const note = ipiFunc(function note(arg) {
  seen.push(arg);
});
let nested: boolean[] = [];
const look = ipiFunc(function look() {
  nested.push(inCrit());
  critEnter();
  critExit();
  nested.push(inCrit());
});

test.beforeEach(() => {
  seen.length = 0;
  nested = [];
});

test.serial('crit smoke: sections nest, and the last exit ends them', (t) => {
  run(function* () {
    t.false(inCrit());
    critEnter();
    critEnter();
    critExit();
    t.true(inCrit());
    critExit();
    t.false(inCrit());
    yield* lwktYield();
  });
});

test.serial('crit: an IPI that comes in a critical section runs when the last one is left', (t) => {
  run(function* () {
    critEnter();
    critEnter();
    sendFromOutside(note.id, 7);
    safepoint();
    t.deepEqual(seen, []);
    critExit();
    safepoint();
    t.deepEqual(seen, []);
    critExit();
    t.deepEqual(seen, [7]);
    yield* lwktYield();
  });
});

test.serial('crit: outside of one, a safepoint runs the IPI', (t) => {
  run(function* () {
    sendFromOutside(note.id, 8);
    t.deepEqual(seen, []);
    safepoint();
    t.deepEqual(seen, [8]);
    yield* lwktYield();
  });
});

test.serial('crit: many safepoints in a section run nothing, however long it takes', (t) => {
  run(function* () {
    critEnter();
    sendFromOutside(note.id, 9);
    for (let i = 0; i < 200_000; i++) safepoint();
    t.deepEqual(seen, []);
    critExit();
    t.deepEqual(seen, [9]);
    yield* lwktYield();
  });
});

test.serial('crit: an IPI function runs in a critical section that its own pairs do not end', (t) => {
  run(function* () {
    sendFromOutside(look.id);
    safepoint();
    t.deepEqual(nested, [true, true]);
    t.false(inCrit());
    lwktSendIpiq(0, look);
    t.deepEqual(nested, [true, true, true, true]);
    t.false(inCrit());
    yield* lwktYield();
  });
});

test.serial('crit: the section belongs to the thread, and comes back with it', (t) => {
  run(function* () {
    let other: boolean | undefined;
    critEnter();
    const td = child(function* looks() {
      other = inCrit();
    });
    yield* giveWay();
    t.true(inCrit());
    critExit();
    t.false(inCrit());
    yield* join(td);
    t.false(other);
  });
});

test.serial('crit: an IPI sent to oneself runs at once, also in a section', (t) => {
  run(function* () {
    critEnter();
    lwktSendIpiq(0, note, 5);
    t.deepEqual(seen, [5]);
    critExit();
    yield* lwktYield();
  });
});

test.serial(
  'crit panic: leaving a section that was never entered stops the machine and names the thread',
  (t) => {
    const panic = t.throws(
      () =>
        run(function* unbalanced() {
          yield* lwktYield();
          critExit();
        }),
      { instanceOf: MachinePanic },
    );
    t.regex(
      panic?.message ?? '',
      /^crit_panic: td_pri is\/would-go negative! -\d+: thread \d+ 'main\.\d+' on cpu 0/,
    );
  },
);
