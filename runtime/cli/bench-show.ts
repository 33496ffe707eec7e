/** `lwkt bench show REPORT`: a report again, as tables or as a page. */
import { readReport } from '../bench/read-report.ts';
import { reportText } from './bench-tables.ts';
import { checkWritable, pageOf, writeAll } from './output-files.ts';
import { EXIT } from './exit-code.ts';

/** What the command line gives. */
export interface ShowOptions {
  /** Path of a page. */
  readonly html?: string;
}

/**
 * Runs the verb.
 *
 * @returns the exit code
 * @throws LwktError ERR_LWKT_OPTION when there is no such report, or the page cannot be written
 */
export async function show(path: string, { html }: ShowOptions): Promise<number> {
  if (html !== undefined) await checkWritable('--html', html);
  const report = await readReport(path);
  if (html === undefined) {
    process.stdout.write(`${reportText(report)}\n`);
    return EXIT.done;
  }
  return (await writeAll([[html, () => pageOf(report)]])) ? EXIT.done : EXIT.failed;
}
