/** Machines that do not get on. */
import {
  critExit,
  join,
  kthread,
  lwktGetToken,
  lwktRelToken,
  lwktYield,
  mutex,
  mutexLock,
  mutexUnlock,
  mycpu,
  ncpus,
  safepoint,
  sleep,
  spawn,
  token,
  waitQueue,
  lwktBlock,
  waitGen,
  curthread,
  shared,
} from 'lwkt/thread';

const a = mutex('a');
const b = mutex('b');
const tok = token('watched');
const queue = waitQueue('watched queue');
const handles = shared.i32('handles', 2);
const taken = shared.i32('taken', 1);

const taker = kthread(function* taker(first: number, second: number) {
  yield* mutexLock(first);
  Atomics.add(taken, 0, 1);
  while (Atomics.load(taken, 0) !== 2) yield* sleep(0.1);
  yield* mutexLock(second);
  mutexUnlock(second);
  mutexUnlock(first);
});

/** Two threads that take two mutexes in opposite order, on two cpus. */
export const embrace = kthread(function* embrace() {
  const tds = [
    spawn(taker, [a, b], { cpu: 0, name: 'reader' }),
    spawn(taker, [b, a], { cpu: ncpus() - 1, name: 'writer' }),
  ];
  for (const td of tds) yield* join(td);
});

const joiner = kthread(function* joiner(me: number) {
  handles[me] = curthread();
  while (handles[1 - me] === 0) yield* sleep(1);
  yield* join(handles[1 - me] as number);
});

/** Two threads that wait for each other's end. */
export const mutual = kthread(function* mutual() {
  const tds = [spawn(joiner, [0], { cpu: 0 }), spawn(joiner, [1], { cpu: ncpus() - 1 })];
  yield* sleep(1_000_000);
  for (const td of tds) yield* join(td);
});

/** Computes without safepoints. */
export const spin = kthread(function* spin(ms: number) {
  function burn(): number {
    const end = performance.now() + ms;
    let x = 0;
    while (performance.now() < end) x++;
    return x;
  }
  yield* sleep(0);
  return burn() > 0;
});

const waiter = kthread(function* waiter() {
  yield* lwktBlock(queue, waitGen(queue));
});

/** Ends the machine while much is going on. */
const crash = kthread(function* crash() {
  spawn(waiter, [], { cpu: 0, name: 'on the queue' });
  yield* mutexLock(a);
  yield* sleep(5);
  yield* lwktGetToken(tok);
  lwktRelToken(tok);
  critExit();
});

export const quick = kthread(function* quick() {
  yield* sleep(0);
  return 1;
});

export default crash;

function busy(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

const sleeper = kthread(function* sleeper() {
  yield* sleep(20);
  shared.i32('awake', 1)[0] = 1;
});

/**
 * Reaches a safepoint every nanosecond for a while, and then one every few milliseconds, until the sleeper is awake.
 *
 * @returns whether it was within so many of the slow ones
 */
export const slowdown = kthread(function* slowdown(most: number) {
  const awake = shared.i32('awake', 1);
  const end = performance.now() + 100;
  while (performance.now() < end) for (let i = 0; i < 100_000; i++) if (safepoint()) yield* lwktYield();
  const td = spawn(sleeper, [], { cpu: mycpu() });
  let slow = 0;
  for (; awake[0] === 0 && slow < most; slow++) {
    busy(3);
    if (safepoint()) yield* lwktYield();
  }
  const inTime = awake[0] === 1;
  yield* join(td);
  return inTime;
});
