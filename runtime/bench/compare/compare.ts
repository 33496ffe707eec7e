/** What got worse, what better, between two reports. */
import type { BenchReport, Environment, Spread } from '../schema.ts';
import { figuresOf, type Figure } from './figures.ts';

/**
 * `regression`: worse by more than the tolerance, and outside the spreads of both; `improvement` likewise; `unsure`:
 * beyond the tolerance, but in doubt; `gone`: measured before, and now it cannot be, which counts as a regression.
 */
export type Verdict = 'regression' | 'gone' | 'improvement' | 'unsure' | 'equal';

/** Why a figure beyond the tolerance says nothing: the spreads touch, or only the baseline of a latency moved. */
export type Doubt = 'spreads' | 'baseline';

/** One figure of both reports. */
export interface Finding {
  readonly key: string;
  readonly kind: Figure['kind'];
  readonly unit: string;
  readonly old: Spread;
  /** Null when it is gone. */
  readonly new: Spread | null;
  /** The native baseline to which ratios were compared; null when absolute figures were. */
  readonly basis: string | null;
  /** So many times worse: above 1 worse, below 1 better; of the ratios where there is a basis. Null when gone. */
  readonly worse: number | null;
  readonly verdict: Verdict;
  /** Of an unsure one. */
  readonly doubt: Doubt | null;
  /** Why it is gone. */
  readonly why: string | null;
}

/** The result of a comparison. */
export interface Comparison {
  readonly findings: readonly Finding[];
  /** Names that only one of the reports has. */
  readonly missing: readonly string[];
  readonly added: readonly string[];
  /** Why the figures may differ although the program does not. */
  readonly warnings: readonly string[];
}

/**
 * By how much of itself, on a logarithmic scale, a spread is made wider at both ends, by the number of measurements. So
 * two spreads of the same thing, normally distributed or with heavier tails, are apart once in a thousand comparisons;
 * as they are, those of five rounds are so once in a hundred, those of three once in ten.
 */
const WIDER: readonly (readonly [least: number, by: number])[] = [
  [8, 0],
  [5, 0.5],
  [3, 1.7],
  [2, 11],
  [0, Infinity],
];

/** How far the thing itself may go, of which a spread shows some measurements. */
function reach({ least, most, n }: Spread): readonly [number, number] {
  const by = n === undefined ? 0 : (WIDER.find(([fewest]) => n >= fewest)?.[1] ?? 0);
  if (by === 0) return [least, most];
  const factor = least > 0 ? (most / least) ** by : Infinity;
  return Number.isFinite(factor) ? [least / factor, most * factor] : [0, Infinity];
}

/** Whether the new figures lie wholly beyond the old ones, on their worse or their better side. */
function apart(old: Spread, now: Spread, worse: boolean, more: boolean): boolean {
  const [before, after] = [reach(old), reach(now)];
  return worse !== more ? after[0] > before[1] : after[1] < before[0];
}

function verdictOf(old: Spread, now: Spread, more: boolean, tolerance: number): [number, Verdict] {
  // Nothing is infinitely worse than zero: below a thousandth both count as that.
  const factor = Math.max(now.median, 1e-3) / Math.max(old.median, 1e-3);
  const worse = more ? 1 / factor : factor;
  if (worse > tolerance) return [worse, apart(old, now, true, more) ? 'regression' : 'unsure'];
  if (worse < 1 / tolerance) return [worse, apart(old, now, false, more) ? 'improvement' : 'unsure'];
  return [worse, 'equal'];
}

function findingOf(old: Figure, now: Figure, tolerance: number): Finding | null {
  const { key, kind, unit, more } = old;
  if (old.value === null) return null;
  if (now.value === null) {
    return {
      key,
      kind,
      unit,
      old: old.value,
      new: null,
      basis: null,
      worse: null,
      verdict: 'gone',
      doubt: null,
      why: now.why,
    };
  }
  const basis = [...old.ratios.keys()].find((name) => now.ratios.has(name)) ?? null;
  const ratios = basis === null ? undefined : [old.ratios.get(basis), now.ratios.get(basis)];
  const [before = old.value, after = now.value] = ratios ?? [];
  const [worse, told] = verdictOf(before, after, more, tolerance);
  // The baseline of a latency run is one number, measured once: when it alone moved, nothing is certain.
  const both = kind === 'latency' && basis !== null && told !== 'equal';
  const agree = !both || verdictOf(old.value, now.value, more, tolerance)[1] === told;
  const verdict = agree ? told : 'unsure';
  const doubt = verdict !== 'unsure' ? null : agree ? 'spreads' : 'baseline';
  return { key, kind, unit, old: old.value, new: now.value, basis, worse, verdict, doubt, why: null };
}

/** Fields that change figures by themselves, and what a reader calls them. */
const FIELDS: readonly (readonly [keyof Environment, string])[] = [
  ['cpu', 'the processors differ'],
  ['cores', 'the numbers of cores differ'],
  ['arch', 'the architectures differ'],
  ['platform', 'the systems differ'],
  ['kernel', 'the kernels differ'],
  ['node', 'the versions of Node.js differ'],
  ['flags', 'the options of Node.js differ'],
  ['compiler', 'the C compilers differ'],
];

function text(value: Environment[keyof Environment]): string {
  if (value === null) return 'none';
  return Array.isArray(value) ? value.join(' ') || 'none' : String(value);
}

function warningsOf(old: BenchReport, now: BenchReport): string[] {
  const warnings = FIELDS.flatMap(([field, what]) => {
    const [a, b] = [text(old.environment[field]), text(now.environment[field])];
    return a === b ? [] : [`${what}: ${a}; ${b}`];
  });
  for (const [name, { interrupted, environment }] of [
    ['old', old],
    ['new', now],
  ] as const) {
    if (interrupted) warnings.push(`the ${name} run was stopped before its end`);
    if (environment.load > environment.cores / 2) {
      warnings.push(
        `the machine was busy when the ${name} run began: load ${environment.load.toFixed(1)} on ${environment.cores} cores`,
      );
    }
  }
  return warnings;
}

/**
 * Compares two reports, figure by figure.
 *
 * @param tolerance - the factor above which a figure is worse, more than 1
 */
export function compareReports(old: BenchReport, now: BenchReport, tolerance: number): Comparison {
  const before = figuresOf(old);
  const after = figuresOf(now);
  const findings = [...before.values()].flatMap((figure) => {
    const same = after.get(figure.key);
    const finding = same === undefined ? null : findingOf(figure, same, tolerance);
    return finding === null ? [] : [finding];
  });
  return {
    findings,
    missing: [...before.keys()].filter((key) => !after.has(key)),
    added: [...after.values()].flatMap(({ key, value }) =>
      value !== null && (before.get(key)?.value ?? null) === null ? [key] : [],
    ),
    warnings: warningsOf(old, now),
  };
}

/** Whether a verdict makes the comparison fail. */
export function fails(verdict: Verdict): boolean {
  return verdict === 'regression' || verdict === 'gone';
}
