import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { z } from 'zod';
import { BenchReport } from '../../runtime/bench/schema.ts';
import { ROOT } from '../helpers/cli.ts';

const PAGE = join(ROOT, 'docs/bench-report.md');
const SCHEMA = join(ROOT, 'docs/bench-report.schema.json');

/** The part of JSON Schema that zod makes of the report. */
interface Node {
  readonly type?: string | readonly string[];
  readonly $ref?: string;
  readonly const?: string | number;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly Node[];
  readonly items?: Node;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node;
  readonly description?: string;
  readonly $defs?: Readonly<Record<string, Node>>;
}

// As input: fields that a later version adds are no fault.
const schema = z.toJSONSchema(BenchReport, { io: 'input' }) as Node;
const types = Object.entries(schema.$defs ?? {});

function link(name: string): string {
  return `[${name}](#${name.toLowerCase()})`;
}

/** A type in words. */
function typeText(node: Node): string {
  if (node.$ref !== undefined) return link(node.$ref.replace('#/$defs/', ''));
  if (node.const !== undefined) return `\`${JSON.stringify(node.const)}\``;
  if (node.enum !== undefined) return node.enum.map((value) => `\`${JSON.stringify(value)}\``).join(' or ');
  if (node.anyOf !== undefined) return node.anyOf.map(typeText).join(' or ');
  if (node.type === 'array') return `list of ${typeText(node.items ?? {})}`;
  if (node.additionalProperties !== undefined) return `${typeText(node.additionalProperties)} by name`;
  return [node.type ?? 'any'].flat().join(' or ');
}

/** What an inner object without a name of its own hangs under: itself, or what a list or a null surrounds. */
function inner(node: Node): Node | undefined {
  if (node.properties !== undefined) return node;
  if (node.items !== undefined) return inner(node.items);
  return node.anyOf?.map(inner).find((found) => found !== undefined);
}

/** The fields of an object, inner ones with their path. */
function fields(node: Node, path = ''): string[] {
  const lines: string[] = [];
  for (const [name, field] of Object.entries(node.properties ?? {})) {
    const below = inner(field);
    const here = `${path}${name}${field.type === 'array' && below !== undefined ? '[]' : ''}`;
    const optional = node.required?.includes(name) === true ? '' : ', *optional*';
    lines.push(`| \`${here}\` | ${typeText(field)}${optional} | ${field.description ?? ''} |`);
    if (below !== undefined) lines.push(...fields(below, `${here}.`));
  }
  return lines;
}

function table(node: Node): string[] {
  return ['| field | type | |', '|---|---|---|', ...fields(node)];
}

/** The page of all fields. */
function reportPage(): string {
  return [
    '# The report of `lwkt bench`',
    '',
    'Written by `LWKT_UPDATE_DOCS=1 npx ava test/bench/schema.test.ts` from `runtime/bench/schema.ts`; as JSON Schema:',
    '[bench-report.schema.json](bench-report.schema.json).',
    '',
    '`lwkt bench … --json` prints one such object; `lwkt bench compare` reads two; `--html` shows one. All times are',
    'nanoseconds unless a field says otherwise. What was not measured is `null` or an empty list; a field marked',
    '*optional* may be missing. New fields may come without a new version: pass over those that you do not know.',
    '',
    ...table(schema),
    ...types.flatMap(([name, node]) => [
      '',
      `## ${name}`,
      '',
      node.description ?? '',
      '',
      ...(node.properties === undefined ? [`${typeText(node)}.`] : table(node)),
    ]),
    '',
  ].join('\n');
}

for (const [what, path, content] of [
  ['page', PAGE, reportPage()],
  ['JSON Schema', SCHEMA, `${JSON.stringify(schema, null, 2)}\n`],
] as const) {
  test(`bench report: the ${what} is what the schema says`, (t) => {
    if (process.env['LWKT_UPDATE_DOCS'] === '1') writeFileSync(path, content);
    t.is(readFileSync(path, 'utf8'), content);
  });
}

test('bench report: every named type is described, and so is every field whose name does not say it all', (t) => {
  const plain = /^(name|title|kind|bench|unit|median|least|most|min|mean|stddev|p\d+|max|core|cpus|ns|id)$/;
  t.true(types.length > 8);
  for (const [name, node] of [['report', schema] as const, ...types]) {
    t.not(node.description, undefined, name);
    for (const [field, { description, $ref, ...rest }] of Object.entries(node.properties ?? {})) {
      const named = JSON.stringify([$ref, rest]).includes('#/$defs/') || inner(rest) !== undefined;
      t.true(description !== undefined || named || plain.test(field) || field === 'verb', `${name}.${field}`);
    }
  }
});
