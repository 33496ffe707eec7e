/**
 * Tokens that act like mutexes: no cpu ever owns them; whoever finds one free takes it by compare-and-swap. The
 * calls are those of every token (token.ts), and so is their meaning: lost by blocking, generations, several at once.
 *
 * For tokens that all cpus use in turns: taking one from another cpu costs a cache line, where an owner would have to
 * be asked by IPI. A token that one cpu uses again and again is better owned: taking that touches no atomic.
 *
 * ## Words
 *
 *   owner is NO_CPU for ever. `state` is the thread that holds the token, or 0; `next` the handle of the thread that
 *   came too late once and is to have it next, or 0. The request bits are as those of owned tokens, but say to whom a
 *   release is told. See layout/token.ts for the rest, which the holder writes.
 *
 * ## Invariants
 *
 *   I1  `state` moves from 0 by anybody's compare-and-swap, and from a thread only by that thread's release.
 *   I2  A cpu's request bit is set as long as threads of it wait.
 *   I3  Who was woken and came too late is handed the token by the next release but for those that asked before: a
 *       waiter loses to newcomers a bounded number of times.
 *   I4  Who asked to be next leaves only by taking its wish back, or with the token.
 *
 * ## Ordering
 *
 *   A1  wait: the thread is queued and its cpu's bit set (atomic or), then `state` is tried.
 *   B1  release: `state` is stored as 0 (atomic), then the bits are loaded. One of the two sees the other.
 *   A2  release: the holder's plain words and what the token protects first, then `state` (atomic store).
 *   B2  take: `state` (atomic compare-and-swap, or load of what was handed over), then the plain words.
 *   A3  hand over: the wish is taken back by compare-and-swap, then `state` is stored.
 *   B3  leave: the wish is taken back by compare-and-swap; whoever comes second finds it gone, and so the waiter
 *       knows that the token is coming.
 *
 * Seed: the wish in front of lwkt_gettoken, "certain tokens could act like mutexes", with t_cpu of -1.
 */
import type { ThreadRef, Token as TokenRef } from '../base/ids.ts';
import { IPI } from '../base/protocol.ts';
import * as threadLayoutModule from '../shared-memory/layout/thread.ts';
import * as tokenLayoutModule from '../shared-memory/layout/token.ts';
import type { Atomic } from '../shared-memory/struct.ts';
import * as wordModule from '../shared-memory/word.ts';
import * as deadModule from './dead.ts';
import * as globaldataModule from './globaldata.ts';
import * as ipiqModule from './ipiq.ts';
import * as scheduleModule from './schedule.ts';
import * as threadModule from './thread.ts';

// An import is read through its module's cell at every use; a constant of this file is folded into the code.
const { NO_CPU, Token } = tokenLayoutModule;
const { andA, casA, count, ld, ldA, ldHint, orA, pause, st, stA } = wordModule;
const { hasDied } = deadModule;
const { counterField, cpu } = globaldataModule;
const { sendIpi } = ipiqModule;
const { setRunnable, wakeHandle } = scheduleModule;
const { handleOf, tryRefOf } = threadModule;

const {
  owner: T_OWNER,
  reqLow: T_REQ_LOW,
  reqHigh: T_REQ_HIGH,
  state: T_STATE,
  next: T_NEXT,
  holder: T_HOLDER,
  waits: T_WAITS,
} = Token;
const { cpu: TD_CPU } = threadLayoutModule.Thread;
const GETS = counterField('lwkt.token_gets');

/** In `state` while the words of a holder that died are set right. */
const BEREFT = -1;

interface Waiter {
  readonly td: ThreadRef;
  /** Its wish to be next was taken down. */
  asked: boolean;
}

/** Threads of this cpu that wait for a token, first come first. Per cpu. */
const waiters = new Map<TokenRef, Waiter[]>();

/** True for a token that no cpu owns. Context: any; never blocks. */
export function isMutexToken(tok: TokenRef): boolean {
  return cpu.m[tok + T_OWNER] === NO_CPU;
}

/**
 * Takes a free token for the current thread, which does not hold it; or finds it handed over.
 *
 * Context: thread; never blocks.
 */
export function takeMutexToken(tok: TokenRef): boolean {
  const { m, curthread } = cpu;
  const found = casA(m, tok, T_STATE, 0, curthread); // B2
  return found === 0 || found === curthread;
}

/** Lets a token go that a thread of this cpu held; its plain words are as they should be. Context: thread | idle; never blocks. */
export function freeMutexToken(tok: TokenRef): void {
  const { m } = cpu;
  const next = ldHint(m, tok, T_NEXT);
  if (next !== 0 && casA(m, tok, T_NEXT, next, 0) === next) {
    // Alive: it leaves only once it has found its wish gone and the token its own (I4).
    stA(m, tok, T_STATE, tryRefOf(next)); // A2, A3
    wakeHandle(next);
    return;
  }
  stA(m, tok, T_STATE, 0); // B1, A2
  tellWaiter(tok);
}

/** Wakes a thread that waits, of the next cpu that has some; of this one last. */
function tellWaiter(tok: TokenRef): void {
  const { m, id, ncpus } = cpu;
  const low = ldA(m, tok, T_REQ_LOW); // B1
  const high = ncpus > 32 ? ldA(m, tok, T_REQ_HIGH) : 0;
  if ((low | high) === 0) return;
  for (let i = 1; i <= ncpus; i++) {
    const dcpu = (id + i) % ncpus;
    if (((dcpu < 32 ? low >>> dcpu : high >>> (dcpu - 32)) & 1) === 0) continue;
    if (dcpu === id) tokenFreeHandler(tok);
    else sendIpi(dcpu, IPI.tokenFree, tok, 0, 0);
    return;
  }
}

/** Handles IPI.tokenFree: a token that threads here wait for is free, or was. Context: thread | ipi | idle; never blocks. */
export function tokenFreeHandler(tok: TokenRef): void {
  const first = waiters.get(tok)?.[0];
  if (first !== undefined) setRunnable(first.td);
}

function myWord(): Atomic {
  return cpu.id < 32 ? T_REQ_LOW : T_REQ_HIGH;
}

/**
 * Queues a thread of this cpu for a token; from the second time on it asks to be next. The caller then tries to take
 * it (A1), and blocks the thread if it cannot.
 *
 * Context: thread; never blocks.
 */
export function requestMutexToken(tok: TokenRef, td: ThreadRef): void {
  const { m, id } = cpu;
  let queue = waiters.get(tok);
  if (queue === undefined) {
    waiters.set(tok, (queue = []));
    orA(m, tok, myWord(), 1 << (id & 31)); // A1
  }
  const waiter = queue.find((one) => one.td === td);
  if (waiter === undefined) queue.push({ td, asked: false });
  else if (!waiter.asked) waiter.asked = casA(m, tok, T_NEXT, 0, handleOf(td)) === 0;
}

/** Takes a thread off the queue; undefined when it was on none. */
function leaveQueue(tok: TokenRef, td: ThreadRef): Waiter | undefined {
  const queue = waiters.get(tok) ?? [];
  const at = queue.findIndex((one) => one.td === td);
  if (at < 0) return undefined;
  const [waiter] = queue.splice(at, 1);
  if (queue.length === 0) {
    waiters.delete(tok);
    andA(cpu.m, tok, myWord(), ~(1 << (cpu.id & 31)));
  }
  return waiter;
}

/** A thread has the token that it may have waited for. Context: thread; never blocks. */
export function gotMutexToken(tok: TokenRef, td: ThreadRef): void {
  const { m, gd } = cpu;
  const waiter = leaveQueue(tok, td);
  if (waiter === undefined) return;
  count(m, gd, GETS);
  st(m, tok, T_WAITS, (ld(m, tok, T_WAITS) + 1) | 0);
  // Found free, not handed over: the wish to be next still stands.
  if (waiter.asked) casA(m, tok, T_NEXT, handleOf(td), 0);
}

/**
 * A thread does not want the token any more: nobody loses the turn that it may have had.
 *
 * Context: thread | ipi | idle; never blocks.
 *
 * @returns whether it waited for it
 */
export function giveUpMutexToken(tok: TokenRef, td: ThreadRef): boolean {
  const { m } = cpu;
  const handle = handleOf(td);
  const waiter = leaveQueue(tok, td);
  const gone = waiter?.asked === true && casA(m, tok, T_NEXT, handle, 0) !== handle; // B3
  // A release has taken the wish: the token is this thread's, or will be in a moment, unless the cpu of that release died.
  let state = ldA(m, tok, T_STATE);
  if (gone) {
    while (state > 0 && state !== td && !hasDied(ldA(m, state, TD_CPU))) {
      pause();
      state = ldA(m, tok, T_STATE);
    }
  }
  if (gone && state === td) freeMutexToken(tok);
  else if (state === 0) tellWaiter(tok);
  return waiter !== undefined;
}

/**
 * A cpu has died: what its threads held is free, what they waited for they want no more. Each survivor does this, and
 * who is first at a word changes it; a thread of this cpu looks again, since the dead may have been told in its place.
 *
 * Context: idle; never blocks.
 */
export function bereaveMutexToken(tok: TokenRef, dead: number): void {
  const { m } = cpu;
  andA(m, tok, dead < 32 ? T_REQ_LOW : T_REQ_HIGH, ~(1 << (dead & 31)));
  const next = ldA(m, tok, T_NEXT);
  const heir = tryRefOf(next);
  if (next !== 0 && (heir === 0 || ldA(m, heir, TD_CPU) === dead)) casA(m, tok, T_NEXT, next, 0);
  const td = ldA(m, tok, T_STATE);
  if (td > 0 && ldA(m, td, TD_CPU) === dead && casA(m, tok, T_STATE, td, BEREFT) === td) {
    if (ld(m, tok, T_HOLDER) === (td | 1)) st(m, tok, T_HOLDER, td);
    stA(m, tok, T_STATE, 0); // B1
    tellWaiter(tok);
  }
  tokenFreeHandler(tok);
}
