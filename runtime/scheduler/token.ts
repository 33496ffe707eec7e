/**
 * Serialising tokens, the thread's half: get, try, release, get back, generations.
 *
 * Taking a token that one's own cpu owns touches no atomic. A thread that blocks loses what it holds, as in the
 * seed: another may take it. It still has to release it, or to get it back with lwktRegetToken; the generation
 * tells whether anybody had it between. How tokens move between cpus is the business of token-owner.ts; those that no
 * cpu owns are that of token-mutex.ts.
 *
 * ## Invariants
 *
 *   I1  A token is held by at most one thread of the machine, on the cpu that owns it if one does.
 *   I2  A thread waits only for a token above, in address order, all it keeps holding: it first lets go of the
 *       higher ones and takes them again after. So waits form no cycle, and nobody starves another by retrying.
 *   I3  The generation moves when a token is got, and when it is got back after somebody else had it.
 *
 * Seed: lwkt_gettoken, lwkt_trytoken, lwkt_reltoken, lwkt_regettoken, lwkt_gentoken.
 */
import { LwktError } from '../base/errors.ts';
import type { Token as TokenRef } from '../base/ids.ts';
import * as paramsModule from '../base/params.ts';
import { wmesgCode } from '../base/wmesg.ts';
import * as threadLayoutModule from '../shared-memory/layout/thread.ts';
import * as tokenLayoutModule from '../shared-memory/layout/token.ts';
import * as wordModule from '../shared-memory/word.ts';
import type { Blocking, Step } from './blocking.ts';
import * as blockingModule from './blocking.ts';
import * as critModule from './crit.ts';
import * as globaldataModule from './globaldata.ts';
import * as switchModule from './switch.ts';
import * as threadModule from './thread.ts';
import type { Want } from './token-held.ts';
import * as tokenHeldModule from './token-held.ts';
import * as tokenMutexModule from './token-mutex.ts';
import * as tokenOwnerModule from './token-owner.ts';
import { untimely } from './untimely.ts';

// An import is read through its module's cell at every use; a constant of this file is folded into the code.
const { TDPRI_CRIT, TDPRI_LIMIT } = paramsModule;
const { Thread } = threadLayoutModule;
const { Token } = tokenLayoutModule;
const { ld, st } = wordModule;
const { arm, blameForgotten, disarm, done, ENDED } = blockingModule;
const { critExit } = critModule;
const { cpu, requireCpu } = globaldataModule;
const { blockSelf, unblockSelf } = switchModule;
const { commOf } = threadModule;
const { held, holdsBelow, isMine, letGo, offer, push, wants } = tokenHeldModule;
const { giveUpMutexToken, gotMutexToken, isMutexToken, requestMutexToken, takeMutexToken } = tokenMutexModule;
const { dropWaiter, isOwner, isWanted, passOn, requestToken, tryOwn } = tokenOwnerModule;

const { pri: TD_PRI } = Thread;
const { holder: T_HOLDER, gen: T_GEN } = Token;
const WMESG_TOKEN = wmesgCode('token');

/** The armed call's token, and its generation if the call has got it. Per cpu. */
let argTok: TokenRef = 0;
let argGen = 0;

/** Holds a token that this cpu owns and no thread of it holds. */
function holdHere(tok: TokenRef, fresh: boolean): boolean {
  if (!isOwner(tok) || (ld(cpu.m, tok, T_HOLDER) & 1) !== 0) return false;
  mark(tok, fresh);
  return true;
}

/** Writes down that the current thread holds a token, and the generation (I3). */
function mark(tok: TokenRef, fresh: boolean): void {
  const { m, curthread } = cpu;
  if (fresh || ld(m, tok, T_HOLDER) !== curthread) st(m, tok, T_GEN, (ld(m, tok, T_GEN) + 1) | 0 || 1);
  st(m, tok, T_HOLDER, curthread | 1);
}

/**
 * Both in one, for a new acquisition of a token that is here and free: the usual case, in as few steps as it takes, and
 * in little bytecode, like all that it is called with (`test/scheduler/bytecode.test.ts`).
 *
 * @returns the generation; 0 when there is more to do
 */
function takeFresh(tok: TokenRef): number {
  const { m, curthread } = cpu;
  const pri = (m[curthread + TD_PRI] as number) + TDPRI_CRIT;
  if (!isOwner(tok) || ((m[tok + T_HOLDER] as number) & 1) !== 0 || pri > TDPRI_LIMIT) return 0;
  const gen = ((m[tok + T_GEN] as number) + 1) | 0 || 1;
  m[tok + T_GEN] = gen;
  m[tok + T_HOLDER] = curthread | 1;
  held[cpu.held++] = tok;
  m[curthread + TD_PRI] = pri;
  return gen;
}

/** Takes a token that nobody holds here, or that nobody owns. */
function tryHold(tok: TokenRef, fresh: boolean): boolean {
  if (holdHere(tok, fresh)) return true;
  if (!isMutexToken(tok)) return !isOwner(tok) && tryOwn(tok) && holdHere(tok, fresh);
  if (isMine(tok) || !takeMutexToken(tok)) return false;
  mark(tok, fresh);
  return true;
}

// ---- getting

const getIterator = {
  [Symbol.iterator]: () => getIterator,
  next(resumed: unknown): Step<number> {
    if (resumed !== undefined) return wanting();
    disarm();
    return argGen !== 0 ? done(argGen) : get(argTok, true);
  },
  return: giveUp,
};

/** Killed while it waits: what it had before is released when it ends. */
function giveUp(): IteratorReturnResult<never> {
  const td = cpu.curthread;
  const want = wants.get(td);
  wants.delete(td);
  if (want !== undefined) {
    // Its turn, if it had come, is the next one's.
    for (const tok of want.toks) {
      if (isMutexToken(tok)) giveUpMutexToken(tok, td);
      else {
        dropWaiter(tok, td);
        passOn(tok);
      }
    }
    // It has what it asked for and waits for one above that it had before: on no list yet, and its own all the same.
    const { toks, asked, fresh } = want;
    if (fresh && !toks.includes(asked) && isMine(asked)) letGo(asked);
  }
  unblockSelf();
  return ENDED;
}

/**
 * Gets a token: while the thread holds it and does not block, no other thread of the machine has it. Leaves the
 * thread in a critical section until {@link lwktRelToken}. A thread that holds a token may get it again.
 *
 * If it has to wait, tokens it holds may pass through other hands meanwhile; they are held again when it returns,
 * and their generation tells.
 *
 * Context: thread; critical section: entered; blocks.
 *
 * @param tok - from token(name)
 * @returns the token's generation, never 0
 * @throws LwktError ERR_LWKT_CONTEXT outside a thread, ERR_LWKT_YIELD after a forgotten yield*
 * @seed lwkt_gettoken
 */
export function lwktGetToken(tok: TokenRef): Blocking<number> {
  if (cpu.untimely) return untimelyGet(tok);
  arm('lwktGetToken()');
  argTok = tok;
  // A free one of this cpu is taken here; `yield*` then finds the step ready.
  argGen = takeFresh(tok);
  return getIterator;
}

/** Apart: a closure there would make room for its variables in every call. */
function untimelyGet(tok: TokenRef): Blocking<number> {
  return untimely(() => lwktGetToken(tok));
}

/**
 * Gets a token if that needs no waiting.
 *
 * Context: thread; critical section: entered when it succeeds; never blocks.
 *
 * @returns true when the thread holds it now
 * @seed lwkt_trytoken
 */
export function lwktTryToken(tok: TokenRef): boolean {
  requireThread('lwktTryToken()');
  if (takeFresh(tok) !== 0) return true;
  if (!tryHold(tok, true) && !isMine(tok)) return false;
  push(tok);
  return true;
}

function requireThread(what: string): void {
  if (cpu.curthread === cpu.idlethread || cpu.intrNesting !== 0) {
    requireCpu(what);
    throw new LwktError(
      'ERR_LWKT_CONTEXT',
      `${what}: only a thread holds tokens, not an IPI function or a promise callback`,
    );
  }
}

function get(tok: TokenRef, fresh: boolean): Step<number> {
  if (tryHold(tok, fresh) || isMine(tok)) {
    if (fresh) push(tok);
    return done(ld(cpu.m, tok, T_GEN));
  }
  wantAll(tok, fresh);
  return wanting();
}

function wantAll(tok: TokenRef, fresh: boolean): void {
  // I2: let go of what lies above, and take it again afterwards.
  const toks = [tok];
  for (let i = 0; i < cpu.held; i++) {
    const other = held[i] as TokenRef;
    if (other > tok && !toks.includes(other) && isMine(other)) {
      letGo(other);
      toks.push(other);
    }
  }
  toks.sort((a, b) => a - b);
  wants.set(cpu.curthread, { toks, asked: tok, fresh });
}

/** Takes what can be taken of the current thread's wants; waits for the first that cannot. */
function wanting(): Step<number> {
  const td = cpu.curthread;
  const want = wants.get(td) as Want;
  const { toks, asked, fresh } = want;
  while (toks.length !== 0) {
    const tok = toks[0] as TokenRef;
    const mode = fresh && tok === asked;
    if (!tryHold(tok, mode)) {
      if (isMutexToken(tok)) requestMutexToken(tok, td);
      else requestToken(tok, td);
      if (!tryHold(tok, mode)) return blockSelf(WMESG_TOKEN, tok);
    }
    if (isMutexToken(tok)) gotMutexToken(tok, td);
    else dropWaiter(tok, td);
    toks.shift();
  }
  wants.delete(td);
  unblockSelf();
  if (fresh) push(asked);
  return done(ld(cpu.m, asked, T_GEN));
}

// ---- releasing

/**
 * Releases the token that was got last, also when it was lost meanwhile.
 *
 * Context: thread; critical section: required; never blocks.
 *
 * @throws LwktError ERR_LWKT_CONTEXT when it is not the last one got
 * @seed lwkt_reltoken
 */
export function lwktRelToken(tok: TokenRef): void {
  const top = cpu.held - 1;
  if (top < 0 || held[top] !== tok) refuseRelease(tok);
  cpu.held = top;
  const { m, curthread } = cpu;
  if (m[tok + T_HOLDER] === (curthread | 1) && (top === 0 || !holdsBelow(tok, top))) {
    m[tok + T_HOLDER] = curthread;
    if (isWanted(tok) || isMutexToken(tok)) offer(tok);
  }
  critExit();
}

function refuseRelease(tok: TokenRef): never {
  requireThread('lwktRelToken()');
  blameForgotten();
  const last = cpu.held === 0 ? 'holds none' : `got token ${held[cpu.held - 1]} last`;
  throw new LwktError(
    'ERR_LWKT_CONTEXT',
    `lwktRelToken(${tok}): thread '${commOf(cpu.curthread)}' ${last}; release tokens in the reverse order of getting them`,
  );
}

// ---- generations

const regetIterator = {
  [Symbol.iterator]: () => regetIterator,
  next(resumed: unknown): Step<number> {
    if (resumed !== undefined) return wanting();
    disarm();
    return get(argTok, false);
  },
  return: giveUp,
};

function requireHeld(tok: TokenRef, what: string): void {
  if (!holdsBelow(tok, cpu.held)) {
    throw new LwktError(
      'ERR_LWKT_CONTEXT',
      `${what}: thread '${commOf(cpu.curthread)}' never got token ${tok}; use lwktGetToken`,
    );
  }
}

/**
 * Gets a token back that may have been lost by blocking. Between lwktGetToken and lwktRelToken only.
 *
 * Context: thread; critical section: required; blocks.
 *
 * @returns the generation: the same as before if no other thread had the token meanwhile
 * @throws LwktError ERR_LWKT_CONTEXT when the thread has not got it before
 * @seed lwkt_regettoken
 */
export function lwktRegetToken(tok: TokenRef): Blocking<number> {
  requireHeld(tok, 'lwktRegetToken()');
  arm('lwktRegetToken()');
  argTok = tok;
  return regetIterator;
}

function* genBody(tok: TokenRef, gen: number): Generator<unknown, number, unknown> {
  disarm();
  const now = yield* lwktRegetToken(tok);
  return now === gen ? 0 : now;
}

/**
 * Gets a token back and tells whether anybody else had it.
 *
 * Context: thread; critical section: required; blocks.
 *
 * @param gen - the generation from lwktGetToken
 * @returns 0 when nobody had it since, else the new generation
 * @seed lwkt_gentoken
 */
export function lwktGenToken(tok: TokenRef, gen: number): Blocking<number> {
  arm('lwktGenToken()');
  return genBody(tok, gen);
}
