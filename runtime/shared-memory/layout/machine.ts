/** What the whole machine shares: its shape, its state, the heads of its tables. The first words of the arena. */
import { PANIC_TEXT_BYTES } from '../../base/params.ts';
import { Lock } from '../lock.ts';
import { atomic, line, plain, struct } from '../struct.ts';

/** 'LWKT', little endian. */
export const MAGIC = 0x544b_574c;
/** Bumped when the meaning of words changes without their layout. */
export const LAYOUT_VERSION = 1;

/** Slots of the hash of tsleep(). */
export const SLEEP_SLOTS = 256;

export const Machine = struct('Machine', {
  /** Never written: word 0 is nil. */
  nil: plain(),
  // ---- written by the host before any cpu exists
  magic: plain(),
  version: plain(),
  layoutHash: plain(),
  ncpus: plain(),
  ringSize: plain(),
  threads: plain(),
  names: plain(),
  memoryWords: plain(),
  messageWords: plain(),
  /** 1 when cpus outnumber the cores of the computer: they spin less. */
  crowded: plain(),
  _state: line(),
  // ---- written by host and cpus
  /** A code of MACHINE_STATES. */
  state: atomic(),
  /** Cpu + 1 that panicked first. */
  panicCpu: atomic(),
  panicThread: plain(),
  // ---- written by the host: see death.ts
  /** How many cpus have died, and which, a bit each. */
  deaths: atomic(),
  deadLow: atomic(),
  deadHigh: atomic(),
  /** How many deaths every living cpu has seen. Raised by the last one to see them. */
  deathsSettled: atomic(),
  _mplock: line(),
  /** Cpu + 1 that has the MP lock, minus that while it is kept for that cpu, 0 when it is free. */
  mplock: atomic(),
  /** Cpus that wait for it, a bit each, set and cleared by that cpu. */
  mplockReqLow: atomic(),
  mplockReqHigh: atomic(),
  _locks: line(),
  // ---- protected by their lock
  slabLock: plain(Lock.WORDS),
  /** First of the global free list, its length, and slots never used so far. */
  slabFree: plain(),
  slabFreeCount: plain(),
  slabFresh: plain(),
  _symbols: line(),
  symbolLock: plain(Lock.WORDS),
  symbolCount: plain(),
  /** Next free word of the named region. */
  memoryNext: plain(),
  _messages: line(),
  messageLock: plain(Lock.WORDS),
  messageUsed: plain(),
  /** First free block of each order. */
  messageFree: plain(32),
  _sleep: line(),
  /** For each slot of the hash of tsleep(), a bit for each cpu that may have sleepers there: two words a slot. */
  sleepers: atomic(2 * SLEEP_SLOTS),
  _output: line(),
  /** Held while a thread's output is written, so that lines are not torn. */
  outputLock: plain(Lock.WORDS),
  _panic: line(),
  panicText: plain(PANIC_TEXT_BYTES / 4),
  _end: line(),
});

export const MACHINE_BOOTING = 0;
export const MACHINE_RUNNING = 1;
export const MACHINE_HALTING = 2;
export const MACHINE_PANICKED = 3;
export const MACHINE_STATES = ['booting', 'running', 'halting', 'panicked'] as const;
