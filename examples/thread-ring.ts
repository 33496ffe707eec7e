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
  mycpu,
  ncpus,
  shared,
  spawn,
  type Td,
} from 'lwkt/thread';

const THREADS = 503;
const MOST = 1_000_000_000;
/** The main thread's place, outside the ring. */
const MAIN = THREADS;

/** What lies before a thread instead of a number: nothing, or the word to end. */
const EMPTY = -1;
const END = -2;

/** What waits for each thread, and the threads themselves. */
const inbox = shared.i32('inbox', THREADS + 1);
const threads = shared.i32('threads', THREADS + 1);

function send(to: number, number: number): void {
  Atomics.store(inbox, to, number);
  lwktSchedule(threads[to] as Td);
}

function* receive(me: number): Generator<unknown, number, unknown> {
  for (;;) {
    const number = Atomics.exchange(inbox, me, EMPTY);
    if (number !== EMPTY) return number;
    lwktDescheduleSelf();
    yield* lwktSwitch();
  }
}

const member = kthread(function* member(me: number) {
  const next = (me + 1) % THREADS;
  for (;;) {
    const number = yield* receive(me);
    if (number === END) return;
    if (number === 0) send(MAIN, me);
    else send(next, number - 1);
  }
});

export default kthread(function* threadRing(...args: string[]) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { spread: { type: 'boolean', default: false } },
  });
  const text = positionals[0] ?? '1000000';
  const hops = Number(text);
  if (!/^\d+$/.test(text) || hops > MOST || positionals.length > 1) {
    throw new Error(`'${positionals.join(' ')}': give one whole number of 0 .. ${MOST} to begin with`);
  }
  inbox.fill(EMPTY);
  threads[MAIN] = curthread();
  for (let i = 0; i < THREADS; i++) {
    threads[i] = spawn(member, [i], { cpu: values.spread ? i % ncpus() : mycpu() });
  }
  const start = performance.now();
  send(0, hops);
  const last = yield* receive(MAIN);
  const ms = performance.now() - start;

  for (let i = 0; i < THREADS; i++) send(i, END);
  for (let i = 0; i < THREADS; i++) yield* join(threads[i] as Td);
  console.log(last + 1);
  const each = hops === 0 ? '' : `, ${((ms * 1e6) / hops).toFixed(0)} ns each`;
  console.log(`${hops.toLocaleString('en')} hops in ${ms.toFixed(0)} ms${each}`);
});
