/** Threads and cpus that wait in vain, and some that only look like it. */
import {
  barrier,
  barrierWait,
  curthread,
  ipiFunc,
  join,
  kthread,
  lwktAcquire,
  lwktAwaitIpiq,
  lwktBlock,
  lwktSendIpiq,
  lwktWaitIpiq,
  lwktYield,
  movePoint,
  mutex,
  mutexLock,
  mutexUnlock,
  mycpu,
  ncpus,
  once,
  onceRun,
  rwlock,
  rwlockRead,
  rwlockTryRead,
  rwlockUnlock,
  rwlockWrite,
  safepoint,
  semaphore,
  semaphorePost,
  semaphoreWait,
  shared,
  sleep,
  spawn,
  spinLock,
  spinlock,
  spinUnlock,
  tsleep,
  until,
  waitGen,
  waitQueue,
  type Td,
} from 'lwkt/thread';

const words = shared.i32('words', 8);
const TAKEN = 0;
const OTHER = 1;
const MOVER = 2;
const DONE = 3;
const last = (): number => ncpus() - 1;

/** Waits until `n` threads have come this far. */
function* together(n: number): Generator<unknown, void, unknown> {
  Atomics.add(words, TAKEN, 1);
  while (Atomics.load(words, TAKEN) < n) yield* sleep(0.1);
}

const startup = once('startup');

/** Needs for its once that it is done. */
export const againOnce = kthread(function* againOnce() {
  yield* onceRun(startup, function* () {
    yield* onceRun(startup, function* () {});
  });
});

const asksOnce = kthread(function* asksOnce() {
  yield* onceRun(startup, function* () {});
});

/** At a once, waits for a thread that waits for it. */
export const onceJoins = kthread(function* onceJoins() {
  yield* onceRun(startup, function* () {
    yield* join(spawn(asksOnce, [], { cpu: last(), name: 'asker' }));
  });
});

const s1 = spinlock('s1');
const s2 = spinlock('s2');
const spinner = kthread(function* spinner(first: typeof s1, second: typeof s1) {
  yield* spinLock(first);
  Atomics.add(words, TAKEN, 1);
  while (Atomics.load(words, TAKEN) < 2) yield* lwktYield();
  yield* spinLock(second);
  spinUnlock(second);
  spinUnlock(first);
});

/** Two spinlocks in opposite order. */
export const spins = kthread(function* spins() {
  const tds = [
    spawn(spinner, [s1, s2], { cpu: 0, name: 'up' }),
    spawn(spinner, [s2, s1], { cpu: last(), name: 'down' }),
  ];
  for (const td of tds) yield* join(td);
});

const table = rwlock('table');
const log = mutex('log');
const reader = kthread(function* reader() {
  yield* rwlockRead(table);
  yield* together(2);
  yield* mutexLock(log);
  mutexUnlock(log);
  rwlockUnlock(table);
});
const writer = kthread(function* writer() {
  yield* mutexLock(log);
  yield* together(2);
  yield* rwlockWrite(table);
  rwlockUnlock(table);
  mutexUnlock(log);
});

/** One reads under a lock and wants a mutex, whose holder wants to write. */
export const reads = kthread(function* reads() {
  const tds = [spawn(reader, [], { cpu: 0 }), spawn(writer, [], { cpu: last() })];
  for (const td of tds) yield* join(td);
});

const mover = kthread(
  function* mover(other: Td) {
    Atomics.store(words, MOVER, curthread());
    yield* join(other);
    yield* movePoint(other);
  },
  { movable: true },
);
const wanter = kthread(function* wanter() {
  while (Atomics.load(words, MOVER) === 0) yield* sleep(0.1);
  yield* lwktAcquire(Atomics.load(words, MOVER));
});

/** Wants a thread that waits for its end. */
export const moves = kthread(function* moves() {
  yield* join(spawn(mover, [spawn(wanter, [], { cpu: 0 })], { cpu: last() }));
});

// ---- cpus

const behind = ipiFunc(function behind() {});
/** Waits, in an IPI function, for a record that lies behind the function that is waited for. */
const second = ipiFunc(function second(target: number) {
  lwktWaitIpiq(target, lwktSendIpiq(target, behind));
});
const first = ipiFunc(function first(next: number, target: number) {
  lwktWaitIpiq(next, lwktSendIpiq(next, second, target));
});

/** Cpu 0 waits for `first` on cpu 1, that for `second` on cpu 0, that for `behind` on cpu 1. */
export const cpusTwo = kthread(function* cpusTwo() {
  yield* sleep(0);
  lwktWaitIpiq(1, lwktSendIpiq(1, first, 0, 1));
});

const third = ipiFunc(function third() {
  lwktWaitIpiq(1, lwktSendIpiq(1, behind));
});
const onTwo = ipiFunc(function onTwo() {
  lwktWaitIpiq(0, lwktSendIpiq(0, third));
});
const onOne = ipiFunc(function onOne() {
  lwktWaitIpiq(2, lwktSendIpiq(2, onTwo));
});

/** The same round three cpus; and a thread beside that waits for one of them. */
export const cpusThree = kthread(function* cpusThree() {
  yield* sleep(0);
  lwktWaitIpiq(1, lwktSendIpiq(1, onOne));
});

// ---- asleep

const work = waitQueue('work');
const items = semaphore(0, 'items');
const meeting = barrier(3, 'meeting');

const worker = kthread(function* worker() {
  yield* lwktBlock(work, waitGen(work));
});

/** Waits for a worker that nobody will wake. */
export const forgets = kthread(function* forgets() {
  yield* join(spawn(worker, [], { cpu: last(), name: 'worker' }));
});

const parties = kthread(function* parties() {
  yield* barrierWait(meeting);
});
const sleeps = kthread(function* sleeps() {
  yield* tsleep(4711);
});
const forever = kthread(function* forever() {
  yield* sleep(Infinity);
});

/** Waits in all ways that anybody might end. */
export const forgetsAll = kthread(function* forgetsAll() {
  spawn(worker, [], { cpu: last() });
  spawn(parties, [], { cpu: 0 });
  spawn(sleeps, [], { cpu: last() });
  spawn(forever, [], { cpu: 0 });
  spawn(sleeps, [], { cpu: 0, stopped: true, name: 'never started' });
  yield* semaphoreWait(items);
});

/** Twelve threads that sleep, and one more. */
export const crowd = kthread(function* crowd() {
  for (let i = 0; i < 12; i++) spawn(sleeps, [], { cpu: i % ncpus() });
  yield* tsleep(1);
});

/** Ends the wait of forgetsAll() after all. */
export const post = kthread(function* post() {
  yield* sleep(0);
  semaphorePost(items);
});

/** A service: threads that nobody waits for, and that wait for work. */
export const serves = kthread(function* serves() {
  for (let i = 0; i < 3; i++) spawn(worker, [], { cpu: i % ncpus(), detached: true });
  yield* sleep(0);
});

// ---- no deadlocks

const slowHolder = kthread(function* slowHolder(ms: number) {
  yield* mutexLock(log);
  yield* together(1);
  yield* sleep(ms);
  mutexUnlock(log);
});
const slowWaiter = kthread(function* slowWaiter(other: Td) {
  yield* mutexLock(log);
  yield* join(other);
  mutexUnlock(log);
});

/** A chain: main waits for a waiter, that for a mutex whose holder sleeps. */
export const chain = kthread(function* chain(ms: number) {
  const holder = spawn(slowHolder, [ms], { cpu: 0 });
  while (Atomics.load(words, TAKEN) === 0) yield* sleep(0.1);
  yield* join(spawn(slowWaiter, [holder], { cpu: last() }));
});

const a = mutex('a');
const b = mutex('b');
const impatient = kthread(function* impatient(mine: typeof a, other: typeof a, ms: number) {
  yield* mutexLock(mine);
  yield* together(2);
  const got = yield* mutexLock(other, { timeoutMs: ms });
  if (got) mutexUnlock(other);
  mutexUnlock(mine);
  return got;
});

/** A circle that the clock ends. */
export const timed = kthread(function* timed(ms: number) {
  const tds = [spawn(impatient, [a, b, ms], { cpu: 0 }), spawn(impatient, [b, a, 20 * ms], { cpu: last() })];
  const got = [];
  for (const td of tds) got.push(yield* join(td));
  return got;
});

const timedWriter = kthread(function* timedWriter(ms: number) {
  return yield* rwlockWrite(table, { timeoutMs: ms });
});
const lateReader = kthread(function* lateReader() {
  yield* rwlockRead(table);
  rwlockUnlock(table);
});

/** Reads, and waits for a reader that is kept out by a writer, who gives up by the clock. */
export const queued = kthread(function* queued(ms: number) {
  yield* rwlockRead(table);
  const wants = spawn(timedWriter, [ms], { cpu: 0 });
  while (rwlockTryRead(table)) {
    rwlockUnlock(table);
    yield* sleep(0.1);
  }
  yield* join(spawn(lateReader, [], { cpu: last() }));
  rwlockUnlock(table);
  return yield* join(wants);
});

const busyFor = kthread(function* busyFor(ms: number) {
  for (const end = performance.now() + ms; performance.now() < end;) if (safepoint()) yield* lwktYield();
});
/** A thread that computes while all others sleep; then a promise; then a timer. */
export const busy = kthread(function* busy(ms: number) {
  yield* join(spawn(busyFor, [ms], { cpu: last() }));
  yield* until(new Promise((resolve) => setTimeout(resolve, ms)));
  yield* sleep(ms);
});

const nested = ipiFunc(function nested(from: number) {
  lwktWaitIpiq(from, lwktSendIpiq(from, behind));
});
const answers = kthread(function* answers(peer: number) {
  while (Atomics.load(words, DONE) === 0) {
    lwktWaitIpiq(peer, lwktSendIpiq(peer, behind));
    yield* lwktAwaitIpiq(peer, lwktSendIpiq(peer, behind));
    if (safepoint()) yield* lwktYield();
  }
});

/** Cpus that wait for each other all the time, one of them inside IPI functions, and get on. */
export const crossing = kthread(function* crossing(ms: number) {
  const peer = last();
  const td = spawn(answers, [mycpu()], { cpu: peer });
  for (const end = performance.now() + ms; performance.now() < end;) {
    lwktWaitIpiq(peer, lwktSendIpiq(peer, nested, mycpu()));
    if (safepoint()) yield* lwktYield();
  }
  Atomics.store(words, DONE, 1);
  yield* join(td);
});

const slow = ipiFunc(function slow(ms: number) {
  const end = performance.now() + ms;
  while (performance.now() < end);
});

/** Waits for an IPI function that takes long. */
export const slowIpi = kthread(function* slowIpi(ms: number) {
  yield* sleep(0);
  lwktWaitIpiq(last(), lwktSendIpiq(last(), slow, ms));
});

const embraces = kthread(function* embraces(mine: typeof a, other: typeof a) {
  yield* mutexLock(mine);
  Atomics.add(words, OTHER, 1);
  while (Atomics.load(words, OTHER) < 2) yield* sleep(0.1);
  yield* mutexLock(other);
});

/** A circle of two mutexes. */
export const embrace = kthread(function* embrace() {
  const tds = [spawn(embraces, [a, b], { cpu: 0 }), spawn(embraces, [b, a], { cpu: last() })];
  for (const td of tds) yield* join(td);
});

export default kthread(function* main() {
  yield* join(spawn(worker, [], { cpu: last(), name: 'worker' }));
});
