/** Threads whose cpu dies under them, while they hold and wait for everything; and the others, who go on. */
import {
  barrier,
  barrierWait,
  getMplock,
  ipiFunc,
  join,
  kthread,
  lwktAwaitIpiq,
  lwktBlock,
  lwktGetToken,
  lwktHold,
  lwktRelToken,
  lwktSendIpiq,
  lwktSendIpiqNowait,
  lwktSignal,
  lwktWaitFree,
  lwktWaitIpiq,
  lwktYield,
  LwktError,
  mutex,
  mutexLock,
  mutexTryLock,
  mutexUnlock,
  mycpu,
  ncpus,
  once,
  onceRun,
  relMplock,
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
  tsleep,
  until,
  waitGen,
  waitQueue,
  wakeup,
  type Td,
} from 'lwkt/thread';

const tok = token('tok');
const mu = mutex('mu');
const spin = spinlock('spin');
const rw = rwlock('rw');
const sem = semaphore(0, 'sem');
const bar = barrier(2, 'bar');
const first = once('first');
const queue = waitQueue('queue');
/** Threads that stand where they should; whether the load ends; sections under the token, the mutex, the MP lock. */
const state = shared.i32('state', 8);
const READY = 0;
const STOP = 1;
const TOKEN = 2;
const MUTEX = 3;
const MP = 4;

const codeOf = (error: unknown): string =>
  error instanceof LwktError ? `${error.code}: ${error.message}` : String(error);

function* outcome(td: Td): Generator<unknown, string, unknown> {
  try {
    return `returned ${String(yield* join(td))}`;
  } catch (error) {
    return codeOf(error);
  }
}

function die(how: string): void {
  if (how === 'exit') process.exit(3);
  if (how === 'late') {
    setImmediate(() => {
      throw new Error('late');
    });
    return;
  }
  const food: unknown[] = [];
  for (;;) food.push(new Array(100_000).fill(food.length));
}

function* dies(how: string): Generator<unknown, void, unknown> {
  die(how);
  yield* until(new Promise(() => {}));
}

/** Everything that a thread may hold when its cpu dies. */
const HOLD: Readonly<Record<string, () => Generator<unknown, void, unknown>>> = {
  *token() {
    yield* lwktGetToken(tok);
  },
  *queue() {
    // The token of the wait queue.
    yield* lwktGetToken(queue as number);
  },
  *mutex() {
    yield* mutexLock(mu);
  },
  *spinlock() {
    yield* spinLock(spin);
  },
  *rwlock() {
    yield* rwlockWrite(rw);
  },
  *mplock() {
    yield* getMplock();
  },
  *nothing() {},
};

export const holdsAndDies = kthread(function* holdsAndDies(what: string, how: string, waiters: number) {
  const hold = HOLD[what];
  if (hold === undefined) throw new Error(what);
  yield* hold();
  Atomics.store(state, 5, 1);
  // The waiters stand in line by now, or come later: both must do.
  while (Atomics.load(state, READY) < waiters) if (safepoint() && how !== 'exit') break;
  if (what === 'token' || how !== 'late') die(how);
  yield* dies(how);
});

export const onceAndDies = kthread(function* onceAndDies(how: string) {
  yield* onceRun(first, function* body() {
    Atomics.store(state, 5, 1);
    yield* dies(how);
  });
});

export const justDies = kthread(function* justDies(how: string) {
  yield* sleep(0);
  yield* dies(how);
});

/** Takes what the dying cpu holds. */
export const takes = kthread(function* takes(what: string) {
  while (Atomics.load(state, 5) === 0) yield* sleep(0.1);
  Atomics.add(state, READY, 1);
  switch (what) {
    case 'token':
      yield* lwktGetToken(tok);
      lwktRelToken(tok);
      return 'got';
    case 'queue':
      yield* lwktSignal(queue);
      return 'got';
    case 'mutex':
      try {
        yield* mutexLock(mu);
        mutexUnlock(mu);
        return 'got';
      } catch (error) {
        if (!(error instanceof LwktError) || error.code !== 'ERR_LWKT_POISONED') throw error;
        return error.code;
      }
    case 'spinlock':
      yield* spinLock(spin);
      spinUnlock(spin);
      return 'got';
    case 'rwlock':
      try {
        yield* rwlockWrite(rw);
        rwlockUnlock(rw);
        return 'got';
      } catch (error) {
        if (!(error instanceof LwktError) || error.code !== 'ERR_LWKT_POISONED') throw error;
        return error.code;
      }
    case 'mplock':
      yield* getMplock();
      relMplock();
      return 'got';
    case 'once':
      yield* onceRun(first, function* again() {
        yield* sleep(0);
      });
      return 'got';
    default:
      return 'nothing';
  }
});

/** One taker on each cpu but the dying one, which holds `what`; what they got. */
export const survives = kthread(function* survives(what: string, how: string, dying: number) {
  const others = Array.from({ length: ncpus() }, (_, cpu) => cpu).filter((cpu) => cpu !== dying);
  const takers = others.map((cpu) => spawn(takes, [what], { cpu }));
  const lost =
    what === 'once'
      ? spawn(onceAndDies, [how], { cpu: dying })
      : spawn(holdsAndDies, [what, how, others.length], { cpu: dying });
  const outcomes = [yield* outcome(lost)];
  for (const td of takers) outcomes.push(yield* outcome(td));
  return outcomes;
});

const WAIT: Readonly<Record<string, () => Generator<unknown, unknown, unknown>>> = {
  *mutex() {
    yield* mutexLock(mu);
  },
  *semaphore() {
    yield* semaphoreWait(sem);
  },
  *barrier() {
    yield* barrierWait(bar);
  },
  *queue() {
    yield* lwktBlock(queue, waitGen(queue));
  },
  *writer() {
    yield* rwlockWrite(rw);
  },
  *number() {
    yield* tsleep(7);
  },
  *longTime() {
    yield* sleep(1_000_000);
  },
};

const waitsFor = kthread(function* waitsFor(what: string) {
  Atomics.add(state, READY, 1);
  yield* (WAIT[what] ?? WAIT['longTime'])?.() ?? [];
});

/** Threads of the dying cpu wait for something that lives; then it is given, and must reach who lives. */
export const waitersDie = kthread(function* waitersDie(dying: number) {
  yield* mutexLock(mu);
  yield* rwlockWrite(rw);
  const kinds = Object.keys(WAIT);
  const lost = kinds.map((kind) => spawn(waitsFor, [kind], { cpu: dying }));
  while (Atomics.load(state, READY) < kinds.length) yield* sleep(0.1);
  yield* sleep(1);
  const there = spawn(justDies, ['exit'], { cpu: dying });
  const outcomes: string[] = [];
  for (const td of [...lost, there]) outcomes.push(yield* outcome(td));
  mutexUnlock(mu);
  rwlockUnlock(rw);
  // Nobody of them is in the way.
  yield* mutexLock(mu);
  mutexUnlock(mu);
  yield* rwlockRead(rw);
  rwlockUnlock(rw);
  semaphorePost(sem);
  yield* semaphoreWait(sem);
  wakeup(7);
  const woken = yield* lwktSignal(queue);
  let broken = '';
  try {
    yield* barrierWait(bar);
  } catch (error) {
    broken = codeOf(error).slice(0, 17);
  }
  return { outcomes, woken, broken };
});

const note = ipiFunc(function note() {
  Atomics.add(state, 6, 1);
});
const dieHere = ipiFunc(function dieHere() {
  process.exit(4);
});

/** Sends to a cpu that dies: a full ring, a completion, both ways of waiting. */
export const sendsToTheDead = kthread(function* sendsToTheDead(target: number) {
  const errors: string[] = [];
  const attempt = (run: () => unknown): void => {
    try {
      errors.push(`no error: ${String(run())}`);
    } catch (error) {
      errors.push(codeOf(error));
    }
  };
  const seq = lwktSendIpiq(target, dieHere);
  attempt(() => {
    lwktWaitIpiq(target, seq);
  });
  attempt(() => {
    for (let i = 0; i < 10_000; i++) lwktSendIpiq(target, note);
  });
  attempt(() => lwktSendIpiqNowait(target, note));
  attempt(() => spawn(nothing, [], { cpu: target }));
  try {
    yield* lwktAwaitIpiq(target, seq);
    errors.push('no error');
  } catch (error) {
    errors.push(codeOf(error));
  }
  const where = Array.from({ length: 8 }, () => spawn(nothing, [], { cpu: 'spread' }));
  for (const td of where) errors.push(String(yield* join(td)));
  return errors;
});

const awaitsDeath = kthread(function* awaitsDeath(target: number) {
  const seq = lwktSendIpiq(target, dieHere);
  yield* lwktAwaitIpiq(target, seq);
});

/** Waits, with other threads running meanwhile, for a function that ends its cpu; and fills its ring until it is. */
export const awaitsTheDead = kthread(function* awaitsTheDead(target: number) {
  const td = spawn(awaitsDeath, [target]);
  const filler = spawn(fillsForEver, [target]);
  return [yield* outcome(td), yield* outcome(filler)];
});
const fillsForEver = kthread(function* fillsForEver(target: number) {
  for (;;) {
    lwktSendIpiq(target, note);
    yield* lwktYield();
  }
});

const holder = kthread(function* holder(td: Td) {
  lwktHold(td);
  Atomics.add(state, READY, 1);
  while (Atomics.load(state, READY) !== 2) yield* sleep(0.1);
  process.exit(3);
});
const waitsFree = kthread(function* waitsFree(td: Td) {
  Atomics.add(state, READY, 1);
  yield* lwktWaitFree(td);
});
const goesOn = kthread(function* goesOn() {
  while (Atomics.load(state, STOP) === 0) yield* sleep(0.1);
});

/** Waits for the end of a reference whose holder dies with its cpu. */
export const refersAndDies = kthread(function* refersAndDies(target: number) {
  const td = spawn(goesOn);
  spawn(holder, [td], { cpu: target, detached: true });
  while (Atomics.load(state, READY) === 0) yield* sleep(0.1);
  const told = yield* outcome(spawn(waitsFree, [td]));
  Atomics.store(state, STOP, 1);
  yield* join(td);
  return told;
});

export const nothing = kthread(function* nothing() {
  yield* lwktYield();
  return mycpu();
});

// ---- load

const worker = kthread(function* worker(me: number) {
  for (let i = 0; Atomics.load(state, STOP) === 0; i++) {
    yield* lwktGetToken(tok);
    state[TOKEN] += 1;
    lwktRelToken(tok);
    if (i % 3 === me % 3) {
      if (yield* mutexLock(mu, { poisoned: true })) {
        state[MUTEX] += 1;
        mutexUnlock(mu);
      }
    }
    if (i % 7 === me % 7) {
      yield* getMplock();
      state[MP] += 1;
      relMplock();
    }
    if (i % 5 === 0) {
      const tds = Array.from({ length: 4 }, () =>
        spawn(nothing, [], { cpu: i % 2 === 0 ? 'spread' : 'any' }),
      );
      for (const td of tds) yield* outcome(td);
    }
    try {
      lwktSendIpiq((mycpu() + 1) % ncpus(), note);
    } catch (error) {
      if (!codeOf(error).startsWith('ERR_LWKT_CPU_DIED')) throw error;
      yield* lwktYield();
    }
    if (i % 11 === 0) yield* sleep(0.05);
  }
});

/** Load on every cpu; gives the handles. */
export const load = kthread(function* load(perCpu: number) {
  for (let i = 0; i < perCpu * ncpus(); i++) spawn(worker, [i], { cpu: i % ncpus(), detached: true });
  while (state[TOKEN] === 0) yield* sleep(0.1);
});

/** How far the load has come. */
export const progress = kthread(function* progress() {
  yield* lwktYield();
  return [state[TOKEN], state[MUTEX], state[MP]];
});

export const unload = kthread(function* unload() {
  Atomics.store(state, STOP, 1);
  yield* sleep(0);
});

/** The survivors work together: every lock from each of them. */
export const works = kthread(function* works(dead: readonly number[]) {
  const cpus: number[] = [];
  for (let cpu = 0; cpu < ncpus(); cpu++) {
    if (dead.includes(cpu)) continue;
    const td = spawn(touch, [], { cpu });
    cpus.push(yield* join(td));
  }
  return cpus;
});
const touch = kthread(function* touch() {
  yield* lwktGetToken(tok);
  lwktRelToken(tok);
  yield* mutexLock(mu, { poisoned: true });
  mutexUnlock(mu);
  if (!mutexTryLock(mu)) throw new Error('the mutex is not free');
  mutexUnlock(mu);
  yield* rwlockWrite(rw, { poisoned: true });
  rwlockUnlock(rw);
  yield* spinLock(spin);
  spinUnlock(spin);
  yield* getMplock();
  relMplock();
  return mycpu();
});

export default kthread(function* main() {
  Atomics.store(state, 5, 1);
  yield* sleep(1_000_000);
});
