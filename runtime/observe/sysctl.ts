/** Tunables and counters by name. */
import type { Arena } from '../shared-memory/arena.ts';
import { COUNTERS } from '../shared-memory/layout/globaldata.ts';
import { tunable, TUNABLES, type TunableName } from '../shared-memory/layout/sysctl.ts';
import { ldA, stA } from '../shared-memory/word.ts';
import { machineStats } from './stats.ts';

/** One name. */
export interface SysctlInfo {
  readonly name: string;
  readonly value: number;
  /** True for tunables, false for counters. */
  readonly writable: boolean;
  readonly description: string;
}

/** Reads a tunable, or a counter summed over all cpus; undefined for an unknown name. */
export function readSysctl(arena: Arena, name: string): number | undefined {
  if (TUNABLES.some(([known]) => known === name))
    return ldA(arena.m, arena.map.sysctl, tunable(name as TunableName));
  return (machineStats(arena).total as Readonly<Record<string, number>>)[name];
}

/** Writes a checked tunable: every cpu sees it at its next look. */
export function writeSysctl(arena: Arena, name: TunableName, value: number): void {
  stA(arena.m, arena.map.sysctl, tunable(name), value);
}

/** Every name with its value. */
export function listSysctl(arena: Arena): SysctlInfo[] {
  const { total } = machineStats(arena);
  return [
    ...TUNABLES.map(([name, , , , description]) => ({
      name,
      value: readSysctl(arena, name) ?? 0,
      writable: true,
      description,
    })),
    ...COUNTERS.map(([name, description]) => ({ name, value: total[name], writable: false, description })),
  ];
}
