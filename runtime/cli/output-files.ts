/** Files that a verb writes at its end: looked at before it begins, so that no hour of work is lost to a typing error. */
import { access, constants, stat, writeFile } from 'node:fs/promises';
import { LwktError } from '../base/errors.ts';
import { folderFault } from '../base/folder.ts';
import type { BenchReport } from '../bench/schema.ts';

/**
 * Refuses a path that cannot become a file.
 *
 * @throws LwktError ERR_LWKT_OPTION naming option, path and reason
 */
export async function checkWritable(option: string, path: string): Promise<void> {
  const refuse = (why: string): LwktError => new LwktError('ERR_LWKT_OPTION', `${option} ${path}: ${why}`);
  try {
    if ((await stat(path)).isDirectory()) throw refuse('that is a folder; name a file');
    await access(path, constants.W_OK);
  } catch (error) {
    if (error instanceof LwktError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') throw refuse(message);
    const fault = folderFault(path);
    if (fault !== undefined) throw refuse(fault);
  }
}

/** Writes files, each whatever becomes of the others; says on stderr which were written and which cannot be. */
export async function writeAll(
  files: readonly (readonly [path: string, content: () => Promise<string> | string])[],
): Promise<boolean> {
  let good = true;
  for (const [path, content] of files) {
    const text = await content();
    try {
      await writeFile(path, text);
      process.stderr.write(`lwkt: wrote ${path}\n`);
    } catch (error) {
      good = false;
      process.stderr.write(`lwkt: cannot write ${path}: ${(error as Error).message}\n`);
    }
  }
  return good;
}

/** A report as a page. What draws it is loaded only then. */
export async function pageOf(report: BenchReport): Promise<string> {
  const { htmlReport } = await import('../bench/html/page.ts');
  return htmlReport(report);
}
