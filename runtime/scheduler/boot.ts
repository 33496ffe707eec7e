/**
 * The boot order of one cpu, as a list; fills every upcall slot. Once per worker.
 */
import type { Arena } from '../shared-memory/arena.ts';
import { IPI } from '../base/protocol.ts';
import { attachCpu, cpu } from './globaldata.ts';
import { adoptHandler, startThread } from './create.ts';
import { setSplz } from './crit.ts';
import { endThread, joinHandler, setJoined, threadReturned, threadThrew, unjoinHandler } from './exit.ts';
import { registerIpi, type IpiHandler } from './ipifunc.ts';
import { initIpiq, setDrainBell } from './ipiq.ts';
import { echoHandler } from './ipiq-drain.ts';
import { joinedHandler } from './join.ts';
import { blockedKilled, killHandler } from './kill.ts';
import { askForWork, balance } from './balance.ts';
import { acquiredHandler, acquireHandler, leave } from './move.ts';
import { interrupt, preemptPending, switchBack } from './preempt.ts';
import { runRelease } from './release.ts';
import {
  answeredHandler,
  blockHandler,
  signalHandler,
  unblockedHandler,
  unblockHandler,
} from './wait-queue.ts';
import { answer, poll, setBalance, setPreemptPending, setSettleTokens } from './poll.ts';
import { lwktGdInit } from './runqueue.ts';
import { descheduleHandler, setInterrupt, setPriHandler, setWokenStopped, wakeHandle } from './schedule.ts';
import { setIdleUpcalls } from './idle.ts';
import { setSwitchUpcalls } from './switch.ts';
import { tokenFreeHandler } from './token-mutex.ts';
import { offerOthers } from './token-stop.ts';
import {
  releaseTokens,
  settleTokens,
  tokenGrantHandler,
  tokenRequestHandler,
  yieldTokens,
} from './token-owner.ts';
import { resumeTokens, suspendTokens } from './token-held.ts';
import { rouse, wakeupHandler } from './tsleep.ts';
import { survive } from './survive.ts';
import { initIdleThread } from './idle-thread.ts';

/** The kernel's IPI functions; the keys are those of {@link IPI}, in its order. */
const KERNEL: Readonly<Record<keyof typeof IPI, IpiHandler>> = {
  adopt: adoptHandler,
  join: joinHandler,
  joined: joinedHandler,
  schedule: wakeHandle,
  deschedule: descheduleHandler,
  setPri: setPriHandler,
  tokenRequest: tokenRequestHandler,
  tokenGrant: tokenGrantHandler,
  echo: echoHandler,
  wake: () => {},
  unjoin: unjoinHandler,
  kill: killHandler,
  acquire: acquireHandler,
  acquired: acquiredHandler,
  block: blockHandler,
  unblocked: unblockedHandler,
  signal: signalHandler,
  answered: answeredHandler,
  unblock: unblockHandler,
  wakeup: wakeupHandler,
  rouse,
  tokenFree: tokenFreeHandler,
};

/**
 * Boots this worker as one cpu of a machine.
 *
 * Context: boot; never blocks.
 *
 * @param arena - the machine's memory
 * @param id - 0 .. ncpus - 1
 */
export function bootCpu(arena: Arena, id: number): void {
  attachCpu(arena, id); // whose words are ours
  lwktGdInit(); // empty run queues
  initIdleThread(); // somebody to be when nobody runs
  initIpiq(); // our corner of the matrix
  for (const [name, number] of Object.entries(IPI)) {
    const got = registerIpi(`lwkt.${name}`, KERNEL[name as keyof typeof IPI]);
    if (got !== number) throw new Error(`IPI ${name} got number ${got}, not ${number}`);
  }
  setDrainBell(answer); // waiting for another cpu drains ours
  setSplz(poll); // leaving a critical section is an interrupt point
  setSettleTokens(settleTokens); // the clock moves tokens
  setInterrupt(interrupt); // an interrupt thread was made runnable
  setWokenStopped(offerOthers); // a thread that waits is stopped
  setPreemptPending(preemptPending); // and could not preempt at once
  setBalance(balance); // the clock spreads work
  setJoined(joinedHandler); // a join that followed a moving thread home
  setSwitchUpcalls({
    start: startThread,
    returned: threadReturned,
    threw: threadThrew,
    end: endThread,
    blockedKilled,
    switchBack,
    release: runRelease,
    leave,
    suspendTokens,
    resumeTokens,
    survive,
  });
  setIdleUpcalls({ askForWork, releaseTokens, yieldTokens });
  cpu.polls = 0; // look at the clock soon
}
