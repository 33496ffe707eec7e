/**
 * A ring of 503 threads passes a number on, each one less than it got; who gets 0 says its number.
 *
 *   lwkt run examples/thread-ring.ts -- 1000
 *   lwkt run examples/thread-ring.ts --cpus 2 -- --spread 100000
 *
 * Takes the number to begin with, 0 .. 1000000000; default 1000000. Prints the number of the thread that gets 0,
 * 498 for 1000, and the time of a hop. The ring lives on one cpu, so a hop is a switch; with --spread, neighbours
 * live on different cpus, so a hop is an IPI and, if the other cpu slept, a wake-up.
 *
 * The threads block and wake one another by hand, the way wait queues are made. A cpu cannot be interrupted between
 * two safepoints. So if the number comes after a thread looked and before it left the run queue, the IPI that
 * schedules it runs afterwards, in lwktSwitch, and puts it back: no wake-up is lost, and no lock is needed.
 */
import { parseArgs } from 'node:util';
import {
  curthread,
  join,
  kthread,
  lwktDescheduleSelf,
  lwktSchedule,
  lwktSwitch,
  ncpus,
  shared,
  spawn,
  type Td,
} from 'lwkt/thread';

const THREADS = 503;
const MOST = 1_000_000_000;

/** What lies before a thread instead of a number: nothing, or the word to end. */
const EMPTY = -1;
const END = -2;

/** The number that waits for each thread, and the threads themselves. */
const inbox = shared.i32('inbox', THREADS);
const ring = shared.i32('ring', THREADS);

function* receive(me: number): Generator<unknown, number, unknown> {
  for (;;) {
    const number = Atomics.exchange(inbox, me, EMPTY);
    if (number !== EMPTY) return number;
    lwktDescheduleSelf();
    yield* lwktSwitch();
  }
}

function send(to: number, number: number): void {
  Atomics.store(inbox, to, number);
  lwktSchedule(ring[to] as Td);
}

/** Returns whether it was the one that got 0. */
const member = kthread(function* member(me: number) {
  const next = (me + 1) % THREADS;
  for (;;) {
    const number = yield* receive(me);
    if (number > 0) send(next, number - 1);
    else {
      send(next, END);
      return number === 0;
    }
  }
});
