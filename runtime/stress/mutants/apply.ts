/** A mutant's text of the kernel, for the layout that this file itself is in: TypeScript, or compiled. */
import { readFileSync } from 'node:fs';
import { edited, type Edit } from './edit.ts';
import type { Mutant } from './mutant.ts';
import { SETUPS, type Setup, type SetupName } from './setups.ts';

function delaysOf(name: SetupName): readonly Edit[] {
  const { delays = [] }: Setup = SETUPS[name];
  return delays;
}

function textsOf(what: string, edits: readonly Edit[]): Map<string, string> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const texts = new Map<string, string>();
  for (const edit of edits) {
    const url = new URL(`../../${edit.file}.${extension}`, import.meta.url);
    try {
      texts.set(url.href, edited(texts.get(url.href) ?? readFileSync(url, 'utf8'), edit));
    } catch (error) {
      throw new Error(`${what} does not apply: ${(error as Error).message}`, { cause: error });
    }
  }
  return texts;
}

/**
 * The text of each file that a mutant changes, by its URL: the delays of its setup, and then its mistake.
 *
 * @throws Error when the place of an edit is not found exactly once
 */
export function mutatedTexts({ name, setup, edits }: Mutant): Map<string, string> {
  return textsOf(`mutant '${name}'`, [...delaysOf(setup), ...edits]);
}

/**
 * The text of each file that a setup changes in the kernel as it is: delays, and no mistake.
 *
 * @throws Error when the place of an edit is not found exactly once
 */
export function delayedTexts(setup: SetupName): Map<string, string> {
  return textsOf(`setup '${setup}'`, delaysOf(setup));
}
