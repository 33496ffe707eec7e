/**
 * Markup that cannot be broken by what a report says: names, commands and reasons are data.
 *
 * `html` is a template tag. What is put into it is escaped, unless it is itself markup made by this module.
 */

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as it may stand between tags and in quoted attributes. */
function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/** Characters that no HTML document may have, in whatever form. */
const FORBIDDEN = /[^\P{Cc}\t\n]/gu;

/** Data without characters that no HTML document may have: they become U+FFFD. */
export function presentable<T>(data: T): T {
  if (typeof data === 'string') return data.toWellFormed().replaceAll(FORBIDDEN, '\uFFFD') as T;
  if (Array.isArray(data)) return data.map((item: unknown) => presentable(item)) as T;
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [presentable(key), presentable(value as unknown)]),
  ) as T;
}

/** HTML that was made here. */
export class Markup {
  readonly text: string;

  /** @param text - HTML; nobody escapes it any more */
  constructor(text: string) {
    this.text = text;
  }
}

/** What a template takes. `null` and `false` leave nothing. */
export type Part = Markup | string | number | null | false | readonly Part[];

function shown(part: Part): string {
  if (part instanceof Markup) return part.text;
  if (part === null || part === false) return '';
  if (typeof part === 'string') return escaped(part);
  if (typeof part === 'number') return String(part);
  return part.map(shown).join('');
}

/** The template tag. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(strings.reduce((text, string, i) => text + shown(parts[i - 1] ?? null) + string));
}

/** Data for a script of the page: JSON in which no tag can end. */
export function json(data: unknown): Markup {
  return new Markup(JSON.stringify(data).replaceAll('<', '\\u003c'));
}
