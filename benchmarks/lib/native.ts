/** Baselines in C: compiled once into a folder of temporary files; left out, with a word, where there is no compiler. */
import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const built = new Map<string, Promise<string | undefined>>();
let folder = '';

async function build(name: string): Promise<string | undefined> {
  if (folder === '') folder = mkdtempSync(join(tmpdir(), 'lwkt-bench-'));
  const source = join(import.meta.dirname, '../native', `${name}.c`);
  const binary = join(folder, name);
  try {
    await run('cc', ['-O2', '-pthread', source, '-o', binary]);
    return binary;
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    console.error(
      missing ? `no C compiler: ${name} is left out` : `${name}.c does not compile: ${String(error)}`,
    );
    return undefined;
  }
}

/**
 * Runs a C baseline.
 *
 * @param name - of a file in native/, which prints one number
 * @returns that number; undefined where it cannot be built
 */
export async function native(name: string, ...args: (string | number)[]): Promise<number | undefined> {
  let binary = built.get(name);
  if (binary === undefined) built.set(name, (binary = build(name)));
  const path = await binary;
  if (path === undefined) return undefined;
  const { stdout } = await run(path, args.map(String));
  return Number(stdout);
}
