/** The grammar of `lwkt bench`. */
import type { Command } from 'commander';
import { MAXCPU } from '../base/params.ts';
import { BENCHES } from '../bench/benches.ts';
import { PEERS } from '../bench/peers/names.ts';
import { MAP } from '../bench/ipi/plans.ts';
import { LOADS, MODES, WAKES } from '../bench/plan/ipi-plan.ts';
import type { CompareOptions } from './bench-compare.ts';
import type { ShowOptions } from './bench-show.ts';
import type { BenchVerbOptions } from './bench.ts';
import { exitCodeHelp } from './exit-code.ts';
import { wholeNumber } from './options.ts';
import { milliseconds } from '../stress/parse.ts';

function table(rows: readonly (readonly [string, string])[]): string {
  return rows.map(([name, what]) => `  ${name.padEnd(16)} ${what}`).join('\n');
}

function benchHelp(): string {
  const loads = LOADS.map(([name, kind, what]): [string, string] => [
    kind === '' ? name : `${name}[:${kind}]`,
    what,
  ]);
  return `
Benchmarks:
${table([...BENCHES].map(([name, { title }]) => [name, title]))}

Whom to compare with (--vs):
${table(Object.entries(PEERS))}

ipi, who sends to whom (--mode):
${table([...MODES, MAP])}

ipi, what the receiver does when it has nothing to do (--wake):
${table(WAKES)}

ipi, what the receiving cpu does beside (--load), also mixed as in compute:10us+gc:
${table(loads)}

Examples:
  lwkt bench switch token --vs native,go
  lwkt bench ipi
  lwkt bench ipi --mode pair --wake awake,parked,loop
  lwkt bench ipi --load compute:10us+gc --rate 10000 --duration 10s
  lwkt bench ipi --load gc --break 1ms
  lwkt bench ipi --mode broadcast,map --cpus 8 --json report.json --html report.html
  lwkt bench compare old.json new.json --tolerance 20%
`;
}

const COMPARE_HELP = `
A figure is a regression when it is worse by more than the tolerance and outside the spreads of both reports. Where
both have a native baseline, ratios to it are compared: the machine drifts, they do not.
`;

/** Adds the verb. Its code is loaded only when it is used. */
export function benchVerb(lwkt: Command, setExitCode: (code: number) => void): Command {
  const verb = lwkt.command('bench');
  verb
    .command('compare')
    .description('Compare two reports: ends with 1 when something got worse.')
    .argument('<old>', 'from `lwkt bench --json OLD`')
    .argument('<new>', 'from `lwkt bench --json NEW`, of the same benchmarks')
    .option('--tolerance <share>', 'how much worse is still as good, as in 20% or 1.2x (default 20%)')
    .option('--json', 'print one JSON object')
    .addHelpText('after', `${COMPARE_HELP}${exitCodeHelp('compare')}`)
    .action(async (old: string, now: string, options: CompareOptions) => {
      const { compare } = await import('./bench-compare.ts');
      setExitCode(await compare(old, now, options));
    });
  verb
    .command('show')
    .description('Show a report again: as tables, or as a page.')
    .argument('<report>', 'from `lwkt bench --json REPORT`')
    .option('--html <file>', 'write one page that needs no network, instead of tables')
    .addHelpText('after', exitCodeHelp('show'))
    .action(async (report: string, options: ShowOptions) => {
      const { show } = await import('./bench-show.ts');
      setExitCode(await show(report, options));
    });
  return verb
    .description('Measure this machine: latency of IPIs under load, and every cost beside those of others.')
    .argument('[benches...]', `${[...BENCHES.keys()].join(', ')}, or all (default)`)
    .option(
      '--cpus <n>',
      `worker threads, 1 .. ${MAXCPU} (default: available parallelism)`,
      wholeNumber('--cpus'),
    )
    .option(
      '--duration <time>',
      'of each measurement, all its rounds together, as in 100ms, 2s (default 1s)',
      milliseconds('--duration'),
    )
    .option('--ring <n>', 'slots of each IPI ring, a power of two (default 256)', wholeNumber('--ring'))
    .option('--rounds <n>', 'rounds of each comparison (default 5)', wholeNumber('--rounds'))
    .option(
      '--mode <modes>',
      'ipi: who sends to whom; several with commas (default pair, if one of these three is given; else a set of all, some with three cpus)',
    )
    .option('--wake <ways>', 'ipi: how the receiver waits; several with commas (default awake)')
    .option('--load <loads>', 'ipi: what the receiver does beside; several with commas (default none)')
    .option('--rate <n>', 'ipi: IPIs per second, sent when due: an open loop (default: a closed one)')
    .option('--break <time>', 'ipi: stop at the first IPI slower than that, and show what each cpu did')
    .option('--vs <names>', 'whom to compare with; several with commas, all (default) or none')
    .option('--quick', 'fewer and shorter measurements')
    .option('--json [file]', 'write the report as one JSON object, to stdout or a file')
    .option('--html <file>', 'write the report as one page that needs no network')
    .addHelpText('after', `${benchHelp()}${exitCodeHelp('bench')}`)
    .action(async (benches: string[], options: BenchVerbOptions) => {
      const { bench } = await import('./bench.ts');
      setExitCode(await bench(benches, options));
    });
}
