/** JavaScript stacks, as text: which line of the program they are about. */
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** This runtime, but for the programs of the rack and the benchmarks, which are programs as any. */
const RUNTIME = fileURLToPath(new URL('..', import.meta.url));
const PROGRAMS = /^(?:bench|stress)[/\\]program[/\\]/;

/** A frame that has a file: `    at name (file:line:column)`, or without a name and parentheses. */
const FRAME = /^ {4}at (?:(.+) \()?((?:file:\/\/|\/|[A-Za-z]:[\\/]).*):(\d+):(\d+)\)?$/;

/** What a syntax error that V8 found while it compiled a module has first: the file and line of the mistake. */
const COMPILED = /^((?:file:\/\/|\/|[A-Za-z]:[\\/]).*):(\d+)\n/;

/** The lines of a stack that are frames. */
export function framesOf(stack: string): string[] {
  return stack.split('\n').filter((line) => line.startsWith('    at '));
}

function pathOf(file: string): string {
  try {
    return file.startsWith('file:') ? fileURLToPath(file.replace(/[?#].*$/, '')) : file;
  } catch {
    return file;
  }
}

/** The frames of a program: neither this runtime's, nor the pool's, nor of Node.js. */
export function programFrames(stack: string): string[] {
  return framesOf(stack).filter((line) => {
    const [, , file] = FRAME.exec(line) ?? [];
    if (file === undefined) return false;
    const path = pathOf(file);
    if (path.startsWith(RUNTIME)) return PROGRAMS.test(path.slice(RUNTIME.length));
    return !/[/\\]node_modules[/\\]piscina[/\\]/.test(path);
  });
}

/** A path as it is short: from the working directory when it lies below. */
function short(file: string): string {
  const path = pathOf(file);
  const below = relative(process.cwd(), path);
  return below === '' || below.startsWith('..') ? path : below;
}

/**
 * The line of the program that a stack is about: the innermost frame that is the program's own, else one of a package
 * that it uses.
 *
 * @returns `at name (file:line:column)`, the file from the working directory; empty when no frame is the program's
 */
export function placeIn(stack: string): string {
  const [, source, at] = COMPILED.exec(stack) ?? [];
  if (source !== undefined && at !== undefined) return `at ${short(source)}:${at}`;
  const frames = programFrames(stack);
  const frame = frames.find((line) => !/[/\\]node_modules[/\\]/.test(line)) ?? frames[0] ?? '';
  const [, name, file, line, column] = FRAME.exec(frame) ?? [];
  if (file === undefined) return '';
  const where = `${short(file)}:${line}:${column}`;
  return name === undefined ? `at ${where}` : `at ${name} (${where})`;
}
