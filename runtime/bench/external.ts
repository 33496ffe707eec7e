/**
 * Baselines and peers in other languages: their sources lie beside, and are compiled once a run into a folder of
 * temporary files. Where a compiler is missing, the reason is told instead.
 *
 * A program prints its figures, separated by spaces, and ends with 0; it checks its own results, and says on stderr
 * what was wrong.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** A program that can be run, or why not. */
export type External =
  { readonly run: (...args: (string | number)[]) => Promise<number[]> } | { readonly why: string };

/** How a language is compiled, and its programs run. */
export interface Language {
  /** As its users call it. */
  readonly name: string;
  readonly compiler: string;
  /** What to install when there is no compiler. */
  readonly wanted: string;
  readonly compile: (source: string, folder: string) => string[];
  readonly command: (source: string, folder: string, name: string) => [string, ...string[]];
  /** The source of a program, from this folder. */
  readonly source: (name: string) => string;
}

/** Milliseconds that a program may run, and a compiler. */
const MOST_MS = 60_000;
const COMPILE_MS = 180_000;

const binary = (source: string): string => source.replace(/\.\w+$/, '');

/** Fused multiplications would give other pictures than JavaScript's. */
const C_FLAGS = ['-O2', '-ffp-contract=off', '-pthread'];
/** As many processes as wanted. */
const ERLANG_FLAGS = ['-noshell', '-noinput', '+P', '4000000'];
/** Schedulers on cores of their own; or one alone, where others would only look for work to steal. */
const ERLANG_CORES = ['+sbt', 'db'];
const ERLANG_ONE = ['+S', '1:1'];
const OF_ONE_CORE = new Set(['switch', 'spawn', 'handoff']);

const native = (source: string): string => join(import.meta.dirname, 'native', source);
const peer = (source: string): string => join(import.meta.dirname, 'peers', source);

export const C: Language = {
  name: 'C',
  compiler: 'cc',
  wanted: 'a C compiler, as gcc',
  compile: (source, out) => C_FLAGS.concat(native(source), '-o', join(out, binary(source))),
  command: (source, out) => [join(out, binary(source))],
  source: (name) => `${name}.c`,
};

export const GO: Language = {
  name: 'Go',
  compiler: 'go',
  wanted: 'Go',
  compile: (source, out) => ['build', '-o', join(out, binary(source)), peer(source)],
  command: (source, out) => [join(out, binary(source))],
  source: () => 'go.go',
};

export const ERLANG: Language = {
  name: 'Erlang',
  compiler: 'erlc',
  wanted: 'Erlang/OTP',
  compile: (source, out) => ['-o', out, peer(source)],
  command: (source, out, name) => {
    const schedulers = OF_ONE_CORE.has(name) ? ERLANG_ONE : ERLANG_CORES;
    return ['erl', ...ERLANG_FLAGS, ...schedulers, '-pa', out, '-run', binary(source), 'main'];
  },
  source: () => 'bench_erl.erl',
};

let folder: string | undefined;
const built = new Map<string, Promise<string | undefined>>();

function temporary(): string {
  if (folder === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'lwkt-bench-'));
    process.once('exit', () => rmSync(made, { recursive: true, force: true }));
    folder = made;
  }
  return folder;
}

function said(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string };
  return (stderr ?? '').trim().split('\n')[0] || message;
}

/** Compiles a source, once; why it cannot be. */
async function compiled(language: Language, source: string): Promise<string | undefined> {
  try {
    await execute(language.compiler, language.compile(source, temporary()), { timeout: COMPILE_MS });
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      return `${language.compiler} is not installed: needs ${language.wanted}`;
    return `${source} does not compile: ${said(error)}`;
  }
}

/**
 * A program in another language.
 *
 * @param name - of the program, for languages with a source for each; the first argument to it otherwise
 */
export async function external(language: Language, name: string): Promise<External> {
  const source = language.source(name);
  const key = `${language.name} ${source}`;
  const why = await (built.get(key) ?? built.set(key, compiled(language, source)).get(key));
  if (why !== undefined) return { why };
  const [file, ...fixed] = language.command(source, temporary(), name);
  const words = source === `${name}.c` ? [] : [name];
  return {
    run: async (...args) => {
      try {
        const { stdout } = await execute(file, [...fixed, ...words, ...args.map(String)], {
          timeout: MOST_MS,
        });
        const figures = stdout.trim().split(/\s+/).map(Number);
        if (!figures.every(Number.isFinite)) throw new Error(`prints '${stdout.trim()}'`);
        return figures;
      } catch (error) {
        throw new Error(`${language.name} ${name} ${args.join(' ')}: ${said(error)}`, { cause: error });
      }
    },
  };
}
