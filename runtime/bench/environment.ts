/** Where figures come from: what a reader must know before comparing them with others. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { version } from '../machine/version.ts';
import type { Environment } from './schema.ts';

/** First line that a command prints; null if there is no such command, or it fails. */
function firstLine(command: string, ...args: readonly string[]): string | null {
  try {
    const text = execFileSync(command, args, {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return text.split('\n')[0]?.trim() || null;
  } catch {
    // It is not there, or this is no checkout: the report says null.
    return null;
  }
}

/** The name in a folder's package.json; undefined if there is none. */
function packageName(folder: string): unknown {
  const path = join(folder, 'package.json');
  if (!existsSync(path)) return undefined;
  return (JSON.parse(readFileSync(path, 'utf8')) as { name?: unknown }).name;
}

/** The commit of this checkout, with `+` when something is not committed. */
function commit(): string | null {
  // A package installed into somebody's project must not report that project's commit.
  const root = firstLine('git', 'rev-parse', '--show-toplevel');
  if (root === null || packageName(root) !== 'lwkt') return null;
  const hash = firstLine('git', 'rev-parse', '--short', 'HEAD');
  if (hash === null) return null;
  return firstLine('git', 'status', '--porcelain') === null ? hash : `${hash}+`;
}

/** Describes this computer and this process. */
export function environment(): Environment {
  return {
    node: process.versions.node,
    v8: process.versions.v8,
    flags: process.execArgv,
    platform: platform(),
    arch: arch(),
    kernel: release(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    load: loadavg()[0] ?? 0,
    lwkt: version(),
    commit: commit(),
    compiler: firstLine('cc', '--version'),
  };
}
