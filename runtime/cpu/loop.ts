/**
 * The main loop of a cpu: threads first, and turns for the event loop when it has something to bring.
 *
 * While no promise is outstanding and no control message waits, the dispatcher never returns and the event loop
 * never turns. This is the one async function of a cpu.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { nowNs } from '../base/clock.ts';
import { endSleep, sleepOnBellAsync } from '../shared-memory/doorbell.ts';
import { CPU_LOOP, CPU_RUN, Globaldata } from '../shared-memory/layout/globaldata.ts';
import { count, ld, ldA, st } from '../shared-memory/word.ts';
import { counterField, cpu } from '../scheduler/globaldata.ts';
import { awoke, turned } from '../scheduler/poll.ts';
import { dispatch } from '../scheduler/switch.ts';
import { nextDeadline } from '../scheduler/timer.ts';
import { releaseTokens } from '../scheduler/token-owner.ts';
import { setKick } from '../scheduler/until.ts';
import { controlReceived } from './control.ts';

const { state: GD_STATE, control: GD_CONTROL, nrun: GD_NRUN } = Globaldata;
const LOOP_TURNS = counterField('lwkt.loop_turns');

/** Longest timer of the event loop, milliseconds. */
const MAX_TIMER_MS = 0x7fff_ffff;

/** Runs the cpu until the machine halts. */
export async function runCpu(): Promise<void> {
  const { m, gd } = cpu;
  for (;;) {
    st(m, gd, GD_STATE, CPU_RUN);
    const why = dispatch();
    if (why === 'halt') return;
    st(m, gd, GD_STATE, CPU_LOOP);
    await turn();
    if (why === 'loop') await sleepInLoop();
    awoke();
  }
}

/** Turns the event loop once, and again until every control message that the host has sent was seen. */
async function turn(): Promise<void> {
  const { m, gd } = cpu;
  do {
    count(m, gd, LOOP_TURNS);
    await new Promise<void>((resolve) => setImmediate(resolve));
  } while (ldA(m, gd, GD_CONTROL) !== controlReceived());
  turned();
}

/** Sleeps in the event loop until the doorbell rings, a promise settles or a timer is due. */
async function sleepInLoop(): Promise<void> {
  const { m, gd } = cpu;
  if (m[gd] !== 0 || ld(m, gd, GD_NRUN) !== 0) return;
  releaseTokens();
  // See idle() in switch.ts: what came while a token was handed over has rung already.
  if (cpu.resched) return;
  const bell = sleepOnBellAsync(m, gd, Infinity);
  if (bell === undefined) return;
  const ms = Math.min(MAX_TIMER_MS, (nextDeadline() - nowNs()) / 1e6);
  const timer = new AbortController();
  try {
    await Promise.race([
      bell,
      new Promise<void>((resolve) => setKick(resolve)),
      delay(Math.max(0, ms), undefined, { signal: timer.signal }).catch(() => undefined),
    ]);
  } finally {
    timer.abort();
    setKick(() => {});
    endSleep(m, gd);
  }
}
