/** Machines that measure: booted with the program of runtime/bench/program, used for one thing, stopped. */
import { availableParallelism } from 'node:os';
import { LwktError } from '../base/errors.ts';
import { boot, type Machine } from '../machine/machine.ts';
import { commonClock, type ClockReport } from './plan/clock.ts';
import type { IpiPlan } from './plan/ipi-plan.ts';
import { Region } from './plan/region.ts';

const PROGRAM = new URL(`./program/main.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

/** Spinning time of an idle cpu that never sleeps. */
const NEVER_US = 1_000_000;
/** Milliseconds after which a wait for an IPI is a fault: longer than the longest load holds back. */
const PATIENCE_MS = 60_000;

/** A machine and what the host sees of its memory. */
export interface MeasuringMachine {
  readonly machine: Machine;
  readonly region: Region;
  readonly clocks: readonly ClockReport[];
}

/**
 * Boots a machine for a plan, and looks whether its cpus agree about the time.
 *
 * @throws LwktError when it does not boot, or when the clocks of its cpus are not one
 */
export async function bootFor(plan: IpiPlan): Promise<MeasuringMachine> {
  const { cpus, ring, wake } = plan;
  const machine = await boot({
    program: PROGRAM,
    cpus,
    ring,
    output: 'stderr',
    sysctl: {
      // Where cpus outnumber cores, one that spins keeps another from running.
      ...(wake !== 'awake'
        ? { 'lwkt.spin_us': 0 }
        : cpus <= availableParallelism()
          ? { 'lwkt.spin_us': NEVER_US }
          : {}),
      'lwkt.ipiq_wait_warn_ms': PATIENCE_MS,
      'lwkt.ipiq_wait_panic_ms': PATIENCE_MS,
      // A load may keep a cpu from its safepoints on purpose.
      'lwkt.watchdog_ms': 0,
    },
  });
  try {
    const words = (await machine.spawn('benchRegion', [cpus, ring], { cpu: 0 })) as Int32Array;
    const clocks: ClockReport[] = [];
    for (let cpu = 0; cpu < cpus; cpu++)
      clocks.push((await machine.spawn('benchClock', [], { cpu })) as ClockReport);
    if (!commonClock(clocks)) {
      throw new LwktError(
        'ERR_LWKT_NO_MACHINE',
        `the cpus do not agree about the time: ${clocks.map(({ between }) => between.join(' .. ')).join('; ')} ns after the kernel’s clock`,
      );
    }
    return { machine, region: new Region(words, cpus, ring), clocks };
  } catch (error) {
    await machine.stop();
    throw error;
  }
}
