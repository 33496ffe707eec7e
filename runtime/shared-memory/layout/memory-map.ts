/**
 * Where every region of a machine's arena lies.
 *
 *   word 0                                                             end
 *   | Machine | Globaldata x (ncpus + host) | rings (ncpus + host)^2 |
 *   | sysctl | symbols | thread slab | message map | messages | named memory |
 *
 * Each region begins on a 128-byte line, the slab on a multiple of a descriptor. The map follows from the six
 * numbers of {@link Shape}, which stand in the Machine struct: cpus, host and dump readers compute the same map.
 */
import { CACHE_NTHREADS, MAX_ARENA_BYTES } from '../../base/params.ts';
import { LwktError } from '../../base/errors.ts';
import { ringRef, ringWords, type RingRef } from '../ring.ts';
import { LINE_WORDS } from '../struct.ts';
import { Globaldata } from './globaldata.ts';
import { Machine } from './machine.ts';
import { SYSCTL_WORDS } from './sysctl.ts';
import { SymbolEntry } from './symbol-entry.ts';
import { Thread } from './thread.ts';

/** The numbers that size an arena. */
export interface Shape {
  readonly ncpus: number;
  /** Slots of each IPI ring. */
  readonly ringSize: number;
  /** Threads that fit. */
  readonly threads: number;
  /** Named objects that fit. */
  readonly names: number;
  /** Bytes for named shared regions. */
  readonly memory: number;
  /** Bytes for cloned values; a power of two. */
  readonly messages: number;
}

/** Words of the smallest message block. */
export const BLOCK_WORDS = 16;

/** Word offsets of the regions, and their sizes. */
export interface MemoryMap extends Shape {
  readonly globaldata: number;
  readonly rings: number;
  readonly ringStride: number;
  readonly sysctl: number;
  readonly symbols: number;
  readonly slab: number;
  /** Slots of the slab, slot 0 (nil) included. */
  readonly slots: number;
  readonly messageMap: number;
  readonly messageBase: number;
  readonly memoryBase: number;
  readonly words: number;
}

/**
 * Computes the map.
 *
 * @throws LwktError ERR_LWKT_OPTION when the arena would exceed 4 GiB, the limit of a shared WebAssembly memory
 */
export function memoryMap(shape: Shape): MemoryMap {
  let at = Machine.WORDS;
  const region = (words: number): number => {
    const start = Math.ceil(at / LINE_WORDS) * LINE_WORDS;
    at = start + words;
    return start;
  };
  const corners = shape.ncpus + 1;
  const ringStride = ringWords(shape.ringSize);
  const slots = shape.threads + shape.ncpus * (CACHE_NTHREADS + 1) + 1;
  const map = {
    ...shape,
    ringStride,
    slots,
    globaldata: region(corners * Globaldata.WORDS),
    rings: region(corners * corners * ringStride),
    sysctl: region(SYSCTL_WORDS),
    symbols: region(shape.names * SymbolEntry.WORDS),
    slab: region(slots * Thread.WORDS),
    messageMap: region(shape.messages / (BLOCK_WORDS * 4) / 4),
    messageBase: region(shape.messages / 4),
    memoryBase: region(shape.memory / 4),
    words: 0,
  };
  map.words = region(0);
  if (map.words * 4 > MAX_ARENA_BYTES) {
    throw new LwktError(
      'ERR_LWKT_OPTION',
      `the arena would need ${mib(map.words * 4)} MiB, the limit is ${mib(MAX_ARENA_BYTES)} MiB: ` +
        `lower threads (${shape.threads}), memory (${mib(shape.memory)} MiB), messages (${mib(shape.messages)} MiB) ` +
        `or ring (${shape.ringSize} slots x ${corners * corners} rings)`,
    );
  }
  return map;
}

function mib(bytes: number): number {
  return Math.ceil(bytes / 1_048_576);
}

/** Word offset of a corner's globaldata; corner `ncpus` is the host. */
export function globaldataOf(map: MemoryMap, corner: number): number {
  return map.globaldata + corner * Globaldata.WORDS;
}

/** The ring that carries IPIs from one corner to another. */
export function ringOf(map: MemoryMap, source: number, target: number): RingRef {
  return ringRef(map.rings + (source * (map.ncpus + 1) + target) * map.ringStride, map.ringSize);
}
