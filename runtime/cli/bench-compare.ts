/** `lwkt bench compare OLD NEW`: what got worse, for people and for CI. */
import { counted } from '../base/counted.ts';
import { LwktError } from '../base/errors.ts';
import {
  compareReports,
  fails,
  type Comparison,
  type Doubt,
  type Finding,
  type Verdict,
} from '../bench/compare/compare.ts';
import { DEFAULT_TOLERANCE, tolerance } from '../bench/compare/tolerance.ts';
import { amount, figure } from '../bench/figures.ts';
import { readReport } from '../bench/read-report.ts';
import type { BenchReport } from '../bench/schema.ts';
import { EXIT } from './exit-code.ts';
import { textTable } from './text-table.ts';

/** What the command line gives. */
export interface CompareOptions {
  readonly tolerance?: string;
  readonly json?: boolean;
}

/** The object that `--json` prints. `version` changes when a field changes its meaning or goes. */
interface CompareReport extends Comparison {
  readonly version: 1;
  readonly verb: 'bench compare';
  /** The factor above which a figure is worse. */
  readonly tolerance: number;
  readonly exitCode: number;
}

const ORDER: readonly Verdict[] = ['gone', 'regression', 'improvement', 'unsure', 'equal'];

const WORDS: Readonly<Record<Verdict, string>> = {
  gone: 'GONE',
  regression: 'REGRESSION',
  improvement: 'improvement',
  unsure: 'not certain',
  equal: '',
};

const DOUBTS: Readonly<Record<Doubt, string>> = {
  spreads: 'within the spreads',
  baseline: 'its baseline alone moved',
};

function told({ verdict, doubt, why }: Finding): string {
  const because = why ?? (doubt === null ? null : DOUBTS[doubt]);
  return because === null ? WORDS[verdict] : `${WORDS[verdict]}: ${because}`;
}

function change(worse: number | null): string {
  if (worse === null) return '';
  if (worse >= 2) return `${figure(worse)} times worse`;
  if (worse <= 0.5) return `${figure(1 / worse)} times better`;
  const percent = Math.round((worse - 1) * 100);
  return percent === 0 ? 'the same' : `${Math.abs(percent)} % ${percent > 0 ? 'worse' : 'better'}`;
}

function line(finding: Finding): string[] {
  const { key, unit, old, new: now, basis, worse } = finding;
  return [
    key,
    amount(old.median, unit),
    now === null ? '–' : amount(now.median, unit),
    change(worse),
    basis ?? '',
    told(finding),
  ];
}

function title(name: string, { started, environment: e }: BenchReport): string {
  return `${name}: ${started}, lwkt ${e.lwkt}${e.commit === null ? '' : ` ${e.commit}`}, Node ${e.node}, ${e.cpu}, ${e.cores} cores`;
}

function comparisonText({ findings, missing, added }: Comparison, factor: number): string {
  const sorted = findings.toSorted((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict));
  const number = (...verdicts: Verdict[]): number =>
    findings.filter(({ verdict }) => verdicts.includes(verdict)).length;
  const lines = [
    textTable(
      [['', 'old', 'new', 'change', 'ratio to', ''], ...sorted.map(line)],
      ['left', 'right', 'right', 'right', 'left', 'left'],
    ),
    '',
  ];
  if (missing.length > 0) lines.push(`only in the old report: ${missing.join(', ')}`);
  if (added.length > 0) lines.push(`only in the new report: ${added.join(', ')}`);
  if (findings.some(({ basis }) => basis !== null)) {
    lines.push(
      'where a baseline is named, ratios to it were compared, since the machine drifts; of latencies the figures too',
    );
  }
  lines.push(
    `${counted(number('regression', 'gone'), 'regression')}, ${counted(number('improvement'), 'improvement')}, ` +
      `${number('equal')} within ${figure((factor - 1) * 100)} %, ${number('unsure')} not certain`,
  );
  return lines.join('\n');
}

/**
 * Runs the verb.
 *
 * @returns the exit code: 1 when something got worse
 * @throws LwktError ERR_LWKT_OPTION for files and options that cannot be used
 */
export async function compare(oldPath: string, newPath: string, options: CompareOptions): Promise<number> {
  const factor = tolerance(options.tolerance ?? DEFAULT_TOLERANCE);
  const [old, now] = [await readReport(oldPath), await readReport(newPath)];
  const comparison = compareReports(old, now, factor);
  const { findings, warnings } = comparison;
  if (findings.length === 0) {
    throw new LwktError(
      'ERR_LWKT_OPTION',
      `${oldPath} and ${newPath} have no figure in common; run the same benchmarks, with the same options`,
    );
  }
  const exitCode = findings.some(({ verdict }) => fails(verdict)) ? EXIT.failed : EXIT.done;
  for (const warning of warnings) process.stderr.write(`lwkt: ${warning}\n`);
  if (options.json === true) {
    const report: CompareReport = {
      version: 1,
      verb: 'bench compare',
      tolerance: factor,
      exitCode,
      ...comparison,
    };
    process.stdout.write(`${JSON.stringify(report)}\n`);
  } else {
    const head = [title('old', old), title('new', now), ''];
    process.stdout.write(`${head.join('\n')}\n${comparisonText(comparison, factor)}\n`);
  }
  return exitCode;
}
