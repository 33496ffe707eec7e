/** Statistics of a machine: counters of every cpu, read from the arena; good while it runs, and after. */
import type { Arena } from '../shared-memory/arena.ts';
import { isDeadCpu } from '../shared-memory/death.ts';
import {
  counter,
  COUNTERS,
  CPU_STATES,
  Globaldata,
  MAXIMA,
  type CounterName,
} from '../shared-memory/layout/globaldata.ts';
import { globaldataOf } from '../shared-memory/layout/memory-map.ts';
import { Machine, MACHINE_STATES } from '../shared-memory/layout/machine.ts';
import { ld, ldA, ldCount } from '../shared-memory/word.ts';

/** One cpu's figures. */
export interface CpuStats {
  readonly cpu: number;
  /** What it is doing: run, spin, park, loop, … */
  readonly state: string;
  /** Threads that live on it, and those that could run. */
  readonly threads: number;
  readonly runnable: number;
  /** Promises that its threads wait for. */
  readonly promises: number;
  readonly counters: Readonly<Record<CounterName, number>>;
}

/** A machine's figures: a snapshot that may be a moment old; no counter is torn. */
export interface MachineStats {
  readonly state: string;
  readonly cpus: readonly CpuStats[];
  /** Sums over all cpus, of maxima the largest. */
  readonly total: Readonly<Record<CounterName, number>>;
}

function countersOf(arena: Arena, cpu: number): Record<CounterName, number> {
  const gd = globaldataOf(arena.map, cpu);
  return Object.fromEntries(COUNTERS.map(([name]) => [name, ldCount(arena.m, gd, counter(name))])) as Record<
    CounterName,
    number
  >;
}

/** Reads all counters. */
export function machineStats(arena: Arena): MachineStats {
  const { m, map } = arena;
  const cpus = Array.from({ length: map.ncpus }, (_, cpu): CpuStats => {
    const gd = globaldataOf(map, cpu);
    return {
      cpu,
      state: CPU_STATES[ld(m, gd, Globaldata.state)] ?? 'unknown',
      threads: ld(m, gd, Globaldata.nthreads),
      // Of a cpu that died it keeps placement away.
      runnable: isDeadCpu(arena, cpu) ? 0 : ld(m, gd, Globaldata.nrun),
      promises: ld(m, gd, Globaldata.promises),
      counters: countersOf(arena, cpu),
    };
  });
  const total = Object.fromEntries(
    COUNTERS.map(([name]) => [
      name,
      cpus.reduce(
        (all, { counters }) => (MAXIMA.has(name) ? Math.max(all, counters[name]) : all + counters[name]),
        0,
      ),
    ]),
  ) as Record<CounterName, number>;
  return { state: MACHINE_STATES[ldA(m, 0, Machine.state)] ?? 'unknown', cpus, total };
}
