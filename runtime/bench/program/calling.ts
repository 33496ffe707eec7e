/** IPIs to cpu 1. */
import { ipiFunc, kthread, lwktSendIpiq, lwktWaitIpiq, shared, sleep } from '../../lwkt.ts';
import { expect, perOne } from './stopwatch.ts';

const counted = shared.f64('bench received', 2);
const woken = shared.f64('bench woken', 1);

let received = 0;
let sum = 0;
const receive = ipiFunc(function benchReceive(i: number) {
  received++;
  sum += i;
});
const tell = ipiFunc(function benchTell() {
  counted[0] = received;
  counted[1] = sum;
  received = 0;
  sum = 0;
});

function monotonic(): number {
  return Number(process.hrtime.bigint());
}

const stamp = ipiFunc(function benchStamp() {
  woken[0] = monotonic();
});

function checkReceived(total: number): void {
  lwktWaitIpiq(1, lwktSendIpiq(1, tell, 0));
  expect('IPIs run', counted[0] ?? NaN, total);
  expect('sum of their arguments', counted[1] ?? NaN, (total * (total - 1)) / 2);
}

/** Sends one, its function runs, and this cpu sees it completed. */
export const ipiCalls = kthread(function* benchIpiCalls(total: number) {
  const start = performance.now();
  for (let i = 0; i < total; i++) lwktWaitIpiq(1, lwktSendIpiq(1, receive, i));
  const took = perOne(start, total);
  checkReceived(total);
  return took;
});

/** One way, until the last has run. */
export const ipiStream = kthread(function* benchIpiStream(total: number) {
  const start = performance.now();
  let seq = 0;
  for (let i = 0; i < total; i++) seq = lwktSendIpiq(1, receive, i);
  lwktWaitIpiq(1, seq);
  const took = perOne(start, total);
  checkReceived(total);
  return took;
});

/** Milliseconds in which an idle cpu has surely gone to sleep. */
const IDLE_MS = 1;

/** Wakes cpu 1 out of its sleep; from before the send until its function runs there, the median. */
export const wakes = kthread(function* benchWakes(times: number) {
  const all: number[] = [];
  for (let i = 0; i < times; i++) {
    yield* sleep(IDLE_MS);
    const start = monotonic();
    lwktWaitIpiq(1, lwktSendIpiq(1, stamp, 0));
    all.push((woken[0] ?? NaN) - start);
  }
  all.sort((a, b) => a - b);
  return all[all.length >> 1] ?? NaN;
});
