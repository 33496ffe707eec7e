/** `lwkt run`: boots a machine, runs a program, says what happened, ends with its exit code. */
import { inspect } from 'node:util';
import { clean } from '../base/clean.ts';
import { LwktError } from '../base/errors.ts';
import { originOf } from '../base/origin.ts';
import { MachinePanic } from '../base/panic.ts';
import { placeIn } from '../base/stack.ts';
import { counted } from '../base/counted.ts';
import { boot, type Machine, type StopReport } from '../machine/machine.ts';
import type { MachineStats } from '../observe/stats.ts';
import { endNow } from './end-now.ts';
import { EXIT, exitCodeOf } from './exit-code.ts';
import { showProgress } from './progress.ts';
import { syntaxPlace } from './syntax-place.ts';
import { statsTable } from './stats-table.ts';
import { viewText } from './view-text.ts';

/** What the command line gives. */
export interface RunOptions {
  readonly cpus?: number;
  readonly threads?: number;
  readonly memory?: number;
  readonly messages?: number;
  readonly ring?: number;
  readonly names?: number;
  readonly heap?: number;
  readonly cpuDeath?: 'panic' | 'offline';
  readonly sysctl?: Record<string, number>;
  readonly control?: string;
  readonly dump?: string;
  readonly onSignal?: boolean;
  readonly stats?: boolean;
  readonly json?: boolean;
  readonly debug?: boolean;
}

/** The object that `--json` prints. `version` changes when a field changes its meaning or goes. */
export interface RunReport {
  readonly version: 1;
  readonly verb: 'run';
  readonly program: string;
  readonly args: readonly string[];
  readonly cpus: number;
  readonly exitCode: number;
  /** What the program returned; as text if JSON cannot carry it. */
  readonly result: unknown;
  /** Why it failed, or null. */
  readonly error: { readonly name: string; readonly code: string | null; readonly message: string } | null;
  /** Milliseconds from the call to the program loaded on every cpu, and from there to its end. */
  readonly bootMs: number;
  readonly runMs: number;
  readonly stats: MachineStats | null;
  /** Threads that had not ended, or failed with nobody told. */
  readonly leftovers: readonly {
    readonly name: string;
    readonly cpu: number;
    readonly waits: string;
    readonly error: string | null;
  }[];
}

interface Outcome {
  exitCode: number;
  result: unknown;
  error: unknown;
}

/** Prints lines on stderr. What they say of the program is data: it cannot steer a terminal. */
function say(lines: string): void {
  process.stderr.write(`${clean(lines)}\n`);
}

/** Ends of a run that are the command line's fault. */
const USAGE = ['ERR_LWKT_OPTION'] as const;

/**
 * Runs a program.
 *
 * @returns the exit code
 */
export async function run(program: string, args: string[], options: RunOptions): Promise<number> {
  const {
    stats = false,
    json = false,
    debug = false,
    onSignal = false,
    sysctl,
    cpuDeath,
    ...sizes
  } = options;
  const start = performance.now();
  let machine: Machine;
  try {
    machine = await boot({
      program,
      ...sizes,
      ...(sysctl === undefined ? {} : { sysctl }),
      ...(cpuDeath === undefined ? {} : { onCpuDeath: cpuDeath }),
      output: json ? 'stderr' : 'stdout',
      statusLine: process.stderr.isTTY,
    });
  } catch (error) {
    const missing =
      error instanceof LwktError && error.code === 'ERR_LWKT_PROGRAM' && error.cause === undefined;
    complain(error, debug, unparsed(error) ? syntaxPlace(program) : '');
    const exitCode = missing ? EXIT.usage : exitCodeOf(error, USAGE);
    if (json)
      print(
        report(program, args, 0, { exitCode, result: null, error }, performance.now() - start, 0, null, null),
      );
    return exitCode;
  }
  const booted = performance.now();
  const quiet = onSignal ? showOnSignal(machine) : (): void => {};
  const outcome = await finish(machine, args, debug);
  const ran = performance.now();
  const left = await machine.stop();
  quiet();
  if (left.dump !== undefined) tellDump(left.dump);
  tellLeftovers(left, debug);
  if (stats) tellStats(machine.stats(), booted - start, ran - booted);
  if (json) {
    print(report(program, args, machine.ncpus, outcome, booted - start, ran - booted, machine.stats(), left));
  }
  return left.stuck ? endNow(outcome.exitCode) : outcome.exitCode;
}

/** Runs main to its end, or to Ctrl-C. */
async function finish(machine: Machine, args: string[], debug: boolean): Promise<Outcome> {
  const hideProgress = process.stderr.isTTY ? showProgress(machine) : (): void => {};
  let interrupt: () => void = () => {};
  const interrupted = new Promise<'interrupted'>(
    (resolve) => (interrupt = (): void => resolve('interrupted')),
  );
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  machine.on('threadFailed', (error) => {
    hideProgress();
    const origin = originOf(error);
    const who =
      origin === undefined ? 'a detached thread' : `detached thread '${origin.thread}' of cpu ${origin.cpu}`;
    say(`lwkt: ${who} failed: ${told(error, debug)}`);
  });
  machine.on('cpuDied', ({ error }) => {
    hideProgress();
    say(`lwkt: ${told(error, debug)}`);
  });
  machine.on('stall', ({ cpu, ms, thread, stack }) => {
    hideProgress();
    const lines = stack.map((line) => `\n    ${line}`).join('');
    say(`lwkt: cpu ${cpu} has reached no safepoint for ${ms} ms: ${thread}${lines}`);
  });
  for (const event of ['deadlock', 'asleep'] as const) {
    machine.on(event, (sentence) => {
      hideProgress();
      say(`lwkt: ${sentence}`);
    });
  }
  const main = machine.run(...args);
  try {
    const first = await Promise.race([main.then((result) => ({ result })), interrupted]);
    if (first === 'interrupted') {
      main.catch(() => undefined);
      // A second Ctrl-C ends the process at once.
      say('lwkt: interrupted, stopping the machine');
      return { exitCode: EXIT.interrupted, result: null, error: null };
    }
    const { result } = first;
    return { exitCode: exitNumber(result), result: result ?? null, error: null };
  } catch (error) {
    hideProgress();
    complain(error, debug);
    return { exitCode: exitCodeOf(error, []), result: null, error };
  } finally {
    hideProgress();
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

/** Prints the whole machine on SIGQUIT, and goes on. */
function showOnSignal(machine: Machine): () => void {
  const show = (): void => say(viewText(machine.view()));
  process.on('SIGQUIT', show);
  return () => process.off('SIGQUIT', show);
}

function tellDump({ path, error }: NonNullable<StopReport['dump']>): void {
  say(error === undefined ? `lwkt: dump written; \`lwkt dump ${path}\` shows it` : `lwkt: ${error.message}`);
}

function exitNumber(result: unknown): number {
  return typeof result === 'number' && Number.isInteger(result) && result >= 0 && result <= 255
    ? result
    : EXIT.done;
}

/** A program that does not parse, and nothing says where. */
function unparsed(error: unknown): boolean {
  const { cause } = error as Error;
  return cause instanceof Error && cause.name === 'SyntaxError' && placeIn(cause.stack ?? '') === '';
}

function complain(error: unknown, debug: boolean, place = ''): void {
  const origin = originOf(error);
  const who = origin === undefined ? '' : `thread '${origin.thread}' of cpu ${origin.cpu} failed: `;
  say(`lwkt: ${who}${told(error, debug)}${place === '' ? '' : `, ${place}`}`);
}

function told(error: unknown, debug: boolean): string {
  return debug ? inspect(error) : describe(error);
}

/** Options of boot() that have a flag of the command line. */
const FLAGS = /^(cpus|threads|memory|messages|ring|names|heap|onCpuDeath|control|dump)(?=:)/;

/** A refused option as it was typed: boot() says `cpus: 0 …`, the command line `--cpus: 0 …`. */
function typed({ code, message }: LwktError): string {
  if (code !== 'ERR_LWKT_OPTION') return message;
  return message.replace(FLAGS, (option) => (option === 'onCpuDeath' ? '--cpu-death' : `--${option}`));
}

/** An error and the line of the program that it is about. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return `the program threw ${inspect(error)}`;
  const text =
    error instanceof LwktError
      ? typed(error)
      : error instanceof MachinePanic
        ? error.message
        : `${error.name}: ${error.message}`;
  // An LwktError that came out of no thread is the host's: what is underneath may be the program's.
  const about = error instanceof LwktError && originOf(error) === undefined ? error.cause : error;
  const place = about instanceof Error ? placeIn(about.stack ?? '') : '';
  return place === '' ? text : `${text}, ${place}`;
}

function tellLeftovers({ leftovers, more, forced, stuck }: StopReport, debug: boolean): void {
  const failed = leftovers.filter(({ error }) => error !== undefined);
  const alive = leftovers.filter(({ error }) => error === undefined);
  for (const { name, cpu, error } of failed) {
    say(`lwkt: thread '${name}' of cpu ${cpu} failed, and nobody joined it: ${told(error, debug)}`);
  }
  if (alive.length !== 0) {
    const kinds = Map.groupBy(alive, ({ name, cpu, wmesg }) => `'${name}' (cpu ${cpu}, ${wmesg})`);
    const list = [...kinds]
      .map(([kind, { length }]) => (length === 1 ? kind : `${length} × ${kind}`))
      .join(', ');
    const rest = more === 0 ? '' : `, and ${more} more`;
    say(`lwkt: ended before ${counted(alive.length + more, 'thread')} had: ${list}${rest}`);
  }
  for (const cpu of forced) {
    say(`lwkt: cpu ${cpu} reached no safepoint and was ended by force: a long loop needs safepoint()`);
  }
  if (stuck) say('lwkt: it runs on all the same, in a loop that V8 does not leave: the process ends with it');
}

function tellStats(stats: MachineStats, bootMs: number, runMs: number): void {
  say(`${statsTable(stats)}\nboot ${bootMs.toFixed(0)} ms, run ${runMs.toFixed(0)} ms`);
}

function report(
  program: string,
  args: string[],
  cpus: number,
  { exitCode, result, error }: Outcome,
  bootMs: number,
  runMs: number,
  stats: MachineStats | null,
  left: StopReport | null,
): RunReport {
  return {
    version: 1,
    verb: 'run',
    program,
    args,
    cpus,
    exitCode,
    result: jsonable(result),
    error: error === null || error === undefined ? null : errorRecord(error),
    bootMs: Math.round(bootMs * 1000) / 1000,
    runMs: Math.round(runMs * 1000) / 1000,
    stats,
    leftovers: (left?.leftovers ?? []).map(({ name, cpu, wmesg, error: failure }) => ({
      name,
      cpu,
      waits: wmesg,
      error: failure === undefined ? null : describe(failure),
    })),
  };
}

function errorRecord(error: unknown): NonNullable<RunReport['error']> {
  if (!(error instanceof Error)) return { name: typeof error, code: null, message: inspect(error) };
  const { code } = error as NodeJS.ErrnoException;
  return { name: error.name, code: typeof code === 'string' ? code : null, message: error.message };
}

function jsonable(value: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(value ?? null));
  } catch {
    return inspect(value);
  }
}

function print(object: RunReport): void {
  process.stdout.write(`${JSON.stringify(object)}\n`);
}
