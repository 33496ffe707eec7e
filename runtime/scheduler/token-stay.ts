/**
 * A token that has come for a thread of this cpu stays until that thread has had its turn.
 *
 * The thread was made runnable, and others may run before it. If the token could leave meanwhile, because its quantum
 * is over or nobody here has used it since the last look, it would: with a tick due in the very poll that brings it, as
 * is always so where cpus share cores, it went on at once. So it went round all cpus that asked, each woke a thread for
 * it, and none of them ever had it.
 *
 * A turn is counted in this cpu's looks at the clock, some for each thread that can run, not in time: a cpu that the
 * operating system does not run keeps the token anyway. Then it may leave, since more urgent threads may run for ever.
 *
 * Seed: none; its threads poll for a token that they do not have.
 */
import type { Token as TokenRef } from '../base/ids.ts';
import { Globaldata } from '../shared-memory/layout/globaldata.ts';
import { ld, ldOwn } from '../shared-memory/word.ts';
import { cpu } from './globaldata.ts';

const { heartbeat: GD_HEARTBEAT, nrun: GD_NRUN } = Globaldata;
/** Looks at the clock in any case, and for each thread that can run: a thread gives way at the next one. */
const TICKS = 8;
const TICKS_A_THREAD = 2;

/** Tokens that stay, until which heartbeat. Per cpu. */
const until = new Map<TokenRef, number>();

/** The token has come, and a thread was woken for it. Context: thread | ipi | idle; never blocks. */
export function stay(tok: TokenRef): void {
  const { m, gd } = cpu;
  until.set(tok, (ldOwn(m, gd, GD_HEARTBEAT) + TICKS + TICKS_A_THREAD * ld(m, gd, GD_NRUN)) | 0);
}

/** True while the thread that was woken for the token has yet to run. Context: thread | ipi | idle; never blocks. */
export function stays(tok: TokenRef): boolean {
  if (until.size === 0) return false;
  const end = until.get(tok);
  return end !== undefined && ((ldOwn(cpu.m, cpu.gd, GD_HEARTBEAT) - end) | 0) < 0;
}

/** The thread has run, or waits no more. A token that leaves before stays anew when it is granted again. Context: thread | ipi | idle; never blocks. */
export function mayGo(tok: TokenRef): void {
  if (until.size !== 0) until.delete(tok);
}
