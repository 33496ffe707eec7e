/** `lwkt stress --mutant`, `--mutants`: the rack on kernels with a mistake, and the table of what it finds. */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { LwktError } from '../base/errors.ts';
import { mutatedTexts } from '../stress/mutants/apply.ts';
import { MUTANTS, NO_MUTANT, requireMutant } from '../stress/mutants/list.ts';
import type { Mutant } from '../stress/mutants/mutant.ts';
import { SETUPS, type SetupName } from '../stress/mutants/setups.ts';
import { SECONDARY_CHECKS } from '../stress/checks.ts';
import { stressPlan, type StressOptions } from '../stress/options.ts';
import type { StressPlan } from '../stress/plan.ts';
import { STOPPED_EARLY } from '../stress/run.ts';
import { EXIT } from './exit-code.ts';
import { commandLine, outcomeOf, type Outcome } from './mutant-process.ts';

/** A row wants two cores: many mistakes show only where two cpus meet. */
const ROWS_AT_A_TIME = Math.max(1, Math.floor(availableParallelism() / 2));
/** How long the rack runs without a mutant, for each setup. */
const CONTROL_MS = 1000;
/** The mutant of a control. */
const NONE = 'none';
/** Longest reason shown. */
const MOST_SHOWN = 120;

/** The plan for a mutant: its setup, changed by what the command line says. */
function planFor(name: SetupName, suite: string | undefined, options: StressOptions): StressPlan {
  const { suite: own, ...setup } = SETUPS[name];
  return stressPlan(suite ?? own, { ...setup, ...options });
}

/**
 * `--mutant NAME`: the verb itself, in a process whose cpus have the mistake.
 *
 * @param suite - undefined for that of the mutant's setup
 * @returns its exit code
 * @throws LwktError ERR_LWKT_OPTION for a name that is none; Error when the mutant does not apply
 */
export function stressMutant(
  name: string,
  suite: string | undefined,
  options: StressOptions,
): Promise<number> {
  const mutant = requireMutant(name);
  mutatedTexts(mutant);
  const plan = planFor(mutant.setup, suite, options);
  const more = [
    ...(options.json === true ? ['--json'] : []),
    ...(options.failFast === true ? ['--fail-fast'] : []),
    ...(options.dump === undefined ? [] : options.dump === false ? ['--no-dump'] : ['--dump', options.dump]),
    ...(options.interval === undefined ? [] : ['--interval', `${options.interval}ms`]),
  ];
  const child = spawn(process.execPath, commandLine(plan, mutant.setup, name, more), { stdio: 'inherit' });
  // A terminal sends Ctrl-C to both; the child answers it, and this process ends with the child.
  const passOn = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on('SIGTERM', passOn).on('SIGINT', passOn);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      process.off('SIGTERM', passOn).off('SIGINT', passOn);
      resolve(code ?? EXIT.failed);
    });
  });
}

/** One row of the table. */
export interface Detection {
  /** `none` for the kernel as it is. */
  readonly mutant: string;
  readonly origin: string;
  readonly title: string;
  readonly setup: SetupName;
  readonly suite: string;
  readonly seed: number;
  readonly caught: boolean;
  /** Whether that is as it should be. */
  readonly expected: boolean;
  /** The check that failed, or why the run failed, or why there was none; empty if it succeeded. */
  readonly by: string;
  readonly operations: number;
  /** With booting. */
  readonly seconds: number;
  /** Why it is not expected to be caught. */
  readonly unseen?: string;
}

function short(text: string): string {
  const line = text.split('\n', 1)[0] ?? '';
  return line.length <= MOST_SHOWN ? line : `${line.slice(0, MOST_SHOWN - 1)}…`;
}

/** Reasons of the host that are about memory begin so. */
const MEMORY = 'memory: ';

/** By which check, or for which reason, a run failed; empty if it did not. */
function failedBy({ result, said, end, untried }: Outcome): string {
  if (untried !== undefined) return '';
  if (result === undefined) {
    const [, check] = /^!!! ([a-z-]+): /m.exec(said) ?? [];
    return check ?? short(end);
  }
  // The process of so short a run has not found its size yet.
  const reasons = result.reasons.filter((text) => !text.startsWith(MEMORY));
  if (result.verdict !== 'FAILURE' || (reasons.length === 0 && result.violations === 0)) return '';
  const check = result.details.find((detail) => !SECONDARY_CHECKS.has(detail.check))?.check;
  const reason = reasons.find((text) => text !== STOPPED_EARLY);
  return check ?? short(reason ?? result.details[0]?.check ?? 'no reason given');
}

/** Runs one row; the control without a mutant. */
async function detect(
  setup: SetupName,
  mutant: Mutant | undefined,
  interrupted: AbortSignal,
): Promise<Detection> {
  const plan = planFor(setup, undefined, mutant === undefined ? { duration: CONTROL_MS } : {});
  const began = performance.now();
  const outcome = await outcomeOf(
    commandLine(plan, setup, mutant?.name, ['--json', '--fail-fast', '--no-dump']),
    interrupted,
  );
  const by = failedBy(outcome);
  return {
    mutant: mutant?.name ?? NONE,
    origin: mutant?.origin ?? '',
    title: mutant?.title ?? 'the kernel as it is',
    setup,
    suite: plan.suite,
    seed: plan.seed,
    caught: by !== '',
    expected:
      outcome.untried === undefined &&
      ((by !== '') === (mutant !== undefined) || mutant?.unseen !== undefined),
    by: outcome.untried === undefined ? by : short(`not run: ${outcome.untried}`),
    operations: outcome.result?.operations ?? 0,
    seconds: Math.round((performance.now() - began) / 100) / 10,
    ...(mutant?.unseen === undefined ? {} : { unseen: mutant.unseen }),
  };
}

function verdictOf({ mutant, caught, expected, by }: Detection): string {
  // Nothing was found, and there is a reason for that.
  if (!caught && by !== '') return 'NOT RUN';
  if (mutant === NONE) return caught ? 'FAILED' : 'succeeds';
  if (caught) return 'caught';
  return expected ? 'unseen' : 'MISSED';
}

function rowLine(d: Detection): string {
  const verdict = verdictOf(d);
  const by = d.by === '' ? '' : d.caught ? `  by ${d.by}` : `  ${d.by}`;
  return (
    `${verdict.padEnd(8)}  ${d.mutant.padEnd(28)} ${d.origin.padEnd(8)} ${d.seconds.toFixed(1).padStart(5)} s  ` +
    `${d.operations.toLocaleString('en-US').padStart(11)} operations  [${d.setup}; seed ${d.seed}]${by}`
  );
}

/** The object that `--mutants --json` prints. */
export interface MutantsReport {
  readonly version: 1;
  readonly verb: 'stress mutants';
  readonly exitCode: number;
  readonly seconds: number;
  readonly controls: readonly Detection[];
  readonly mutants: readonly Detection[];
  /** Defects of the seed that no mutant brings back, with the reason. */
  readonly noMutant: Readonly<Record<string, string>>;
}

/**
 * Runs every setup without a mutant, then every mutant.
 *
 * @param jobs - rows at a time
 * @param row - told each row as it is done
 * @throws LwktError ERR_LWKT_OPTION for a name that is none; Error when a mutant does not apply
 */
async function campaign(
  chosen: readonly Mutant[],
  interrupted: AbortSignal,
  jobs: number,
  row: (done: Detection) => void,
): Promise<Pick<MutantsReport, 'controls' | 'mutants'>> {
  for (const mutant of chosen) mutatedTexts(mutant);
  const setups = [...new Set(chosen.map(({ setup }) => setup))];
  const runs = [
    ...setups.map((setup) => ({ setup, mutant: undefined })),
    ...chosen.map((mutant) => ({ setup: mutant.setup, mutant })),
  ];
  const rows: Detection[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < runs.length; i = next++) {
      const { setup, mutant } = runs[i] as (typeof runs)[number];
      const done = await detect(setup, mutant, interrupted);
      if (interrupted.aborted) return;
      rows[i] = done;
      row(done);
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  const done = rows.filter((each) => each !== undefined);
  return {
    controls: done.filter(({ mutant }) => mutant === NONE),
    mutants: done.filter(({ mutant }) => mutant !== NONE),
  };
}

/** The table has setups of its own: what else was asked for would be ignored. */
function refuseOthers(suite: string | undefined, options: StressOptions): void {
  const others = [
    ...(suite === undefined ? [] : [suite]),
    ...Object.keys(options)
      .filter((name) => name !== 'mutants' && name !== 'json' && name !== 'jobs')
      .map((name) => `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`),
  ];
  if (others.length === 0) return;
  throw new LwktError(
    'ERR_LWKT_OPTION',
    `--mutants: every mutant has a setup of its own; leave out ${others.join(', ')}, or run one with --mutant NAME`,
  );
}

/**
 * `--mutants`: the detection table.
 *
 * @param suite - as on the command line; must not be given
 * @returns 0 when all were caught that should be, and every setup succeeds without a mutant
 * @throws LwktError ERR_LWKT_OPTION for a name that is none, or options that would be ignored
 */
export async function stressMutants(suite: string | undefined, options: StressOptions): Promise<number> {
  refuseOthers(suite, options);
  const { mutants: wanted, json = false, jobs = ROWS_AT_A_TIME } = options;
  const names = typeof wanted === 'string' ? wanted : undefined;
  const chosen = names === undefined ? MUTANTS : names.split(',').map((name) => requireMutant(name.trim()));
  const out = json ? process.stderr : process.stdout;
  const began = performance.now();
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const table = await campaign(
    chosen,
    interrupted.signal,
    jobs,
    (done) => void out.write(`${rowLine(done)}\n`),
  );
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  const rows = [...table.controls, ...table.mutants];
  const unexpected = rows.filter(({ expected }) => !expected);
  const exitCode = interrupted.signal.aborted
    ? EXIT.interrupted
    : unexpected.length === 0
      ? EXIT.done
      : EXIT.failed;
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  if (json) {
    const report: MutantsReport = {
      version: 1,
      verb: 'stress mutants',
      exitCode,
      seconds,
      ...table,
      noMutant: NO_MUTANT,
    };
    process.stdout.write(`${JSON.stringify(report)}\n`);
  }
  const caught = table.mutants.filter((row) => row.caught).length;
  const verdict = interrupted.signal.aborted ? 'INTERRUPTED' : exitCode === 0 ? 'SUCCESS' : 'FAILURE';
  out.write(
    `End of test: ${verdict} mutants=${table.mutants.length} caught=${caught} ` +
      `unseen=${table.mutants.filter((row) => !row.caught && row.expected).length} ` +
      `missed=${table.mutants.filter((row) => !row.expected).length} ` +
      `controls=${table.controls.length} failed_controls=${table.controls.filter((row) => row.caught).length} ` +
      `seconds=${seconds}\n`,
  );
  return exitCode;
}

/** `--list-mutants`. */
export function listMutants(): number {
  for (const { name, origin, setup, title } of MUTANTS)
    process.stdout.write(`${name.padEnd(28)} ${origin.padEnd(8)} ${setup.padEnd(22)} ${title}\n`);
  return EXIT.done;
}
