/** Where the syntax error of a JavaScript module is: V8 keeps it to itself, and Node.js tells it only when it prints. */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { placeIn } from '../base/stack.ts';

/**
 * Has Node.js look at a program that does not parse.
 *
 * @param program - its path or file URL
 * @returns `at file:line`; empty when the mistake is in a module that it imports
 */
export function syntaxPlace(program: string): string {
  const path = program.startsWith('file:') ? fileURLToPath(program) : resolve(program);
  const { stderr } = spawnSync(process.execPath, ['--check', path], { encoding: 'utf8', timeout: 10_000 });
  return placeIn(stderr);
}
