/** A cpu that goes to sleep and, on the way there, has to wait for room to hand its tokens over. */
import {
  critEnter,
  critExit,
  ipiFunc,
  join,
  kthread,
  lwktDescheduleSelf,
  lwktGetToken,
  lwktRelToken,
  lwktSchedule,
  lwktSendIpiq,
  lwktSwitch,
  lwktWaitIpiq,
  shared,
  sleep,
  spawn,
  token,
  type Td,
} from 'lwkt/thread';
import { TDF_RUNQ } from '../../../runtime/base/params.ts';
import { WMESGS } from '../../../runtime/base/wmesg.ts';
import { cpu } from '../../../runtime/scheduler/globaldata.ts';
import { descriptorOf } from '../../../runtime/shared-memory/descriptor.ts';
import { Thread } from '../../../runtime/shared-memory/layout/thread.ts';
import { Token } from '../../../runtime/shared-memory/layout/token.ts';
export * from './leaks.ts';

const tok = token('tok');
const flags = shared.i32('flags', 8);
const nothing = ipiFunc(function nothing() {});

const word = (td: Td, field: number): number => Atomics.load(cpu.m, descriptorOf(cpu.arena, td) + field);
const waitsFor = (td: Td, what: string): boolean => WMESGS[word(td, Thread.wmesg)] === what;

const sleeper = kthread(function* sleeper() {
  lwktDescheduleSelf();
  yield* lwktSwitch();
  return 'ran';
});

/** On cpu 0: holds the token, learns that cpu 1 wants it, fills the ring to cpu 1, and blocks. */
const owner = kthread(function* owner(ring: number) {
  yield* lwktGetToken(tok);
  Atomics.store(flags, 0, 1);
  while (Atomics.load(flags, 1) === 0) Atomics.pause();
  // Waiting drains, so the request of cpu 1 has come.
  lwktWaitIpiq(1, lwktSendIpiq(1, nothing));
  Atomics.store(flags, 2, 1);
  while (Atomics.load(flags, 3) === 0) Atomics.pause();
  for (let i = 0; i < ring; i++) lwktSendIpiq(1, nothing);
  lwktDescheduleSelf();
  yield* lwktSwitch();
  lwktRelToken(tok);
});

const asker = kthread(function* asker() {
  yield* lwktGetToken(tok);
  lwktRelToken(tok);
});

/** On cpu 1, in a critical section: makes a thread of cpu 0 runnable just while that one hands the token over. */
const meddler = kthread(function* meddler(td: number) {
  while (Atomics.load(flags, 2) === 0) yield* sleep(0.1);
  critEnter();
  Atomics.store(flags, 3, 1);
  while (Atomics.load(cpu.m, tok + Token.owner) !== -2) Atomics.pause();
  lwktSchedule(td);
  while ((word(td, Thread.flags) & TDF_RUNQ) === 0) Atomics.pause();
  critExit();
});

export const park = kthread(function* park(ring: number) {
  const first = spawn(sleeper, [], { cpu: 0 });
  while (!waitsFor(first, 'stopped')) yield* sleep(0.1);
  const holds = spawn(owner, [ring], { cpu: 0 });
  while (Atomics.load(flags, 0) === 0) yield* sleep(0.1);
  const asks = spawn(asker, [], { cpu: 1 });
  const meddles = spawn(meddler, [first], { cpu: 1 });
  while (!waitsFor(asks, 'token')) yield* sleep(0.1);
  Atomics.store(flags, 1, 1);
  yield* join(meddles);
  yield* join(asks);
  const result = yield* join(first);
  lwktSchedule(holds);
  yield* join(holds);
  return result;
});
