/**
 * The one fixed-size memory of a machine: made by the host, attached by every cpu.
 *
 * It is a shared WebAssembly memory of fixed size: for JavaScript the same as a SharedArrayBuffer, page-aligned,
 * zeroed lazily by the operating system (untouched pages cost nothing), and open to WebAssembly's cheaper atomics.
 */
import { LwktError } from '../base/errors.ts';
import { LAYOUT_VERSION, MAGIC, Machine } from './layout/machine.ts';
import { memoryMap, type MemoryMap, type Shape } from './layout/memory-map.ts';
import './layout/sync.ts'; // declared on every side, for the layout hash
import './layout/token.ts';
import { TUNABLES } from './layout/sysctl.ts';
import { layoutHash, type Plain } from './struct.ts';
import { PAGE_BYTES, sharedMemory, type SharedMemory } from './wasm.ts';
import { ld, st, type Mem } from './word.ts';

export type { SharedMemory };

/** One machine's memory with the map of its regions. Plain data: it holds no other state. */
export interface Arena {
  readonly memory: SharedMemory;
  readonly m: Mem;
  /** The same memory as 64-bit floats; word offset / 2. */
  readonly f64: Float64Array<ArrayBufferLike>;
  readonly map: MemoryMap;
}

/**
 * Makes the arena of a new machine.
 *
 * @param shape - validated sizes
 * @param crowded - true when cpus outnumber cores
 * @throws LwktError ERR_LWKT_OPTION when it would be too large, or the system refuses the memory
 */
export function createArena(shape: Shape, crowded: boolean): Arena {
  const map = memoryMap(shape);
  const pages = Math.ceil((map.words * 4) / PAGE_BYTES);
  let memory: SharedMemory;
  try {
    memory = sharedMemory(pages);
  } catch (cause) {
    const mib = Math.ceil((pages * PAGE_BYTES) / 1_048_576);
    throw new LwktError(
      'ERR_LWKT_OPTION',
      `the system refused an arena of ${mib} MiB: lower threads or memory`,
      {
        cause,
      },
    );
  }
  const m: Mem = new Int32Array(memory.buffer);
  const head: [Plain, number][] = [
    [Machine.magic, MAGIC],
    [Machine.version, LAYOUT_VERSION],
    [Machine.layoutHash, layoutHash()],
    [Machine.ncpus, shape.ncpus],
    [Machine.ringSize, shape.ringSize],
    [Machine.threads, shape.threads],
    [Machine.names, shape.names],
    [Machine.memoryWords, shape.memory / 4],
    [Machine.messageWords, shape.messages / 4],
    [Machine.crowded, crowded ? 1 : 0],
    [Machine.memoryNext, map.memoryBase],
    // The idle threads are the first slots of the slab.
    [Machine.slabFresh, 1 + shape.ncpus],
  ];
  for (const [field, value] of head) st(m, 0, field, value);
  TUNABLES.forEach(([, value], i) => {
    m[map.sysctl + i] = value;
  });
  return { memory, m, f64: new Float64Array(memory.buffer), map };
}

/**
 * Attaches to a memory made elsewhere.
 *
 * @throws LwktError ERR_LWKT_NO_MACHINE when it is not an arena of this layout
 */
export function attachArena(memory: SharedMemory): Arena {
  const m: Mem = new Int32Array(memory.buffer);
  const version = ld(m, 0, Machine.version);
  if (
    ld(m, 0, Machine.magic) !== MAGIC ||
    version !== LAYOUT_VERSION ||
    ld(m, 0, Machine.layoutHash) !== layoutHash()
  ) {
    throw new LwktError(
      'ERR_LWKT_NO_MACHINE',
      `not an arena of this lwkt: magic ${hex(ld(m, 0, Machine.magic))}, version ${version}, layout ` +
        `${hex(ld(m, 0, Machine.layoutHash))}; expected ${hex(MAGIC)}, ${LAYOUT_VERSION}, ${hex(layoutHash())}; ` +
        'host and cpus must run the same version',
    );
  }
  const map = memoryMap({
    ncpus: ld(m, 0, Machine.ncpus),
    ringSize: ld(m, 0, Machine.ringSize),
    threads: ld(m, 0, Machine.threads),
    names: ld(m, 0, Machine.names),
    memory: ld(m, 0, Machine.memoryWords) * 4,
    messages: ld(m, 0, Machine.messageWords) * 4,
  });
  return { memory, m, f64: new Float64Array(memory.buffer), map };
}

function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}
