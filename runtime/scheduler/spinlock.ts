/**
 * Spinlocks: for a few instructions. The holder is in a critical section, so no interrupt thread of its cpu comes
 * between; who waits spins for a while, then lets other threads of its cpu run between looks.
 *
 * Seed: none; DragonFly spinlock(9).
 */
import { nowNs } from '../base/clock.ts';
import type { Spinlock, ThreadRef } from '../base/ids.ts';
import { wmesgCode } from '../base/wmesg.ts';
import { Sync } from '../shared-memory/layout/sync.ts';
import { Thread } from '../shared-memory/layout/thread.ts';
import * as wordModule from '../shared-memory/word.ts';
import type { Blocking } from './blocking.ts';
import * as blockingModule from './blocking.ts';
import * as critModule from './crit.ts';
import { isLost } from './dead.ts';
import * as globaldataModule from './globaldata.ts';
import * as syncObjectModule from './sync-object.ts';
import { lwktYield, unblockSelf } from './switch.ts';
import * as threadModule from './thread.ts';
import { untimely } from './untimely.ts';
import { identOf, ready } from './waiting.ts';

// An import is read through its module's cell at every use; a constant of this file is folded into the code.
const { casA, ld, ldHint, pause, st, stA } = wordModule;
const { arm, disarm } = blockingModule;
const { critEnter, critExit } = critModule;
const { cpu } = globaldataModule;
const { heldAlready, hold, isSync, makeSync, notHolder, notSync, requireThread, syncCode, unhold } =
  syncObjectModule;
const { handleOf } = threadModule;

const { state: S_STATE } = Sync;
const { wait: TD_WAIT, waitSeq: TD_WAIT_SEQ, wmesg: TD_WMESG } = Thread;
const SPINLOCK = syncCode('spinlock');
const WMESG_SPINLOCK = wmesgCode('spinlock');
/** Looks between two looks at the clock, and longest spin before other threads get a turn. */
const LOOKS = 64;
const LONGEST_SPIN_NS = 20_000;

/**
 * A spinlock.
 *
 * Context: boot | thread; never blocks.
 *
 * @param name - without one, end it with destroy()
 * @throws LwktError ERR_LWKT_SYMBOL, ERR_LWKT_MEMORY, ERR_LWKT_MESSAGES
 */
export function spinlock(name?: string): Spinlock {
  return makeSync('spinlock', name);
}

function take(spin: Spinlock): boolean {
  critEnter();
  if (casA(cpu.m, spin, S_STATE, 0, handleOf(cpu.curthread)) !== 0) {
    critExit();
    return false;
  }
  hold(spin);
  return true;
}

/** A holder that died with its cpu lets go. */
function bereave(spin: Spinlock): void {
  const holder = ldHint(cpu.m, spin, S_STATE);
  if (holder !== 0 && isLost(holder)) casA(cpu.m, spin, S_STATE, holder, 0);
}

/** Spins until the lock looks free or the time is over. */
function spinFor(spin: Spinlock): void {
  const end = nowNs() + (cpu.crowded ? 0 : LONGEST_SPIN_NS);
  do {
    for (let i = 0; i < LOOKS; i++) {
      if (ldHint(cpu.m, spin, S_STATE) === 0) return;
      pause();
    }
  } while (nowNs() < end);
}

function* lockSlow(spin: Spinlock): Generator<unknown, boolean, unknown> {
  disarm();
  spinFor(spin);
  bereave(spin);
  if (take(spin)) return true;
  showWait(spin);
  try {
    do {
      yield* lwktYield();
      spinFor(spin);
      bereave(spin);
    } while (!take(spin));
  } finally {
    unblockSelf();
  }
  return true;
}

/** The thread stays on the run queue, yet waits: watchers see for what, and by the number that it is one wait. */
function showWait(spin: Spinlock): void {
  const { m, curthread } = cpu;
  st(m, curthread, TD_WAIT_SEQ, (ld(m, curthread, TD_WAIT_SEQ) + 1) | 0);
  st(m, curthread, TD_WAIT, identOf(spin));
  st(m, curthread, TD_WMESG, WMESG_SPINLOCK);
}

/**
 * Locks a spinlock: the thread is in a critical section until it unlocks it. Do not block meanwhile.
 *
 * Context: thread; critical section: entered; blocks.
 *
 * @returns true
 * @throws LwktError ERR_LWKT_CONTEXT when the thread holds it already; ERR_LWKT_OPTION for what is no spinlock
 */
export function spinLock(spin: Spinlock): Blocking<boolean> {
  if (cpu.untimely) return untimely(() => spinLock(spin));
  if (!isSync(spin, SPINLOCK)) throw notSync('spinLock()', 'spinlock', spin);
  if (ldHint(cpu.m, spin, S_STATE) === handleOf(cpu.curthread)) throw heldAlready('spinLock()', 'spinlock');
  arm('spinLock()');
  return take(spin) ? ready() : lockSlow(spin);
}

/** Locks a spinlock if it is free. Context: thread; critical section: entered when it succeeds; never blocks. @throws LwktError ERR_LWKT_OPTION, ERR_LWKT_CONTEXT */
export function spinTryLock(spin: Spinlock): boolean {
  if (!isSync(spin, SPINLOCK)) throw notSync('spinTryLock()', 'spinlock', spin);
  requireThread('spinTryLock()');
  bereave(spin);
  return take(spin);
}

/**
 * Unlocks a spinlock, and leaves its critical section.
 *
 * Context: thread; critical section: required; never blocks.
 *
 * @throws LwktError ERR_LWKT_CONTEXT when the current thread does not hold it; ERR_LWKT_OPTION for what is no spinlock
 */
export function spinUnlock(spin: Spinlock): void {
  if (!isSync(spin, SPINLOCK)) throw notSync('spinUnlock()', 'spinlock', spin);
  const holder = ldHint(cpu.m, spin, S_STATE);
  if (holder !== handleOf(cpu.curthread)) throw notHolder('spinUnlock()', 'spinlock', holder);
  abandonSpinlock(spin, cpu.curthread);
  critExit();
}

/** Makes a spinlock free that a thread of this cpu holds. Context: thread | idle; never blocks. */
export function abandonSpinlock(spin: Spinlock, td: ThreadRef): void {
  unhold(spin, td);
  stA(cpu.m, spin, S_STATE, 0);
}
