/** Every fault that the matrix provokes, and what goes on beside it. */
import {
  critExit,
  curthread,
  getMplock,
  ipiFunc,
  join,
  kill,
  kthread,
  lwktGetToken,
  lwktRelToken,
  lwktSendIpiqNowait,
  lwktYield,
  LwktError,
  mutex,
  mutexLock,
  mutexUnlock,
  ncpus,
  relMplock,
  safepoint,
  shared,
  sleep,
  spawn,
  token,
  type Td,
} from 'lwkt/thread';

const tok = token('faulty');
const mu = mutex('faulty');
const other = mutex('other');
/** Loaders that run; whether they should stop; mutexes that are taken. */
const loads = shared.i32('loads', 3);

/** Computes with safepoints, a token now and then, until it is told to stop. */
const loader = kthread(function* loader(me: number) {
  Atomics.add(loads, 0, 1);
  for (let i = 0; Atomics.load(loads, 1) === 0; i++) {
    if (safepoint()) yield* lwktYield();
    if (i % 1000 === me) {
      yield* lwktGetToken(tok);
      lwktRelToken(tok);
    }
  }
});

/** Puts load on every cpu. */
export const load = kthread(function* load() {
  for (let cpu = 0; cpu < ncpus(); cpu++) spawn(loader, [cpu], { cpu, detached: true });
  while (Atomics.load(loads, 0) < ncpus()) yield* sleep(0.1);
});

export const unload = kthread(function* unload() {
  Atomics.store(loads, 1, 1);
  yield* sleep(0);
});

/** The machine still works: threads on every cpu, the token, the mutex, the MP lock. */
export const works = kthread(function* works() {
  let sum = 0;
  for (let cpu = 0; cpu < ncpus(); cpu++) sum += yield* join(spawn(touch, [cpu], { cpu }));
  return sum === (ncpus() * (ncpus() - 1)) / 2;
});
const touch = kthread(function* touch(cpu: number) {
  yield* lwktGetToken(tok);
  lwktRelToken(tok);
  yield* mutexLock(mu, { poisoned: true });
  mutexUnlock(mu);
  yield* getMplock();
  relMplock();
  return cpu;
});

/** Holds everything, and throws. */
export const throws = kthread(function* throws() {
  yield* lwktGetToken(tok);
  yield* mutexLock(mu);
  yield* getMplock();
  yield* sleep(0);
  throw new RangeError('on purpose');
});

const victim = kthread(function* victim() {
  yield* mutexLock(mu, { poisoned: true });
  try {
    for (;;) yield* sleep(1000);
  } finally {
    mutexUnlock(mu);
  }
});

export const kills = kthread(function* kills(cpu: number) {
  const td: Td = spawn(victim, [], { cpu });
  yield* sleep(1);
  kill(td);
  try {
    yield* join(td);
    return 'ended';
  } catch (error) {
    return error instanceof LwktError ? error.code : String(error);
  }
});

export const panics = kthread(function* panics() {
  yield* sleep(0);
  critExit();
});

export const exits = kthread(function* exits() {
  yield* sleep(0);
  process.exit(3);
});

export const eats = kthread(function* eats() {
  yield* sleep(0);
  const food: unknown[] = [];
  for (;;) food.push(new Array(100_000).fill(food.length));
});

export const endless = kthread(function* endless() {
  yield* sleep(0);
  for (;;);
});

const taker = kthread(function* taker(first: number, second: number) {
  yield* mutexLock(first, { poisoned: true });
  Atomics.add(loads, 2, 1);
  while (Atomics.load(loads, 2) !== 2) yield* sleep(0.1);
  yield* mutexLock(second, { poisoned: true });
});

export const deadlocks = kthread(function* deadlocks() {
  const tds = [spawn(taker, [mu, other], { cpu: 0 }), spawn(taker, [other, mu], { cpu: ncpus() - 1 })];
  for (const td of tds) yield* join(td);
});

const nothing = ipiFunc(function nothing() {});

/** Fills the ring to another cpu until it is full, and goes on. */
export const fills = kthread(function* fills(target: number) {
  let sent = 0;
  let refused = 0;
  while (refused === 0 && sent < 1_000_000) {
    if (lwktSendIpiqNowait(target, nothing) === undefined) refused++;
    else sent++;
  }
  yield* lwktYield();
  return refused > 0 || target === 0;
});

const waits = kthread(function* waits() {
  yield* sleep(1_000_000);
});

/** Runs until it is ended from outside; says when it is there. */
export default kthread(function* main(loaded: string) {
  if (loaded === 'true') yield* join(spawn(load));
  console.log('ready');
  for (;;) yield* sleep(1_000_000);
});

/** The others work although a cpu is gone. */
export const worksWithout = kthread(function* worksWithout(dead: number) {
  let sum = 0;
  for (let cpu = 0; cpu < ncpus(); cpu++) if (cpu !== dead) sum += yield* join(spawn(touch, [cpu], { cpu }));
  return sum === (ncpus() * (ncpus() - 1)) / 2 - dead;
});

/** Uses up all threads of the machine; ends them again. */
export const exhausts = kthread(function* exhausts() {
  const tds: Td[] = [];
  let code = '';
  while (code === '') {
    try {
      tds.push(spawn(waits, [], { cpu: tds.length % ncpus() }));
    } catch (error) {
      code = (error as LwktError).code;
    }
  }
  yield* lwktYield();
  for (const td of tds) {
    kill(td);
    try {
      yield* join(td);
    } catch {
      // Killed.
    }
  }
  return `${code} ${tds.length > 0} ${curthread() > 0}`;
});
