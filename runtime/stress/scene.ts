/** Cpus and threads of a machine at one moment, as lines. */
import type { Machine } from '../machine/machine.ts';

const MOST_SHOWN = 40;

/** Threads and cpus as they are now, for people. */
export function threadsOf(machine: Machine): string[] {
  const { state, cpus } = machine.stats();
  const threads = machine.ps();
  return [
    `machine ${state}`,
    ...cpus.map((c) => `  cpu ${c.cpu}: ${c.state}, ${c.threads} threads, ${c.runnable} runnable`),
    ...threads
      .slice(0, MOST_SHOWN)
      .map(
        (td) =>
          `  ${td.name.padEnd(16)} cpu ${td.cpu} ${td.state.padEnd(6)} ${td.wmesg.padEnd(7)} ${String(td.wait).padStart(8)} priority ${td.priority} crit ${td.crit} switches ${td.switches}`,
      ),
    ...(threads.length > MOST_SHOWN ? [`  and ${threads.length - MOST_SHOWN} more`] : []),
  ];
}
