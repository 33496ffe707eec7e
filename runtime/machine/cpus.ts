/** The workers of a machine: one endless Piscina task for each cpu. The only file that knows Piscina. */
import { Piscina } from 'piscina';
import type { CpuBoot, CpuEnd } from '../base/protocol.ts';
import { within } from '../base/within.ts';

/** Milliseconds that workers have to answer, and to end. */
const ANSWER_MS = 250;
const DESTROY_MS = 5000;

/** The running workers. */
export interface Cpus {
  /** Settles when that cpu halts (with what it had left) or dies (with the reason). */
  readonly ends: readonly Promise<CpuEnd>[];
  /**
   * Whether all workers answer soon. V8 lets go of a loop at its checks only, and leaves them out where nothing but its own
   * builtins is called, so such a loop can be neither looked at nor ended.
   */
  answering(): Promise<boolean>;
  /** Ends all workers, whatever they do; false when one cannot be ended. */
  destroy(): Promise<boolean>;
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
    answering: async () => {
      const answers = pool.threads.map((worker) => worker.getHeapStatistics());
      return (await within(Promise.allSettled(answers), ANSWER_MS)) !== undefined;
    },
    destroy: async () => {
      // Tasks still running reject with an abort; the machine has said what it knows by then.
      for (const end of ends) end.catch(() => undefined);
      return (
        (await within(
          pool.destroy().then(() => true),
          DESTROY_MS,
        )) === true
      );
    },
  };
}
