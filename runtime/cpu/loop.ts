/**
 * The main loop of a cpu: threads first, and turns for the event loop when it has something to bring.
 *
 * While no promise is outstanding and no control message waits, the dispatcher never returns and the event loop
 * never turns. This is the one async function of a cpu.
 */
import { nowNs } from '../base/clock.ts';
import { endSleep, sleepOnBellAsync } from '../shared-memory/doorbell.ts';
import { CPU_LOOP, CPU_RUN, Globaldata } from '../shared-memory/layout/globaldata.ts';
import { count, ldA, st } from '../shared-memory/word.ts';
import { counterField, cpu } from '../scheduler/globaldata.ts';
import { awoke, turned } from '../scheduler/poll.ts';
import { longestSpin } from '../scheduler/idle.ts';
import { dispatch } from '../scheduler/switch.ts';
import { nextDeadline } from '../scheduler/timer.ts';
import { releaseTokens } from '../scheduler/token-owner.ts';
import { setKick } from '../scheduler/until.ts';
import { controlReceived } from './control.ts';

const { state: GD_STATE, control: GD_CONTROL } = Globaldata;
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

/** Something came: the bell rang, a thread can run, or the cpu has to look up. */
function called(): boolean {
  // Not the run queue: what waits there for the MP lock cannot run.
  return cpu.m[cpu.gd] !== 0 || cpu.resched;
}

/**
 * Sleeps in the event loop until the doorbell rings, a promise settles or a timer is due. Turns a few times first:
 * what a promise waits for, a file most often, is sooner there than a sleep and a wake-up take.
 */
async function sleepInLoop(): Promise<void> {
  const { m, gd } = cpu;
  const deadline = nextDeadline();
  const end = Math.min(deadline, nowNs() + longestSpin());
  while (!called() && nowNs() < end) await turn();
  if (called()) return;
  releaseTokens();
  // Letting a token go may have drained IPIs: what came then has rung already.
  if (called()) return;
  const bell = sleepOnBellAsync(m, gd, Infinity);
  if (bell === undefined) return;
  let timer: NodeJS.Timeout | undefined;
  await new Promise<unknown>((resolve) => {
    setKick(() => resolve(undefined));
    void bell.then(resolve);
    if (deadline !== Infinity) {
      timer = setTimeout(resolve, Math.min(MAX_TIMER_MS, Math.max(0, (deadline - nowNs()) / 1e6)));
    }
  });
  clearTimeout(timer);
  setKick(() => {});
  endSleep(m, gd);
}
