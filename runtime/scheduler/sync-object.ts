/**
 * Synchronisation objects of programs: making, finding and destroying them, and what a thread holds of them.
 *
 * Named ones are found through the symbol table and live as long as the machine; anonymous ones lie in message space
 * and end with destroy(). Both are numbers, good on every cpu, and can be passed as arguments.
 *
 * What a thread holds exclusively hangs on a list in its descriptor, so that its end can release it, and a watcher
 * sees who holds what.
 */
import { LwktError } from '../base/errors.ts';
import type { ThreadRef } from '../base/ids.ts';
import { RWLOCK_READERS, SYNC_KINDS, Sync, type SyncKind } from '../shared-memory/layout/sync.ts';
import { Thread } from '../shared-memory/layout/thread.ts';
import { messageAlloc, messageBytes, messageFree } from '../shared-memory/messages.ts';
import { symbol } from '../shared-memory/symbols.ts';
import * as wordModule from '../shared-memory/word.ts';
import { hasDied } from './dead.ts';
import * as globaldataModule from './globaldata.ts';
import * as threadModule from './thread.ts';

// An import is read through its module's cell at every use; a constant of this file is folded into the code.
const { casA, ld, ldA, pause, st, stA } = wordModule;
const { cpu, requireCpu } = globaldataModule;
const { commOf, handleOf } = threadModule;

const {
  kind: S_KIND,
  state: S_STATE,
  waiters: S_WAITERS,
  next: S_NEXT,
  extra: S_EXTRA,
  poisoned: S_POISONED,
  heldNext: S_HELD_NEXT,
  heldPrev: S_HELD_PREV,
} = Sync;
const { heldSync: TD_HELD_SYNC } = Thread;

/** In the kind of an object that is being made: the maker's cpu + 1. */
const MAKER_SHIFT = 8;
/** Words between a message and its bytes. */
const HEADER_BYTES = 8;

/** The code of a kind. Context: any; never blocks. */
export function syncCode(kind: SyncKind): number {
  return SYNC_KINDS.indexOf(kind);
}

/**
 * Finds or makes an object.
 *
 * Context: boot | thread; never blocks.
 *
 * @param name - undefined for an anonymous one
 * @param state - its first state
 * @param extra - see layout/sync.ts; a named object must be asked for with the same everywhere
 * @throws LwktError ERR_LWKT_SYMBOL when the name stands for something else; ERR_LWKT_MESSAGES, ERR_LWKT_MEMORY
 */
export function makeSync(kind: SyncKind, name: string | undefined, state = 0, extra = 0): number {
  const { arena, id, m } = requireCpu(`${kind}()`);
  const shape = kind === 'semaphore' ? state + 1 : kind === 'barrier' ? extra : 1;
  let ref: number;
  if (name === undefined) {
    const message = messageAlloc(arena, id, Sync.WORDS * 4);
    ref = messageBytes(arena, message).byteOffset / 4;
    for (let i = 0; i < Sync.WORDS; i++) m[ref + i] = 0;
  } else if (typeof name === 'string') ref = symbol(arena, id, name, kind, shape, Sync.WORDS);
  else throw new LwktError('ERR_LWKT_SYMBOL', `${kind}(): the name must be a string, not ${typeof name}`);
  const code = syncCode(kind);
  // The first who finds it empty fills it; whoever comes meanwhile waits the few stores that takes, or fills it for one
  // who died.
  const making = -(code | ((id + 1) << MAKER_SHIFT));
  for (let now = casA(m, ref, S_KIND, 0, making); now <= 0; now = ldA(m, ref, S_KIND)) {
    const maker = (-now >>> MAKER_SHIFT) - 1;
    if (now === 0 || (hasDied(maker) && casA(m, ref, S_KIND, now, making) === now)) {
      stA(m, ref, S_STATE, state);
      stA(m, ref, S_EXTRA, extra);
      stA(m, ref, S_KIND, code);
      break;
    }
    pause();
  }
  return ref;
}

/** True for an object of a kind; cheap. Context: any; never blocks. */
export function isSync(ref: number, code: number): boolean {
  return cpu.m[ref + S_KIND] === code;
}

/** The error for what is no object of a kind. Context: any; never blocks. */
export function notSync(what: string, kind: SyncKind, ref: number): LwktError {
  requireCpu(what);
  const found = Number.isInteger(ref) ? SYNC_KINDS[cpu.m[ref + S_KIND] ?? -1] : undefined;
  const is = found === undefined || found === 'none' ? 'was destroyed, or never made' : `is a ${found}`;
  return new LwktError(
    'ERR_LWKT_OPTION',
    `${what}: ${String(ref)} is no ${kind}: it ${is}; use what ${kind}() returned`,
  );
}

/**
 * Destroys an anonymous object that nobody uses.
 *
 * Context: thread; never blocks.
 *
 * @param ref - from mutex(), semaphore(), … without a name
 * @throws LwktError ERR_LWKT_OPTION when it is none, has a name, or is destroyed already; ERR_LWKT_CONTEXT while it
 *   is held or waited for
 */
export function destroy(ref: number): void {
  const { arena, id, m } = requireCpu('destroy()');
  const kind = Number.isInteger(ref) ? SYNC_KINDS[m[ref + S_KIND] ?? -1] : undefined;
  if (kind === undefined || kind === 'none') {
    throw new LwktError('ERR_LWKT_OPTION', `destroy(): ${String(ref)} is no object, or is destroyed already`);
  }
  const { messageBase, messages } = arena.map;
  if (ref < messageBase || ref >= messageBase + messages / 4) {
    throw new LwktError(
      'ERR_LWKT_OPTION',
      `destroy(): this ${kind} has a name; it lives as long as the machine`,
    );
  }
  const held = kind === 'mutex' || kind === 'spinlock' || kind === 'rwlock' ? ldA(m, ref, S_STATE) : 0;
  const readers = kind === 'rwlock' ? (ldA(m, ref, S_NEXT) & RWLOCK_READERS) + ldA(m, ref, S_EXTRA) : 0;
  const waiting = ldA(m, ref, S_WAITERS) + readers;
  if (held !== 0 || waiting !== 0) {
    throw new LwktError(
      'ERR_LWKT_CONTEXT',
      `destroy(): this ${kind} is ${held !== 0 ? 'held' : `waited for by ${waiting} thread(s)`}`,
    );
  }
  if (casA(m, ref, S_KIND, syncCode(kind), 0) === syncCode(kind))
    messageFree(arena, id, ref - HEADER_BYTES / 4);
}

/** Refuses callers that are no thread. Context: any; never blocks. @throws LwktError ERR_LWKT_CONTEXT */
export function requireThread(what: string): void {
  if (cpu.curthread !== cpu.idlethread && cpu.intrNesting === 0) return;
  requireCpu(what);
  throw new LwktError(
    'ERR_LWKT_CONTEXT',
    `${what}: only a thread may, not an IPI function or a promise callback`,
  );
}

/** Notes that the current thread holds an object. Context: thread; never blocks. */
export function hold(ref: number): void {
  const { m, curthread } = cpu;
  const first = ld(m, curthread, TD_HELD_SYNC);
  st(m, ref, S_HELD_NEXT, first);
  st(m, ref, S_HELD_PREV, 0);
  if (first !== 0) st(m, first, S_HELD_PREV, ref);
  st(m, curthread, TD_HELD_SYNC, ref);
}

/** Notes that a thread of this cpu holds it no more; before it is released. Context: thread | idle; never blocks. */
export function unhold(ref: number, td: ThreadRef): void {
  const { m } = cpu;
  const next = ld(m, ref, S_HELD_NEXT);
  const prev = ld(m, ref, S_HELD_PREV);
  if (next !== 0) st(m, next, S_HELD_PREV, prev);
  if (prev !== 0) st(m, prev, S_HELD_NEXT, next);
  else st(m, td, TD_HELD_SYNC, next);
}

/** The error for releasing what the current thread does not hold. Context: thread; never blocks. */
export function notHolder(what: string, kind: SyncKind, holder: number): LwktError {
  const by = holder === 0 ? 'nobody holds it' : `thread ${holder} does`;
  return new LwktError(
    'ERR_LWKT_CONTEXT',
    `${what}: thread ${handleOf(cpu.curthread)} '${commOf(cpu.curthread)}' does not hold this ${kind}: ${by}`,
  );
}

/** The error for waiting for what the current thread holds. Context: thread; never blocks. */
export function heldAlready(what: string, kind: SyncKind): LwktError {
  return new LwktError(
    'ERR_LWKT_CONTEXT',
    `${what}: thread '${commOf(cpu.curthread)}' holds this ${kind} already and would wait for itself for ever`,
  );
}

/** Whether the last holder ended without releasing it. Context: thread; never blocks. */
export function isPoisoned(ref: number): boolean {
  return ld(cpu.m, ref, S_POISONED) !== 0;
}

/** Sets or clears that mark; by the holder. Context: thread | idle; never blocks. */
export function setPoisoned(ref: number, poisoned: boolean): void {
  st(cpu.m, ref, S_POISONED, poisoned ? 1 : 0);
}

/** The error for taking what its last holder left in an unknown state. Context: thread; never blocks. */
export function poisonedError(what: string, kind: SyncKind): LwktError {
  return new LwktError(
    'ERR_LWKT_POISONED',
    `${what}: a thread ended while it held this ${kind}, so what it guards may be half done; ` +
      'look at it with { poisoned: true }, which takes it and clears the mark',
  );
}
