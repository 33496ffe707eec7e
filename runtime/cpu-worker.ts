/**
 * What the pool loads into a worker: Piscina runs `cpuWorker` as one endless task.
 *
 * The cpu itself is loaded by `import`, as its program is. Piscina tries `require` first: under a loader that compiles
 * what is required into CommonJS, as tsx does, this file would bring a kernel of its own, and the program's
 * `lwkt/thread` would be a second one that belongs to no machine.
 *
 * There is no default export: for one Node.js makes a facade when the module is required, and aborts the whole process
 * if the worker is ended at that moment.
 */
import type { CpuBoot, CpuEnd } from './base/protocol.ts';

/**
 * Runs one cpu until the machine halts or panics.
 *
 * @param boot - which cpu of which memory
 * @returns what the cpu still had when it halted
 */
export async function cpuWorker(boot: CpuBoot): Promise<CpuEnd> {
  const { cpuMain } = await import('./cpu/main.ts');
  return cpuMain(boot);
}
