/**
 * `npm run stress:mutants`: runs every mutant, and writes docs/mutants.md with the table.
 *
 *   node toolchain/mutants-page.ts [REPORT]
 *
 * REPORT is what `lwkt stress --mutants --json` printed; without it the mutants are run.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Detection, MutantsReport } from '../runtime/cli/mutants.ts';
import { MUTANTS, NO_MUTANT } from '../runtime/stress/mutants/list.ts';
import type { Mutant } from '../runtime/stress/mutants/mutant.ts';
import { SETUPS } from '../runtime/stress/mutants/setups.ts';
import { shownPlan, stressPlan } from '../runtime/stress/options.ts';

const PAGE = fileURLToPath(new URL('../docs/mutants.md', import.meta.url));
const COMMAND = fileURLToPath(new URL('../runtime/cli/main.ts', import.meta.url));

/** What the page says of a mutant whatever came of it. */
export function mutantColumns({ name, origin, title, setup }: Mutant): string {
  return `| \`${name}\` | ${origin} | ${title} | ${setup} |`;
}

function found(row: Detection | undefined): string {
  if (row === undefined) return 'not run | | |';
  const by = row.caught ? row.by : row.expected ? `not seen: ${row.unseen ?? ''}` : row.by || 'MISSED';
  const safe = by.replaceAll('|', '/').replaceAll('`', "'").replaceAll('<', '&lt;').replaceAll('*', '\\*');
  return `${safe} | ${row.operations.toLocaleString('en-US')} | ${row.seconds.toFixed(1)} |`;
}

function page(report: MutantsReport): string {
  const rows = new Map(report.mutants.map((row) => [row.mutant, row]));
  const controls = new Map(report.controls.map((row) => [row.setup, row]));
  const caught = report.mutants.filter((row) => row.caught).length;
  return [
    '# Mutants',
    '',
    'Each is the kernel with one mistake in it: a defect of the seed (D1 .. D29, as `DEPARTURES.md` numbers them) or a',
    'classic of locks, rings and sleep. `lwkt stress --mutant NAME` runs the rack on one, and must fail;',
    '`lwkt stress --mutants` runs them all. Written by `npm run stress:mutants`.',
    '',
    `${caught} of ${report.mutants.length} were caught, in ${report.seconds} s, by Node.js ${process.versions.node} on ` +
      `${cpus().length} cores. Seconds are with the start of a process and the boot of a machine; operations are those`,
    'of all threads until then. A lost wake-up shows when nothing has moved for the time of the setup.',
    '',
    '| mutant | of | what the careless engineer did | setup | found by | operations | seconds |',
    '|---|---|---|---|---|--:|--:|',
    ...MUTANTS.map((mutant) => `${mutantColumns(mutant)} ${found(rows.get(mutant.name))}`),
    '',
    '## Setups',
    '',
    'Each succeeds with the kernel as it is.',
    '',
    '| setup | without a mutant | options |',
    '|---|---|---|',
    ...Object.entries(SETUPS).map(([name, { suite, ...options }]) => {
      const control = controls.get(name as keyof typeof SETUPS);
      const shown = shownPlan(stressPlan(suite, options)).map(([option, value]) => `--${option} ${value}`);
      const came = control === undefined ? 'not run' : control.caught ? `FAILED: ${control.by}` : 'succeeds';
      return `| ${name} | ${came} | \`${suite} ${shown.join(' ')}\` |`;
    }),
    '',
    '## Defects of the seed without a mutant',
    '',
    '| defect | why |',
    '|---|---|',
    ...Object.entries(NO_MUTANT).map(([id, why]) => `| ${id} | ${why} |`),
    '',
  ].join('\n');
}

/** Runs them all; lines come on stderr as they are done. */
function run(): { text: string; status: number } {
  const args = [COMMAND, 'stress', '--mutants', '--json'];
  const { stdout, status } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return { text: stdout, status: status ?? 1 };
}

if (import.meta.main) {
  const [file] = process.argv.slice(2);
  const { text, status } = file === undefined ? run() : { text: readFileSync(file, 'utf8'), status: 0 };
  writeFileSync(PAGE, page(JSON.parse(text) as MutantsReport));
  process.exitCode = status;
}
