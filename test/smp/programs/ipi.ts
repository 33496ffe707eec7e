/** IPI storms. Every handler checks that it runs once and in the order of its source. */
import {
  critEnter,
  critExit,
  ipiFunc,
  ipiqDone,
  join,
  kthread,
  lwktSendIpiq,
  lwktWaitIpiq,
  lwktYield,
  mycpu,
  ncpus,
  safepoint,
  shared,
  sleep,
  spawn,
} from 'lwkt/thread';
import { random } from '../../helpers/seed.ts';
export * from './leaks.ts';

const MOST = 64;
const expected = shared.i32('expected', MOST * MOST);
const disorder = shared.i32('disorder', MOST);
const hopsSent = shared.i32('hops sent', MOST);
const hopsRun = shared.i32('hops run', MOST);
const hopSum = shared.i32('hop sum', 2);
const meet = shared.i32('meet', 8);
const echoes = shared.i32('echoes', MOST);

const record = ipiFunc(function record(source, n) {
  const at = mycpu() * MOST + source;
  if (expected[at] !== n) Atomics.add(disorder, mycpu(), 1);
  expected[at] = n + 1;
});

let hopId = 1;

function sendHop(target: number, hops: number): void {
  const id = Math.imul(hopId++, 64) + mycpu();
  Atomics.add(hopsSent, mycpu(), 1);
  Atomics.add(hopSum, 0, id);
  lwktSendIpiq(target, hop, id, hops, 0);
}

// Handlers that send, to wherever the identity takes them.
const hop = ipiFunc(function hop(id, hops) {
  Atomics.add(hopsRun, mycpu(), 1);
  Atomics.add(hopSum, 1, id);
  if (hops > 0) sendHop((mycpu() + 1 + (Math.abs(id) % (ncpus() - 1))) % ncpus(), hops - 1);
});

const stormer = kthread(function* stormer(count: number, hops: number, seed: number) {
  const me = mycpu();
  const n = ncpus();
  const next = random(seed + me);
  const last: number[] = [];
  for (let i = 0; i < count; i++) {
    for (let step = 1; step < n; step++) {
      const target = (me + step) % n;
      last[target] = lwktSendIpiq(target, record, me, i);
      if (hops > 0 && next(8) === 0) sendHop(target, next(hops + 1));
    }
    if (next(16) === 0) yield* lwktYield();
    if (next(64) === 0) lwktWaitIpiq((me + 1) % n, last[(me + 1) % n] as number);
  }
  for (let step = 1; step < n; step++) {
    const target = (me + step) % n;
    lwktWaitIpiq(target, last[target] as number);
    if (!ipiqDone(target, last[target] as number)) throw new Error('waited for, and not done');
    if (expected[target * MOST + me] !== count)
      throw new Error(`cpu ${target} ran ${expected[target * MOST + me]} of ${count}`);
  }
});

export const storm = kthread(function* storm(count: number, hops: number, seed: number) {
  const n = ncpus();
  const threads = Array.from({ length: n }, (_, cpu) => spawn(stormer, [count, hops, seed], { cpu }));
  for (const td of threads) yield* join(td);
  const sum = (words: Int32Array): number => words.reduce((total, word) => total + word, 0);
  while (sum(hopsRun) !== sum(hopsSent)) yield* sleep(1);
  return { disorder: sum(disorder), hops: sum(hopsSent), hopSums: hopSum[0] === hopSum[1] };
});

// ---- both ways at once

const bump = ipiFunc(function bump() {
  const me = mycpu();
  echoes[me] = (echoes[me] as number) + 1;
});

const waiter = kthread(function* waiter(count: number, yields: boolean) {
  const other = 1 - mycpu();
  for (let i = 0; i < count; i++) {
    const seq = lwktSendIpiq(other, bump);
    lwktWaitIpiq(other, seq);
    if (!ipiqDone(other, seq)) throw new Error('not done');
    if (yields && i % 16 === 0) yield* lwktYield();
  }
});

export const bothWays = kthread(function* bothWays(count: number) {
  const a = spawn(waiter, [count, true], { cpu: 0 });
  const b = spawn(waiter, [count, false], { cpu: 1 });
  yield* join(a);
  yield* join(b);
  return [echoes[0], echoes[1]];
});

// ---- two cpus, each in a function of a third one, each with a full ring to the other

const crossed = ipiFunc(function crossed(other) {
  const me = mycpu();
  Atomics.add(meet, 0, 1);
  while (Atomics.load(meet, 0) < 2) Atomics.pause();
  lwktSendIpiq(other, bump, me);
});

const crosser = kthread(function* crosser(ring: number) {
  const other = 1 - mycpu();
  critEnter();
  for (let i = 0; i < ring; i++) lwktSendIpiq(other, bump);
  Atomics.add(meet, 1, 1);
  while (Atomics.load(meet, 2) === 0) Atomics.pause();
  critExit();
  yield* lwktYield();
});

export const cross = kthread(function* cross(ring: number) {
  const a = spawn(crosser, [ring], { cpu: 0 });
  const b = spawn(crosser, [ring], { cpu: 1 });
  while (Atomics.load(meet, 1) < 2) if (safepoint()) yield* lwktYield();
  lwktSendIpiq(0, crossed, 1);
  lwktSendIpiq(1, crossed, 0);
  Atomics.store(meet, 2, 1);
  yield* join(a);
  yield* join(b);
  while ((echoes[0] as number) + (echoes[1] as number) < 2 * ring + 2) yield* sleep(1);
  return [echoes[0], echoes[1]];
});

// ---- critical sections hold off the IPIs of real cpus

const mark = ipiFunc(function mark(n) {
  meet[4] = n;
});

export const deferred = kthread(function* deferred() {
  const seq = lwktSendIpiq(1, mark, 7);
  lwktWaitIpiq(1, seq);
  const before = meet[4];
  const td = spawn(holder, [], { cpu: 1 });
  while (Atomics.load(meet, 5) === 0) yield* lwktYield();
  const late = lwktSendIpiq(1, mark, 8);
  const early = [];
  for (let i = 0; i < 1000; i++) early.push(meet[4]);
  Atomics.store(meet, 6, 1);
  lwktWaitIpiq(1, late);
  const after = meet[4];
  yield* join(td);
  return [before, early.every((value) => value === 7), after];
});

const holder = kthread(function* holder() {
  critEnter();
  Atomics.store(meet, 5, 1);
  while (Atomics.load(meet, 6) === 0) safepoint();
  critExit();
});
