/**
 * How many tests passed and failed, from what AVA says of a run, for the last line of `npm test`.
 *
 * ava.config.js hands a run's events to {@link observeRun}, in AVA's own process, which passes each tally on to
 * toolchain/test.ts. Without that parent (`npm exec ava`) it prints the line itself.
 */

/** Counts of one run. */
export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

interface FileStats {
  declaredTests: number;
  failedHooks: number;
  failedTests: number;
  internalErrors: number;
  remainingTests: number;
  uncaughtExceptions: number;
  unhandledRejections: number;
}

/** The part of AVA's statistics that counts here. */
export interface RunStats {
  byFile: ReadonlyMap<string, FileStats>;
  failedWorkers: number;
  internalErrors: number;
  passedKnownFailingTests: number;
  passedTests: number;
  sharedWorkerErrors: number;
  skippedTests: number;
  timeouts: number;
}

type RunEvent =
  { type: 'stats'; stats: RunStats } | { type: 'worker-finished'; testFile: string } | { type: '' };

/**
 * Counts a run. Failed is every test that failed or never ended, every fault outside a test, and every finished
 * file that declared no test.
 *
 * @param finished - files that have ended
 */
export function tally(stats: RunStats, finished: ReadonlySet<string>): Tally {
  let failed = stats.sharedWorkerErrors;
  let ofFiles = 0;
  for (const [file, of] of stats.byFile) {
    const faults =
      of.failedTests +
      of.failedHooks +
      of.remainingTests +
      of.uncaughtExceptions +
      of.unhandledRejections +
      of.internalErrors;
    ofFiles += of.internalErrors;
    failed += faults === 0 && of.declaredTests === 0 && finished.has(file) ? 1 : faults;
  }
  failed += stats.internalErrors - ofFiles;
  if (failed === 0 && stats.failedWorkers + stats.timeouts > 0) failed = 1;
  return { passed: stats.passedTests + stats.passedKnownFailingTests, failed, skipped: stats.skippedTests };
}

/** What the line says at the end: a run that ended badly, or ran nothing, has at least one failure. */
export function verdict(last: Tally, exitCode: number): Tally {
  const bad = exitCode !== 0 || last.passed === 0;
  return { ...last, failed: bad ? Math.max(last.failed, 1) : last.failed };
}

/** The last line of every test run. */
export function lastLine({ passed, failed }: Tally): string {
  return `${passed} passed, ${failed} failed`;
}

/** The hook of ava.config.js. */
export function observeRun(run: { events: AsyncIterable<RunEvent> }): void {
  const finished = new Set<string>();
  let stats: RunStats | undefined;
  let last: Tally = { passed: 0, failed: 0, skipped: 0 };
  const update = (): void => {
    if (stats === undefined) return;
    last = tally(stats, finished);
    process.send?.(last);
  };
  if (process.send === undefined) {
    process.on('exit', (code) => {
      console.log(lastLine(verdict(last, code)));
    });
  }
  void (async () => {
    for await (const event of run.events) {
      if (event.type === 'worker-finished') finished.add(event.testFile);
      else if (event.type === 'stats') stats = event.stats;
      else continue;
      update();
    }
  })();
}
