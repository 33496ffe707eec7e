/** The grammar of `lwkt stress`. */
import { Argument, type Command } from 'commander';
import { MAXCPU } from '../base/params.ts';
import { CHAOS } from '../stress/chaos.ts';
import type { StressOptions } from '../stress/options.ts';
import { holdTimes, milliseconds, refuse, weights } from '../stress/parse.ts';
import { CHECKS } from '../stress/checks.ts';
import { operationNames, SUITE_NAMES, SUITES } from '../stress/suites.ts';
import { exitCodeHelp } from './exit-code.ts';
import { wholeNumber } from './options.ts';

const MOST_JOBS = 64;

function jobs(text: string): number {
  const n = wholeNumber('--jobs')(text);
  return n >= 1 && n <= MOST_JOBS ? n : refuse(`--jobs: ${text} must be a whole number of 1 .. ${MOST_JOBS}`);
}

function suiteHelp(): string {
  const suites = SUITE_NAMES.map(
    (name) => `  ${name.padEnd(8)} ${SUITES[name].title}\n           ${operationNames(name).join(', ')}`,
  );
  const levels = CHAOS.map(({ title }, level) => `  ${level}  ${title}`);
  const checks = CHECKS.map(([name, meaning]) => `  ${name.padEnd(14)} ${meaning}`);
  return `\nSuites and their operations:\n${suites.join('\n')}\n\nLevels of chaos:\n${levels.join('\n')}\n\nChecks:\n${checks.join('\n')}\n`;
}

/** Adds the verb. Its code is loaded only when it is used. */
export function stressVerb(lwkt: Command, setExitCode: (code: number) => void): Command {
  return lwkt
    .command('stress')
    .description('Torture the scheduler for a while; the last line is the verdict.')
    .addArgument(new Argument('[suite]', `${SUITE_NAMES.join(', ')}, or all (the default)`))
    .option(
      '--cpus <n>',
      `worker threads, 1 .. ${MAXCPU} (default: available parallelism)`,
      wholeNumber('--cpus'),
    )
    .option('--threads <n>', 'threads of a suite on each cpu (default 4)', wholeNumber('--threads'))
    .option('--duration <time>', 'as in 30s, 5m, 2h (default 30s)', milliseconds('--duration'))
    .option('--seed <n>', 'of every choice (default: the time)', wholeNumber('--seed'))
    .option(
      '--tokens <n>',
      'tokens, and wait queues, that the threads share (default 4)',
      wholeNumber('--tokens'),
    )
    .option('--hold <times>', 'how long they are held: 50ns, or a mix as in 90%50ns,10%1ms', holdTimes)
    .option('--nested <n>', 'most tokens held at once (default 3)', wholeNumber('--nested'))
    .option('--ops <weights>', 'how often an operation is done, as in get=10,waitq.poke=0', weights)
    .option('--stutter <time>', 'run and pause in turns of so long', milliseconds('--stutter'))
    .option('--shuffle <time>', 'move a thread to each cpu about every so often', milliseconds('--shuffle'))
    .option('--long-hold <time>', 'one hold in a thousand is so long', milliseconds('--long-hold'))
    .option('--chaos <level>', `0 .. ${CHAOS.length - 1} (default 0)`, wholeNumber('--chaos'))
    .option('--ring <n>', 'slots of each IPI ring, a power of two (default 256)', wholeNumber('--ring'))
    .option('--stall <time>', 'no progress for so long is a failure (default 15s)', milliseconds('--stall'))
    .option('--interval <time>', 'between two lines of statistics (default 10s)', milliseconds('--interval'))
    .option('--fairness <share>', 'least over most of a suite’s threads below this is a failure', Number)
    .option(
      '--dump <file>',
      'where the machine is written to when a check fails (default lwkt-stress-SEED.dump)',
    )
    .option('--no-dump', 'write no dump')
    .option('--busted <check>', 'do wrong on purpose what this check is to find: the run must fail')
    .option('--fail-fast', 'end at the first failed check')
    .option('--json', 'print one JSON object on stdout, everything else on stderr')
    .option('--mutant <name>', 'break the kernel in one place first: the run must fail')
    .option('--mutants [names]', 'run all mutants, or those named with commas between: the detection table')
    .option('--list-mutants', 'list them')
    .option('--jobs <n>', `mutants at a time, 1 .. ${MOST_JOBS} (default: half the cores)`, jobs)
    .addHelpText('after', `${suiteHelp()}${exitCodeHelp('stress')}`)
    .action(async (suite: string | undefined, options: StressOptions) => {
      const { stress } = await import('./stress.ts');
      setExitCode(await stress(suite, options));
    });
}
