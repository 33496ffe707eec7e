/**
 * Serialising tokens, what a thread holds: the list of the running thread, and what becomes of it when the thread blocks,
 * runs again and ends.
 *
 * Seed: the tokens of a thread are those whose t_cpu and holder it finds its own; a list there is none.
 */
import type { ThreadRef, Token as TokenRef } from '../base/ids.ts';
import * as paramsModule from '../base/params.ts';
import * as threadLayoutModule from '../shared-memory/layout/thread.ts';
import * as tokenLayoutModule from '../shared-memory/layout/token.ts';
import * as wordModule from '../shared-memory/word.ts';
import * as critModule from './crit.ts';
import * as globaldataModule from './globaldata.ts';
import * as tokenMutexModule from './token-mutex.ts';
import * as tokenOwnerModule from './token-owner.ts';

// An import is read through its module's cell at every use; a constant of this file is folded into the code.
const { TDF_TOKENS, TDPRI_CRIT, TDPRI_LIMIT } = paramsModule;
const { Thread } = threadLayoutModule;
const { Token } = tokenLayoutModule;
const { count, ld, st } = wordModule;
const { tooHigh } = critModule;
const { counterField, cpu } = globaldataModule;
const { freeMutexToken, isMutexToken } = tokenMutexModule;
const { isWanted, tokenFreed } = tokenOwnerModule;

const { flags: TD_FLAGS, pri: TD_PRI, value: TD_VALUE } = Thread;
const { holder: T_HOLDER } = Token;
const LOSSES = counterField('lwkt.token_losses');

/** Most tokens of a thread: each is a critical section. */
const MOST_HELD = Math.floor(TDPRI_LIMIT / TDPRI_CRIT) + 1;

/** Tokens of the current thread in the order it got them; the first `cpu.held` entries count. Per cpu. */
export const held = new Int32Array(MOST_HELD);
/** The same of threads that blocked with several tokens in hand; a single one stands in the descriptor. Per cpu. */
const saved = new Map<ThreadRef, readonly TokenRef[]>();

/** What a waiting thread has yet to take. */
export interface Want {
  /** Not yet taken, in address order. */
  readonly toks: TokenRef[];
  /** The one that the thread asked for. */
  readonly asked: TokenRef;
  /** True for a new acquisition, false to get back what was lost. */
  readonly fresh: boolean;
}

/** The same, by thread. Per cpu. */
export const wants = new Map<ThreadRef, Want>();

/** True when the current thread holds the token: only it writes itself there, and writes that it lets go. Context: thread | idle; never blocks. */
export function isMine(tok: TokenRef): boolean {
  return ld(cpu.m, tok, T_HOLDER) === (cpu.curthread | 1);
}

/** Notes an acquisition in the thread: the list, and the critical section that comes with it. Context: thread; critical section: entered; never blocks. */
export function push(tok: TokenRef): void {
  const { m, curthread } = cpu;
  const pri = ld(m, curthread, TD_PRI) + TDPRI_CRIT;
  if (pri > TDPRI_LIMIT) tooHigh(pri);
  held[cpu.held++] = tok;
  st(m, curthread, TD_PRI, pri);
}

/** True when the token is among the first `top` that the current thread got. Context: thread; never blocks. */
export function holdsBelow(tok: TokenRef, top: number): boolean {
  for (let i = 0; i < top; i++) if (held[i] === tok) return true;
  return false;
}

/** Makes a token free that the current thread holds. Context: thread | idle; never blocks. */
export function letGo(tok: TokenRef): void {
  st(cpu.m, tok, T_HOLDER, cpu.curthread);
  offer(tok);
}

/** A token that was let go is for whoever waits. Context: thread | idle; never blocks. */
export function offer(tok: TokenRef): void {
  if (isMutexToken(tok)) freeMutexToken(tok);
  else if (isWanted(tok)) tokenFreed(tok);
}

/** The current thread blocks: it loses its tokens, unless it waits for another one. Context: idle; never blocks. */
export function suspendTokens(td: ThreadRef): void {
  const { m } = cpu;
  const n = cpu.held;
  const only = n === 1 ? (held[0] as TokenRef) : 0;
  const keeps = wants.size !== 0 && wants.has(td);
  cpu.held = 0;
  st(m, td, TD_FLAGS, ld(m, td, TD_FLAGS) | TDF_TOKENS);
  // Who waits on a queue passes here each time, with one token.
  st(m, td, TD_VALUE, only);
  if (only !== 0) {
    if (!keeps) lose(only);
    return;
  }
  const toks = Array.from(held.subarray(0, n));
  saved.set(td, toks);
  if (!keeps) toks.forEach(lose);
}

function lose(tok: TokenRef): void {
  if (!isMine(tok)) return;
  count(cpu.m, cpu.gd, LOSSES);
  letGo(tok);
}

/** The thread runs again: its list is the current one. Context: idle; never blocks. */
export function resumeTokens(td: ThreadRef): void {
  const { m } = cpu;
  const only = ld(m, td, TD_VALUE);
  const toks = only !== 0 ? [only] : (saved.get(td) ?? []);
  if (only === 0) saved.delete(td);
  for (let i = 0; i < toks.length; i++) held[i] = toks[i] as TokenRef;
  cpu.held = toks.length;
  st(m, td, TD_FLAGS, ld(m, td, TD_FLAGS) & ~TDF_TOKENS);
}

/** Releases all that an ended thread left held; how many they were. Context: idle; never blocks. */
export function dropTokens(): number {
  const n = cpu.held;
  while (cpu.held !== 0) {
    const tok = held[--cpu.held] as TokenRef;
    if (isMine(tok)) letGo(tok);
  }
  return n;
}
