/** The grammar of the command line: verbs, options, help. */
import { Command, CommanderError, Option } from 'commander';
import { clean } from '../base/clean.ts';
import { LwktError } from '../base/errors.ts';
import { MAXCPU, MAX_THREADS } from '../base/params.ts';
import { version } from '../machine/version.ts';
import { benchVerb } from './bench-options.ts';
import { dump, type DumpOptions } from './dump.ts';
import { EXIT, exitCodeHelp } from './exit-code.ts';
import { byteSize, sysctlSetting, wholeNumber } from './options.ts';
import { ps, stats, type LookOptions } from './look.ts';
import { run, type RunOptions } from './run.ts';
import { sysctl, type SysctlOptions } from './sysctl.ts';
import { stressVerb } from './stress-options.ts';

function grammar(setExitCode: (code: number) => void): Command {
  const lwkt = new Command('lwkt')
    .description('Real-parallel kernel threads for Node.js, after DragonFly BSD’s LWKT.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .showSuggestionAfterError()
    // Below `bench` there are verbs with options of the same names.
    .enablePositionalOptions()
    .addHelpText('after', exitCodeHelp('all'));
  lwkt
    .command('run')
    .description('Boot a machine, run the program’s default export on cpu 0, end with the number it returns.')
    .argument('<program>', 'module that calls kthread() and exports one as default')
    .argument('[args...]', 'arguments of the program; after -- they may begin with a dash')
    .option(
      '--cpus <n>',
      `worker threads, 1 .. ${MAXCPU} (default: available parallelism)`,
      wholeNumber('--cpus'),
    )
    .option('--stats', 'print what each cpu did, on stderr')
    .option('--json', 'print one JSON object on stdout; output of the program goes to stderr')
    .option('--debug', 'print errors with their stacks')
    .option(
      '--threads <n>',
      `threads that fit at a time, 1 .. ${MAX_THREADS} (default 100000)`,
      wholeNumber('--threads'),
    )
    .option('--memory <bytes>', 'named shared memory, as in 64M (default 64M)', byteSize('--memory'))
    .option(
      '--messages <bytes>',
      'space for cloned arguments and results (default 64M)',
      byteSize('--messages'),
    )
    .option('--ring <n>', 'slots of each IPI ring, a power of two (default 256)', wholeNumber('--ring'))
    .option('--heap <bytes>', 'JavaScript heap of each cpu, as in 512M', byteSize('--heap'))
    .addOption(
      new Option('--cpu-death <policy>', 'when a cpu dies: stop the machine, or go on with the others')
        .choices(['panic', 'offline'])
        .default('panic'),
    )
    .option('--names <n>', 'named objects that fit (default 4096)', wholeNumber('--names'))
    .option('--sysctl <name=value>', 'set a tunable; may be given several times', sysctlSetting)
    .option('--control <path>', 'open a socket there for `lwkt ps`, `stats` and `sysctl`')
    .option('--dump <file>', 'write a dump there if the machine panics or a cpu dies')
    .option('--on-signal', 'print the whole machine on stderr at SIGQUIT, and go on')
    .addHelpText('after', exitCodeHelp('run'))
    .action(async (program: string, args: string[], options: RunOptions) => {
      setExitCode(await run(program, args, options));
    });
  lwkt
    .command('sysctl')
    .description('List tunables and counters; with --control those of a running machine, and set them.')
    .argument('[names...]', 'names to show; name=value sets a tunable of a running machine')
    .option('--control <path>', 'socket of the machine, from `lwkt run --control PATH`')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n  lwkt sysctl\n  lwkt sysctl --control /tmp/m lwkt.switch_count\n  lwkt sysctl --control /tmp/m lwkt.spin_us=0\n',
    )
    .addHelpText('after', exitCodeHelp('look'))
    .action((names: string[], options: SysctlOptions) => sysctl(names, options));
  for (const [name, what, action] of [
    ['ps', 'List the threads of a running machine.', ps],
    ['stats', 'Print what each cpu of a running machine did.', stats],
  ] as const) {
    lwkt
      .command(name)
      .description(what)
      .requiredOption('--control <path>', 'socket of the machine, from `lwkt run --control PATH`')
      .option('--json', 'print one JSON object')
      .addHelpText('after', exitCodeHelp('look'))
      .action((options: LookOptions) => action(options));
  }
  lwkt
    .command('dump')
    .description('Show a dump: cpus, threads, run queues, rings, tokens, locks, and deadlocks.')
    .argument('<file>', 'from `lwkt run --dump FILE`, boot({ dump }) or machine.dump(FILE)')
    .option('--json', 'print one JSON object')
    .addHelpText('after', exitCodeHelp('dump'))
    .action((file: string, options: DumpOptions) => dump(file, options));
  stressVerb(lwkt, setExitCode);
  benchVerb(lwkt, setExitCode);
  for (const command of [lwkt, ...lwkt.commands, ...lwkt.commands.flatMap((verb) => verb.commands)]) {
    const name = command.parent === null ? '' : ` ${command.name()}`;
    const above = command.parent?.parent ? ` ${command.parent.name()}` : '';
    command
      .exitOverride()
      .showHelpAfterError(`lwkt: see \`lwkt${above}${name} --help\``)
      .configureOutput({ outputError: (text, write) => write(clean(text.replace(/^error:/, 'lwkt:'))) });
  }
  return lwkt;
}

/**
 * Runs the command line.
 *
 * @param argv - without node and script
 * @returns the exit code
 */
export async function main(argv: readonly string[]): Promise<number> {
  let exitCode: number = EXIT.done;
  const lwkt = grammar((code) => (exitCode = code));
  if (argv.length === 0) {
    lwkt.outputHelp({ error: true });
    return EXIT.usage;
  }
  try {
    await lwkt.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    if (error instanceof LwktError) {
      process.stderr.write(`${clean(`lwkt: ${error.message}`)}\n`);
      return error.code === 'ERR_LWKT_STOPPED' || error.code === 'ERR_LWKT_DUMP' ? EXIT.failed : EXIT.usage;
    }
    throw error;
  }
}
