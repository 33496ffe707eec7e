/**
 * `npm test`: runs AVA with the arguments given and ends, in every outcome, with a line `N passed, N failed`.
 *
 * AVA runs in a process group of its own, so that whatever it leaves behind is ended with it and nothing is printed
 * after the line. A run that exceeds the limit is killed and counts as failed.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { lastLine, verdict, type Tally } from './tally.ts';

/** Longest run, in minutes. AVA's own time-out, which names the tests that hang, comes first. */
const LIMIT_MINUTES = 15;

const ava = fileURLToPath(new URL('../node_modules/ava/entrypoints/cli.js', import.meta.url));
const started = Date.now();
let last: Tally = { passed: 0, failed: 0, skipped: 0 };

const child = spawn(process.execPath, [ava, ...process.argv.slice(2)], {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  detached: true,
});

/** Signals AVA and everything it started. */
function signal(name: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, name);
  } catch {
    // None of them is left.
  }
}

child.on('message', (message) => {
  last = message as Tally;
});

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    signal(name);
    setTimeout(signal, 5000, 'SIGKILL').unref();
  });
}

const limit = setTimeout(() => {
  console.error(`npm test: not done after ${LIMIT_MINUTES} minutes; ended`);
  signal('SIGKILL');
}, LIMIT_MINUTES * 60_000);

child.on('error', (error) => {
  console.error(`npm test: AVA does not start: ${error.message}`);
  end(1);
});
child.on('close', (code, killed) => {
  if (killed !== null) console.error(`npm test: AVA was ended by ${killed}`);
  end(code ?? 1);
});

function end(code: number): void {
  clearTimeout(limit);
  signal('SIGKILL');
  const result = verdict(last, code);
  if (code === 0 && result.passed === 0) console.error('npm test: no test ran');
  const skipped = result.skipped === 0 ? '' : `, ${result.skipped} skipped`;
  console.log(`npm test: ${((Date.now() - started) / 1000).toFixed(1)} s${skipped}`);
  console.log(lastLine(result));
  process.exitCode = result.failed === 0 ? 0 : 1;
}
