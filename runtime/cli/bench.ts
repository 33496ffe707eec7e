/** `lwkt bench`: runs benchmarks, prints their tables, writes their report. */
import { writeFile } from 'node:fs/promises';
import { LwktError } from '../base/errors.ts';
import { BENCHES } from '../bench/benches.ts';
import { benchNames, benchOptions, type GivenBenchOptions } from '../bench/options.ts';
import { runBenches } from '../bench/run.ts';
import { BenchProgress } from './bench-progress.ts';
import { reportText } from './bench-tables.ts';
import { EXIT } from './exit-code.ts';

/** Options of the verb. */
export interface BenchVerbOptions extends GivenBenchOptions {
  /** True for stdout, or the path of a file. */
  readonly json?: boolean | string;
}

/** A word as a shell takes it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function checkFile(option: string, path: string): void {
  if (path !== 'all' && !BENCHES.has(path)) return;
  throw new LwktError(
    'ERR_LWKT_OPTION',
    `${option} ${path}: that is a benchmark, not a file; name benchmarks first: lwkt bench ${path} ${option}`,
  );
}

/**
 * Runs the verb.
 *
 * @param given - names of benchmarks; none means all
 * @returns the exit code
 * @throws LwktError ERR_LWKT_OPTION before anything boots
 */
export async function bench(given: readonly string[], options: BenchVerbOptions): Promise<number> {
  const { json = false, ...rest } = options;
  if (typeof json === 'string') checkFile('--json', json);
  const names = benchNames(given.length === 0 ? ['all'] : given);
  const stop = new AbortController();
  const checked = benchOptions(names, rest, stop.signal);
  const interrupt = (): void => stop.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const progress = new BenchProgress();
  const command = `lwkt ${process.argv.slice(2).map(quoted).join(' ')}`;
  try {
    const report = await runBenches(names, checked, command, progress);
    progress.end();
    const out = json === true ? process.stderr : process.stdout;
    out.write(`${reportText(report)}\n`);
    const text = `${JSON.stringify(report)}\n`;
    if (json === true) process.stdout.write(text);
    else if (json !== false) await writeFile(json, text);
    return report.interrupted ? EXIT.interrupted : EXIT.done;
  } finally {
    progress.end();
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}
