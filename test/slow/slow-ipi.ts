/**
 * Does `lwkt bench compare` notice a slower kernel? Measures this checkout, then a copy whose IPIs wait before they ring
 * the doorbell, and compares the two reports, and two of this checkout.
 *
 *   node test/slow/slow-ipi.ts
 *
 * The delay is so long that no noise of the machine decides. Ends with 1 when the verdict is wrong.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Comparison } from '../../runtime/bench/compare/compare.ts';

const ROOT = join(import.meta.dirname, '../..');
const DELAY_MS = 20;

// Of sendIpi(): the record lies in the ring, and its doorbell has not been rung.
const RIGHT = '  const seq = ringSeq(m, ring);\n';
const SLOW = `${RIGHT}  for (const end = Date.now() + ${DELAY_MS}; Date.now() < end; );\n`;

const dir = mkdtempSync(join(tmpdir(), 'lwkt-slow-ipi-'));

function lwkt(root: string, ...args: string[]): { status: number | null; stdout: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'runtime/cli/main.ts'), 'bench', ...args],
    { cwd: root, encoding: 'utf8', timeout: 120_000 },
  );
  if (stderr !== '') console.error(stderr.trimEnd());
  return { status, stdout };
}

function measured(root: string, name: string): string {
  const file = join(dir, `${name}.json`);
  const which = ['--cpus', '2', '--mode', 'pair', '--wake', 'awake', '--load', 'none'];
  const { status } = lwkt(root, 'ipi', ...which, '--duration', '4s', '--rounds', '2', '--json', file);
  if (status !== 0) throw new Error(`the benchmark of ${root} ended with ${String(status)}`);
  return file;
}

/** A copy of the sources with one line more. */
function slowCopy(): string {
  const copy = join(dir, 'copy');
  cpSync(join(ROOT, 'runtime'), join(copy, 'runtime'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(copy, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  const path = join(copy, 'runtime/scheduler/ipiq.ts');
  const text = readFileSync(path, 'utf8');
  if (text.split(RIGHT).length !== 2) throw new Error('sendIpi() of ipiq.ts is not as this test knows it');
  writeFileSync(path, text.replace(RIGHT, SLOW));
  return copy;
}

try {
  const before = measured(ROOT, 'before');
  const slow = measured(slowCopy(), 'slow');
  // Four times as slow is noise on a busy machine; some 20 ms instead of some 200 ns is not.
  console.log(lwkt(ROOT, 'compare', before, slow, '--tolerance', '4x').stdout);
  const { status, stdout } = lwkt(ROOT, 'compare', before, slow, '--tolerance', '4x', '--json');
  const { findings } = JSON.parse(stdout) as Comparison;
  const p50 = findings.find(({ key }) => key.endsWith(' round trip p50'));
  // The delay is in the figure, so the copy was measured, and it is what was found.
  const slowed = (p50?.new?.median ?? 0) >= DELAY_MS * 0.9e6;
  const same = lwkt(ROOT, 'compare', before, before);
  const good = status === 1 && p50?.verdict === 'regression' && slowed && same.status === 0;
  console.log(good ? 'the slower kernel was caught' : 'NOT CAUGHT');
  process.exitCode = good ? 0 : 1;
} finally {
  rmSync(dir, { recursive: true, force: true });
}
