/**
 * Which cpu owns a token, and how it moves: the cpu's half of tokens; token.ts is the thread's half.
 *
 * A cpu that wants a token owned elsewhere sets its bit in the token's request mask and nudges the owner; the owner
 * hands it over at a release once its quantum (sysctl lwkt.token_quantum_us) is over, at once when it has no use
 * for it, or nothing that it could run, round robin among those who asked; but not before a thread that it came for has had its turn
 * (token-stay.ts). A cpu that goes to sleep lets its unheld tokens go (owner 0), so that the next one takes them by
 * compare-and-swap and wakes nobody.
 *
 * ## Words
 *
 *   owner is cpu + 1; minus that while the grant is on its way; 0 for nobody. See layout/token.ts for the rest.
 *
 * ## Invariants
 *
 *   I1  Only the owner moves `owner` away from itself; only from 0 may others take it, by compare-and-swap.
 *   I2  A held token is never moved.
 *   I3  A cpu's request bit is set as long as threads of it wait for a token that it does not own.
 *
 * ## Ordering
 *
 *   A1  request: the bit is set (atomic or), then `owner` is loaded.
 *   B1  let go: `owner` is stored as 0 (atomic), then the bits are loaded. One of the two sees the other.
 *   A2  hand over: the plain words of the token and whatever it protects first, then `owner` in transit (atomic
 *       store) and the grant IPI.
 *   B2  grant: the target makes `owner` positive (compare-and-swap), when the grant IPI is taken from its ring. So a
 *       plain load that finds one's own number in `owner` is exact, and everything the last holder wrote is visible.
 *       The IPI only says that it is time; the word alone decides.
 *
 * ## Rejected
 *
 *   Polling the owner with one IPI per try, as the seed does: fair only by luck.
 *   Handing over at every release: each section then costs two cache misses and an IPI.
 *   Storing the new owner at once: it could take the token by a plain load that orders nothing.
 *
 * Seed: lwkt_gettoken_remote.
 */
import * as clockModule from '../base/clock.ts';
import type { ThreadRef, Token as TokenRef } from '../base/ids.ts';
import { panic } from '../base/panic.ts';
import { IPI } from '../base/protocol.ts';
import { eventCode } from '../shared-memory/layout/event.ts';
import * as globaldataLayoutModule from '../shared-memory/layout/globaldata.ts';
import * as tokenLayoutModule from '../shared-memory/layout/token.ts';
import * as wordModule from '../shared-memory/word.ts';
import * as deadModule from './dead.ts';
import * as eventsModule from './events.ts';
import * as globaldataModule from './globaldata.ts';
import * as ipifuncModule from './ipifunc.ts';
import * as ipiqModule from './ipiq.ts';
import * as pollModule from './poll.ts';
import * as scheduleModule from './schedule.ts';
import * as requestsModule from './token-requests.ts';
import * as stayModule from './token-stay.ts';

// An import is read through its module's cell at every use; a constant of this file is folded into the code.
const { nowNs } = clockModule;
const { Globaldata } = globaldataLayoutModule;
const { Token } = tokenLayoutModule;
const { casA, count, ld, ldA, st, stA } = wordModule;
const { counterField, cpu, sysctlValue } = globaldataModule;
const { isDead } = deadModule;
const { note } = eventsModule;
const { runIpi } = ipifuncModule;
const { sendIpi } = ipiqModule;
const { hurry } = pollModule;
const { setRunnable } = scheduleModule;
const { mayGo, stay, stays } = stayModule;
const { clearRequest, foreignRequests, nextRequester, setMyRequest } = requestsModule;

const { nrun: GD_NRUN } = Globaldata;
const { owner: T_OWNER, reqLow: T_REQ_LOW, reqHigh: T_REQ_HIGH, holder: T_HOLDER, gen: T_GEN } = Token;
const { handovers: T_HANDOVERS, waits: T_WAITS, since: T_SINCE } = Token;
const TAKEN = eventCode('token taken');
const HANDED_OVER = eventCode('token handed over');
const CAME = eventCode('token came');
const GETS = counterField('lwkt.token_gets');
const REQUESTS = counterField('lwkt.token_requests');
const HANDOVERS = counterField('lwkt.token_handovers');

/** Releases between two looks at the clock while another cpu waits. */
const CLOCK_MASK = 15;

/** Threads of this cpu that wait for a token, first come first. Per cpu. */
const waiters = new Map<TokenRef, ThreadRef[]>();
/** False while that is empty: cheaper to look at. Per cpu. */
const waiting = { any: false };
/** Tokens that this cpu owns. Per cpu. */
const owned = new Set<TokenRef>();
/** Owned tokens that another cpu waits for, with their generation at the last look. Per cpu. */
const owed = new Map<TokenRef, number>();

/** What is asked of what a token protects, as an IPI that brings it: function and two arguments. */
type Asked = readonly [func: number, arg1: number, arg2: number];
/** What waits until the token is here and free. Per cpu. */
const deferred = new Map<TokenRef, Asked[]>();

/**
 * Asks anew for what waited for the token. Each may tell threads of other cpus, and drain while it does: an IPI may
 * hand the token over then, and what comes after goes where the token is.
 */
function runDeferred(tok: TokenRef): void {
  const list = deferred.get(tok);
  if (list === undefined || isHeld(tok)) return;
  deferred.delete(tok);
  waiting.any = waiters.size !== 0 || deferred.size !== 0;
  for (const [func, arg1, arg2] of list) runIpi(func, tok, arg1, arg2);
}

function defer(tok: TokenRef, asked: Asked): void {
  const list = deferred.get(tok);
  if (list === undefined) deferred.set(tok, [asked]);
  else list.push(asked);
  waiting.any = true;
}

/**
 * Does something to what a token protects, on the cpu that owns it and while no thread holds it: here and now, or
 * when it is let go, or by IPI there.
 *
 * Context: thread | ipi; never blocks.
 *
 * @param func - IPI function that calls this again with the same token and arguments
 * @param op - changes what the token protects, and only then sends anything; does not block
 */
export function atOwner(tok: TokenRef, func: number, arg1: number, arg2: number, op: () => void): void {
  const { m, id } = cpu;
  for (;;) {
    const owner = ldA(m, tok, T_OWNER);
    if (owner === id + 1 && !isHeld(tok)) {
      op();
      return;
    }
    const at = Math.abs(owner) - 1;
    if (at === id) {
      defer(tok, [func, arg1, arg2]);
      return;
    }
    if (at >= 0) {
      checkOwner(tok, at);
      sendIpi(at, func, tok, arg1, arg2);
      return;
    }
    tryOwn(tok);
  }
}

/** A cpu that a token names as its owner. */
function checkOwner(tok: TokenRef, at: number): void {
  if (at < cpu.ncpus) return;
  panic(
    `lwkt_gettoken: bad t_cpu ${at} of token ${tok}: this machine has cpus 0 .. ${cpu.ncpus - 1}; the word was overwritten, or this is no token`,
  );
}

/** True when this cpu owns the token; exact (B2). Context: any; never blocks. */
export function isOwner(tok: TokenRef): boolean {
  return cpu.m[tok + T_OWNER] === cpu.id + 1;
}

/** Takes a token that nobody owns. Context: thread | ipi; never blocks. */
export function tryOwn(tok: TokenRef): boolean {
  const { m, gd, id } = cpu;
  if (ldA(m, tok, T_OWNER) !== 0 || casA(m, tok, T_OWNER, 0, id + 1) !== 0) return false;
  count(m, gd, GETS);
  note(TAKEN, tok);
  came(tok);
  return true;
}

/** The token is this cpu's from now on. */
function came(tok: TokenRef): void {
  owned.add(tok);
  cpu.arena.f64[(tok + T_SINCE) >> 1] = nowNs();
  if (foreignRequests(tok)) owe(tok);
  // Last, since the token may be gone after it.
  if (deferred.size !== 0) runDeferred(tok);
}

function owe(tok: TokenRef): void {
  owed.set(tok, ld(cpu.m, tok, T_GEN));
  hurry();
}

function isHeld(tok: TokenRef): boolean {
  return (ld(cpu.m, tok, T_HOLDER) & 1) !== 0;
}

/** Queues a thread of this cpu for a token and asks its owner for it. Context: thread | ipi | idle; never blocks. */
export function requestToken(tok: TokenRef, td: ThreadRef): void {
  const { m, gd, id } = cpu;
  let queue = waiters.get(tok);
  if (queue === undefined) waiters.set(tok, (queue = []));
  waiting.any = true;
  // Asked again after a wake-up in vain, the token may have left this cpu meanwhile, with no request of ours.
  if (!queue.includes(td)) queue.push(td);
  if (isOwner(tok)) {
    st(m, tok, T_WAITS, (ld(m, tok, T_WAITS) + 1) | 0);
    return;
  }
  count(m, gd, REQUESTS);
  setMyRequest(tok); // A1
  tokenRequestHandler(tok, id);
}

/** True for a thread of this cpu that waits for the token. Context: thread | ipi | idle; never blocks. */
export function isWaiter(tok: TokenRef, td: ThreadRef): boolean {
  return waiters.get(tok)?.includes(td) === true;
}

/** A thread waits for the token no longer. Context: thread | ipi | idle; never blocks. */
export function dropWaiter(tok: TokenRef, td: ThreadRef): void {
  mayGo(tok);
  const queue = waiters.get(tok);
  if (queue === undefined) return;
  const at = queue.indexOf(td);
  if (at >= 0) queue.splice(at, 1);
  if (queue.length !== 0) return;
  waiters.delete(tok);
  waiting.any = waiters.size !== 0 || deferred.size !== 0;
  clearRequest(tok, cpu.id);
}

/** A thread that may have been woken for a token does not want it: the next one is. Context: thread | idle; never blocks. */
export function passOn(tok: TokenRef): void {
  if (isOwner(tok) && !isHeld(tok)) tokenFreed(tok);
}

/** True when a free token should be offered: a thread here or another cpu waits. A hint: requests also nudge. Context: thread | idle; never blocks. */
export function isWanted(tok: TokenRef): boolean {
  const { m } = cpu;
  return ((m[tok + T_REQ_LOW] as number) | (m[tok + T_REQ_HIGH] as number)) !== 0 || waiting.any;
}

/** A token of this cpu became free and is wanted: gives those who wait their chance. Context: thread | idle; never blocks. */
export function tokenFreed(tok: TokenRef): void {
  if (deferred.size !== 0) {
    runDeferred(tok);
    if (!isOwner(tok) || isHeld(tok)) return;
  }
  const lookAtClock = (ld(cpu.m, tok, T_GEN) & CLOCK_MASK) === 0;
  if (lookAtClock && foreignRequests(tok) && !stays(tok) && quantumOver(tok, nowNs())) handOver(tok);
  else wakeWaiter(tok);
}

/** Other cpus have waited long enough. */
function quantumOver(tok: TokenRef, now: number): boolean {
  const since = cpu.arena.f64[(tok + T_SINCE) >> 1] as number;
  return now - since >= sysctlValue('lwkt.token_quantum_us') * 1000;
}

function wakeWaiter(tok: TokenRef): void {
  const first = waiters.get(tok)?.[0];
  if (first !== undefined) setRunnable(first);
}

/** Moves a free token to the next cpu that asked for it, round robin. */
function handOver(tok: TokenRef): void {
  const { m, gd, id } = cpu;
  owed.delete(tok);
  const next = nextRequester(tok);
  if (next < 0) return;
  // Threads of this cpu still wait: ask to have it back.
  if (waiters.has(tok)) setMyRequest(tok);
  owned.delete(tok);
  st(m, tok, T_HANDOVERS, (ld(m, tok, T_HANDOVERS) + 1) | 0);
  count(m, gd, HANDOVERS);
  note(HANDED_OVER, tok, next);
  if (sysctlValue('lwkt.token_debug') !== 0) console.error(`lwkt: GT(${id},${next}) token ${tok}`);
  stA(m, tok, T_OWNER, -(next + 1)); // A2
  sendIpi(next, IPI.tokenGrant, tok, 0, 0);
}

/**
 * Handles IPI.tokenRequest: cpu `from` waits for a token last seen here. Follows the token if it moved on.
 *
 * Context: thread | ipi; never blocks.
 *
 * @seed lwkt_gettoken_remote
 */
export function tokenRequestHandler(tok: TokenRef, from: number): void {
  const { m, gd, id } = cpu;
  const fromMe = from === id;
  if (isDead(from)) return;
  for (;;) {
    const owner = ldA(m, tok, T_OWNER);
    const at = Math.abs(owner) - 1;
    // Its cpu has it, or will look at the request bits when the grant arrives.
    if (at === from || owner === -(id + 1)) return;
    if (at === id) {
      if (!isHeld(tok) && (ld(m, gd, GD_NRUN) === 0 || (!stays(tok) && quantumOver(tok, nowNs()))))
        handOver(tok);
      else owe(tok);
      return;
    }
    if (at >= 0) {
      checkOwner(tok, at);
      sendIpi(at, IPI.tokenRequest, tok, from, 0);
      return;
    }
    if (fromMe ? tryOwn(tok) : casA(m, tok, T_OWNER, 0, -(from + 1)) === 0) {
      if (!fromMe) sendIpi(from, IPI.tokenGrant, tok, 0, 0);
      return;
    }
  }
}

/** Handles IPI.tokenGrant: the token is this cpu's. Context: ipi; never blocks. */
export function tokenGrantHandler(tok: TokenRef): void {
  const { m, gd, id } = cpu;
  // Not if it was taken before the grant came: its cpu died, see bereaveToken.
  if (casA(m, tok, T_OWNER, -(id + 1), id + 1) !== -(id + 1)) return; // B2
  note(CAME, tok);
  count(m, gd, GETS);
  came(tok);
  wakeWaiter(tok);
  if (waiters.has(tok)) stay(tok);
}

/**
 * Takes a token from a cpu that died owning it, or that it was on its way to; and one on its way here, whose grant the
 * dead may never have sent.
 *
 * Context: idle; never blocks.
 *
 * @returns whether this cpu took it from the dead
 */
export function bereaveToken(tok: TokenRef, dead: number): boolean {
  const { m, id } = cpu;
  clearRequest(tok, dead);
  if (ldA(m, tok, T_OWNER) === -(id + 1)) tokenGrantHandler(tok);
  const took = [dead + 1, -(dead + 1)].some((word) => casA(m, tok, T_OWNER, word, id + 1) === word);
  if (took) {
    // Its holder died with it: the generation tells whoever had it before.
    if (isHeld(tok)) st(m, tok, T_HOLDER, ld(m, tok, T_HOLDER) & ~1);
    came(tok);
  }
  // Also when another survivor took it: this cpu's request may have gone to the dead.
  const first = waiters.get(tok)?.[0];
  if (first !== undefined) setRunnable(first);
  return took;
}

/**
 * Hands over tokens whose time here is over, or that nobody here used since the last look.
 *
 * Context: thread | idle; never blocks.
 *
 * @returns true while other cpus still wait for tokens of this one
 */
export function settleTokens(now: number): boolean {
  for (const [tok, lastGen] of owed) {
    const gen = ld(cpu.m, tok, T_GEN);
    if (!foreignRequests(tok)) owed.delete(tok);
    else if (!isHeld(tok) && !stays(tok) && (gen === lastGen || quantumOver(tok, now))) handOver(tok);
    else owed.set(tok, gen);
  }
  return owed.size !== 0;
}

/**
 * Hands over what other cpus wait for as soon as no thread of this cpu can run: nobody here has use for it.
 *
 * Context: idle; never blocks.
 *
 * @returns true when something may have been sent: that may have waited for room in a ring, and drained meanwhile
 */
export function yieldTokens(): boolean {
  if (owed.size === 0) return false;
  const { m, gd } = cpu;
  for (const tok of owed.keys()) {
    // What was drained may have made a thread runnable, for which one of them has come back.
    if (ld(m, gd, GD_NRUN) !== 0) break;
    if (!isHeld(tok)) handOver(tok);
  }
  return true;
}

/** Lets all unheld tokens go before the cpu sleeps. Context: idle; never blocks. */
export function releaseTokens(): void {
  const { m, id } = cpu;
  for (const tok of owned) {
    if (isHeld(tok)) continue;
    if (foreignRequests(tok)) {
      handOver(tok);
      continue;
    }
    owned.delete(tok);
    owed.delete(tok);
    stA(m, tok, T_OWNER, 0); // B1
    if (foreignRequests(tok) && casA(m, tok, T_OWNER, 0, id + 1) === 0) {
      owned.add(tok);
      handOver(tok);
    }
  }
}
