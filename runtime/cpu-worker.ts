/**
 * What the pool loads into a worker. Piscina runs the default export as one endless task.
 *
 * The cpu itself is loaded by `import`, as its program is. Piscina tries `require` first: under a loader that compiles
 * what is required into CommonJS, as tsx does, this file would bring a kernel of its own, and the program's
 * `lwkt/thread` would be a second one that belongs to no machine.
 */
import type { CpuBoot, CpuEnd } from './base/protocol.ts';

/**
 * Runs one cpu until the machine halts or panics.
 *
 * @param boot - which cpu of which memory
 * @returns what the cpu still had when it halted
 */
export default async function cpuWorker(boot: CpuBoot): Promise<CpuEnd> {
  const { cpuMain } = await import('./cpu/main.ts');
  return cpuMain(boot);
}
