// Test files are TypeScript that Node itself strips; each runs in a worker thread of its own.
import { observeRun } from './toolchain/tally.ts';

export default {
  files: ['test/**/*.test.ts', '!test/stress/**'],
  extensions: ['ts'],
  // Most files wait for machines and processes that they started, more than they compute.
  concurrency: 4,
  timeout: '2m',
  nonSemVerExperiments: { observeRunsFromConfig: true },
  observeRun,
};
