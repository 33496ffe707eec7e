/** The workers of a machine: one endless Piscina task for each cpu. The only file that knows Piscina. */
import { Piscina } from 'piscina';
import type { CpuBoot, CpuEnd } from '../base/protocol.ts';

/** The running workers. */
export interface Cpus {
  /** Settles when that cpu halts (with what it had left) or dies (with the reason). */
  readonly ends: readonly Promise<CpuEnd>[];
  /** Ends all workers, whatever they do. */
  destroy(): Promise<void>;
}

/**
 * Starts the workers.
 *
 * @param boots - one boot message for each cpu
 * @param heap - bytes of each worker's JavaScript heap
 */
export function startCpus(boots: readonly CpuBoot[], heap?: number): Cpus {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const pool = new Piscina<CpuBoot, CpuEnd>({
    filename: new URL(`../cpu-worker.${extension}`, import.meta.url).href,
    name: 'cpuWorker',
    minThreads: boots.length,
    maxThreads: boots.length,
    idleTimeout: Infinity,
    concurrentTasksPerWorker: 1,
    // A cpu sleeps on its own doorbell; Piscina's would make it deaf.
    atomics: 'disabled',
    recordTiming: false,
    ...(heap === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: Math.floor(heap / 2 ** 20) } }),
  });
  const ends = boots.map((boot) => pool.run(boot, { transferList: [boot.port] as never }));
  return {
    ends,
    destroy: async () => {
      // Tasks still running reject with an abort; the machine has said what it knows by then.
      for (const end of ends) end.catch(() => undefined);
      await pool.destroy();
    },
  };
}
