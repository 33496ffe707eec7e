/**
 * Puts what a worker loads into few files: a machine then boots in half the time, and V8 sees the constants of other
 * files as constants.
 *
 * The files keep their names, and what they share lies in `cpu/`, where paths relative to a module of cpu/ still lead
 * to the same places. The module of a file as it was stays beside it, as `NAME.modules.js`: a mutant is an edit of one
 * module, so its workers take those (runtime/stress/mutants/preload.ts).
 */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

/** What workers load by name: a cpu, what programs import, the programs of the stress rack and of the benchmarks. */
const ENTRIES = [
  'cpu-worker',
  'lwkt',
  'stress/program/main',
  'bench/program/main',
  'bench/program/costs',
  'bench/program/first',
];

/**
 * Bundles the compiled files of a package, in place.
 *
 * @param dist - the built package
 * @throws Error when a file is not there, or does not bundle
 */
export async function bundle(dist: string): Promise<void> {
  for (const entry of ENTRIES) copyFileSync(join(dist, `${entry}.js`), join(dist, `${entry}.modules.js`));
  await build({
    entryPoints: ENTRIES.map((entry) => ({ in: join(dist, `${entry}.js`), out: entry })),
    outdir: dist,
    outbase: dist,
    bundle: true,
    splitting: true,
    chunkNames: 'cpu/kernel-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node24',
    packages: 'external',
    keepNames: true,
    sourcemap: 'linked',
    sourcesContent: false,
    allowOverwrite: true,
    logLevel: 'error',
  });
}
