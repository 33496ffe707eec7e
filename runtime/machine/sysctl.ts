/** Tunables and counters of a machine, for its host. */
import { LwktError } from '../base/errors.ts';
import { listSysctl, readSysctl, writeSysctl, type SysctlInfo } from '../observe/sysctl.ts';
import type { Arena } from '../shared-memory/arena.ts';
import { checkTunable } from './config.ts';

/** Tunables and counters of a running machine. */
export interface MachineSysctl {
  /** @throws LwktError ERR_LWKT_OPTION for an unknown name */
  get(name: string): number;
  /** @throws LwktError ERR_LWKT_OPTION for an unknown name or a value out of range */
  set(name: string, value: number): void;
  list(): SysctlInfo[];
}

/** Those of an arena. */
export function machineSysctl(arena: Arena): MachineSysctl {
  return {
    get: (name) => {
      const value = readSysctl(arena, name);
      if (value === undefined)
        throw new LwktError('ERR_LWKT_OPTION', `sysctl '${name}' does not exist; see sysctl.list()`);
      return value;
    },
    set: (name, value) => writeSysctl(arena, ...checkTunable(name, value)),
    list: () => listSysctl(arena),
  };
}
