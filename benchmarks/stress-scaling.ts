/**
 * How does the cost of the rack's operations grow with cpus, threads and tokens, and does the machine stay correct?
 *
 *   node benchmarks/stress-scaling.ts [--axis cpus|threads|tokens] [--suite NAME,...] [--value N,...] [--duration MS]
 *     [--keep] [--json]
 *
 * Each cell is a run of `lwkt stress` with every check on; one that fails ends this with 1. In: the operations with
 * their checks and their holds, and whatever the cpus do to wait for each other. Out: boot, warm-up, the end. Without
 * --axis, --suite and --value all of them; --keep adds the figures to those of this commit in results/, and the tables
 * are of all that is there.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { environment } from '../runtime/bench/environment.ts';
import { stressPlan, type StressOptions } from '../runtime/stress/options.ts';
import { runStress } from '../runtime/stress/run.ts';
import { SUITE_NAMES, type SuiteName } from '../runtime/stress/suites.ts';

/** One way to grow. Holds are short, so that what is seen is the kernel's cost. */
interface Axis {
  readonly name: 'cpus' | 'threads' | 'tokens';
  readonly values: readonly number[];
  readonly suites: readonly SuiteName[];
}

const AXES: readonly Axis[] = [
  { name: 'cpus', values: [2, 4, 8, 16, 32], suites: SUITE_NAMES },
  { name: 'threads', values: [1, 4, 16, 64], suites: SUITE_NAMES },
  { name: 'tokens', values: [1, 4, 16, 64], suites: ['tokens', 'waitq', 'sync'] },
];

const FIXED: StressOptions = {
  cpus: 2,
  threads: 4,
  tokens: 4,
  nested: 1,
  seed: 1,
  hold: [{ percent: 100, ns: 50 }],
};

interface Cell {
  readonly suite: SuiteName;
  readonly axis: Axis['name'];
  readonly value: number;
  readonly verdict: string;
  readonly perSecond: number;
  /** Time of the process's cpus for one operation, microseconds; 0 when none was done. */
  readonly cpuUs: number;
  readonly fairness: number;
  readonly longestWaitUs: number;
}

async function measure(suite: SuiteName, axis: Axis['name'], value: number, duration: number): Promise<Cell> {
  const { intervalMs: _, ...plan } = stressPlan(suite, { ...FIXED, [axis]: value, duration });
  let perSecond = 0;
  let began = process.cpuUsage();
  let since = performance.now();
  let cpuUs = 0;
  const result = await runStress(
    plan,
    // Longer than the run: one interval at the end of each phase.
    { intervalMs: Infinity, failFast: true, interrupted: new AbortController().signal },
    {
      violation: () => {},
      trouble: (text) => console.error(`!!! ${suite}, ${axis} ${value}: ${text}`),
      notice: () => {},
      interval: (interval) => {
        if (interval.phase === suite) {
          perSecond = interval.perSecond;
          const { user, system } = process.cpuUsage(began);
          cpuUs = (user + system) / ((perSecond * (performance.now() - since)) / 1000);
        }
        began = process.cpuUsage();
        since = performance.now();
      },
    },
  );
  const [figures] = result.suites;
  return {
    suite,
    axis,
    value,
    verdict: result.verdict,
    perSecond: Math.round(perSecond),
    cpuUs: Number.isFinite(cpuUs) ? Math.round(cpuUs * 100) / 100 : 0,
    fairness: figures?.fairness ?? 0,
    longestWaitUs: figures?.longestWaitUs ?? 0,
  };
}

function table({ name, values, suites }: Axis, cells: readonly Cell[]): string {
  const of = (suite: SuiteName, value: number): Cell | undefined =>
    cells.find((cell) => cell.axis === name && cell.suite === suite && cell.value === value);
  const shown = (cell: Cell | undefined): string =>
    cell === undefined || (cell.verdict === 'SUCCESS' && cell.cpuUs === 0)
      ? '–'
      : cell.verdict === 'SUCCESS'
        ? cell.cpuUs.toPrecision(3)
        : `**${cell.verdict}**`;
  return [
    `| µs of CPU time an operation; ${name}: | ${values.join(' | ')} |`,
    `|---|${values.map(() => '---:').join('|')}|`,
    ...suites.map((suite) => `| ${suite} | ${values.map((value) => shown(of(suite, value))).join(' | ')} |`),
    '',
  ].join('\n');
}

const { values } = parseArgs({
  options: {
    axis: { type: 'string' },
    suite: { type: 'string' },
    value: { type: 'string' },
    duration: { type: 'string', default: '2000' },
    keep: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const duration = Number(values.duration);
if (!(duration >= 100)) throw new Error(`--duration ${values.duration}: give milliseconds, 100 or more`);
const axes = AXES.filter(({ name }) => values.axis === undefined || values.axis === name);
if (axes.length === 0) {
  throw new Error(`--axis ${String(values.axis)}: there are ${AXES.map(({ name }) => name).join(', ')}`);
}
const wanted = values.suite?.split(',') ?? SUITE_NAMES;
for (const name of wanted) {
  if (!SUITE_NAMES.some((suite) => suite === name))
    throw new Error(`--suite ${name}: there are ${SUITE_NAMES.join(', ')}`);
}
const points = values.value?.split(',').map(Number);
for (const point of points ?? []) {
  if (!axes.some((axis) => axis.values.includes(point)))
    throw new Error(
      `--value ${point}: there are ${axes.map((axis) => `${axis.name} ${axis.values.join(', ')}`).join('; ')}`,
    );
}
const cells: Cell[] = [];
for (const axis of axes) {
  for (const suite of axis.suites.filter((name) => wanted.includes(name))) {
    for (const value of axis.values.filter((each) => points === undefined || points.includes(each))) {
      const cell = await measure(suite, axis.name, value, duration);
      cells.push(cell);
      console.error(
        `${suite}, ${axis.name} ${value}: ${cell.verdict}, ${cell.perSecond} op/s, ${cell.cpuUs} µs of CPU time each, ` +
          `fairness ${cell.fairness}, longest wait ${cell.longestWaitUs} µs`,
      );
    }
  }
}
const started = new Date().toISOString();
const report = { version: 1, started, environment: environment(), duration, fixed: FIXED, cells };

/** Adds the cells to those of this commit; all that are there now. */
async function keep(): Promise<readonly Cell[]> {
  const folder = new URL('./results/', import.meta.url);
  await mkdir(folder, { recursive: true });
  const { commit } = report.environment;
  const file = new URL(`${started.slice(0, 10)}-${commit ?? 'unknown'}-stress-scaling.json`, folder);
  const text = await readFile(file, 'utf8').catch(() => undefined);
  const before = text === undefined ? [] : (JSON.parse(text) as { cells: Cell[] }).cells;
  const key = ({ suite, axis, value }: Cell): string => `${axis} ${suite} ${value}`;
  const all = [...new Map([...before, ...cells].map((cell) => [key(cell), cell])).values()];
  await writeFile(file, `${JSON.stringify({ ...report, cells: all }, null, 1)}\n`);
  return all;
}

const shown = values.keep ? await keep() : cells;
if (values.json) console.log(JSON.stringify(report));
else
  console.log(
    AXES.filter(({ name }) => shown.some(({ axis }) => axis === name))
      .map((axis) => table(axis, shown))
      .join('\n'),
  );
if (cells.some(({ verdict }) => verdict !== 'SUCCESS')) process.exitCode = 1;
