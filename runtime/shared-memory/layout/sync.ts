/**
 * A synchronisation object for programs: mutex, spinlock, semaphore, condition, barrier, once, rwlock.
 *
 * One struct for all, in eight words, so that an anonymous one fits the smallest block of message space.
 */
import { TD_SLOT_BITS } from '../../base/params.ts';
import { atomic, plain, struct } from '../struct.ts';

export const Sync = struct('Sync', {
  /** A code of SYNC_KINDS; minus that and the maker's cpu while it is being made; 0 for none, also after it was destroyed. */
  kind: atomic(),
  /**
   * Handle of the holder, or minus a cpu + 1 that mends it (mutex, spinlock); units left (semaphore); generation and arrived (barrier); see once.ts;
   * readers, or the writer's bit and its cpu (rwlock).
   */
  state: atomic(),
  /** Threads that wait; of an rwlock those that want to write. */
  waiters: atomic(),
  /** Handle of the thread that has waited in vain and is next (mutex); threads that want to read (rwlock). */
  next: atomic(),
  /** Most units (semaphore), parties (barrier); readers invited (rwlock); a number of its own (condition). */
  extra: atomic(),
  /** Its last holder ended without releasing it. Written by the holder. */
  poisoned: plain(),
  // ---- written by the holder: the list of what its thread holds
  heldNext: plain(),
  heldPrev: plain(),
});

/** Kinds of objects; index = code. */
export const SYNC_KINDS = [
  'none',
  'mutex',
  'spinlock',
  'semaphore',
  'condition',
  'barrier',
  'once',
  'rwlock',
] as const;

export type SyncKind = Exclude<(typeof SYNC_KINDS)[number], 'none'>;

/** The bit of an rwlock that says that a thread writes. */
export const RWLOCK_WRITER = 1 << 30;
/** Bits of the word `next` of an rwlock that count the readers that wait; the rest is the phase. */
export const RWLOCK_READER_BITS = TD_SLOT_BITS;
export const RWLOCK_READERS = (1 << RWLOCK_READER_BITS) - 1;
