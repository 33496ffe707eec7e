/** Which cpus wait for a token: a bit for each, in two words of it. Their order with its owner is that of token-owner.ts. */
import type { Token as TokenRef } from '../base/ids.ts';
import * as tokenLayoutModule from '../shared-memory/layout/token.ts';
import type { Atomic } from '../shared-memory/struct.ts';
import * as wordModule from '../shared-memory/word.ts';
import * as globaldataModule from './globaldata.ts';

// An import is read through its module's cell at every use; a constant of this file is folded into the code.
const { Token } = tokenLayoutModule;
const { andA, ldA, orA } = wordModule;
const { cpu } = globaldataModule;

const { reqLow: T_REQ_LOW, reqHigh: T_REQ_HIGH } = Token;

/** True when another cpu waits for the token. Context: any; never blocks. */
export function foreignRequests(tok: TokenRef): boolean {
  const { m, id, ncpus } = cpu;
  const low = ldA(m, tok, T_REQ_LOW) & ~(id < 32 ? 1 << id : 0);
  return low !== 0 || (ncpus > 32 && (ldA(m, tok, T_REQ_HIGH) & ~(id >= 32 ? 1 << (id - 32) : 0)) !== 0);
}

/** The next cpu after this one that waits for the token, round robin; -1 when none does. Context: any; never blocks. */
export function nextRequester(tok: TokenRef): number {
  const { m, id, ncpus } = cpu;
  const low = ldA(m, tok, T_REQ_LOW);
  const high = ncpus > 32 ? ldA(m, tok, T_REQ_HIGH) : 0;
  for (let i = 1; i < ncpus; i++) {
    const next = (id + i) % ncpus;
    if ((((next < 32 ? low : high) >>> (next & 31)) & 1) !== 0) return next;
  }
  return -1;
}

function wordOf(of: number): Atomic {
  return of < 32 ? T_REQ_LOW : T_REQ_HIGH;
}

/** This cpu waits for the token. Context: thread | ipi | idle; never blocks. */
export function setMyRequest(tok: TokenRef): void {
  orA(cpu.m, tok, wordOf(cpu.id), 1 << (cpu.id & 31));
}

/** A cpu, this one or one that has died, waits for the token no longer. Context: thread | ipi | idle; never blocks. */
export function clearRequest(tok: TokenRef, of: number): void {
  andA(cpu.m, tok, wordOf(of), ~(1 << (of & 31)));
}
