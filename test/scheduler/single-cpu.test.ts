/** A machine of one cpu has no other to ask. */
import test from 'ava';
import {
  condition,
  conditionSignal,
  semaphore,
  semaphorePost,
  semaphoreWait,
  tsleep,
  wakeup,
  wakeupOne,
} from '../../runtime/lwkt.ts';
import { join } from '../../runtime/scheduler/join.ts';
import { lwktYield } from '../../runtime/scheduler/switch.ts';
import { bootOneCpu, child, run } from '../helpers/one-cpu.ts';

bootOneCpu({ ncpus: 1 });

test.serial('single cpu: waking one where nobody sleeps ends', (t) => {
  t.notThrows(() => {
    wakeupOne(7);
    wakeup(7);
  });
  run(function* () {
    const cond = condition('nobody');
    conditionSignal(cond);
    const sem = semaphore(0, 'sem');
    const waiter = child(function* waiter() {
      return yield* semaphoreWait(sem, 1);
    });
    const sleeper = child(function* sleeper() {
      return yield* tsleep(7);
    });
    yield* lwktYield();
    semaphorePost(sem);
    wakeupOne(7);
    wakeupOne(7);
    t.true(yield* join(waiter));
    t.true(yield* join(sleeper));
  });
});
