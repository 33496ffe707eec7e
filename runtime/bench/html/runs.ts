/** Latency runs as the page groups them: the same IPIs, under one load after the other. */
import { counted } from '../../base/counted.ts';
import { advantage, capital } from '../figures.ts';
import type { BenchReport, Distribution, Environment, LatencyRun, Spread } from '../schema.ts';

/** Runs of one mode and one way to wake, in one kind of loop. */
export interface RunGroup {
  readonly title: string;
  readonly cpus: number;
  readonly runs: readonly LatencyRun[];
  /** The distribution that is compared over the loads, as in `round trip`. */
  readonly shown: string;
}

/** Distributions of the whole way; every other one is a stage of it. */
const WHOLE = ['round trip', 'one way'];

/** The parts of the way, in order. */
export function stages(run: LatencyRun): Distribution[] {
  return run.distributions.filter(({ name }) => !WHOLE.includes(name));
}

/** What stands for a run: its distribution of that name, else of the whole way there and back, else the first. */
export function wholeOf(run: LatencyRun, name?: string): Distribution | undefined {
  const named = [...(name === undefined ? [] : [name]), ...WHOLE].flatMap((wanted) =>
    run.distributions.filter((d) => d.name === wanted),
  );
  return named[0] ?? run.distributions[0];
}

/** What the page calls a run among others of its group. */
export function loadName({ load, rate }: LatencyRun): string {
  const pace = rate === null ? '' : `, ${rate.toLocaleString('en-US')}/s`;
  return `${load === 'none' ? 'no load' : load}${pace}`;
}

/** In words that CPUs outnumber the cores; null where each can have one. */
export function crowded(cpus: number, { cores }: Environment): string | null {
  return cpus > cores ? `${counted(cpus, 'CPU')} on ${counted(cores, 'core')}` : null;
}

function shownOf(runs: readonly LatencyRun[]): string {
  const common = WHOLE.find((name) => runs.every((run) => run.distributions.some((d) => d.name === name)));
  return common ?? runs[0]?.distributions[0]?.name ?? '';
}

/** The groups of a report, the one that tells most first; in each the run without load first. */
export function runGroups({ runs }: BenchReport): RunGroup[] {
  const groups = new Map<string, LatencyRun[]>();
  for (const run of runs) {
    const title = `${capital(run.mode)}, ${run.wake}: ${run.loop} loop, ${run.cpus} CPUs`;
    groups.set(title, [...(groups.get(title) ?? []), run]);
  }
  return [...groups]
    .map(([title, of]) => ({
      title,
      cpus: of[0]?.cpus ?? 0,
      runs: of.toSorted((a, b) => Number(b.load === 'none') - Number(a.load === 'none')),
      shown: shownOf(of),
    }))
    .toSorted((a, b) => b.runs.length - a.runs.length);
}

/** The run that the headline speaks of: two CPUs awake, nothing else to do; else the first there is. */
export function plainRun({ runs }: BenchReport): LatencyRun | undefined {
  const plain = runs.filter(({ load }) => load === 'none');
  return plain.find(({ mode, wake }) => mode === 'pair' && wake === 'awake') ?? plain[0] ?? runs[0];
}

/** How a peer that posts messages is called. */
const POSTED = /MessagePort|postMessage/;

/** A posted message beside an IPI, both measured in the same row. */
interface Posted {
  readonly name: string;
  readonly ns: number;
  readonly oursNs: number;
  /** How many times as long, round by round. */
  readonly times: Spread;
}

/** What a posted message costs, as measured beside the IPIs; null where it was not. */
export function postedMessage({ rows }: BenchReport): Posted | null {
  for (const row of rows) {
    const ours = row.contestants[0]?.cost;
    if (row.unit !== 'ns' || !/call|round/i.test(`${row.id} ${row.title}`)) continue;
    const posted = row.contestants.find(({ name }) => POSTED.test(name));
    const times = posted === undefined ? null : advantage(posted, row);
    if (ours && posted?.cost && times !== null) {
      const name = POSTED.exec(posted.name)?.[0] ?? posted.name;
      return { name, ns: posted.cost.median, oursNs: ours.median, times };
    }
  }
  return null;
}
