/**
 * The boot order of one cpu, as a list; fills every upcall slot. Once per worker.
 */
import type { Arena } from '../shared-memory/arena.ts';
import { IPI } from '../base/protocol.ts';
import { attachCpu, cpu } from './globaldata.ts';
import { adoptHandler, startThread } from './create.ts';
import { setSplz } from './crit.ts';
import { joinHandler, threadReturned, threadThrew } from './exit.ts';
import { registerIpi, type IpiHandler } from './ipifunc.ts';
import { initIpiq, sendIpi, setDrainBell } from './ipiq.ts';
import { joinedHandler } from './join.ts';
import { answer, poll, setSettleTokens } from './poll.ts';
import { lwktGdInit } from './runqueue.ts';
import { descheduleHandler, setPriHandler, wakeHandle } from './schedule.ts';
import { setSwitchUpcalls } from './switch.ts';
import { releaseTokens, settleTokens, tokenGrantHandler, tokenRequestHandler } from './token-owner.ts';
import { resumeTokens, suspendTokens } from './token.ts';
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
  echo: (from) => void sendIpi(from, IPI.wake, 0, 0, 0),
  wake: () => {},
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
  setSwitchUpcalls({
    start: startThread,
    returned: threadReturned,
    threw: threadThrew,
    suspendTokens,
    resumeTokens,
    releaseTokens,
  });
  cpu.polls = 0; // look at the clock soon
}
