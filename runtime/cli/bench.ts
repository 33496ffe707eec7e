/** `lwkt bench`: runs benchmarks, prints their tables, writes their report. */
import { LwktError } from '../base/errors.ts';
import { MachinePanic } from '../base/panic.ts';
import { BENCHES } from '../bench/benches.ts';
import { benchNames, benchOptions, type GivenBenchOptions } from '../bench/options.ts';
import { runBenches } from '../bench/run.ts';
import { BenchProgress } from './bench-progress.ts';
import { reportText } from './bench-tables.ts';
import { EXIT } from './exit-code.ts';
import { checkWritable, pageOf, writeAll } from './output-files.ts';

/** Options of the verb. */
export interface BenchVerbOptions extends GivenBenchOptions {
  /** True for stdout, or the path of a file. */
  readonly json?: boolean | string;
  /** Path of a page. */
  readonly html?: string;
}

/**
 * A second signal ends at once what the first one only stops, but not within this time: timeout(1), and npm, send one to
 * the process and one to its group.
 */
const TWICE_MS = 1000;

/** A word as a shell takes it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Refuses a file that could not be written in the end, when nothing is lost yet. */
async function checkFile(option: string, path: string): Promise<void> {
  if (path === 'all' || BENCHES.has(path)) {
    throw new LwktError(
      'ERR_LWKT_OPTION',
      `${option} ${path}: that is a benchmark, not a file; name benchmarks first: lwkt bench ${path} ${option}`,
    );
  }
  await checkWritable(option, path);
}

/**
 * Runs the verb.
 *
 * @param given - names of benchmarks; none means all
 * @returns the exit code
 * @throws LwktError ERR_LWKT_OPTION before anything boots
 */
export async function bench(given: readonly string[], options: BenchVerbOptions): Promise<number> {
  const { json = false, html, ...rest } = options;
  if (typeof json === 'string') await checkFile('--json', json);
  if (html !== undefined) await checkFile('--html', html);
  const names = benchNames(given.length === 0 ? ['all'] : given);
  const stop = new AbortController();
  const checked = benchOptions(names, rest, stop.signal);
  let since = 0;
  const interrupt = (): void => {
    if (!stop.signal.aborted) {
      since = performance.now();
      stop.abort();
    } else if (performance.now() - since > TWICE_MS) process.exit(EXIT.interrupted);
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  const progress = new BenchProgress();
  const command = `lwkt ${process.argv.slice(2).map(quoted).join(' ')}`;
  try {
    const report = await runBenches(names, checked, command, progress);
    progress.end();
    const out = json === true ? process.stderr : process.stdout;
    out.write(`${reportText(report)}\n`);
    const text = `${JSON.stringify(report)}\n`;
    if (json === true) process.stdout.write(text);
    const files: [string, () => Promise<string> | string][] = [];
    if (typeof json === 'string') files.push([json, () => text]);
    if (html !== undefined) files.push([html, () => pageOf(report)]);
    const written = await writeAll(files);
    if (!written) return EXIT.failed;
    return report.interrupted ? EXIT.interrupted : EXIT.done;
  } catch (error) {
    // What a user can mend is told by the caller; a machine that failed while it measured is told here.
    if (
      !(error instanceof MachinePanic) &&
      !(error instanceof LwktError && error.code === 'ERR_LWKT_CPU_DIED')
    )
      throw error;
    process.stderr.write(`lwkt: ${error.message}\n`);
    return EXIT.panic;
  } finally {
    progress.end();
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}
