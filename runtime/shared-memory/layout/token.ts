/**
 * A serialising token and a wait queue.
 *
 * Seed: struct lwkt_token and struct lwkt_wait of sys/thread.h.
 */
import { atomic, double, line, plain, struct } from '../struct.ts';

/** In Token.owner: no cpu owns it, whoever finds it free takes it (the seed's t_cpu of -1). */
export const NO_CPU = -(1 << 30);

export const Token = struct('Token', {
  /** Cpu + 1 that owns the token; 0 nobody; NO_CPU for one that no cpu ever owns. Moved away from a cpu only by that cpu. */
  owner: atomic(),
  /** Cpus with threads that wait for it, a bit each, set and cleared by that cpu. */
  reqLow: atomic(),
  reqHigh: atomic(),
  /** Of one that no cpu owns: the thread that has it, or 0; handle of the thread that is to have it next, or 0. */
  state: atomic(),
  next: atomic(),
  _end: line(),
  // ---- written by the owner; of a token that no cpu owns, by the holder
  /** The thread that holds it, with bit 0 set; without: the thread that held it last. 0 at first. */
  holder: plain(),
  /** Bumped when a thread gets it, or gets it back after another had it; never 0 once taken. */
  gen: plain(),
  /** Handovers from one cpu to another; acquisitions that had to wait. */
  handovers: plain(),
  waits: plain(),
  /** When it came, nanoseconds of the owner's clock. */
  since: double(),
});

export const Wait = struct('Wait', {
  /** The token that protects the queue. */
  token: plain(Token.WORDS),
  // ---- protected by the token
  /** Waiting threads, first and last. */
  waitq: plain(2),
  gen: plain(),
  count: plain(),
  _end: line(),
});
