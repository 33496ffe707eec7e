/**
 * What a cpu keeps to itself, and what others may see of it. One per cpu, and one for the host's corner.
 *
 * Seed: struct globaldata of sys/globaldata.h.
 */
import { DEATH_TEXT_BYTES } from '../../base/params.ts';
import { atomic, line, plain, struct, type Plain } from '../struct.ts';
import { Event, EVENT_SLOTS } from './event.ts';

/** Counters of a cpu: 64 bits each, one writer, summed on read. Spelled as the seed's sysctls where it has them. */
export const COUNTERS = [
  ['lwkt.switch_count', 'calls of the switch, also those that pick the same thread'],
  ['lwkt.ipiq_count', 'IPIs sent to other cpus'],
  ['lwkt.ipiq_fifofull', 'sends that found the ring full'],
  ['lwkt.ipiq_run', 'IPI functions run'],
  ['lwkt.ipiq_wakeups', 'sleeping cpus woken, for IPIs or for room in a ring'],
  ['lwkt.threads_created', 'threads created by this cpu'],
  ['lwkt.threads_run', 'threads of this cpu that ran to their end'],
  ['lwkt.threads_failed', 'threads of this cpu that ended by an error'],
  ['lwkt.idle_spins', 'times the idle cpu found work while spinning'],
  ['lwkt.idle_parks', 'times the idle cpu went to sleep'],
  ['lwkt.loop_turns', 'turns given to the event loop'],
  ['lwkt.token_gets', 'tokens taken after a wait or from another cpu'],
  ['lwkt.token_requests', 'token requests sent to other cpus'],
  ['lwkt.token_handovers', 'tokens handed to other cpus'],
  ['lwkt.token_losses', 'tokens lost by blocking'],
  ['lwkt.safepoint_slow', 'safepoints that had something to do'],
  ['lwkt.preempt_hit', 'interrupt threads run on top of the thread they interrupted'],
  ['lwkt.preempt_miss', 'preemptions refused: not more urgent, a critical section, the MP lock'],
  ['lwkt.preempt_weird', 'preemptions refused: of oneself, or of a thread that is preempted itself'],
  ['lwkt.mplock_gets', 'times the MP lock was taken'],
  ['lwkt.mplock_contention', 'times a cpu had to wait for the MP lock'],
  ['lwkt.mplock_longest_us', 'longest wait of a cpu for the MP lock, microseconds'],
  ['lwkt.runq_stale', 'bits of the run mask that the switch found without a thread behind them'],
  ['lwkt.untimely_switches', 'switches forced by lwkt.untimely_switch'],
  ['lwkt.threads_killed', 'threads of this cpu that were killed'],
  ['lwkt.threads_moved', 'threads that this cpu gave to another one'],
  ['lwkt.ipiq_passive', 'IPIs sent without ringing the doorbell'],
  ['lwkt.mutex_contention', 'times a thread had to wait for a mutex'],
  ['lwkt.ipiq_refused', 'sends given up because the ring was full'],
] as const;

export type CounterName = (typeof COUNTERS)[number][0];

/** Counters that are maxima: over all cpus the largest counts, not the sum. */
export const MAXIMA: ReadonlySet<CounterName> = new Set(['lwkt.mplock_longest_us']);

export const Globaldata = struct('Globaldata', {
  // ---- written by everyone: the doorbell, alone on its line, which senders only read while this cpu polls its rings
  bell: atomic(),
  _own: line(),
  // ---- written by this cpu, read by watchers
  /** A code of CPU_STATES; for watchers, who may see it a moment late. */
  state: plain(),
  curthread: plain(),
  idlethread: plain(),
  /** Runnable threads: what placement compares. */
  nrun: plain(),
  /** Threads on tdallq. */
  nthreads: plain(),
  runqmask: plain(),
  intrNesting: plain(),
  /** The thread cache: first of the free list, and its length. */
  tdfreeq: plain(),
  tdfreecount: plain(),
  tdallq: plain(2),
  /** The number that Node gave its worker. */
  worker: plain(),
  /** Promises that its threads wait for. */
  promises: plain(),
  /** Control messages that the host has sent; written by the host. */
  control: atomic(),
  /** Bumped at every poll slow enough to look at the clock: the heartbeat for watchers. */
  heartbeat: atomic(),
  /** How many deaths of other cpus it has seen, and drained the rings of. */
  deathsSeen: atomic(),
  /** Whether it sleeps, in CPU_PARK, until a timer at the latest. */
  parkTimed: plain(),
  /**
   * The wait for the completion of an IPI that it stands in, the innermost: target + 1, or 0; which record; how many IPI
   * functions it came through; how often it looked in vain; and a number of its own, stored last. See ipiq.ts, waitIpi.
   */
  waitTarget: plain(),
  waitSeq: plain(),
  waitDepth: plain(),
  waitLooks: plain(),
  waitNumber: atomic(),
  /** References to threads that it ever took: one that took none has none to lose. */
  refsTaken: plain(),
  _death: line(),
  // ---- written by the host when the cpu has died: which death it was, 0 while it lives, and why
  diedAt: plain(),
  deathText: plain(DEATH_TEXT_BYTES / 4),
  /** Written by a survivor, once the references that may be lost with the cpu are marked. */
  refsDoubted: plain(),
  _runq: line(),
  // ---- written by this cpu: 32 run queues, first and last each
  tdrunq: plain(64),
  _events: line(),
  // ---- written by this cpu: its last events, a ring, and how many there ever were
  eventCount: plain(),
  events: plain(EVENT_SLOTS * Event.WORDS),
  _counters: line(),
  counters: plain(2 * COUNTERS.length),
});

/** Offset of a counter's low word. */
export function counter(name: CounterName): Plain {
  return (Globaldata.counters + 2 * COUNTERS.findIndex(([known]) => known === name)) as Plain;
}

/** What a cpu is doing, by number; the order is part of the layout. */
export const CPU_STATES = ['off', 'boot', 'run', 'spin', 'park', 'loop', 'halted', 'offline'] as const;
export const CPU_BOOT = 1;
export const CPU_RUN = 2;
export const CPU_SPIN = 3;
export const CPU_PARK = 4;
export const CPU_LOOP = 5;
export const CPU_HALTED = 6;
export const CPU_OFFLINE = 7;
