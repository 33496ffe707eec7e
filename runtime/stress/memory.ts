/**
 * What a run takes of memory, and whether that grows: measured when the warm-up has ended and when the last phase has,
 * with all threads of the suites gone and garbage collected both times.
 *
 * What may grow between the two is stated here. JavaScript heaps and the process hold code, type feedback and pools
 * that settle late, so they have some room; names are never given back, so none may come after the warm-up, which uses
 * every suite. A leak of eight bytes an operation passes all of it within minutes.
 */
import { CACHE_NTHREADS } from '../base/params.ts';
import type { Machine } from '../machine/machine.ts';
import type { ArenaUse } from './plan.ts';

/** One measurement. */
export interface MemoryUse extends ArenaUse {
  /** MiB of the process: everything, the arena's touched pages too. */
  readonly rssMib: number;
  /** MiB of live JavaScript objects of all cpus. */
  readonly heapMib: number;
}

const MIB = 1_048_576;
/** MiB that may be added: of heap and of the process, for the run and for each cpu. */
const HEAP_ROOM = { base: 4, cpu: 4 } as const;
/**
 * V8 lets a cpu's young generation grow to 64 MiB, copies it into as many again, and keeps pages that it frees for the
 * next time. How large it has become when the warm-up ends is chance; where every operation makes threads and objects
 * (relays alone) 2 cpus took 180 MiB more each within ten seconds, and then no more in a hundred. That all of it is
 * that shows with `node --max-semi-space-size=1`: the same run does not grow. So this finds what leaks outside of the
 * JavaScript heaps, and only when it is more than that.
 */
const RSS_ROOM = { base: 64, cpu: 256 } as const;
/** Times as many descriptors as the warm-up used may have been used, and so many more: each cpu keeps some ready. */
const DESCRIPTOR_ROOM = { times: 4, base: 1024, cpu: 2 * CACHE_NTHREADS } as const;

function tenth(n: number): number {
  return Math.round(n * 10) / 10;
}

/** Measures now; nothing of the suites may be running. */
export async function measureMemory(machine: Machine, arena: ArenaUse): Promise<MemoryUse> {
  const heaps = await machine.heaps({ collect: true });
  const heap = heaps.reduce((sum, { used }) => sum + used, 0);
  return { ...arena, heapMib: tenth(heap / MIB), rssMib: Math.round(process.memoryUsage.rss() / MIB) };
}

/** What has grown beyond its room, as sentences. */
export function memoryGrowth(before: MemoryUse, after: MemoryUse, cpus: number): string[] {
  const found: string[] = [];
  const check = (what: string, unit: string, from: number, to: number, limit: number): void => {
    if (to > limit) found.push(`${what} grew from ${from} to ${to}${unit}, bound ${tenth(limit)}${unit}`);
  };
  const { heapMib, rssMib, names, namedBytes, descriptors } = before;
  check('the heaps', ' MiB', heapMib, after.heapMib, heapMib + HEAP_ROOM.base + HEAP_ROOM.cpu * cpus);
  check('the process', ' MiB', rssMib, after.rssMib, rssMib + RSS_ROOM.base + RSS_ROOM.cpu * cpus);
  check('the named objects', '', names, after.names, names);
  check('the named memory', ' bytes', namedBytes, after.namedBytes, namedBytes);
  const room = descriptors * DESCRIPTOR_ROOM.times + DESCRIPTOR_ROOM.base + DESCRIPTOR_ROOM.cpu * cpus;
  check('the thread descriptors', '', descriptors, after.descriptors, room);
  return found;
}
