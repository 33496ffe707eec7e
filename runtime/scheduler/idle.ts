/**
 * What a cpu does that has no thread to run: it looks at its rings and its doorbell for a while, then sleeps on the
 * doorbell.
 *
 * Seed: cpu_idle.
 */
import * as clockModule from '../base/clock.ts';
import * as doorbellModule from '../shared-memory/doorbell.ts';
import { eventCode } from '../shared-memory/layout/event.ts';
import * as globaldataLayoutModule from '../shared-memory/layout/globaldata.ts';
import * as wordModule from '../shared-memory/word.ts';
import * as eventsModule from './events.ts';
import * as globaldataModule from './globaldata.ts';
import * as ipiqModule from './ipiq-drain.ts';
import * as mplockOwnerModule from './mplock-owner.ts';
import * as pollModule from './poll.ts';
import * as timerModule from './timer.ts';

// An import is read through its module's cell at every use; a constant of this file is folded into the code.
const { nowNs } = clockModule;
const { sleepOnBell, startPolling } = doorbellModule;
const { CPU_PARK, CPU_RUN, CPU_SPIN, Globaldata } = globaldataLayoutModule;
const { count, ld, pause, st } = wordModule;
const { note } = eventsModule;
const { counterField, cpu, sysctlValue } = globaldataModule;
const { drainCorner, drainPassive, lookAtRings, NOTHING, RANG } = ipiqModule;
const { mplockIdle } = mplockOwnerModule;
const { awoke, poll, tickDue } = pollModule;
const { fireTimers, nextDeadline } = timerModule;

const SLEEPS = eventCode('sleeps');
const WAKES = eventCode('wakes');
const {
  state: GD_STATE,
  curthread: GD_CURTHREAD,
  parkTimed: GD_PARK_TIMED,
  promises: GD_PROMISES,
} = Globaldata;
const IDLE_SPINS = counterField('lwkt.idle_spins');
const IDLE_PARKS = counterField('lwkt.idle_parks');

/** What idle.ts calls upward; filled by boot.ts. */
export interface IdleUpcalls {
  /** The cpu has had nothing to run for a while: ask those that have more. */
  askForWork(): void;
  /** The cpu goes to sleep: let unheld tokens go. */
  releaseTokens(): void;
  /** Nothing is runnable: hand over tokens that other cpus wait for; true when IPIs may have been run meanwhile. */
  yieldTokens(): boolean;
}

let up: IdleUpcalls;

/** Fills the upcalls. Context: boot; never blocks. */
export function setIdleUpcalls(upcalls: IdleUpcalls): void {
  up = upcalls;
}

/** Pauses before the next look when IPIs come in bursts: each look takes the line from the sender. */
const BURST_PAUSES = 16;
/** Slots looked at between two looks at the clock. */
const CHUNK = 1024;
const CHUNK_CROWDED = 128;
/** IPIs run between two looks at the clock. */
const CLOCK_MASK = 15;
const MIN_SPIN_NS = 1000;
/** Share of lwkt.spin_us that is spun when cpus outnumber cores. */
const CROWDED_SHARE = 0.05;
/** Longest sleep: setTimeout and Atomics.wait take 32-bit milliseconds. */
const MAX_SLEEP_MS = 0x7fff_ffff;

/** How long the next idle phase spins. Per cpu; learnt. */
let spinNs = MIN_SPIN_NS;

/** Longest spin that pays, in nanoseconds: about the cost of one wake-up. Context: idle; never blocks. */
export function longestSpin(): number {
  return sysctlValue('lwkt.spin_us') * 1000 * (cpu.crowded ? CROWDED_SHARE : 1);
}

/**
 * Nothing is runnable: looks at rings and doorbell a while, then sleeps on the doorbell.
 *
 * Context: idle; never blocks, but sleeps.
 *
 * @returns true when promises are outstanding, so that the event loop has to do the sleeping
 */
export function idle(): boolean {
  const { m, gd } = cpu;
  st(m, gd, GD_CURTHREAD, cpu.idlethread);
  if (cpu.mpHeld || cpu.mpBell) mplockIdle();
  if (up.yieldTokens() && (cpu.resched || cpu.reqpri !== 0)) return false;
  if (ld(m, gd, GD_PROMISES) !== 0) return true;
  if (!startPolling(m, gd)) return false;
  const came = spin();
  // Takes POLLING off the bell, and looks once more at every ring.
  poll();
  if (came) {
    spinNs = Math.min(longestSpin(), spinNs * 2);
    count(m, gd, IDLE_SPINS);
  } else if (!cpu.resched) {
    const deadline = nextDeadline();
    if (nowNs() < deadline) {
      up.askForWork();
      up.releaseTokens();
      drainPassive();
      // Handing a token over may have waited for room in a ring, and drained meanwhile: what came then has rung no bell
      // that is still to be heard.
      if (!cpu.resched) park(deadline, nowNs());
    }
    fireTimers(nowNs());
  }
  st(m, gd, GD_STATE, CPU_RUN);
  return false;
}

/** Runs IPIs as they come; true when something came and the dispatcher should look, false when the time is over. */
function spin(): boolean {
  const { m, gd } = cpu;
  const times = Math.ceil((cpu.crowded ? CHUNK_CROWDED : CHUNK) / (cpu.ncpus + 1));
  let came = false;
  let end = 0;
  for (let n = 0; ; n++) {
    const corner = lookAtRings(times, end !== 0);
    if (corner === RANG) return true;
    if (corner !== NOTHING) {
      drainCorner(corner);
      came = true;
      if (cpu.resched || cpu.reqpri !== 0) return true;
      if (cpu.burst) for (let i = 0; i < BURST_PAUSES; i++) pause();
      if ((n & CLOCK_MASK) !== 0) continue;
    }
    const now = nowNs();
    if (end === 0) {
      end = Math.min(now + spinNs, nextDeadline());
      st(m, gd, GD_STATE, CPU_SPIN);
    }
    if (now < end) continue;
    // Time has passed that no poll counts.
    if (tickDue(now)) cpu.polls = 0;
    return came;
  }
}

function park(deadline: number, now: number): void {
  const { m, gd } = cpu;
  st(m, gd, GD_PARK_TIMED, deadline === Infinity ? 0 : 1);
  st(m, gd, GD_STATE, CPU_PARK);
  count(m, gd, IDLE_PARKS);
  note(SLEEPS);
  sleepOnBell(m, gd, Math.min(MAX_SLEEP_MS, (deadline - now) / 1e6));
  awoke();
  note(WAKES);
  // A sleep shorter than a long spin would have been better spun through.
  const short = nowNs() - now < 2 * longestSpin();
  spinNs = short ? Math.min(longestSpin(), spinNs * 2) : Math.max(MIN_SPIN_NS, spinNs / 2);
}
