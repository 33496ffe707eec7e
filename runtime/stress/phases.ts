/** The phases of a run as data. */
import { suitesOf } from './options.ts';
import type { StressPlan } from './plan.ts';
import type { SuiteName } from './suites.ts';

/** Suites that run at the same time. */
export interface Phase {
  readonly name: string;
  readonly suites: readonly SuiteName[];
  readonly ms: number;
}

/** The first phase is a tenth of the run, and no longer than this. */
const LONGEST_WARM_UP_MS = 5000;

/**
 * First everything at once for a short time, so that code is compiled and names are made before memory is measured;
 * then one suite after the other, and at last all of them together.
 */
export function phasesOf(plan: StressPlan): readonly [Phase, ...Phase[]] {
  const suites = suitesOf(plan);
  const warmMs = Math.min(LONGEST_WARM_UP_MS, plan.durationMs / 10);
  const warm: Phase = { name: 'warm-up', suites, ms: warmMs };
  const left = plan.durationMs - warmMs;
  if (suites.length === 1) return [warm, { name: plan.suite, suites, ms: left }];
  const ms = left / (suites.length + 1);
  return [
    warm,
    ...suites.map((suite) => ({ name: suite, suites: [suite], ms })),
    { name: 'together', suites, ms },
  ];
}
