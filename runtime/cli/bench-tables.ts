/** A report of benchmarks as text for the terminal. */
import { breakEvens } from '../bench/break-even.ts';
import { columnFigure, judgement } from '../bench/figures.ts';
import { PERCENTILES, percentileIn } from '../bench/percentiles.ts';
import type { BenchReport, Contestant, Growth, LatencyRun, PairMap, Row, Spread } from '../bench/schema.ts';
import { textTable, type Align } from './text-table.ts';

/** A time in the unit that suits it. */
export function shownNs(ns: number): string {
  if (ns < 10_000) return `${columnFigure(ns)} ns`;
  if (ns < 10_000_000) return `${columnFigure(ns / 1e3)} µs`;
  return ns < 10e9 ? `${columnFigure(ns / 1e6)} ms` : `${columnFigure(ns / 1e9)} s`;
}

function spread(value: Spread | null): string {
  if (value === null) return '–';
  return `${columnFigure(value.median)} (${columnFigure(value.least)} … ${columnFigure(value.most)})`;
}

function contestantRow(c: Contestant): string[] {
  const rounds = c.disturbed === 0 ? '' : `${c.disturbed} of ${c.rounds} rounds disturbed`;
  return [c.name, spread(c.cost), spread(c.ratio), c.why ?? rounds];
}

function rowText(row: Row): string {
  const { id, title, unit, target, contestants } = row;
  const verdict = judgement(row);
  const aim = target === null ? '' : `; aim: ${target}${verdict === '' ? '' : `, ${verdict}`}`;
  const head = ['', unit, 'lwkt / this', ''];
  const align: Align[] = ['left', 'right', 'right', 'left'];
  return `${title} [${id}]${aim}\n${textTable([head, ...contestants.map(contestantRow)], align)}`;
}

/** How far the rounds of a run are apart, for the first two distributions. */
function roundsText({ distributions }: LatencyRun): string[] {
  const parts = distributions.slice(0, 2).flatMap(({ name, rounds }) => {
    if (rounds === null || rounds === undefined) return [];
    const range = ({ least, most }: Spread): string => `${shownNs(least)} … ${shownNs(most)}`;
    const p99 = rounds.p99 === null ? '' : `, p99 ${range(rounds.p99)}`;
    return `${name} p50 ${range(rounds.p50)}${p99}`;
  });
  return parts.length === 0 ? [] : [`rounds: ${parts.join('; ')}`];
}

function runText(run: LatencyRun): string {
  const { id, loop, rate, cpus, seconds, overheadNs, distributions, baselineNs, counters, broke } = run;
  const head = ['', ...PERCENTILES.map(([, name]) => name), 'max', 'count'];
  const rows = distributions.map((d) => {
    const found = PERCENTILES.map(([key]) => percentileIn(d, key));
    const shown = found.map((ns) => (ns === null ? '–' : shownNs(ns)));
    return [d.name].concat(shown, shownNs(d.max), d.count.toLocaleString('en-US'));
  });
  const align = head.map((_, i): Align => (i === 0 ? 'left' : 'right'));
  const pace = loop === 'open' ? `open loop, ${columnFigure(rate ?? 0)}/s` : 'closed loop';
  const bounce = baselineNs === null ? '' : `; C bounce ${shownNs(baselineNs)}`;
  const lines = [
    `${id}: ${pace}, ${cpus} cpus, ${seconds.toFixed(1)} s; ${shownNs(overheadNs)} a look at the clock, taken off${bounce}`,
    textTable([head, ...rows], align),
    ...roundsText(run),
  ];
  const counted = Object.entries(counters).filter(([, n]) => n !== 0);
  if (counted.length !== 0)
    lines.push(counted.map(([name, n]) => `${name} ${n.toLocaleString('en-US')}`).join(', '));
  if (broke !== null) {
    lines.push(`stopped: IPI ${broke.sample} took ${shownNs(broke.ns)}`, ...broke.trace.map((l) => `  ${l}`));
  }
  return lines.join('\n');
}

function mapText({ title, cpus, median, p99 }: PairMap): string {
  const numbers = Array.from({ length: cpus }, (_, i) => i);
  const cell = (from: number, to: number): string => {
    const middle = median[from]?.[to] ?? null;
    const high = p99[from]?.[to] ?? null;
    return middle === null ? '·' : `${columnFigure(middle)} / ${high === null ? '–' : columnFigure(high)}`;
  };
  const rows = [
    ['from \\ to', ...numbers.map(String)],
    ...numbers.map((from) => [String(from)].concat(numbers.map((to) => cell(from, to)))),
  ];
  return `${title}, ns, p50 / p99\n${textTable(
    rows,
    rows.map((): Align => 'right'),
  )}`;
}

/** From where on each curve is worth its while, in a line; empty where the curves have no baseline. */
function breakEvenText(growth: Growth): string {
  const { axis, baseline } = growth;
  const from = breakEvens(growth).map(({ name, at, throughout }) =>
    at === null ? `${name} nowhere` : `${name} ${throughout ? '≤ ' : ''}${columnFigure(at)}`,
  );
  return from.length === 0 ? '' : `\nbelow ${baseline} from so many ${axis} on: ${from.join(', ')}`;
}

function growthText(growth: Growth): string {
  const { title, unit, axis, curves } = growth;
  const at = [...new Set(curves.flatMap(({ points }) => points.map((point) => point.at)))];
  at.sort((a, b) => a - b);
  const cost = (x: number, { points }: Growth['curves'][number]): string => {
    const point = points.find((p) => p.at === x);
    if (point?.cost === undefined || point.cost === null) return point?.why ?? '–';
    return columnFigure(point.cost.median);
  };
  const rows = at.map((x) => [x.toLocaleString('en-US')].concat(curves.map((curve) => cost(x, curve))));
  const head = [axis].concat(curves.map(({ name }) => name));
  const align = head.map((): Align => 'right');
  return `${title}, ${unit}\n${textTable([head].concat(rows), align)}${breakEvenText(growth)}`;
}

/** Everything that a report has, as tables. */
export function reportText(report: BenchReport): string {
  const { environment: e, noise } = report;
  const where = [
    `${e.cpu}, ${e.cores} cores; ${e.platform} ${e.kernel}; Node ${e.node}; load ${columnFigure(e.load)}`,
  ];
  if (noise !== null) {
    const hiccups = noise.hiccups.map(
      ({ core, p999, max }) => `core ${core} p99.9 ${shownNs(p999)}, max ${shownNs(max)}`,
    );
    where.push(
      `clock ${shownNs(noise.clockNs)} a look, step ${shownNs(noise.clockStepNs)}; hiccups: ${hiccups.join('; ')}`,
      noise.steal === null ? 'steal unknown' : `steal ${(noise.steal * 100).toFixed(2)} %`,
    );
  }
  return [
    ...report.runs.map(runText),
    ...report.maps.map(mapText),
    ...report.rows.map(rowText),
    ...report.growth.map(growthText),
    where.join('\n'),
    ...(report.interrupted ? ['interrupted: parts are missing'] : []),
  ].join('\n\n');
}
