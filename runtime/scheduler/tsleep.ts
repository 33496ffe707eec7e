/**
 * Sleeping on a number until somebody wakes it: no object, nothing to make or free. The number stands for whatever
 * both sides agree on; a token, a handle, the index of a record.
 *
 * Sleepers wait on their own cpu. A table in the arena, hashed by the number, says which cpus may have some, so that
 * a wake-up asks only those.
 *
 * ## Words
 *
 *   sleepers   one bit for each cpu in each slot, changed by that cpu only   atomic
 *
 * ## Ordering
 *
 *   A1  sleep: the sleeper is queued and its cpu's bit set (atomic or), then the caller looks at what it waits for.
 *   B1  wake: the caller has changed that, then the bits are loaded (atomic). One of the two sees the other; so who
 *       looks between tsleepInterlock and tsleep loses no wake-up.
 *
 * ## Late wake-ups
 *
 *   A wake-up for an object without a name may be on its way when the object is destroyed, and find sleepers of
 *   another one in the same words. Who waits for an object tries again in a loop (waiting.ts), so that one too many does
 *   no harm; but for a condition, whose wait ends by the wake-up itself. So each condition without a name has a number
 *   of its own, its life, which the wake-up carries and the sleeper has; for all else it is 0.
 *
 * Seed: tsleep and wakeup, which lwkt_wait_free and processes use. DragonFly: tsleep_interlock, wakeup_one.
 */
import { nowNs } from '../base/clock.ts';
import { LwktError } from '../base/errors.ts';
import type { ThreadRef } from '../base/ids.ts';
import { TDF_TIMED } from '../base/params.ts';
import { PROC_RUN, PROC_SLEEP } from '../base/proc.ts';
import { IPI } from '../base/protocol.ts';
import { wmesgCode } from '../base/wmesg.ts';
import { Machine, SLEEP_SLOTS } from '../shared-memory/layout/machine.ts';
import { Thread } from '../shared-memory/layout/thread.ts';
import type { Atomic } from '../shared-memory/struct.ts';
import { andA, ld, ldA, orA, st } from '../shared-memory/word.ts';
import { arm, disarm, done, ENDED, type Blocking, type Step } from './blocking.ts';
import { cpu, requireCpu } from './globaldata.ts';
import { sendIpi } from './ipiq.ts';
import { mine, setRunnable, wakeHandle } from './schedule.ts';
import { blockSelf, unblockSelf } from './switch.ts';
import { handleOf } from './thread.ts';
import { cancelTimer, setTimer, type Timer } from './timer.ts';
import { untimely } from './untimely.ts';

const { flags: TD_FLAGS, proc: TD_PROC, procStat: TD_PROC_STAT } = Thread;
const WMESG_TSLEEP = wmesgCode('tsleep');

/** How long and how a thread sleeps. */
export interface TsleepOptions {
  /** Longest sleep in milliseconds; default no limit. */
  readonly timeoutMs?: number;
  /** tsleepInterlock() was called before with the same number; a wake-up since then ends the sleep at once. */
  readonly interlocked?: boolean;
}

interface Sleeper {
  readonly td: ThreadRef;
  readonly ident: number;
  readonly life: number;
  wmesg: number;
  woken: boolean;
  timer: Timer | undefined;
}

/** Sleepers of this cpu by number, first come first. Per cpu. */
const queues = new Map<number, Sleeper[]>();
/** The same by thread, also those that have been woken and do not know it yet. Per cpu. */
const sleepers = new Map<ThreadRef, Sleeper>();
/** Sleepers in each slot of the table. Per cpu. */
const inSlot = new Uint32Array(SLEEP_SLOTS);

function slotOfIdent(ident: number): number {
  return (Math.imul(ident, 0x9e37_79b1) >>> 8) % SLEEP_SLOTS;
}

function maskWord(slot: number, dcpu: number): Atomic {
  return (Machine.sleepers + 2 * slot + (dcpu >>> 5)) as Atomic;
}

function enqueue(td: ThreadRef, ident: number, life: number): Sleeper {
  const { m, id } = cpu;
  const sleeper: Sleeper = { td, ident, life, wmesg: WMESG_TSLEEP, woken: false, timer: undefined };
  sleepers.set(td, sleeper);
  const queue = queues.get(ident);
  if (queue === undefined) queues.set(ident, [sleeper]);
  else queue.push(sleeper);
  const slot = slotOfIdent(ident);
  inSlot[slot] = (inSlot[slot] as number) + 1;
  if (inSlot[slot] === 1) orA(m, 0, maskWord(slot, id), 1 << (id & 31)); // A1
  return sleeper;
}

function dequeue(sleeper: Sleeper): void {
  const { m, id } = cpu;
  const { ident } = sleeper;
  const queue = queues.get(ident) ?? [];
  const at = queue.indexOf(sleeper);
  if (at < 0) return;
  queue.splice(at, 1);
  if (queue.length === 0) queues.delete(ident);
  const slot = slotOfIdent(ident);
  inSlot[slot] = (inSlot[slot] as number) - 1;
  if (inSlot[slot] === 0) andA(m, 0, maskWord(slot, id), ~(1 << (id & 31)));
}

/**
 * Wakes sleepers of this cpu that sleep now; how many there were. An interrupt thread runs as soon as it is woken, and
 * may sleep on the same number again before this returns: that is another sleep.
 */
function wakeHere(ident: number, most: number, life: number): number {
  let woken = 0;
  for (const sleeper of queues.get(ident)?.slice(0, most) ?? []) {
    // It may have ended its sleep, or its life, on top of the one before. All that sleep on a number are of one object.
    if (sleeper.woken || sleeper.life !== life || sleepers.get(sleeper.td) !== sleeper) continue;
    wakeSleeper(sleeper);
    woken++;
  }
  return woken;
}

function wakeSleeper(sleeper: Sleeper): void {
  dequeue(sleeper);
  sleeper.woken = true;
  procRuns(sleeper.td);
  setRunnable(sleeper.td);
}

function checkIdent(what: string, ident: number): void {
  requireCpu(what);
  if (ident !== (ident | 0) || ident <= 0) {
    throw new LwktError(
      'ERR_LWKT_OPTION',
      `${what}: ${String(ident)} is not a whole number of 1 .. 2147483647`,
    );
  }
}

function mayHave(slot: number, dcpu: number): boolean {
  return ((ldA(cpu.m, 0, maskWord(slot, dcpu)) >>> (dcpu & 31)) & 1) !== 0; // B1
}

/**
 * Wakes every thread that sleeps on a number, on all cpus.
 *
 * Context: thread | ipi | idle; never blocks.
 *
 * @param ident - as given to tsleep()
 * @throws LwktError ERR_LWKT_OPTION
 * @seed wakeup
 */
export function wakeup(ident: number): void {
  checkIdent('wakeup()', ident);
  wakeAll(ident);
}

/**
 * Wakes one thread that sleeps on a number: the first of this cpu, else one of another cpu.
 *
 * Context: thread | ipi | idle; never blocks.
 *
 * @throws LwktError ERR_LWKT_OPTION
 */
export function wakeupOne(ident: number): void {
  checkIdent('wakeupOne()', ident);
  wakeFirst(ident);
}

/** Wakes one here, or asks the next cpu that may have one; `left` cpus, this one among them, have not been asked. */
function wakeOneFrom(ident: number, left: number, life: number): void {
  if (wakeHere(ident, 1, life) !== 0) return;
  const { id, ncpus } = cpu;
  const slot = slotOfIdent(ident);
  for (let i = 1; i < left; i++) {
    const dcpu = (id + i) % ncpus;
    if (!mayHave(slot, dcpu)) continue;
    sendIpi(dcpu, IPI.wakeup, ident, left - i, life);
    return;
  }
}

/** Handles IPI.wakeup: all sleepers of this cpu, or with `left` one of this or the cpus after it. Context: ipi; never blocks. */
export function wakeupHandler(ident: number, left: number, life: number): void {
  if (left === 0) wakeHere(ident, Infinity, life);
  else wakeOneFrom(ident, left, life);
}

/**
 * Announces that the current thread is about to sleep on a number. Look at what you wait for after this, and then
 * call tsleep() with `interlocked`: a wake-up in between is not lost.
 *
 * Context: thread; never blocks.
 *
 * @param ident - 1 .. 2147483647
 * @throws LwktError ERR_LWKT_OPTION; ERR_LWKT_CONTEXT outside a thread
 */
export function tsleepInterlock(ident: number): void {
  checkIdent('tsleepInterlock()', ident);
  const td = cpu.curthread;
  if (td === cpu.idlethread || cpu.intrNesting !== 0) {
    throw new LwktError('ERR_LWKT_CONTEXT', 'tsleepInterlock(): only a thread sleeps');
  }
  announce(ident);
}

/** The thread sleeps no more, or never did after all. Context: thread | idle; never blocks. */
export function dropSleeper(td: ThreadRef): void {
  // Every thread that ends comes here, and few have ever slept: the size is cheaper to look at.
  const sleeper = sleepers.size === 0 ? undefined : sleepers.get(td);
  if (sleeper === undefined) return;
  sleepers.delete(td);
  dequeue(sleeper);
  if (sleeper.timer !== undefined) {
    cancelTimer(sleeper.timer);
    st(cpu.m, td, TD_FLAGS, ld(cpu.m, td, TD_FLAGS) & ~TDF_TIMED);
  }
  procRuns(td);
}

/**
 * Announces the current thread as a sleeper, for the primitives of the kernel; their numbers are negative.
 *
 * Context: thread; never blocks.
 *
 * @returns the sleep, for whether it was woken, also after its end
 */
export function announce(ident: number, life = 0): { readonly woken: boolean } {
  const td = cpu.curthread;
  dropSleeper(td);
  return enqueue(td, ident, life);
}

/** Wakes all who sleep on a number, in one life of its object. Context: thread | ipi | idle; never blocks. */
export function wakeAll(ident: number, life = 0): void {
  wakeHere(ident, Infinity, life);
  const { id, ncpus } = cpu;
  const slot = slotOfIdent(ident);
  for (let dcpu = 0; dcpu < ncpus; dcpu++) {
    if (dcpu !== id && mayHave(slot, dcpu)) sendIpi(dcpu, IPI.wakeup, ident, 0, life);
  }
}

/** Wakes one. Context: thread | ipi | idle; never blocks. */
export function wakeFirst(ident: number, life = 0): void {
  wakeOneFrom(ident, cpu.ncpus, life);
}

/**
 * Ends the sleep of one thread on a number, wherever it is; handles IPI.rouse. One that sleeps on another by now has
 * learnt what it was to learn.
 *
 * Context: thread | ipi | idle; never blocks.
 */
export function rouse(handle: number, ident: number): void {
  const td = mine(handle, IPI.rouse, ident, 0);
  const sleeper = sleepers.get(td);
  if (td === 0 || sleeper?.ident !== ident || sleeper.life !== 0) return;
  wakeSleeper(sleeper);
}

/**
 * A cpu has died: whoever sleeps here looks again, since a wake-up may have been lost with it; and nobody asks it for
 * sleepers any more.
 *
 * Context: idle; never blocks.
 */
export function bereaveSleepers(dead: number): void {
  for (let slot = 0; slot < SLEEP_SLOTS; slot++) {
    andA(cpu.m, 0, maskWord(slot, dead), ~(1 << (dead & 31)));
  }
  for (const sleeper of sleepers.values()) if (!sleeper.woken) wakeSleeper(sleeper);
}

let argIdent = 0;
let argTimeout = Infinity;
let argInterlocked = false;
let argWmesg = WMESG_TSLEEP;

/** Sleeps after announce(); true when it was woken, false when the time was over. Context: thread; blocks. */
export function sleepOn(wmesg: number, ident: number, timeoutMs: number): Blocking<boolean> {
  arm('a wait');
  argIdent = ident;
  argTimeout = timeoutMs;
  argInterlocked = true;
  argWmesg = wmesg;
  return tsleepIterator;
}

function begin(td: ThreadRef): Step<boolean> {
  const known = sleepers.get(td);
  let sleeper = argInterlocked && known?.ident === argIdent ? known : undefined;
  if (sleeper === undefined) {
    dropSleeper(td);
    sleeper = enqueue(td, argIdent, 0);
  }
  sleeper.wmesg = argWmesg;
  if (!sleeper.woken && argTimeout !== Infinity) sleeper.timer = timerFor(sleeper);
  return look(td);
}

function look(td: ThreadRef): Step<boolean> {
  const sleeper = sleepers.get(td) as Sleeper;
  const { woken, timer, ident } = sleeper;
  if (woken || timer?.live === false) {
    dropSleeper(td);
    unblockSelf();
    return done(woken);
  }
  if (ld(cpu.m, td, TD_PROC) !== 0) st(cpu.m, td, TD_PROC_STAT, PROC_SLEEP);
  return blockSelf(sleeper.wmesg, ident);
}

function timerFor({ td }: Sleeper): Timer {
  const handle = handleOf(td);
  st(cpu.m, td, TD_FLAGS, ld(cpu.m, td, TD_FLAGS) | TDF_TIMED);
  return setTimer(nowNs() + argTimeout * 1e6, () => {
    procRuns(td);
    wakeHandle(handle);
  });
}

/** The process of a thread that slept runs again. */
function procRuns(td: ThreadRef): void {
  if (ld(cpu.m, td, TD_PROC_STAT) === PROC_SLEEP) st(cpu.m, td, TD_PROC_STAT, PROC_RUN);
}

const tsleepIterator = {
  [Symbol.iterator]: () => tsleepIterator,
  next(resumed: unknown): Step<boolean> {
    const td = cpu.curthread;
    if (resumed === undefined) {
      disarm();
      return begin(td);
    }
    return look(td);
  },
  return(): IteratorReturnResult<never> {
    dropSleeper(cpu.curthread);
    unblockSelf();
    return ENDED;
  },
};

/**
 * Sleeps until somebody calls wakeup() with the same number.
 *
 * Context: thread; blocks.
 *
 * @param ident - 1 .. 2147483647; what it means is between sleeper and waker
 * @returns true when it was woken, false when the time was over
 * @throws LwktError ERR_LWKT_OPTION
 * @seed tsleep
 */
export function tsleep(ident: number, options: TsleepOptions = {}): Blocking<boolean> {
  checkIdent('tsleep()', ident);
  const { timeoutMs = Infinity, interlocked = false } = options;
  if (!(timeoutMs >= 0)) {
    throw new LwktError('ERR_LWKT_OPTION', `tsleep(): a timeout of ${String(timeoutMs)} ms; use 0 or more`);
  }
  if (cpu.untimely) return untimely(() => tsleep(ident, options));
  arm('tsleep()');
  argIdent = ident;
  argTimeout = timeoutMs;
  argInterlocked = interlocked;
  argWmesg = WMESG_TSLEEP;
  return tsleepIterator;
}
