/** Where and how the host's threads are made. */
import { LwktError } from '../base/errors.ts';
import { TDPRI_MAX } from '../base/params.ts';

/** Where and how the host's thread is made. */
export interface HostSpawnOptions {
  /** The cpu: a number, or 'any' for the one with the fewest runnable threads. Default 'any'. */
  readonly cpu?: number | 'any';
  /** 1 .. 31, more is more urgent; default 12. */
  readonly priority?: number;
  /** For ps; default the function's name. */
  readonly name?: string;
}

/**
 * Checks options.
 *
 * @throws LwktError ERR_LWKT_OPTION naming value and limit
 */
export function checkSpawn({ cpu = 'any', priority }: HostSpawnOptions, ncpus: number): void {
  if (cpu !== 'any' && (!Number.isInteger(cpu) || cpu < 0 || cpu >= ncpus)) {
    throw new LwktError(
      'ERR_LWKT_OPTION',
      `cpu: ${String(cpu)} must be 'any' or a whole number of 0 .. ${ncpus - 1}`,
    );
  }
  if (priority !== undefined && (!Number.isInteger(priority) || priority < 1 || priority > TDPRI_MAX)) {
    throw new LwktError(
      'ERR_LWKT_OPTION',
      `priority: ${String(priority)} must be a whole number of 1 .. ${TDPRI_MAX}`,
    );
  }
}
