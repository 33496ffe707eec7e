/** Runs a probe from the command line: rounds, table or JSON, and the environment that the figures belong to. */
import { execFileSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { compete, type Contestant, type Outcome } from './rounds.ts';

/** One question with its contestants; the first is the baseline. */
export interface Probe {
  readonly title: string;
  readonly unit: string;
  /** What lwkt should reach, for the reader. */
  readonly target: string;
  readonly contestants: readonly Contestant[];
}

/** What a probe's file exports. */
export type Suite = () => Promise<{ probes: readonly Probe[]; done: () => Promise<void> }>;

/** One probe's outcomes. */
export interface Result {
  readonly title: string;
  readonly unit: string;
  readonly target: string;
  readonly outcomes: readonly Outcome[];
}

/** Where figures come from. */
export function environment(): Record<string, unknown> {
  let commit = 'unknown';
  try {
    commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      cwd: import.meta.dirname,
      encoding: 'utf8',
    }).trim();
  } catch {
    // Not a checkout.
  }
  return {
    date: new Date().toISOString(),
    node: process.versions.node,
    v8: process.versions.v8,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    load: loadavg()[0],
    commit,
  };
}

function number(value: number | undefined): string {
  if (value === undefined) return '–';
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** The result as a Markdown table. */
export function table({ title, unit, target, outcomes }: Result): string {
  const rows = outcomes.map(({ name, cost, ratio }) => {
    const range =
      ratio === undefined ? '–' : `${number(ratio.median)} (${number(ratio.least)} … ${number(ratio.most)})`;
    return [name, number(cost), range];
  });
  const cells = [['', unit, 'ratio'], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0), 3));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [`**${title}** (aim: ${target})`, '', line(cells[0] ?? []), rule, ...rows.map(line), ''].join('\n');
}

/** Runs all probes of a suite. */
export async function runSuite(suite: Suite, rounds: number): Promise<Result[]> {
  const { probes, done } = await suite();
  const results: Result[] = [];
  try {
    for (const { title, unit, target, contestants } of probes) {
      results.push({ title, unit, target, outcomes: await compete(contestants, rounds) });
    }
  } finally {
    await done();
  }
  return results;
}

/** The main program of a probe's file: `node benchmarks/x.ts [--rounds N] [--json]`. */
export async function main(suite: Suite): Promise<void> {
  const { values } = parseArgs({
    options: { rounds: { type: 'string', default: '5' }, json: { type: 'boolean', default: false } },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds ${values.rounds}: give a whole number, 1 or more`);
  const results = await runSuite(suite, rounds);
  const where = environment();
  if (values.json) console.log(JSON.stringify({ version: 1, environment: where, rounds, results }));
  else console.log(`${results.map(table).join('\n')}\n${rounds} rounds; ${JSON.stringify(where)}`);
}
