/** The command `lwkt` and other scripts of this checkout, as child processes. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { DEADLINE_MS } from './eventually.ts';

/** The root of the checkout. */
export const ROOT = join(import.meta.dirname, '../..');

/** What a child process said. */
export interface Result {
  /** Exit code; null when it was ended by a signal, as it is after the deadline. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface ChildOptions {
  /** Standard input; default empty. */
  readonly input?: string | Uint8Array;
  /** Default: the root of the checkout. */
  readonly cwd?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds until it is ended by force; default `DEADLINE_MS`. */
  readonly deadline?: number;
  /** It is interrupted, as by Ctrl-C, once it has said this on stderr. */
  readonly until?: RegExp;
}

/** Runs a command to its end. */
export function command(file: string, args: readonly string[], options: ChildOptions = {}): Promise<Result> {
  const { input = '', cwd = ROOT, env = {}, deadline = DEADLINE_MS, until } = options;
  const child = spawn(file, args, {
    cwd,
    env: { ...process.env, ...env },
    timeout: deadline,
    killSignal: 'SIGKILL',
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  let interrupted = false;
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    if (until === undefined || interrupted || !until.test(stderr)) return;
    interrupted = true;
    child.kill('SIGINT');
  });
  // A child that ends without reading its input closes the pipe.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** Runs a script with the Node.js of this process. */
export function node(args: readonly string[], options?: ChildOptions): Promise<Result> {
  return command(process.execPath, args, options);
}

/** Runs `lwkt`. */
export function lwkt(args: readonly string[], options?: ChildOptions): Promise<Result> {
  return node([join(ROOT, 'runtime/cli/main.ts'), ...args], options);
}

/** An empty folder that goes with the test. */
export async function folder(t: ExecutionContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'lwkt-test-'));
  t.teardown(() => rm(path, { recursive: true, force: true }));
  return path;
}
