/** What the host tests run. */
import {
  critEnter,
  critExit,
  ipiFunc,
  join,
  kthread,
  lwktBlock,
  lwktGetToken,
  lwktRelToken,
  lwktSendIpiq,
  lwktYield,
  mycpu,
  ncpus,
  safepoint,
  shared,
  sleep,
  spawn,
  token,
  until,
  waitGen,
  waitQueue,
} from 'lwkt/thread';
export * from '../../smp/programs/leaks.ts';

const flags = shared.i32('flags', 4);
const tok = token('tok');
const queue = waitQueue('queue');

const child = kthread(function* child(n: number) {
  yield* lwktYield();
  return n * 10 + mycpu();
});

export default kthread(function* main(...args: number[]) {
  const tds = args.map((n, i) => spawn(child, [n], { cpu: i % ncpus() }));
  const results: number[] = [];
  for (const td of tds) results.push(yield* join(td));
  return results;
});

export const where = kthread(function* where() {
  return mycpu();
});

export const give = kthread(function* give(...args: unknown[]) {
  yield* lwktYield();
  return args;
});

export const fails = kthread(function* fails(message: string) {
  yield* lwktYield();
  throw Object.assign(new TypeError(message, { cause: new RangeError('underneath') }), { code: 'ERR_TEST' });
});

export const throwsText = kthread(function* throwsText() {
  yield* lwktYield();
  // oxlint-disable-next-line typescript/only-throw-error
  throw 'text';
});

export const returnsFunction = kthread(function* returnsFunction() {
  return () => 1;
});

export const hideous = kthread(function* hideous() {
  throw Object.defineProperty(new Error('hideous'), 'bad', {
    enumerable: true,
    get() {
      throw new Error('getter');
    },
  });
});

// ---- threads that go on until the machine stops

export const spins = kthread(function* spins() {
  Atomics.add(flags, 0, 1);
  for (;;) if (safepoint()) yield* lwktYield();
});

export const started = kthread(function* started(n: number) {
  while (Atomics.load(flags, 0) < n) yield* sleep(0.1);
});

export const untilReleased = kthread(function* untilReleased() {
  Atomics.add(flags, 0, 1);
  while (Atomics.load(flags, 1) === 0) yield* sleep(0.5);
});

export const release = kthread(function* release() {
  Atomics.store(flags, 1, 1);
});

export const sleeps = kthread(function* sleeps() {
  Atomics.add(flags, 0, 1);
  yield* sleep(Infinity);
});

export const waits = kthread(function* waits() {
  Atomics.add(flags, 0, 1);
  yield* lwktBlock(queue, waitGen(queue));
});

export const awaits = kthread(function* awaits() {
  Atomics.add(flags, 0, 1);
  yield* until(new Promise(() => {}));
});

export const joins = kthread(function* joins() {
  yield* join(spawn(sleeps, [], { name: 'joined' }));
});

export const hogs = kthread(function* hogs() {
  Atomics.add(flags, 0, 1);
  for (;;) Atomics.pause();
});

export const burns = kthread(function* burns(ms: number) {
  const end = performance.now() + ms;
  while (performance.now() < end) if (safepoint()) yield* lwktYield();
  return mycpu();
});

export const failsUnasked = kthread(function* failsUnasked() {
  spawn(fails, ['nobody asked'], { name: 'unasked' });
  yield* sleep(1);
});

export const failsDetached = kthread(function* failsDetached(message: string) {
  spawn(fails, [message], { detached: true, cpu: ncpus() - 1 });
  yield* lwktYield();
});

// ---- broken ones

export const exitsTooOften = kthread(function* exitsTooOften(hide: boolean) {
  yield* lwktYield();
  try {
    critExit();
  } catch (error) {
    if (!hide) throw error;
  }
  return 'went on';
});

const broken = ipiFunc(function broken(n) {
  throw new RangeError(`broken ${n}`);
});

export const sendsBroken = kthread(function* sendsBroken(cpu: number) {
  lwktSendIpiq(cpu, broken, 5);
  yield* sleep(Infinity);
});

export const exits = kthread(function* exits(code: number) {
  yield* lwktYield();
  process.exit(code);
});

export const throwsInLoop = kthread(function* throwsInLoop() {
  setTimeout(() => {
    throw new RangeError('out of the loop');
  }, 1);
  yield* until(new Promise(() => {}));
});

export const rejectsUnheard = kthread(function* rejectsUnheard() {
  void Promise.reject(new RangeError('unheard'));
  yield* until(new Promise(() => {}));
});

export const leavesToken = kthread(function* leavesToken() {
  yield* lwktGetToken(tok);
  critEnter();
  critExit();
  yield* sleep(1);
  lwktRelToken(tok);
});

/** Panics when so many threads have come, and once more in its finally block. */
export const panicsTogether = kthread(function* panicsTogether(parties: number) {
  yield* lwktYield();
  Atomics.add(flags, 1, 1);
  while (Atomics.load(flags, 1) < parties) Atomics.pause();
  try {
    critExit();
  } finally {
    critExit();
  }
});
