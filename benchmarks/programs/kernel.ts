/** Threads that measure the kernel from within: each returns nanoseconds an operation, warm-up excluded. */
import {
  ipiFunc,
  join,
  kthread,
  lwktBlock,
  lwktGetToken,
  lwktRelToken,
  lwktSwitch,
  lwktSendIpiq,
  lwktDescheduleSelf,
  lwktWaitIpiq,
  lwktYield,
  safepoint,
  shared,
  sleep,
  spawn,
  token,
  waitGen,
  waitQueue,
  type Td,
} from 'lwkt/thread';

const lone = token('lone');
const fought = token('fought');
const sections = shared.i32('sections', 2);
const value = shared.i32('value', 1);
const stop = shared.i32('stop', 1);
const parked = waitQueue('parked');

let received = 0;
const nothing = ipiFunc(function nothing() {});
const receive = ipiFunc(function receive() {
  received++;
});

const yielder = kthread(function* yielder(times: number) {
  for (let i = 0; i < times; i++) yield* lwktYield();
});

/** Switches between `threads` threads of one cpu, `total` in all. */
export const switches = kthread(function* switches(threads: number, total: number) {
  const times = Math.ceil(total / threads);
  const all: Td<void>[] = [];
  for (let i = 0; i < threads; i++) all.push(spawn(yielder, [times]));
  const start = performance.now();
  for (const td of all) yield* join(td);
  return ((performance.now() - start) * 1e6) / (times * threads);
});

const one = kthread(function* one(n: number) {
  return n;
});

/** Creates, runs, ends and joins threads of the own cpu, one after the other. */
export const spawnOwn = kthread(function* spawnOwn(total: number) {
  const start = performance.now();
  for (let i = 0; i < total; i++) yield* join(spawn(one, [i]));
  return ((performance.now() - start) * 1e6) / total;
});

/** The same on another cpu, `flight` at a time. */
export const spawnOther = kthread(function* spawnOther(total: number, flight: number) {
  const start = performance.now();
  for (let done = 0; done < total; done += flight) {
    const all: Td<number>[] = [];
    for (let i = 0; i < flight; i++) all.push(spawn(one, [i], { cpu: 1 }));
    for (const td of all) yield* join(td);
  }
  return ((performance.now() - start) * 1e6) / total;
});

/** Sends an IPI, runs its function on the other cpu, sees it completed. */
export const ipiCall = kthread(function* ipiCall(total: number) {
  const start = performance.now();
  for (let i = 0; i < total; i++) lwktWaitIpiq(1, lwktSendIpiq(1, nothing, i));
  return ((performance.now() - start) * 1e6) / total;
});

/** IPIs one way, a function run for each. */
export const ipiStream = kthread(function* ipiStream(total: number) {
  const start = performance.now();
  let seq = 0;
  for (let i = 0; i < total; i++) seq = lwktSendIpiq(1, receive, i);
  lwktWaitIpiq(1, seq);
  return ((performance.now() - start) * 1e6) / total;
});

/** Gets and releases a token that nobody else wants. */
export const tokenAlone = kthread(function* tokenAlone(total: number) {
  const start = performance.now();
  for (let i = 0; i < total; i++) {
    yield* lwktGetToken(lone);
    value[0] = i;
    lwktRelToken(lone);
  }
  return ((performance.now() - start) * 1e6) / total;
});

const fighter = kthread(function* fighter(cpu: number) {
  let n = 0;
  while (stop[0] === 0) {
    yield* lwktGetToken(fought);
    for (let i = 0; i < 25; i++) value[0] = (value[0] as number) + 1;
    lwktRelToken(fought);
    n++;
    if (safepoint()) yield* lwktYield();
  }
  sections[cpu] = n;
});

/** Two cpus take one token for sections of some 50 ns; nanoseconds a section, and least / most sections. */
export const tokenFought = kthread(function* tokenFought(ms: number) {
  stop[0] = 0;
  const other = spawn(fighter, [1], { cpu: 1 });
  const here = spawn(fighter, [0]);
  yield* sleep(ms);
  stop[0] = 1;
  yield* join(here);
  yield* join(other);
  const [a = 0, b = 0] = sections;
  return { ns: (ms * 1e6) / (a + b), fairness: Math.min(a, b) / Math.max(a, b) };
});

const sleeper = kthread(function* sleeper(gen: number) {
  yield* lwktBlock(parked, gen);
});

const stopped = kthread(function* stopped(gen: number) {
  lwktDescheduleSelf();
  yield* lwktSwitch();
  return gen;
});

/** Makes `n` threads that wait: on a queue, or simply off the run queue. */
export const crowd = kthread(function* crowd(n: number, queue: boolean) {
  const gen = waitGen(parked);
  for (let i = 0; i < n; i++) {
    if (queue) spawn(sleeper, [gen], { detached: true });
    else spawn(stopped, [gen], { detached: true });
    if (i % 1000 === 999) yield* lwktYield();
  }
  for (let i = 0; i < 3; i++) yield* lwktYield();
});

export default kthread(function* main() {
  return received;
});
