/**
 * Reads TypeScript by a small scanner instead of a compiler: enough to tell code, comments and strings apart, and
 * to find imports, calls and doc comments.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A source file. */
export interface Source {
  /** Path from the folder that was listed, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** All TypeScript files below a folder of the repository, in alphabetical order; none if there is no such folder. */
export function sourcesBelow(folder: string): Source[] {
  const base = join(ROOT, folder);
  let entries;
  try {
    entries = readdirSync(base, { recursive: true, withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
    .map((file) => ({ path: relative(base, file).replaceAll('\\', '/'), text: readFileSync(file, 'utf8') }));
}

/** A text cut in two of the same length and lines: what is not there is blank. */
export interface Masked {
  /** Comments and the content of strings are blank; the quotes stand. */
  readonly code: string;
  /** Only comments. */
  readonly comments: string;
}

/** After these, a slash begins a regular expression and not a division. */
const BEFORE_REGEXP =
  /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|yield|await|void|delete))\s*$/;

/** Tells code, comments and strings apart. */
export function mask(text: string): Masked {
  const code: string[] = [];
  const comments: string[] = [];
  const put = (to: 'code' | 'comment' | 'string', from: number, end: number): void => {
    for (let i = from; i < end; i++) {
      const c = text[i] as string;
      const blank = c === '\n' ? c : ' ';
      code.push(to === 'code' ? c : blank);
      comments.push(to === 'comment' ? c : blank);
    }
  };
  /** Depth of braces in each `${` that is open. */
  const templates: number[] = [];
  let i = 0;

  const lineEnd = (from: number): number => (text.indexOf('\n', from) + 1 || text.length + 1) - 1;

  /** From inside a template to its end or to the next `${`. */
  const template = (from: number): void => {
    let end = from;
    while (end < text.length && text[end] !== '`' && !(text[end] === '$' && text[end + 1] === '{')) {
      end += text[end] === '\\' ? 2 : 1;
    }
    put('string', from, Math.min(end, text.length));
    if (text[end] === '$') {
      put('code', end, end + 2);
      templates.push(0);
      i = end + 2;
    } else {
      put('code', end, Math.min(end + 1, text.length));
      i = end + 1;
    }
  };

  /** A string or regular expression: up to the closing character on the same line. */
  const quoted = (close: string): void => {
    let end = i + 1;
    let inClass = false;
    while (end < text.length && text[end] !== '\n' && (text[end] !== close || inClass)) {
      if (close === '/' && text[end] === '[') inClass = true;
      if (close === '/' && text[end] === ']') inClass = false;
      end += text[end] === '\\' ? 2 : 1;
    }
    put('code', i, i + 1);
    put('string', i + 1, Math.min(end, text.length));
    put('code', end, Math.min(end + 1, text.length));
    i = end + 1;
  };

  while (i < text.length) {
    const c = text[i] as string;
    const two = text.slice(i, i + 2);
    if (two === '//' || two === '/*' || (i === 0 && two === '#!')) {
      const close = text.indexOf('*/', i + 2);
      const end = two === '/*' ? (close < 0 ? text.length : close + 2) : lineEnd(i);
      put('comment', i, end);
      i = end;
    } else if (c === "'" || c === '"') {
      quoted(c);
    } else if (c === '/' && BEFORE_REGEXP.test(code.slice(-40).join(''))) {
      quoted('/');
    } else if (c === '`') {
      put('code', i, i + 1);
      template(i + 1);
    } else if (c === '}' && templates.at(-1) === 0) {
      templates.pop();
      put('code', i, i + 1);
      template(i + 1);
    } else {
      const top = templates.length - 1;
      if (top >= 0 && c === '{') templates[top] = (templates[top] as number) + 1;
      if (top >= 0 && c === '}') templates[top] = (templates[top] as number) - 1;
      put('code', i, i + 1);
      i++;
    }
  }
  return { code: code.join(''), comments: comments.join('') };
}

/** The 1-based line of an offset. */
export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** One way in which a file names another. */
export interface Edge {
  /** `import` statement, `import()` of a literal, URL beside the module, `import()` of a value. */
  readonly kind: 'import' | 'dynamic' | 'url' | 'computed';
  /** What is named; a substitution `${…}` in a template is shown as `*`; `*` alone for a value. */
  readonly target: string;
  readonly line: number;
}

const STATIC_IMPORT = /\b(?:import|export)\b(?:[^'"`;()=]*?\bfrom)?\s*(['"])/g;
const CALL = /\b(?:(import)\s*\(|new\s+URL\s*\()\s*(['"`]?)/g;

/** Every import, re-export, dynamic import and module-relative URL of a source. */
export function edgesOf(text: string): Edge[] {
  const { code } = mask(text);
  const edges: Edge[] = [];
  const literal = (quoteAt: number): string => {
    const end = closing(code, quoteAt);
    return text.slice(quoteAt + 1, end).replaceAll(/\$\{[^}]*\}/g, '*');
  };
  for (const match of code.matchAll(STATIC_IMPORT)) {
    const quoteAt = match.index + match[0].length - 1;
    edges.push({ kind: 'import', target: literal(quoteAt), line: lineOf(code, match.index) });
  }
  for (const match of code.matchAll(CALL)) {
    const at = match.index + match[0].length;
    const target = match[2] === '' ? '*' : literal(at - 1);
    const line = lineOf(code, match.index);
    if (match[1] !== undefined)
      edges.push({ kind: target.includes('*') ? 'computed' : 'dynamic', target, line });
    else if (/^[^;]*?import\.meta\.url/.test(code.slice(at))) edges.push({ kind: 'url', target, line });
  }
  return edges.toSorted((a, b) => a.line - b.line);
}

/** Where the string that opens at `quoteAt` of a masked text closes. */
function closing(code: string, quoteAt: number): number {
  const quote = code[quoteAt] as string;
  const end = code.indexOf(quote, quoteAt + 1);
  return end < 0 ? code.length : end;
}

/** The comment that a file begins with, without a `#!` line; empty if it begins with something else. */
export function headerOf(text: string): string {
  const body = text.replace(/^#!.*\n/, '').trimStart();
  const [block] = /^\/\*[\s\S]*?\*\//.exec(body) ?? /^(?:\/\/.*(?:\n|$))+/.exec(body) ?? [''];
  return block;
}

/** An exported function with the doc comment that stands before it. */
export interface ExportedFunction {
  readonly name: string;
  readonly line: number;
  /** Its `/** … *\/` comment, without stars; empty if there is none. */
  readonly doc: string;
  /** The return type as written; empty if inferred. */
  readonly returns: string;
}

const EXPORTED =
  /^export\s+(?:default\s+)?(?:async\s+)?(?:function\s*\*?\s*(\w+)|const\s+(\w+)\s*(?::[^=]*)?=\s*(?:async\s*)?(?:function|\([^)]*\)\s*(?::[^={]*)?=>))/gm;

/** Every exported function declaration, overloads as one, and every exported constant that is a function. */
export function exportedFunctions(text: string): ExportedFunction[] {
  const { code, comments } = mask(text);
  const found = new Map<string, ExportedFunction>();
  for (const match of code.matchAll(EXPORTED)) {
    const name = match[1] ?? match[2] ?? '';
    // An overload: the first signature carries the comment.
    if (found.has(name)) continue;
    const [block] = /\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*$/.exec(comments.slice(0, match.index)) ?? [''];
    const between = code.slice(match.index - block.length, match.index);
    const stars = /^\s*(?:\/\*\*|\*(?!\/))?[ \t]?|\s*\*\/\s*$/gm;
    const doc = between.trim() === '' ? block.replaceAll(stars, '') : '';
    found.set(name, { name, line: lineOf(code, match.index), doc, returns: returnType(code, match.index) });
  }
  return [...found.values()];
}

/** The type after the parameter list of the function at `from`. */
function returnType(code: string, from: number): string {
  let depth = 0;
  for (let i = code.indexOf('(', from); i >= 0 && i < code.length; i++) {
    if (code[i] === '(') depth++;
    if (code[i] === ')' && --depth === 0)
      return /^\s*:\s*([^{;]*?)\s*(?:[{;]|=>)/.exec(code.slice(i + 1))?.[1] ?? '';
  }
  return '';
}
