/**
 * `lwkt/thread`: everything that thread code may import.
 *
 * Names with the prefix lwkt are the seed's; the others are ours.
 */
import { cpu, requireCpu } from './scheduler/globaldata.ts';
import { handleOf } from './scheduler/thread.ts';
import type { Td } from './base/ids.ts';

export { LwktError, type LwktErrorCode } from './base/errors.ts';
export type {
  Barrier,
  Condition,
  Mutex,
  Once,
  RwLock,
  Semaphore,
  Spinlock,
  Td,
  Token,
  WaitQueue,
} from './base/ids.ts';
export { MachinePanic, panic } from './base/panic.ts';
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
export { barrier, barrierWait } from './scheduler/barrier.ts';
export type { Blocking } from './scheduler/blocking.ts';
export { kthreadCreate, lwktCreate, spawn, type KThread, type SpawnOptions } from './scheduler/create.ts';
export { condition, conditionBroadcast, conditionSignal, conditionWait } from './scheduler/condition.ts';
export { critEnter, critExit, needResched, splz } from './scheduler/crit.ts';
export { kthreadExit, lwktExit } from './scheduler/exit.ts';
export { mycpu, ncpus } from './scheduler/globaldata.ts';
export type { IpiFunc } from './scheduler/ipifunc.ts';
export { join } from './scheduler/join.ts';
export { kill } from './scheduler/kill.ts';
export { ipiFunc, kthread, type KThreadOptions, type ThreadFunction } from './scheduler/kthread.ts';
export { cpuOf, lwktAcquire, movePoint } from './scheduler/move.ts';
export { mpLockHeld } from './scheduler/mplock-owner.ts';
export { getMplock, mpcount, relMplock, tryMplock } from './scheduler/mplock.ts';
export { locked, mutex, mutexLock, mutexTryLock, mutexUnlock, type LockOptions } from './scheduler/mutex.ts';
export { shared, token, waitQueue, type Region, type TokenOptions } from './scheduler/named.ts';
export { once, onceRun } from './scheduler/once.ts';
export { safepoint } from './scheduler/poll.ts';
export { lwktPreemptedProc } from './scheduler/preempt.ts';
export { lwktHold, lwktRele, lwktWaitFree } from './scheduler/refs.ts';
export { setRelease } from './scheduler/release.ts';
export {
  readLocked,
  rwlock,
  rwlockRead,
  rwlockTryRead,
  rwlockTryWrite,
  rwlockUnlock,
  rwlockWrite,
  writeLocked,
} from './scheduler/rwlock.ts';
export {
  lwktDeschedule,
  lwktDescheduleSelf,
  lwktSchedule,
  lwktScheduleSelf,
  lwktSetPri,
  lwktSetPriSelf,
} from './scheduler/schedule.ts';
export {
  acquired,
  semaphore,
  semaphorePost,
  semaphoreTryWait,
  semaphoreWait,
} from './scheduler/semaphore.ts';
export {
  ipiqDone,
  lwktAwaitIpiq,
  lwktSendIpiq,
  lwktSendIpiqMask,
  lwktSendIpiqNowait,
  lwktSendIpiqPassive,
  lwktWaitIpiq,
  type SentIpi,
} from './scheduler/send-ipiq.ts';
export { spinLock, spinlock, spinTryLock, spinUnlock } from './scheduler/spinlock.ts';
export { destroy } from './scheduler/sync-object.ts';
export { sleep } from './scheduler/sleep.ts';
export { lwktSwitch, lwktYield } from './scheduler/switch.ts';
export { lwktSetComm } from './scheduler/thread.ts';
export { lwktGenToken, lwktGetToken, lwktRegetToken, lwktRelToken, lwktTryToken } from './scheduler/token.ts';
export { tsleep, tsleepInterlock, wakeup, wakeupOne, type TsleepOptions } from './scheduler/tsleep.ts';
export { until } from './scheduler/until.ts';
export { lwktYieldQuick } from './scheduler/untimely.ts';
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
