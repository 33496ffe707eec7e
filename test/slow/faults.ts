/**
 * The fault matrix, many times in random order: does anything hang, or is told wrongly?
 *
 *   node test/slow/faults.ts [REPETITIONS] [SEED]
 *
 * Each cell REPETITIONS times (200). Prints a table of the milliseconds from fault to report; ends with 1 when a cell
 * failed.
 */
import { CONDITIONS, FAULT_NAMES, provoke, type Condition } from '../helpers/faults.ts';
import { random } from '../helpers/seed.ts';

const repetitions = Number(process.argv[2] ?? 200);
const seed = Number(process.argv[3] ?? 1);
const next = random(seed);

interface Cell {
  readonly fault: string;
  readonly condition: Condition;
  readonly times: number[];
}

const cells: Cell[] = FAULT_NAMES.flatMap((fault) =>
  CONDITIONS.map((condition) => ({ fault, condition, times: [] })),
);
const plan = cells.flatMap((cell) => Array.from({ length: repetitions }, () => cell));
for (let i = plan.length - 1; i > 0; i--) {
  const j = next(i + 1);
  [plan[i], plan[j]] = [plan[j] as Cell, plan[i] as Cell];
}
let failed = 0;
const started = performance.now();
let done = 0;
for (const { fault, condition, times } of plan) {
  const { faults, ms } = await provoke(fault, condition);
  done++;
  if (done % 100 === 0) {
    const minutes = (performance.now() - started) / 60_000;
    console.log(`${done} of ${plan.length} after ${minutes.toFixed(1)} min, ${failed} failed; seed ${seed}`);
  }
  times.push(ms);
  if (faults.length === 0) continue;
  failed++;
  console.log(`!!! ${fault} ${JSON.stringify(condition)}: ${faults.join('; ')}`);
}
console.table(
  cells.map(({ fault, condition: { cpus, loaded }, times }) => {
    const sorted = times.toSorted((a, b) => a - b);
    const at = (share: number): number => Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0);
    return {
      fault,
      cpus,
      loaded,
      runs: times.length,
      'min ms': at(0),
      'median ms': at(0.5),
      'p99 ms': at(0.99),
      'max ms': at(1),
    };
  }),
);
console.log(`${plan.length - failed} passed, ${failed} failed; seed ${seed}`);
process.exitCode = failed === 0 ? 0 : 1;
