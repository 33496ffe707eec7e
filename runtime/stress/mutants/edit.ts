/**
 * Edits of source text that do not mind how it is laid out: the same edit finds its place in the TypeScript of the
 * checkout and in what the compiler makes of it for the package, where indentation, line breaks and comments differ.
 */

/** What is written elsewhere: `find` stands in the file exactly once, and becomes `replace`. */
export interface Edit {
  /** Below runtime/, without its extension. */
  readonly file: string;
  /** White space and comments do not count. No type annotations: the package has none. */
  readonly find: string;
  readonly replace: string;
}

/** Code without white space and comments, and where each character of it stands in the text. */
interface Compact {
  readonly code: string;
  readonly at: readonly number[];
}

/** Where the quoted text that begins at `from` ends; a template ends at its back quote or before its next `${`. */
function endOfQuoted(text: string, from: number, quote: string): number {
  for (let i = from; i < text.length; i += text[i] === '\\' ? 2 : 1) {
    if (text[i] === quote || (quote === '`' && text.startsWith('${', i))) return i;
  }
  return text.length;
}

/** Leaves out white space and comments. Regular expressions with quotes or slashes in them are not understood. */
function compact(text: string): Compact {
  const kept: string[] = [];
  const at: number[] = [];
  /** Braces that are open in each template's expression. */
  const templates: number[] = [];
  const keep = (from: number, to: number): void => {
    for (let i = from; i < to; i++) {
      if (text[i]?.trim() === '') continue;
      kept.push(text[i] as string);
      at.push(i);
    }
  };
  const quoted = (from: number, quote: string): number => {
    const end = endOfQuoted(text, from + 1, quote);
    const opens = quote === '`' && text.startsWith('${', end);
    if (opens) templates.push(0);
    const next = end + (opens ? 2 : 1);
    keep(from, next);
    return next;
  };
  for (let i = 0; i < text.length;) {
    const c = text[i] as string;
    const depth = templates.length - 1;
    if (text.startsWith('//', i)) i = (text.indexOf('\n', i) + 1 || text.length + 1) - 1;
    else if (text.startsWith('/*', i)) i = text.indexOf('*/', i) + 2;
    else if (c === "'" || c === '"' || c === '`') i = quoted(i, c);
    else if (c === '}' && templates[depth] === 0) {
      templates.pop();
      i = quoted(i, '`');
    } else {
      if (depth >= 0 && c === '{') templates[depth] = (templates[depth] as number) + 1;
      if (depth >= 0 && c === '}') templates[depth] = (templates[depth] as number) - 1;
      keep(i, ++i);
    }
  }
  return { code: kept.join(''), at };
}

/**
 * Makes one edit.
 *
 * @throws Error when `find` does not stand in the text exactly once
 */
export function edited(text: string, { file, find, replace }: Edit): string {
  const { code, at } = compact(text);
  const wanted = compact(find).code;
  const first = code.indexOf(wanted);
  const again = first < 0 ? -1 : code.indexOf(wanted, first + 1);
  if (wanted === '' || first < 0 || again >= 0) {
    throw new Error(
      `${file}: \`${find}\` stands there ${again < 0 ? 'nowhere' : 'more than once'}, not once`,
    );
  }
  const from = at[first] as number;
  const to = (at[first + wanted.length - 1] as number) + 1;
  return text.slice(0, from) + replace + text.slice(to);
}
