/**
 * `lwkt/thread`: everything that thread code may import.
 *
 * Names with the prefix lwkt are the seed's; the others are ours.
 */
import { cpu, requireCpu } from './scheduler/globaldata.ts';
import { handleOf } from './scheduler/thread.ts';
import type { Td } from './base/ids.ts';

export { LwktError, type LwktErrorCode } from './base/errors.ts';
export type { Td, Token, WaitQueue } from './base/ids.ts';
export { MachinePanic } from './base/panic.ts';
export {
  TDPRI_EXITING,
  TDPRI_IDLE_THREAD,
  TDPRI_INT_HIGH,
  TDPRI_INT_LOW,
  TDPRI_INT_MED,
  TDPRI_INT_SUPPORT,
  TDPRI_KERN_DAEMON,
  TDPRI_KERN_USER,
  TDPRI_MAX,
  TDPRI_SOFT_NORM,
  TDPRI_SOFT_TIMER,
  TDPRI_USER_IDLE,
  TDPRI_USER_NORM,
  TDPRI_USER_REAL,
} from './base/params.ts';
export type { Blocking } from './scheduler/blocking.ts';
export { spawn, type KThread, type SpawnOptions } from './scheduler/create.ts';
export { critEnter, critExit, needResched, splz } from './scheduler/crit.ts';
export { mycpu, ncpus } from './scheduler/globaldata.ts';
export type { IpiFunc } from './scheduler/ipiq.ts';
export { join } from './scheduler/join.ts';
export {
  ipiFunc,
  ipiqDone,
  kthread,
  lwktSendIpiq,
  lwktWaitIpiq,
  type ThreadFunction,
} from './scheduler/kthread.ts';
export { shared, token, waitQueue } from './scheduler/named.ts';
export { safepoint } from './scheduler/poll.ts';
export {
  lwktDeschedule,
  lwktDescheduleSelf,
  lwktSchedule,
  lwktScheduleSelf,
  lwktSetPri,
  lwktSetPriSelf,
} from './scheduler/schedule.ts';
export { sleep } from './scheduler/sleep.ts';
export { lwktSwitch, lwktYield } from './scheduler/switch.ts';
export { lwktGenToken, lwktGetToken, lwktRegetToken, lwktRelToken, lwktTryToken } from './scheduler/token.ts';
export { until } from './scheduler/until.ts';
export { lwktBlock, lwktSignal, waitGen } from './scheduler/wait.ts';

/**
 * The handle of the running thread.
 *
 * Context: thread; never blocks.
 */
export function curthread(): Td {
  requireCpu('curthread()');
  return handleOf(cpu.curthread);
}
