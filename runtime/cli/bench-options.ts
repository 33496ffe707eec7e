/** The grammar of `lwkt bench`. */
import type { Command } from 'commander';
import { MAXCPU } from '../base/params.ts';
import { BENCHES } from '../bench/benches.ts';
import type { BenchVerbOptions } from './bench.ts';
import { wholeNumber } from './options.ts';
import { milliseconds } from '../stress/options.ts';

function benchHelp(): string {
  const benches = [...BENCHES].map(([name, { title }]) => `  ${name.padEnd(8)} ${title}`);
  return `\nBenchmarks:\n${benches.join('\n')}\n`;
}

/** Adds the verb. Its code is loaded only when it is used. */
export function benchVerb(lwkt: Command, setExitCode: (code: number) => void): Command {
  return lwkt
    .command('bench')
    .description('Measure this machine: latency of IPIs under load, and every cost beside those of others.')
    .argument('[benches...]', `${[...BENCHES.keys()].join(', ')}, or all (default)`)
    .option(
      '--cpus <n>',
      `worker threads, 1 .. ${MAXCPU} (default: available parallelism)`,
      wholeNumber('--cpus'),
    )
    .option(
      '--duration <time>',
      'of each measurement, as in 100ms, 2s (default 1s)',
      milliseconds('--duration'),
    )
    .option('--ring <n>', 'slots of each IPI ring, a power of two (default 256)', wholeNumber('--ring'))
    .option('--rounds <n>', 'rounds of each comparison (default 5)', wholeNumber('--rounds'))
    .option('--quick', 'fewer and shorter measurements')
    .option('--json [file]', 'write the report as one JSON object, to stdout or a file')
    .addHelpText('after', benchHelp())
    .action(async (benches: string[], options: BenchVerbOptions) => {
      const { bench } = await import('./bench.ts');
      setExitCode(await bench(benches, options));
    });
}
