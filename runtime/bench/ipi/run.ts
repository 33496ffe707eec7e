/** One round of one plan on a machine of its own. */
import type { MachineStats } from '../../observe/stats.ts';
import { bootFor, type MeasuringMachine } from '../machine.ts';
import type { Recorded } from '../plan/histogram.ts';
import { DISTRIBUTIONS, type IpiPlan, type IpiResult } from '../plan/ipi-plan.ts';
import type { LatencyRun } from '../schema.ts';
import { traceLines } from './post-mortem.ts';

/** What one round found. */
export interface Round {
  readonly result: IpiResult;
  /** In the order of DISTRIBUTIONS. */
  readonly recorded: readonly Recorded[];
  readonly counters: Readonly<Record<string, number>>;
  readonly broke: LatencyRun['broke'];
}

/** Counters of the machine that tell how the IPIs went. */
const COUNTED = [
  'lwkt.ipiq_count',
  'lwkt.ipiq_wakeups',
  'lwkt.ipiq_fifofull',
  'lwkt.idle_parks',
  'lwkt.loop_turns',
  'lwkt.token_requests',
  'lwkt.token_handovers',
  'lwkt.safepoint_slow',
] as const;

function countersOf(result: IpiResult, { total }: MachineStats): Record<string, number> {
  const { sent, staged, warm, unsent, ran, stormSent, stormRefused } = result;
  return {
    sent,
    staged,
    warm,
    unsent,
    ran,
    'storm sent': stormSent,
    'storm refused': stormRefused,
    ...Object.fromEntries(COUNTED.map((name) => [name, total[name]])),
  };
}

async function brokeOf(
  { machine, region }: MeasuringMachine,
  result: IpiResult,
): Promise<LatencyRun['broke']> {
  const { broke } = result;
  if (broke === undefined) return null;
  return { ns: broke.ns, sample: broke.sample, trace: await traceLines(machine, region, broke.at) };
}

/**
 * Runs one round.
 *
 * @param interrupted - ends it early; what was recorded so far is the result
 * @throws LwktError when the machine does not boot, MachinePanic when it fails
 */
export async function runRound(plan: IpiPlan, interrupted: AbortSignal): Promise<Round> {
  const measuring = await bootFor(plan);
  const { machine, region } = measuring;
  const stop = (): void => region.stop();
  try {
    interrupted.addEventListener('abort', stop);
    if (interrupted.aborted) stop();
    const result = (await machine.spawn('benchIpi', [plan], { cpu: 0 })) as IpiResult;
    return {
      result,
      recorded: DISTRIBUTIONS.map((_, i) => region.histogram(i).read()),
      counters: countersOf(result, machine.stats()),
      broke: await brokeOf(measuring, result),
    };
  } finally {
    interrupted.removeEventListener('abort', stop);
    await machine.stop();
  }
}
