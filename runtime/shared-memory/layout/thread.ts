/**
 * A thread's descriptor: one 128-byte line in the slab. Its stack, a generator, lives in the heap of its cpu.
 *
 * All words belong to the cpu named in `cpu`, which changes them only at its own safepoints; other cpus ask by
 * IPI. Exceptions are marked. A freed slot belongs to the free list that it is on.
 *
 * Seed: struct thread of sys/thread.h.
 */
import { atomic, double, plain, struct } from '../struct.ts';

export const Thread = struct('Thread', {
  /** Run queue or free list: next, previous. */
  threadq: plain(2),
  /** All threads of the cpu: next, previous. */
  allq: plain(2),
  flags: plain(),
  /** Priority in the low five bits, critical sections above. */
  pri: plain(),
  /** Owner. Read by every cpu that wants to reach the thread; written by the owner alone. */
  cpu: atomic(),
  /** Generation of the slot; part of the handle. Bumped when the slot is freed. */
  gen: atomic(),
  /** How often it wants the MP lock; may disagree with the lock itself until the switch. */
  mpcount: plain(),
  /** The thread it runs on top of, or 0. */
  preempted: plain(),
  /** What it waits for: a wait queue, token, thread handle; see wmesg. 0 when it runs. */
  wait: plain(),
  /** Why it waits: a code of wmesg.ts. */
  wmesg: plain(),
  /** Wait queue linkage: next, previous. Protected by the wait queue's token, not by the owner. */
  waitq: plain(2),
  /** Holders that must not find the slot reused. Any cpu adds and subtracts. */
  refs: atomic(),
  /** Function id. */
  func: plain(),
  /** Argument before the start, result after the exit: a number, or the offset of a message. */
  value: double(),
  /** What `value` holds: a code of value-kind.ts. */
  valueKind: plain(),
  /** Who waits for the exit: a thread handle, or minus a request number of the host, or 0. */
  joiner: plain(),
  /** When its sleep or timed wait ends, nanoseconds of its cpu's clock; 0 none. */
  deadline: double(),
  /** Generation of the wait queue it waits for. */
  waitGen: plain(),
  /** How many times it was switched to. */
  switches: plain(),
  /** Its name, UTF-8, cut at 16 bytes; empty means its function's name. */
  comm: plain(4),
  /** Tokens it held when it blocked, innermost first; see token.ts. */
  toks: plain(),
  /** Deepest its critical sections were found at a switch. */
  spare: plain(3),
});
