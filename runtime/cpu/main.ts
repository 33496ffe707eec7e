/** One cpu: attach, boot, run, end. */
import { threadId } from 'node:worker_threads';
import { MachinePanic, panic, setPanicHook } from '../base/panic.ts';
import { PANIC_TEXT_BYTES } from '../base/params.ts';
import type { CpuBoot, CpuEnd } from '../base/protocol.ts';
import { framesOf } from '../base/stack.ts';
import { bootCpu } from '../scheduler/boot.ts';
import { note } from '../scheduler/events.ts';
import { cpu } from '../scheduler/globaldata.ts';
import { handleOf } from '../scheduler/thread.ts';
import { attachArena } from '../shared-memory/arena.ts';
import { ringAll } from '../shared-memory/death.ts';
import { CPU_BOOT, CPU_HALTED, Globaldata } from '../shared-memory/layout/globaldata.ts';
import { eventCode } from '../shared-memory/layout/event.ts';
import { Machine, MACHINE_HALTING, MACHINE_PANICKED } from '../shared-memory/layout/machine.ts';
import { stText } from '../shared-memory/text.ts';
import { atomicOps } from '../shared-memory/wasm.ts';
import { bindDoors, casA, ldA, st, stA } from '../shared-memory/word.ts';
import { serveControl } from './control.ts';
import { leftovers } from './leftovers.ts';
import { runCpu } from './loop.ts';
import { captureOutput } from './output.ts';

/**
 * Runs one cpu until the machine halts or panics.
 *
 * @param boot - which cpu of which memory
 * @returns what the cpu still had when it halted
 */
export async function cpuMain(boot: CpuBoot): Promise<CpuEnd> {
  const arena = attachArena(boot.memory);
  bindDoors(arena.m, atomicOps(arena.memory));
  bootCpu(arena, boot.cpu);
  const { m, gd } = cpu;
  st(m, gd, Globaldata.worker, threadId);
  st(m, gd, Globaldata.state, CPU_BOOT);
  captureOutput(arena, boot.cpu, boot.stdout, boot.statusLine);
  setPanicHook(announcePanic);
  serveControl(boot.port);
  try {
    await runCpu();
  } catch (error) {
    endByError(error);
  }
  st(m, gd, Globaldata.state, CPU_HALTED);
  boot.port.close();
  return leftovers();
}

/** Marks the machine as panicked, the first panic only, and tells every corner. */
function announcePanic(error: MachinePanic): void {
  const { m, id, curthread } = cpu;
  if (casA(m, 0, Machine.panicCpu, 0, id + 1) !== 0) return;
  note(eventCode('panic'), handleOf(curthread));
  st(m, 0, Machine.panicThread, handleOf(curthread));
  stText(m, Machine.panicText, PANIC_TEXT_BYTES, panicText(error));
  stA(m, 0, Machine.state, MACHINE_PANICKED);
  ringAll(cpu.arena);
}

/** What panicked and where: the reason, then the frames, of the error underneath if there is one. */
function panicText({ message, stack = '', cause }: MachinePanic): string {
  const thrown = cause instanceof Error ? framesOf(cause.stack ?? '') : [];
  return [message, ...(thrown.length === 0 ? framesOf(stack) : thrown)].join('\n');
}

/** The dispatcher threw: a panic, here or elsewhere, or a fault of the kernel itself. */
function endByError(error: unknown): void {
  if (ldA(cpu.m, 0, Machine.state) >= MACHINE_HALTING) return;
  // One that a program has made and thrown itself.
  if (error instanceof MachinePanic) {
    announcePanic(error);
    return;
  }
  try {
    panic(`the kernel of cpu ${cpu.id} threw: ${String(error)}`, error);
  } catch {
    // The hook has told the machine.
  }
}
