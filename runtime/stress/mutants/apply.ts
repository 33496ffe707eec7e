/** A mutant's text of the kernel, for the layout that this file itself is in: TypeScript, or compiled. */
import { readFileSync } from 'node:fs';
import { edited } from './edit.ts';
import type { Mutant } from './mutant.ts';

/**
 * The text of each file that a mutant changes, by its URL.
 *
 * @throws Error when the place of an edit is not found exactly once
 */
export function mutatedTexts({ name, edits }: Mutant): Map<string, string> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const texts = new Map<string, string>();
  for (const edit of edits) {
    const url = new URL(`../../${edit.file}.${extension}`, import.meta.url);
    try {
      texts.set(url.href, edited(texts.get(url.href) ?? readFileSync(url, 'utf8'), edit));
    } catch (error) {
      throw new Error(`mutant '${name}' does not apply: ${(error as Error).message}`, { cause: error });
    }
  }
  return texts;
}
