/** Mutants of tokens and of the MP lock. */
import type { Mutant } from './mutant.ts';

const TOKEN = 'scheduler/token';
const OWNER = 'scheduler/token-owner';
const MPLOCK = 'scheduler/mplock-owner';

export const TOKEN_MUTANTS: readonly Mutant[] = [
  {
    name: 'try-leaks-crit',
    origin: 'D2',
    title: 'a failed lwktTryToken leaves a critical section entered',
    setup: 'tokens',
    quick: true,
    edits: [
      {
        file: TOKEN,
        find: 'if (!tryHold(tok, true) && !isMine(tok)) return false;',
        replace: 'if (!tryHold(tok, true) && !isMine(tok)) { critModule.critEnter(); return false; }',
      },
    ],
  },
  {
    name: 'held-token-moves',
    origin: 'D3',
    title: 'a request is granted although a thread holds the token',
    setup: 'tokens',
    edits: [
      {
        file: OWNER,
        find: 'if (!isHeld(tok) && (ld(m, gd, GD_NRUN) === 0 ||',
        replace: 'if ((ld(m, gd, GD_NRUN) === 0 ||',
      },
    ],
  },
  {
    name: 'token-request-not-kept',
    origin: 'D4',
    title: 'a request that cannot be granted at once is forgotten: the requester must poll, and does not',
    setup: 'tokens',
    edits: [
      {
        file: OWNER,
        find: 'setMyRequest(tok); tokenRequestHandler(tok, id);',
        replace: 'tokenRequestHandler(tok, id);',
      },
    ],
  },
  {
    name: 'token-owner-at-once',
    origin: 'D23',
    title:
      'the new owner is stored before the grant is on its way: it may pass the token on before that arrives',
    setup: 'tokens, 4 cpus',
    edits: [
      { file: OWNER, find: 'stA(m, tok, T_OWNER, -(next + 1));', replace: 'stA(m, tok, T_OWNER, next + 1);' },
    ],
  },
  {
    name: 'token-request-not-forwarded',
    origin: 'D28',
    title: 'a request that comes to a cpu which the token has left is dropped',
    setup: 'tokens, 4 cpus',
    unseen:
      'the request bit is set before the owner is looked up: whoever has the token then finds it, forwarding only makes it sooner',
    edits: [
      {
        file: OWNER,
        find: 'checkOwner(tok, at); sendIpi(at, IPI.tokenRequest, tok, from, 0); return;',
        replace: 'checkOwner(tok, at); if (fromMe) sendIpi(at, IPI.tokenRequest, tok, from, 0); return;',
      },
    ],
  },
  {
    name: 'release-by-non-owner',
    origin: 'token',
    title: 'a release frees the token also when the thread has lost it and another holds it',
    setup: 'tokens, lost and kept',
    edits: [
      {
        file: TOKEN,
        find: 'if (m[tok + T_HOLDER] === (curthread | 1) && (top === 0 ||',
        replace: 'if ((top === 0 ||',
      },
    ],
  },
  {
    name: 'generation-not-bumped',
    origin: 'token',
    title: 'getting a token back does not move its generation, although another thread had it',
    setup: 'tokens',
    quick: true,
    edits: [
      {
        file: TOKEN,
        find: 'if (fresh || ld(m, tok, T_HOLDER) !== curthread) st(m, tok, T_GEN',
        replace: 'if (fresh && ld(m, tok, T_HOLDER) === curthread) st(m, tok, T_GEN',
      },
    ],
  },
  {
    name: 'token-taken-while-held',
    origin: 'token',
    title: 'a thread takes a token that another thread of its cpu holds',
    setup: 'tokens',
    edits: [
      {
        file: TOKEN,
        find: 'if (!isOwner(tok) || (ld(cpu.m, tok, T_HOLDER) & 1) !== 0) return false; mark',
        replace: 'if (!isOwner(tok)) return false; mark',
      },
    ],
  },
  {
    name: 'token-no-order',
    origin: 'token',
    title: 'a thread keeps the higher tokens while it waits for a lower one: a circle',
    setup: 'tokens',
    edits: [
      {
        file: TOKEN,
        find: 'if (other > tok && !toks.includes(other)',
        replace: 'if (other < 0 && !toks.includes(other)',
      },
    ],
  },
  {
    name: 'grant-wakes-nobody',
    origin: 'token',
    title: 'the token comes, and who waits for it is not told',
    setup: 'tokens',
    edits: [
      {
        file: OWNER,
        find: 'count(m, gd, GETS); came(tok); wakeWaiter(tok);',
        replace: 'count(m, gd, GETS); came(tok);',
      },
    ],
  },
  {
    name: 'handover-forgets-own',
    origin: 'token',
    title: 'a cpu hands a token over and does not ask for it back, though threads of its own wait',
    setup: 'tokens, relays',
    edits: [{ file: OWNER, find: 'if (waiters.has(tok)) setMyRequest(tok);', replace: '' }],
  },
  {
    name: 'sleeps-with-held-token',
    origin: 'token',
    title: 'a cpu that goes to sleep lets go also of tokens that its threads hold',
    setup: 'tokens',
    edits: [
      {
        file: OWNER,
        find: 'if (isHeld(tok)) continue; if (foreignRequests(tok)) { handOver',
        replace: 'if (foreignRequests(tok)) { handOver',
      },
    ],
  },
  {
    name: 'request-withdrawn-for-all',
    origin: 'token',
    title: 'the first thread that gets the token takes the request of its whole cpu back, though others wait',
    setup: 'tokens',
    edits: [
      {
        file: OWNER,
        find: 'if (queue.length !== 0) return; waiters.delete(tok);',
        replace: 'waiters.delete(tok);',
      },
    ],
  },
  {
    name: 'token-last-come-first',
    origin: 'token',
    title: 'who waits for a token is served last come, first served',
    setup: 'tokens, one for many',
    edits: [
      {
        file: OWNER,
        find: 'if (!queue.includes(td)) queue.push(td);',
        replace: 'if (!queue.includes(td)) queue.unshift(td);',
      },
    ],
  },
  {
    name: 'mplock-rings-nobody',
    origin: 'D18',
    title: 'a release of the MP lock wakes nobody',
    setup: 'mplock, one each',
    edits: [
      {
        file: MPLOCK,
        find: 'stA(m, 0, LOCK, 0); const next = nextWaiter(); if (next >= 0) ringBell(m, globaldataFind(next), BELL_MPLOCK); }',
        replace: 'stA(m, 0, LOCK, 0); }',
      },
      {
        file: MPLOCK,
        find: 'stA(m, 0, LOCK, -(next + 1)); ringBell(m, globaldataFind(next), BELL_MPLOCK); return;',
        replace: 'stA(m, 0, LOCK, -(next + 1)); return;',
      },
    ],
  },
  {
    name: 'mplock-never-due',
    origin: 'D18',
    title: 'who waits for the MP lock is overtaken for ever: it is never kept for anybody',
    setup: 'mplock',
    unseen:
      'a release rings who waits, which takes as long as waking up: who waits finds it free, and waits no longer than with the kernel as it is',
    edits: [{ file: MPLOCK, find: 'cpu.mpDue = true;', replace: '' }],
  },
  {
    name: 'mplock-no-cas',
    origin: 'lock',
    title: 'the MP lock is looked at and then stored, not compared and swapped',
    setup: 'mplock',
    edits: [
      {
        file: MPLOCK,
        find: 'else if (casA(m, 0, LOCK, 0, id + 1) !== 0) return false;',
        replace: 'else if (ldA(m, 0, LOCK) !== 0) return false; else stA(m, 0, LOCK, id + 1);',
      },
    ],
  },
  {
    name: 'mplock-released-while-held',
    origin: 'lock',
    title: 'the first release of a nested MP lock lets it go',
    setup: 'mplock',
    quick: true,
    edits: [
      {
        file: 'scheduler/mplock',
        find: 'if (addCount(-1) === 0) cpuRelMplock();',
        replace: 'addCount(-1); cpuRelMplock();',
      },
    ],
  },
  {
    name: 'mplock-not-let-go',
    origin: 'D29',
    title: 'the switch keeps the MP lock for a thread that does not want it: held and no count',
    setup: 'mplock',
    edits: [
      {
        file: MPLOCK,
        find: 'if (cpu.mpHeld) cpuRelMplock(); else if (cpu.mpBell) passOn(); } else if (ldOwn',
        replace: 'if (cpu.mpBell) passOn(); } else if (ldOwn',
      },
    ],
  },
];
