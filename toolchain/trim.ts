/**
 * What a built package does not need: declarations that nothing public refers to, and source maps of modules that only
 * the workers of mutants load. The maps that stay name each source as if it lay beside its JavaScript, so that a stack
 * shows `lwkt/machine/config.ts:12` and not a path outside the package.
 */
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/** Modules that are also in the bundles; only mutants, which edit one of them, load them by themselves. */
const ONLY_MUTANTS =
  /^(?:scheduler\/|(?:bench|stress)\/program\/(?!(?:main|costs|first)\.js)|cpu\/(?!kernel-)|.*\.modules\.js$)/;

/** The declarations that `entries` refer to, themselves too. */
function referredTo(entries: readonly string[]): Set<string> {
  const found = new Set<string>();
  const next = [...entries];
  for (let path = next.pop(); path !== undefined; path = next.pop()) {
    if (found.has(path)) continue;
    found.add(path);
    for (const [, target = ''] of readFileSync(path, 'utf8').matchAll(
      /(?:from |import\()['"](\.[^'"]+)['"]/g,
    )) {
      next.push(resolve(dirname(path), target).replace(/\.[jt]s$/, '.d.ts'));
    }
  }
  return found;
}

/**
 * Trims a built package, in place.
 *
 * @param out - the package
 * @param sources - the folder that its JavaScript was compiled from
 * @param types - declarations that package.json exports, from `out`
 */
export function trim(out: string, sources: string, types: readonly string[]): void {
  const wanted = referredTo(types.map((path) => resolve(out, path)));
  for (const path of globSync('**/*.d.ts', { cwd: out }))
    if (!wanted.has(join(out, path))) rmSync(join(out, path));
  for (const path of globSync('**/*.js', { cwd: out })) {
    const map = join(out, `${path}.map`);
    if (ONLY_MUTANTS.test(path)) {
      const text = readFileSync(join(out, path), 'utf8');
      writeFileSync(join(out, path), text.replace(/\n\/\/# sourceMappingURL=.*\n?$/, '\n'));
      rmSync(map, { force: true });
    } else if (existsSync(map)) {
      const { sources: listed, ...rest } = JSON.parse(readFileSync(map, 'utf8')) as { sources: string[] };
      const beside = listed.map((source) =>
        relative(dirname(map), join(out, relative(sources, resolve(dirname(map), source)))),
      );
      writeFileSync(map, JSON.stringify({ ...rest, sources: beside }));
    }
  }
}
