/**
 * The table of figures of the README, from the newest recorded report, so that no figure is typed by hand:
 * `node benchmarks/figures.ts [REPORT.json]` prints it, `--write` puts it into README.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { columnFigure, judgement } from '../runtime/bench/figures.ts';
import { parseReport } from '../runtime/bench/read-report.ts';
import type { BenchReport, Contestant, Row } from '../runtime/bench/schema.ts';
import { recorded } from './plots.ts';

const README = join(import.meta.dirname, '../README.md');
const BEGIN = '<!-- figures: node benchmarks/figures.ts --write -->';
const END = '<!-- end of figures -->';
/** How many of the others are shown. */
const SHOWN = 4;

/** A figure with its unit; long times in longer units. */
function shown(value: number, unit: string): string {
  if (unit !== 'ns') return `${columnFigure(value)} ${unit}`;
  if (value < 1000) return `${columnFigure(value)} ns`;
  return value < 1e6 ? `${columnFigure(value / 1e3)} µs` : `${columnFigure(value / 1e6)} ms`;
}

function cell(contestants: readonly Contestant[], unit: string): string {
  return contestants
    .flatMap(({ name, cost }) => (cost === null ? [] : [`${name} ${shown(cost.median, unit)}`]))
    .join(', ');
}

/** One line of the table; undefined when lwkt could not run. */
function line(row: Row): string | undefined {
  const { title, unit, more, contestants, target } = row;
  const [ours, ...others] = contestants;
  if (ours?.cost === undefined || ours.cost === null) return undefined;
  const better = (a: Contestant, b: Contestant): number =>
    ((a.cost?.median ?? Infinity) - (b.cost?.median ?? Infinity)) * (more ? -1 : 1);
  const native = others.filter(({ kind }) => kind === 'native').toSorted(better);
  const peers = others.filter(({ kind, cost }) => kind === 'peer' && cost !== null).toSorted(better);
  const verdict = judgement(row);
  const aim = target === null ? '' : `${target}${verdict === '' ? '' : `: ${verdict}`}`;
  const cells = [
    title,
    shown(ours.cost.median, unit),
    cell(native, unit),
    cell(peers.slice(0, SHOWN), unit),
    aim,
  ];
  return `| ${cells.join(' | ')} |`;
}

/** Where and when, and the table. */
export function table({ rows, environment, started }: BenchReport): string {
  const { cpu, cores, node, kernel, commit } = environment;
  const disturbed = rows.flatMap(({ contestants }) => contestants).filter((one) => one.disturbed > 0).length;
  const all = rows.flatMap(({ contestants }) => contestants).filter(({ cost }) => cost !== null).length;
  const where = `${started.slice(0, 10)}, commit ${commit ?? 'unknown'}, ${cores} cores of ${cpu}, Linux ${kernel}, Node ${node}`;
  return [
    BEGIN,
    `Medians, ${where}. Disturbed by others: ${disturbed} of ${all} figures.`,
    '',
    '| | lwkt | C | fastest others | aim |',
    '|---|---|---|---|---|',
    ...rows.map(line).filter((text) => text !== undefined),
    END,
  ].join('\n');
}

/** A README with the table between its marks. */
export function withFigures(readme: string, report: BenchReport): string {
  const from = readme.indexOf(BEGIN);
  const to = readme.indexOf(END);
  if (from === -1 || to === -1) throw new Error(`README.md has no ${BEGIN} … ${END}`);
  return readme.slice(0, from) + table(report) + readme.slice(to + END.length);
}

/** The newest recorded report that has rows. */
export function newest(): BenchReport {
  const report = recorded().findLast(({ report: { rows } }) => rows.length > 1)?.report;
  if (report === undefined) throw new Error('no report is recorded; make one: npm run bench -- --json FILE');
  return report;
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    options: { write: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const [path] = positionals;
  const report = path === undefined ? newest() : parseReport(path, readFileSync(path, 'utf8'));
  if (values.write) writeFileSync(README, withFigures(readFileSync(README, 'utf8'), report));
  else console.log(table(report));
}
