/**
 * Puts what a worker loads into few files: a machine then boots in half the time.
 *
 * The files keep their names, and what they share lies in `cpu/`, where paths relative to a module of cpu/ still lead
 * to the same places. The module of a file as it was stays beside it, as `NAME.modules.js`: a mutant is an edit of one
 * module, so its workers take those (runtime/stress/mutants/preload.ts).
 *
 * ## Rejected
 *
 *   esbuild: makes `var` of every `const` outside functions, which V8 then reads from memory at each use. A switch
 *   takes 55 ns instead of 38.
 */
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rollup, type ExistingRawSourceMap, type Plugin } from 'rollup';

/** What workers load by name: a cpu, what programs import, the programs of the stress rack and of the benchmarks. */
const ENTRIES = [
  'cpu-worker',
  'lwkt',
  'stress/program/main',
  'bench/program/main',
  'bench/program/costs',
  'bench/program/first',
];

/** Source maps of the bundle lead to the TypeScript, through those of the compiled modules. */
const compiledMaps: Plugin = {
  name: 'compiled-maps',
  load(path) {
    if (!existsSync(`${path}.map`)) return null;
    const map = JSON.parse(readFileSync(`${path}.map`, 'utf8')) as ExistingRawSourceMap;
    return { code: readFileSync(path, 'utf8'), map };
  },
};

/**
 * Bundles the compiled files of a package, in place.
 *
 * @param dist - the built package
 * @throws Error when a file is not there, or does not bundle
 */
export async function bundle(dist: string): Promise<void> {
  for (const entry of ENTRIES) copyFileSync(join(dist, `${entry}.js`), join(dist, `${entry}.modules.js`));
  const bundled = await rollup({
    input: Object.fromEntries(ENTRIES.map((entry) => [entry, join(dist, `${entry}.js`)])),
    external: (id) => !id.startsWith('.') && !id.startsWith('/'),
    treeshake: false,
    plugins: [compiledMaps],
    onwarn: ({ code, message }) => {
      // A helper of the compiler's asks for `this`, and copes without.
      if (code === 'THIS_IS_UNDEFINED') return;
      throw new Error(`bundle: ${message}`);
    },
  });
  await bundled.write({
    dir: dist,
    chunkFileNames: 'cpu/kernel-[hash].js',
    format: 'es',
    sourcemap: true,
    sourcemapExcludeSources: true,
  });
  await bundled.close();
}
