/** `lwkt stress`: tortures a machine for a while and ends in a verdict. */
import { resolve } from 'node:path';
import { LwktError } from '../base/errors.ts';
import { folderFault } from '../base/folder.ts';
import type { MemoryUse } from '../stress/memory.ts';
import { activeMutant } from '../stress/mutants/active.ts';
import { shownPlan, stressPlan, type StressOptions } from '../stress/options.ts';
import type { StressPlan } from '../stress/plan.ts';
import { refuse } from '../stress/parse.ts';
import { runStress, type StressEvents, type StressResult } from '../stress/run.ts';
import { intervalLine, summaryLine, violationLine } from '../stress/summary.ts';
import { EXIT } from './exit-code.ts';
import { LiveTable } from './live-table.ts';
import { listMutants, stressMutant, stressMutants } from './mutants.ts';

/** The object that `--json` prints. `version` changes when a field changes its meaning or goes. */
export interface StressReport extends StressResult {
  readonly version: 2;
  readonly verb: 'stress';
  readonly plan: StressPlan;
  readonly exitCode: number;
  /** The command that repeats the run. */
  readonly repeat: string;
}

const EXITS: Readonly<Record<StressResult['verdict'], number>> = {
  SUCCESS: EXIT.done,
  FAILURE: EXIT.failed,
  INTERRUPTED: EXIT.interrupted,
};

/** The file for a dump; its folder must be there before anything boots. */
function dumpPath(given: string | undefined, seed: number): string {
  const path = resolve(given ?? `lwkt-stress-${seed}.dump`);
  const fault = folderFault(path);
  if (fault !== undefined) throw new LwktError('ERR_LWKT_OPTION', `--dump: '${path}': ${fault}`);
  return path;
}

function dumpLine({ path, error }: NonNullable<StressResult['dump']>): string {
  return error === undefined
    ? `the machine at that time: lwkt dump ${path}`
    : `the machine could not be written to ${path}: ${error}`;
}

/** The command that repeats a run. */
function repeatCommand(plan: StressPlan, mutant: string | undefined): string {
  const options = shownPlan(plan).map(([name, value]) => `--${name} ${value}`);
  return [
    'lwkt stress',
    plan.suite,
    ...options,
    ...(mutant === undefined ? [] : [`--mutant ${mutant}`]),
  ].join(' ');
}

/** The last line of every run. */
export function verdictLine(plan: StressPlan, result: StressResult, mutant: string | undefined): string {
  const longest = result.suites.reduce((most, { longestWaitUs }) => Math.max(most, longestWaitUs), 0);
  const least = result.suites.reduce((all, { fairness }) => Math.min(all, fairness), 1);
  const { before, after } = result.memory;
  const grown = (figure: (use: MemoryUse) => number): string =>
    [before, after].map((use) => (use === undefined ? '?' : figure(use))).join('..');
  return [
    `End of test: ${result.verdict}`,
    `suite=${plan.suite}`,
    ...shownPlan(plan).map(([name, value]) => `${name}=${value}`),
    ...(mutant === undefined ? [] : [`mutant=${mutant}`]),
    `operations=${result.operations}`,
    `violations=${result.violations}`,
    `longest_wait_us=${longest}`,
    `least_over_most=${least}`,
    `rss_mib=${grown(({ rssMib }) => rssMib)}`,
    `heap_mib=${grown(({ heapMib }) => heapMib)}`,
    `names=${grown(({ names }) => names)}`,
    `descriptors=${grown(({ descriptors }) => descriptors)}`,
    `seconds=${result.seconds}`,
  ].join(' ');
}

/**
 * Runs the verb.
 *
 * @returns the exit code
 * @throws LwktError ERR_LWKT_OPTION before anything boots
 */
export async function stress(suite: string | undefined, options: StressOptions): Promise<number> {
  const { mutant: wanted, mutants, listMutants: list, jobs } = options;
  if (list === true) return listMutants();
  if (mutants !== undefined) return stressMutants(suite, options);
  if (jobs !== undefined) refuse('--jobs: it says how many rows of --mutants run at a time; leave it out');
  if (wanted !== activeMutant() && wanted !== undefined) return stressMutant(wanted, suite, options);
  const { intervalMs, ...plan } = stressPlan(suite ?? 'all', options);
  const { json = false, failFast = false, mutant } = options;
  const dump = options.dump === false ? undefined : dumpPath(options.dump, plan.seed);
  const out = json ? process.stderr : process.stdout;
  const say = (line: string): void => void out.write(`${line}\n`);
  const live = out.isTTY ? new LiveTable(out, plan.durationMs / 1000) : undefined;
  const interrupted = new AbortController();
  const interrupt = (): void => {
    interrupted.abort();
    live?.clear();
    say('interrupted: the threads come to their end; once more ends at once');
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const events: StressEvents = {
    violation: (violation) => {
      live?.clear();
      say(violationLine(violation));
    },
    trouble: (text) => {
      live?.clear();
      say(`!!! ${text}`);
    },
    notice: (text) => {
      live?.clear();
      say(`??? ${text}`);
    },
    interval: (interval) => (live === undefined ? say(intervalLine(interval)) : live.show(interval)),
  };
  say(`lwkt stress ${plan.suite}: seed ${plan.seed}`);
  let result: StressResult;
  try {
    result = await runStress(
      plan,
      {
        intervalMs: live === undefined ? intervalMs : Math.min(intervalMs, 500),
        failFast,
        ...(dump === undefined ? {} : { dump }),
        interrupted: interrupted.signal,
      },
      events,
    );
  } finally {
    live?.clear();
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
  const exitCode = EXITS[result.verdict];
  const repeat = repeatCommand(plan, mutant);
  for (const summary of result.suites) say(summaryLine(summary));
  if (result.verdict === 'FAILURE') {
    for (const line of result.threads) say(line);
    if (result.dump !== undefined) say(dumpLine(result.dump));
    say(`to repeat: ${repeat}`);
  }
  if (json) {
    const report: StressReport = { version: 2, verb: 'stress', plan, exitCode, repeat, ...result };
    process.stdout.write(`${JSON.stringify(report)}\n`);
  }
  say(verdictLine(plan, result, mutant));
  return exitCode;
}
