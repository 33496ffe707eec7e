/** References and waits that outlive a descriptor's life. */
import test from 'ava';
import {
  curthread,
  join,
  lwktHold,
  lwktRele,
  lwktWaitFree,
  lwktYield,
  spawn,
  TDPRI_SOFT_NORM,
  until,
  type Td,
} from '../../runtime/lwkt.ts';
import { cpu } from '../../runtime/scheduler/globaldata.ts';
import { HostCorner } from '../../runtime/machine/host-corner.ts';
import { refOf, tryRefOf } from '../../runtime/scheduler/thread.ts';
import { Thread } from '../../runtime/shared-memory/layout/thread.ts';
import { ldA } from '../../runtime/shared-memory/word.ts';
import { bootOneCpu, checkLeaks, child, define, run, runWithLoop } from '../helpers/one-cpu.ts';

bootOneCpu();
checkLeaks(test);
const { m, arena } = cpu;

test.serial('regress refs: who waited for the last life of a descriptor takes its mark back', (t) => {
  run(function* () {
    const held = child(function* held() {
      yield* lwktYield();
    });
    const ref = refOf(held, 'test');
    lwktHold(held);
    const waits = child(function* waits() {
      yield* lwktWaitFree(held);
    });
    yield* lwktYield();
    yield* lwktYield();
    // The waiter is woken; before it runs the thread is joined, and its descriptor free.
    lwktRele(held);
    yield* join(held);
    t.is(tryRefOf(held), 0);
    yield* join(waits);
    t.is(ldA(m, ref, Thread.refsWaiter), 0);
  });
});

test.serial('regress refs: a mark of the last life does not keep another thread from waiting', (t) => {
  run(function* () {
    const body = define(function* held() {
      yield* lwktYield();
    });
    const held = spawn(body);
    lwktHold(held);
    const waits = child(function* waits() {
      yield* lwktWaitFree(held);
    });
    yield* lwktYield();
    yield* lwktYield();
    lwktRele(held);
    yield* join(held);
    // The next thread has the same descriptor; more urgent than the waiter, this one comes first.
    const again = spawn(body);
    t.is(refOf(again, 'test'), refOf(again, 'test'));
    lwktHold(again);
    const other = spawn(
      define(function* other() {
        yield* lwktWaitFree(again);
        return 'waited';
      }),
      [],
      { priority: TDPRI_SOFT_NORM },
    );
    yield* lwktYield();
    lwktRele(again);
    t.is(yield* join(other), 'waited');
    yield* join(again);
    yield* join(waits);
  });
});

test.serial('regress refs: the host does not free a thread that somebody holds', async (t) => {
  const corner = new HostCorner(arena, { stateChanged: () => {}, threadFailed: () => {} });
  const serving = corner.serve();
  let mine: Td = 0;
  const holds = define(function* holds() {
    mine = curthread();
    lwktHold(mine);
    yield* lwktYield();
    return 7;
  });
  await runWithLoop(function* () {
    const result = corner.spawn({ func: holds.id, name: 'holds', args: [], cpu: 0 });
    t.is(yield* until(result), 7);
    t.not(tryRefOf(mine), 0, 'held');
    lwktRele(mine);
    t.is(tryRefOf(mine), 0, 'the last one who let go freed it');
  });
  corner.close(new Error('done'), false);
  await serving;
});
