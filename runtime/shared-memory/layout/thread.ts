/**
 * A thread's descriptor: one 128-byte line in the slab, two lines of the cache. Its stack, a generator, lives in the heap of its cpu.
 *
 * All words belong to the cpu named in `cpu`, which changes them only at its own safepoints; other cpus ask by
 * IPI. Exceptions are marked. A freed slot belongs to the free list that it is on.
 *
 * Seed: struct thread of sys/thread.h.
 */
import { atomic, double, plain, struct } from '../struct.ts';

export const Thread = struct('Thread', {
  // ---- the first 64 bytes: all that a switch and a wait touch
  /** Run queue or free list: next, previous. */
  threadq: plain(2),
  flags: plain(),
  /** Priority in the low five bits, critical sections above. */
  pri: plain(),
  /** Owner. Stored last when a thread moves: who reads itself there sees the rest. */
  cpu: atomic(),
  /** Generation of the slot; part of the handle. Bumped when the slot is freed, before its words have another life. */
  gen: atomic(),
  /** What it waits for: a wait queue, token or thread handle; see wmesg. 0 when it runs. */
  wait: plain(),
  /** Why it waits: a code of wmesg.ts. */
  wmesg: plain(),
  /** How many times it wants the MP lock; what it inherited from the thread it preempts is in it. */
  mpcount: plain(),
  /** The thread that this one preempted and stands on, or 0. */
  preempted: plain(),
  /** How many times it was switched to. */
  switches: plain(),
  /** Who waits for the exit: a thread handle, or minus a request number of the host, or 0. */
  joiner: plain(),
  /** Wait queue linkage: next, previous. Protected by the wait queue's token, not by the owner. */
  waitq: plain(2),
  /**
   * Wait queue it is linked on, or 0; negative while its request to wait is on its way, see wait-queue.ts. Protected
   * by that queue's token.
   */
  waitOn: plain(),
  /** Number of its last wait on a queue: an answer to an earlier one is told by it. */
  waitSeq: plain(),
  // ---- the second: its beginning and its end
  /** All threads of the cpu: next, previous. */
  allq: plain(2),
  /**
   * Argument before the start, result after the exit: a number, or the offset of a message. Of a thread that has
   * blocked with one token in hand, the token.
   */
  value: double(),
  /** What `value` holds: a code of value.ts. */
  valueKind: plain(),
  /** Function id. */
  func: plain(),
  /** Who wants the descriptor kept: see refs.ts. Written by all. */
  refs: atomic(),
  /** Handle of the thread that waits until nobody does, or 0. Written by that thread. */
  refsWaiter: atomic(),
  /** Number of the process it runs for, 0 for none, and what that process does: a code of proc.ts. */
  proc: plain(),
  procStat: plain(),
  /** Its name, UTF-8, cut at 16 bytes; empty means its function's name. */
  comm: plain(4),
  /** First of the synchronisation objects that it holds exclusively, and how many rwlocks it reads under. */
  heldSync: plain(),
  readLocks: plain(),
});

if (Thread.WORDS !== 32) throw new Error(`a Thread is one line of 32 words, not ${Thread.WORDS}`);
