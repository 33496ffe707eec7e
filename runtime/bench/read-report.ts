/** Reads a report from a file, or says what is wrong with it. */
import { createReadStream } from 'node:fs';
import { z } from 'zod';
import { LwktError } from '../base/errors.ts';
import { BenchReport } from './schema.ts';

/** Largest file that is read; a report with all its histograms has less than one megabyte. */
const MOST_BYTES = 64 * 1024 ** 2;

/** Faults of a file that are told; more help nobody. */
const MOST_FAULTS = 5;

/** What tells a report from other JSON. */
const Head = z.object({ version: z.number(), verb: z.string() });

function refusal(path: string, what: string, cause?: unknown): LwktError {
  return new LwktError('ERR_LWKT_OPTION', `${path}: ${what}`, { cause });
}

function place(path: readonly PropertyKey[]): string {
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
}

/**
 * Checks what a file holds.
 *
 * @param path - of the file, for the errors
 * @throws LwktError ERR_LWKT_OPTION naming the file, the fields and what they should be
 */
export function parseReport(path: string, text: string): BenchReport {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    const why = text.trim() === '' ? 'it is empty' : (error as Error).message.replaceAll(/\s+/g, ' ');
    throw refusal(path, `this is no JSON: ${why}; give what \`lwkt bench --json FILE\` wrote`, error);
  }
  const head = Head.safeParse(data);
  if (!head.success || head.data.verb !== 'bench') {
    throw refusal(path, 'this is no report of benchmarks; give what `lwkt bench --json FILE` wrote');
  }
  if (head.data.version !== 1) {
    throw refusal(path, `this report has version ${head.data.version}, this lwkt reads version 1`);
  }
  const report = BenchReport.safeParse(data);
  if (report.success) return report.data;
  const { issues } = report.error;
  const told = issues.slice(0, MOST_FAULTS).map((issue) => `  ${place(issue.path)}: ${issue.message}`);
  const more = issues.length > MOST_FAULTS ? [`  and ${issues.length - MOST_FAULTS} more`] : [];
  throw refusal(
    path,
    ['this report is not as docs/bench-report.md says:', ...told, ...more].join('\n'),
    report.error,
  );
}

/** The text of a file; reads no more than a report can have, also of what has no size, as a pipe. */
async function textOf(path: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of createReadStream(path, { end: MOST_BYTES })) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  if (bytes > MOST_BYTES) throw refusal(path, `more than ${MOST_BYTES} bytes, which no report has`);
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * Reads a report.
 *
 * @throws LwktError ERR_LWKT_OPTION when there is no such file, it is too large, or not a report
 */
export async function readReport(path: string): Promise<BenchReport> {
  let text: string;
  try {
    text = await textOf(path);
  } catch (error) {
    if (error instanceof LwktError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw refusal(path, code === 'ENOENT' ? 'there is no such file' : `cannot be read: ${message}`, error);
  }
  return parseReport(path, text);
}
