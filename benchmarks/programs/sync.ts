/** Synchronisation objects for the benchmarks: alone, and fought over by two cpus. */
import {
  acquired,
  join,
  kthread,
  locked,
  lwktGetToken,
  lwktRelToken,
  lwktYield,
  mutex,
  mutexLock,
  mutexUnlock,
  rwlock,
  rwlockRead,
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
  token,
} from 'lwkt/thread';

const tok = token('sync bench');
const mu = mutex('sync bench');
const spin = spinlock('sync bench');
const sem = semaphore(1, 'sync bench');
const rw = rwlock('sync bench');
const value = shared.i32('value', 1);
const stop = shared.i32('stop', 1);
const sections = shared.i32('sections', 2);

const perRound = (start: number, total: number): number => ((performance.now() - start) * 1e6) / total;

export const alone = {
  token: kthread(function* aloneToken(total: number) {
    const start = performance.now();
    for (let i = 0; i < total; i++) {
      yield* lwktGetToken(tok);
      value[0] = i;
      lwktRelToken(tok);
    }
    return perRound(start, total);
  }),
  mutex: kthread(function* aloneMutex(total: number) {
    const start = performance.now();
    for (let i = 0; i < total; i++) {
      yield* mutexLock(mu);
      value[0] = i;
      mutexUnlock(mu);
    }
    return perRound(start, total);
  }),
  guard: kthread(function* aloneGuard(total: number) {
    const start = performance.now();
    for (let i = 0; i < total; i++) {
      using _ = yield* locked(mu);
      value[0] = i;
    }
    return perRound(start, total);
  }),
  spinlock: kthread(function* aloneSpinlock(total: number) {
    const start = performance.now();
    for (let i = 0; i < total; i++) {
      yield* spinLock(spin);
      value[0] = i;
      spinUnlock(spin);
    }
    return perRound(start, total);
  }),
  semaphore: kthread(function* aloneSemaphore(total: number) {
    const start = performance.now();
    for (let i = 0; i < total; i++) {
      yield* semaphoreWait(sem);
      value[0] = i;
      semaphorePost(sem);
    }
    return perRound(start, total);
  }),
  unit: kthread(function* aloneUnit(total: number) {
    const start = performance.now();
    for (let i = 0; i < total; i++) {
      using _ = yield* acquired(sem);
      value[0] = i;
    }
    return perRound(start, total);
  }),
  read: kthread(function* aloneRead(total: number) {
    const start = performance.now();
    for (let i = 0; i < total; i++) {
      yield* rwlockRead(rw);
      value[0] = i;
      rwlockUnlock(rw);
    }
    return perRound(start, total);
  }),
  write: kthread(function* aloneWrite(total: number) {
    const start = performance.now();
    for (let i = 0; i < total; i++) {
      yield* rwlockWrite(rw);
      value[0] = i;
      rwlockUnlock(rw);
    }
    return perRound(start, total);
  }),
};

const fighter = kthread(function* mutexFighter(cpu: number) {
  let n = 0;
  while (Atomics.load(stop, 0) === 0) {
    yield* mutexLock(mu);
    for (let i = 0; i < 25; i++) value[0] = (value[0] as number) + 1;
    mutexUnlock(mu);
    n++;
    if (safepoint()) yield* lwktYield();
  }
  sections[cpu] = n;
});

/** Two cpus lock one mutex for sections of some 50 ns; nanoseconds a section, and least / most sections. */
export const mutexFought = kthread(function* mutexFought(ms: number) {
  Atomics.store(stop, 0, 0);
  const start = performance.now();
  const fighters = [0, 1].map((cpu) => spawn(fighter, [cpu], { cpu }));
  yield* sleep(ms);
  Atomics.store(stop, 0, 1);
  for (const td of fighters) yield* join(td);
  const took = performance.now() - start;
  const [a = 0, b = 0] = sections;
  return { ns: (took * 1e6) / (a + b), fairness: Math.min(a, b) / Math.max(a, b) };
});
