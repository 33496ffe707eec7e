/**
 * The program of a stress machine. The host asks for the record, then for one phase after the other; a phase makes
 * the threads of its suites, waits until they have ended, and looks at what they left.
 */
import { join, kthread, spawn, type Td } from '../../lwkt.ts';
import { LEFTOVERS } from '../checks.ts';
import type { PhaseReport, StressPlan } from '../plan.ts';
import { addLive } from '../record.ts';
import type { SuiteName } from '../suites.ts';
import { arenaUse, whatIsLeft } from './conservation.ts';
import { disturbers } from './disturb.ts';
import { eventually } from './eventually.ts';
import { beginPhase, failed, record, tallyWords, threadState, type SuiteProgram } from './harness.ts';
import { ipiq } from './ipiq.ts';
import { threadBalance } from './kernel-words.ts';
import { mplock } from './mplock.ts';
import { preempt } from './preempt.ts';
import { sync } from './sync.ts';
import { threads } from './threads.ts';
import { tokens } from './tokens.ts';
import { waitq } from './waitq.ts';

/** The code of each suite of suites.ts. */
const PROGRAMS: Readonly<Record<SuiteName, SuiteProgram>> = {
  tokens,
  ipiq,
  mplock,
  waitq,
  preempt,
  threads,
  sync,
};

/** The region that the host watches. */
export const stressRecord = kthread(function* stressRecord(plan: StressPlan) {
  return record(plan);
});

/** Makes a cpu ready for what other cpus may send as soon as their threads run. */
const bind = kthread(function* stressBind(plan: StressPlan, suites: readonly SuiteName[]) {
  record(plan);
  beginPhase();
  for (const suite of suites) PROGRAMS[suite].bind(plan);
});

function spawnThreads(plan: StressPlan, suite: SuiteName): Td<readonly number[]>[] {
  const tally = tallyWords(plan);
  addLive(record(plan), suite, plan.threads * plan.cpus);
  return Array.from({ length: plan.threads * plan.cpus }, (_, index) =>
    spawn(PROGRAMS[suite].body, [threadState(plan, suite, index, tally)], {
      cpu: Math.floor(index / plan.threads),
      name: `${suite}.${index}`,
    }),
  );
}

/** Runs some suites at the same time until the host says stop. */
export const stressPhase = kthread(function* stressPhase(plan: StressPlan, suites: readonly SuiteName[]) {
  const errors: string[] = [];
  function* ended<R>(td: Td<R>): Generator<unknown, R | undefined, unknown> {
    try {
      return yield* join(td);
    } catch (error) {
      errors.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
      return undefined;
    }
  }
  const bound = Array.from({ length: plan.cpus }, (_, cpu) => spawn(bind, [plan, suites], { cpu }));
  for (const td of bound) yield* join(td);
  for (const suite of suites) yield* PROGRAMS[suite].prepare?.(plan) ?? [];
  const balance = threadBalance();
  const others = disturbers(plan, suites);
  const all = suites.map((suite) => spawnThreads(plan, suite));
  for (const [i, suite] of suites.entries()) {
    const tallies: (readonly number[])[] = [];
    for (const td of all[i] ?? []) tallies.push((yield* ended(td)) ?? []);
    // What is counted is only whole when every thread has ended well.
    if (errors.length === 0) yield* PROGRAMS[suite].finish?.(plan, tallies) ?? [];
  }
  for (const td of others) yield* ended(td);
  if (errors.length !== 0) failed('threw', 0, { threads: errors.length });
  if (!(yield* eventually({ ...plan, stallMs: plan.stallMs / 2 }, () => threadBalance() === balance)))
    failed('thread-count', 0, { expected: balance, found: threadBalance() });
  const left = yield* whatIsLeft(plan);
  for (const [what, n] of Object.entries(left))
    failed('left', 0, { what: LEFTOVERS.findIndex((name) => name === what), found: n });
  const report: PhaseReport = { errors, left, arena: arenaUse() };
  return report;
});
