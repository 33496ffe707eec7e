/** `lwkt`: the host API. Thread code imports `lwkt/thread`. */
export { LwktError, type LwktErrorCode } from './base/errors.ts';
export { MachinePanic } from './base/panic.ts';
export type { CpuHeap, Leftover } from './base/protocol.ts';
export type { MachineOptions } from './machine/config.ts';
export type { CpuDeath } from './machine/deaths.ts';
export { boot, type Machine, type StopReport } from './machine/machine.ts';
export type { HostSpawnOptions } from './machine/spawn-options.ts';
export type { MachineSysctl } from './machine/sysctl.ts';
export type { Stall } from './machine/watchdog.ts';
export type { ThreadInfo } from './observe/ps.ts';
export type { EventView } from './observe/events.ts';
export type { PanicView } from './observe/panic.ts';
export type { CpuStats, MachineStats } from './observe/stats.ts';
export type {
  MachineView,
  MplockView,
  RingView,
  RunQueueView,
  SyncView,
  TokenView,
  WaitQueueView,
} from './observe/view.ts';
export type { SysctlInfo } from './observe/sysctl.ts';
