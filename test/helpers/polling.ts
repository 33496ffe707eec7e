/** What happens while an idle cpu looks at its rings. */
import { nowNs } from '../../runtime/base/clock.ts';
import { cpu } from '../../runtime/scheduler/globaldata.ts';
import { wakeHandle } from '../../runtime/scheduler/schedule.ts';
import { cancelTimer, setTimer } from '../../runtime/scheduler/timer.ts';
import { BELL_POLLING } from '../../runtime/shared-memory/doorbell.ts';
import { Globaldata } from '../../runtime/shared-memory/layout/globaldata.ts';
import { ldA } from '../../runtime/shared-memory/word.ts';

const { pause } = Atomics;

/**
 * Runs `during` at the first look of the idle cpu at its rings: it has said that it polls.
 *
 * @param sleeper - the thread that is woken after five seconds, if nothing else does it
 * @returns ends it: true when `during` ran and the alarm did not
 */
export function whilePolling(sleeper: number, during: () => void): () => boolean {
  let done = false;
  const alarm = setTimer(nowNs() + 5e9, () => wakeHandle(sleeper));
  Object.assign(Atomics, {
    pause() {
      if (done || ldA(cpu.m, cpu.gd, Globaldata.bell) !== BELL_POLLING) return;
      done = true;
      during();
    },
  });
  return () => {
    Object.assign(Atomics, { pause });
    const inTime = alarm.live;
    cancelTimer(alarm);
    return done && inTime;
  };
}
