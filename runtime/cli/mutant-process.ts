/**
 * The rack in a process of its own, with a mutant or without: a kernel with a mistake in it may hang its host, or end
 * the whole process.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { SetupName } from '../stress/mutants/setups.ts';
import { shownPlan } from '../stress/options.ts';
import type { StressPlan } from '../stress/plan.ts';
import type { StressResult } from '../stress/run.ts';

const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const COMMAND = new URL(`./main.${EXTENSION}`, import.meta.url);
const PRELOAD = new URL(`../stress/mutants/preload.${EXTENSION}`, import.meta.url);

/** How long one run of the table may take, boot and all; then its process is killed, and what it has said counts. */
const LIMIT_MS = 60_000;

/**
 * Node's arguments for a run of the rack.
 *
 * @param mutant - undefined for the kernel as it is, but for what the setup does to it
 */
export function commandLine(
  plan: StressPlan,
  setup: SetupName,
  mutant: string | undefined,
  more: readonly string[],
): string[] {
  const query = new URLSearchParams(mutant === undefined ? { setup } : { mutant });
  return [
    ...process.execArgv,
    '--import',
    `${PRELOAD.href}?${query.toString()}`,
    fileURLToPath(COMMAND),
    'stress',
    plan.suite,
    ...shownPlan(plan).flatMap(([name, value]) => [`--${name}`, value]),
    ...(mutant === undefined ? [] : ['--mutant', mutant]),
    ...more,
  ];
}

/** What a run in a process of its own has said. */
export interface Outcome {
  readonly result: StressResult | undefined;
  readonly said: string;
  readonly end: string;
  /** Why there is nothing to judge: there was no run, or somebody else has ended it. */
  readonly untried?: string;
}

/** The report on stdout; undefined for none, and for one that was cut off. */
function resultIn(out: string): StressResult | undefined {
  if (!out.endsWith('\n')) return undefined;
  try {
    return JSON.parse(out) as StressResult;
  } catch {
    return undefined;
  }
}

/** Signals that no kernel with a mistake in it brings about. */
const FROM_OUTSIDE: ReadonlySet<NodeJS.Signals> = new Set([
  'SIGKILL',
  'SIGTERM',
  'SIGINT',
  'SIGHUP',
  'SIGQUIT',
]);

/**
 * Runs the rack in a process, for as long as it may take. Never rejects: what goes wrong is in the outcome.
 *
 * @param limitMs - milliseconds after which it is a hang
 */
export function outcomeOf(
  args: readonly string[],
  interrupted: AbortSignal,
  limitMs = LIMIT_MS,
): Promise<Outcome> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let said = '';
  let end = '';
  const kill = (): void => void child.kill('SIGKILL');
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
    // It has said all there is to say; its cpus may hang.
    if (resultIn(out) !== undefined) kill();
  });
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const limit = setTimeout(() => {
    end = `hang: the process did not end in ${limitMs / 1000} s`;
    kill();
  }, limitMs);
  interrupted.addEventListener('abort', kill, { once: true });
  return new Promise((resolve) => {
    const over = (outcome: Outcome): void => {
      clearTimeout(limit);
      interrupted.removeEventListener('abort', kill);
      resolve(outcome);
    };
    child.on('error', (error) => over({ result: undefined, said: '', end: '', untried: error.message }));
    child.on('close', (code, signal) => {
      const result = resultIn(out);
      const last = said.trimEnd().split('\n').at(-1) ?? '';
      const nothing = (untried: string): Outcome => ({ result: undefined, said: '', end: '', untried });
      if (result !== undefined || end !== '') over({ result, said, end });
      // It ended by itself and reports nothing: no machine was tried, whatever the reason.
      else if (code !== null) over(nothing(last || `the process ended with ${code}`));
      else if (signal !== null && FROM_OUTSIDE.has(signal)) over(nothing(`ended from outside by ${signal}`));
      else over({ result, said, end: `the process was ended by ${signal}: ${last}` });
    });
  });
}
