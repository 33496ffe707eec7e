/**
 * Locks for many readers or one writer. Neither side starves the other: new readers wait while a writer does, and a
 * writer that unlocks invites the readers that waited meanwhile, who come before the next writer.
 *
 * ## Words
 *
 *   state     readers, or the writer's bit and its cpu
 *   waiters   threads that want to write
 *   next      the readers that wait, as many as there may be threads, and above them the phase, which a writer's unlock
 *             bumps: one word, so that each waiting reader is either counted there or among the invited. A waiting
 *             reader sees one bump at most (I1), so the phase may wrap as it likes
 *   extra     readers invited by the last unlock of a writer and not yet in, nor gone
 *
 *   Who writes is on the list of what its thread holds; who reads is known to its cpu. So a writer that dies with its
 *   cpu is found, a reader is not: that ends the machine (survive.ts).
 *
 * ## Invariants
 *
 *   I1  No writer enters while readers are invited; so each waiting reader sees one writer at most before it.
 *
 * ## Ordering
 *
 *   B1  unlock: the state is changed (atomic), then both counts of waiters are loaded. The waiter's half is in
 *       waiting.ts, A1.
 *
 * Source: Brandenburg and Anderson 2010, phase-fair reader/writer locks.
 */
import type { RwLock, ThreadRef } from '../base/ids.ts';
import { wmesgCode } from '../base/wmesg.ts';
import { RWLOCK_READER_BITS, RWLOCK_READERS, RWLOCK_WRITER, Sync } from '../shared-memory/layout/sync.ts';
import { Thread } from '../shared-memory/layout/thread.ts';
import { addA, casA, ld, ldA, st, stA } from '../shared-memory/word.ts';
import { arm, disarm, type Blocking } from './blocking.ts';
import { hasDied } from './dead.ts';
import { cpu } from './globaldata.ts';
import type { LockOptions } from './mutex.ts';
import {
  heldAlready,
  hold,
  isPoisoned,
  isSync,
  makeSync,
  notHolder,
  notSync,
  poisonedError,
  requireThread,
  setPoisoned,
  syncCode,
  unhold,
} from './sync-object.ts';
import { wakeAll, wakeFirst } from './tsleep.ts';
import { untimely } from './untimely.ts';
import { checkTimeout, identOf, ready, waitUntil } from './waiting.ts';

const { state: S_STATE, waiters: WANT_WRITE, next: WANT_READ, extra: INVITED } = Sync;
const { heldSync: TD_HELD_SYNC, readLocks: TD_READ_LOCKS } = Thread;
const { heldNext: S_HELD_NEXT } = Sync;
const RWLOCK = syncCode('rwlock');
const WMESG_RWLOCK = wmesgCode('rwlock');

/** What threads of this cpu read under: thread and lock, in the order they got it. Per cpu. */
const reading: { readonly td: ThreadRef; readonly rw: RwLock }[] = [];

const PLAIN: LockOptions = {};

const readIdent = (rw: RwLock): number => identOf(rw, 0);
const writeIdent = (rw: RwLock): number => identOf(rw, 1);

/**
 * A lock for many readers or one writer.
 *
 * Context: boot | thread; never blocks.
 *
 * @param name - without one, end it with destroy()
 * @throws LwktError ERR_LWKT_SYMBOL, ERR_LWKT_MEMORY, ERR_LWKT_MESSAGES
 */
export function rwlock(name?: string): RwLock {
  return makeSync('rwlock', name);
}

// ---- reading

/** Adds a reader if the lock lets it in. */
function enter(rw: RwLock, invited: boolean): boolean {
  const { m } = cpu;
  for (;;) {
    const now = ldA(m, rw, S_STATE);
    if ((now & RWLOCK_WRITER) !== 0) return false;
    if (!invited && ldA(m, rw, WANT_WRITE) !== 0) return false;
    if (casA(m, rw, S_STATE, now, now + 1) === now) return true;
  }
}

function noteReader(rw: RwLock): void {
  const { m, curthread } = cpu;
  reading.push({ td: curthread, rw });
  st(m, curthread, TD_READ_LOCKS, ld(m, curthread, TD_READ_LOCKS) + 1);
}

const phaseOf = (word: number): number => word >>> RWLOCK_READER_BITS;

/** True once a writer's unlock has invited the readers that came in this phase. */
function isInvited(rw: RwLock, phase: number): boolean {
  return phaseOf(ldA(cpu.m, rw, WANT_READ)) !== phase;
}

/** A reader waits no longer: it is taken from where it is counted. Those who still wait. */
function uncount(rw: RwLock, phase: number): number {
  const { m } = cpu;
  for (;;) {
    const now = ldA(m, rw, WANT_READ);
    if (phaseOf(now) !== phase) return addA(m, rw, INVITED, -1) - 1;
    if (casA(m, rw, WANT_READ, now, now - 1) === now) return (now & RWLOCK_READERS) - 1;
  }
}

function* readSlow(rw: RwLock, timeoutMs: number): Generator<unknown, boolean, unknown> {
  const { m } = cpu;
  let phase = 0;
  const wanted = {
    ref: rw,
    ident: readIdent(rw),
    wmesg: WMESG_RWLOCK,
    come: () => {
      phase = phaseOf(addA(m, rw, WANT_READ, 1));
    },
    go: () => uncount(rw, phase),
  };
  let got = false;
  try {
    got = yield* waitUntil(wanted, timeoutMs, () => {
      bereave(rw);
      return enter(rw, isInvited(rw, phase));
    });
  } finally {
    // A writer may wait for the readers who were invited.
    if (!got && ldA(m, rw, WANT_WRITE) !== 0) wakeFirst(writeIdent(rw));
  }
  if (got) noteReader(rw);
  return got;
}

/**
 * Locks for reading.
 *
 * Context: thread; blocks.
 *
 * @param timeoutMs - longest wait in milliseconds
 * @returns true when it is locked, false when the time was over
 * @throws LwktError ERR_LWKT_OPTION for what is no rwlock; ERR_LWKT_CONTEXT when the thread writes under it
 */
export function rwlockRead(rw: RwLock, timeoutMs = Infinity): Blocking<boolean> {
  if (cpu.untimely) return untimely(() => rwlockRead(rw, timeoutMs));
  if (!isSync(rw, RWLOCK)) throw notSync('rwlockRead()', 'rwlock', rw);
  if (writes(rw)) throw heldAlready('rwlockRead()', 'rwlock');
  checkTimeout('rwlockRead()', timeoutMs);
  arm('rwlockRead()');
  if (!enter(rw, false)) return readSlow(rw, timeoutMs);
  noteReader(rw);
  return ready();
}

/** Locks for reading if that needs no waiting. Context: thread; never blocks. @throws LwktError ERR_LWKT_OPTION, ERR_LWKT_CONTEXT */
export function rwlockTryRead(rw: RwLock): boolean {
  if (!isSync(rw, RWLOCK)) throw notSync('rwlockTryRead()', 'rwlock', rw);
  requireThread('rwlockTryRead()');
  bereave(rw);
  if (!enter(rw, false)) return false;
  noteReader(rw);
  return true;
}

function leave(rw: RwLock, at: number): void {
  const { m } = cpu;
  const { td } = reading[at] as { td: ThreadRef };
  reading.splice(at, 1);
  const left = addA(m, rw, S_STATE, -1) - 1; // B1
  st(m, td, TD_READ_LOCKS, ld(m, td, TD_READ_LOCKS) - 1);
  if (left === 0 && ldA(m, rw, WANT_WRITE) !== 0) wakeFirst(writeIdent(rw));
}

// ---- writing

function own(rw: RwLock): boolean {
  const { m } = cpu;
  const me = RWLOCK_WRITER | cpu.id;
  if (ldA(m, rw, INVITED) !== 0 || casA(m, rw, S_STATE, 0, me) !== 0) return false;
  if (ldA(m, rw, INVITED) === 0) return true; // I1
  // Another writer came and went between the two: its guests come first, and may have seen this one in their way.
  stA(m, rw, S_STATE, 0);
  wakeAll(readIdent(rw));
  return false;
}

function* writeSlow(
  rw: RwLock,
  { timeoutMs = Infinity, poisoned = false }: LockOptions,
): Generator<unknown, boolean, unknown> {
  const wanted = { ref: rw, ident: writeIdent(rw), wmesg: WMESG_RWLOCK };
  let got = false;
  try {
    got = yield* waitUntil(wanted, timeoutMs, () => {
      bereave(rw);
      return own(rw);
    });
  } finally {
    // Readers that waited for this one only.
    if (!got && (ldA(cpu.m, rw, WANT_READ) & RWLOCK_READERS) !== 0) wakeAll(readIdent(rw));
  }
  if (got) begin(rw, poisoned);
  return got;
}

/** The thread writes from now on; or not, if the last writer left a mess. */
function begin(rw: RwLock, poisoned: boolean): void {
  hold(rw);
  if (!isPoisoned(rw)) return;
  if (poisoned) {
    setPoisoned(rw, false);
    return;
  }
  end(rw, cpu.curthread);
  throw poisonedError('rwlockWrite()', 'rwlock');
}

/**
 * Locks for writing.
 *
 * Context: thread; blocks.
 *
 * @returns true when it is locked, false when the time was over
 * @throws LwktError ERR_LWKT_CONTEXT when the thread reads or writes under it already; ERR_LWKT_POISONED when the last
 *   writer ended without unlocking; ERR_LWKT_OPTION for what is no rwlock
 */
export function rwlockWrite(rw: RwLock, options: LockOptions = PLAIN): Blocking<boolean> {
  if (cpu.untimely) return untimely(() => rwlockWrite(rw, options));
  if (!isSync(rw, RWLOCK)) throw notSync('rwlockWrite()', 'rwlock', rw);
  if (writes(rw) || readsAt(rw, cpu.curthread) >= 0) throw heldAlready('rwlockWrite()', 'rwlock');
  checkTimeout('rwlockWrite()', options.timeoutMs ?? Infinity);
  arm('rwlockWrite()');
  if (!own(rw)) return writeSlow(rw, options);
  disarm();
  begin(rw, options.poisoned ?? false);
  arm('rwlockWrite()');
  return ready();
}

/** Locks for writing if that needs no waiting. Context: thread; never blocks. @throws LwktError ERR_LWKT_POISONED, ERR_LWKT_OPTION, ERR_LWKT_CONTEXT */
export function rwlockTryWrite(rw: RwLock, options: LockOptions = PLAIN): boolean {
  if (!isSync(rw, RWLOCK)) throw notSync('rwlockTryWrite()', 'rwlock', rw);
  requireThread('rwlockTryWrite()');
  bereave(rw);
  if (!own(rw)) return false;
  begin(rw, options.poisoned ?? false);
  return true;
}

function end(rw: RwLock, td: ThreadRef): void {
  unhold(rw, td);
  endWriting(rw);
}

function endWriting(rw: RwLock): void {
  const { m } = cpu;
  const invited = invite(rw);
  stA(m, rw, S_STATE, 0); // B1
  const wantWrite = ldA(m, rw, WANT_WRITE) !== 0;
  // Readers that came since are let in only if no writer waits.
  if (invited !== 0 || (!wantWrite && (ldA(m, rw, WANT_READ) & RWLOCK_READERS) !== 0)) wakeAll(readIdent(rw));
  if (invited === 0 && wantWrite) wakeFirst(writeIdent(rw));
}

/** Takes the lock from a writer that died with its cpu: the next one is told. */
function bereave(rw: RwLock): void {
  const { m, id } = cpu;
  const now = ldA(m, rw, S_STATE);
  if ((now & RWLOCK_WRITER) === 0 || !hasDied(now & ~RWLOCK_WRITER)) return;
  if (casA(m, rw, S_STATE, now, RWLOCK_WRITER | id) !== now) return;
  setPoisoned(rw, true);
  endWriting(rw);
}

/** Begins a phase: the readers that wait are invited. How many they are. */
function invite(rw: RwLock): number {
  const { m } = cpu;
  for (;;) {
    const now = ldA(m, rw, WANT_READ);
    const waiting = now & RWLOCK_READERS;
    // First they are invited, then the phase moves on, so that no reader finds neither; only this writer adds.
    stA(m, rw, INVITED, waiting);
    if (casA(m, rw, WANT_READ, now, (phaseOf(now) + 1) << RWLOCK_READER_BITS) === now) return waiting;
  }
}

// ---- unlocking

/** Where the lock stands among those that a thread of this cpu reads under; the last one got, or -1. */
function readsAt(rw: RwLock, td: ThreadRef): number {
  for (let i = reading.length - 1; i >= 0; i--) {
    const entry = reading[i];
    if (entry?.rw === rw && entry.td === td) return i;
  }
  return -1;
}

/** True when the current thread writes under the lock. */
function writes(rw: RwLock): boolean {
  const { m, curthread } = cpu;
  for (let held = ld(m, curthread, TD_HELD_SYNC); held !== 0; held = ld(m, held, S_HELD_NEXT)) {
    if (held === rw) return true;
  }
  return false;
}

/**
 * Unlocks what the current thread has locked, for reading or writing.
 *
 * Context: thread; never blocks.
 *
 * @throws LwktError ERR_LWKT_CONTEXT when it has not; ERR_LWKT_OPTION for what is no rwlock
 */
export function rwlockUnlock(rw: RwLock): void {
  if (!isSync(rw, RWLOCK)) throw notSync('rwlockUnlock()', 'rwlock', rw);
  requireThread('rwlockUnlock()');
  const at = readsAt(rw, cpu.curthread);
  if (at >= 0) leave(rw, at);
  else if (writes(rw)) end(rw, cpu.curthread);
  else throw notHolder('rwlockUnlock()', 'rwlock', 0);
}

/** A thread ended while it wrote: the next writer is told. Context: thread | idle; never blocks. */
export function abandonWriter(rw: RwLock, td: ThreadRef): void {
  setPoisoned(rw, true);
  end(rw, td);
}

/** A thread ended while it read. Context: thread | idle; never blocks. */
export function abandonReaders(td: ThreadRef): void {
  for (let i = reading.length - 1; i >= 0; i--) {
    const entry = reading[i];
    if (entry?.td === td) leave(entry.rw, i);
  }
}

/** A lock in hand; unlocked at the end of the block. */
class RwLocked implements Disposable {
  readonly #rw: RwLock;

  constructor(rw: RwLock) {
    this.#rw = rw;
  }

  [Symbol.dispose](): void {
    rwlockUnlock(this.#rw);
  }
}

function* guardBody(
  rw: RwLock,
  lock: (rw: RwLock) => Blocking<boolean>,
): Generator<unknown, Disposable, unknown> {
  disarm();
  yield* lock(rw);
  return new RwLocked(rw);
}

/** Locks for reading for the rest of the block: `using _ = yield* readLocked(rw)`. Context: thread; blocks. */
export function readLocked(rw: RwLock): Blocking<Disposable> {
  arm('readLocked()');
  return guardBody(rw, rwlockRead);
}

/** Locks for writing for the rest of the block: `using _ = yield* writeLocked(rw)`. Context: thread; blocks. */
export function writeLocked(rw: RwLock): Blocking<Disposable> {
  arm('writeLocked()');
  return guardBody(rw, rwlockWrite);
}
