/**
 * `npm run build`: what is published, compiled into dist/.
 *
 * dist/ is the package: `npm pack ./dist`. Its package.json is made from the root's, which is private: there the
 * exports are sources, and the workspace holds a Node.js of 200 MB.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.ts';
import { trim } from './trim.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Keys that the published package.json takes over as they are. */
const KEPT = [
  'name',
  'version',
  'description',
  'keywords',
  'homepage',
  'bugs',
  'repository',
  'license',
  'author',
  'type',
  'engines',
];

/** What is published beside the compiled sources: programs in other languages that the benchmarks compile. */
const OTHER_SOURCES = 'bench/**/*.{c,h,go,erl}';

const DOCUMENTS = ['README.md', 'LICENSE', 'CHANGELOG.md', 'DEPARTURES.md'];

const SHEBANG = '#!/usr/bin/env node\n';

/** The root's package.json, as far as the build reads it. */
interface RootPackage extends Record<string, unknown> {
  exports: Record<string, string>;
  imports?: Record<string, unknown>;
  /** Not the root's own: npx would install it once more to run it. The checkout's command is toolchain/lwkt.ts. */
  publishConfig: { bin: Record<string, string> };
  dependencies: Record<string, string>;
}

/** `./runtime/x.ts` as the package has it: `./x.js`. */
function compiled(source: string): string {
  const [, path] = /^(?:\.\/)?runtime\/(.*)\.ts$/.exec(source) ?? [];
  if (path === undefined) throw new Error(`package.json names '${source}', which is not runtime/….ts`);
  return `./${path}.js`;
}

/** An `imports` target: a source, or sources by condition. */
function compiledImport(target: unknown): unknown {
  if (typeof target === 'string') return compiled(target);
  const conditions = Object.entries(target as Record<string, unknown>);
  return Object.fromEntries(conditions.map(([name, under]) => [name, compiledImport(under)]));
}

function mapValues<T, U>(of: Record<string, T>, map: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(of).map(([key, value]) => [key, map(value)]));
}

/** The published package.json. */
export function publishedPackage(from: RootPackage): Record<string, unknown> {
  return {
    ...Object.fromEntries(KEPT.filter((key) => key in from).map((key) => [key, from[key]])),
    exports: {
      ...mapValues(from.exports, (source) => {
        const js = compiled(source);
        return { types: js.replace(/\.js$/, '.d.ts'), default: js };
      }),
      './package.json': './package.json',
    },
    ...(from.imports !== undefined && { imports: mapValues(from.imports, compiledImport) }),
    bin: mapValues(from.publishConfig.bin, (source) => compiled(source).slice(2)),
    dependencies: from.dependencies,
  };
}

/** Runs tsc on the sources of the package. */
function compile(...options: string[]): void {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const args = [tsc, '-p', join(root, 'tsconfig.build.json'), ...options];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`tsc -p tsconfig.build.json:\n${stdout}${stderr}`);
}

/**
 * Builds the package into a directory that it first removes.
 *
 * @throws Error when a source does not compile, or a file that package.json names is not there
 */
export async function build(out: string): Promise<void> {
  rmSync(out, { recursive: true, force: true });
  // The comments go with the types, not a second time with the code; source maps name files and lines.
  compile('--outDir', out, '--declaration', 'false', '--removeComments');
  compile('--outDir', out, '--emitDeclarationOnly', '--sourceMap', 'false');

  await bundle(out);

  const published = publishedPackage(
    JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as RootPackage,
  );
  const exported = Object.values(published['exports'] as Record<string, { types?: string }>);
  trim(
    out,
    join(root, 'runtime'),
    exported.flatMap(({ types }) => types ?? []),
  );
  writeFileSync(join(out, 'package.json'), `${JSON.stringify(published, null, 2)}\n`);
  for (const path of globSync(OTHER_SOURCES, { cwd: join(root, 'runtime') })) {
    mkdirSync(dirname(join(out, path)), { recursive: true });
    copyFileSync(join(root, 'runtime', path), join(out, path));
  }
  for (const name of DOCUMENTS) {
    if (existsSync(join(root, name))) copyFileSync(join(root, name), join(out, name));
  }
  for (const { default: js } of Object.values(published['exports'] as Record<string, { default?: string }>)) {
    if (js !== undefined && !existsSync(join(out, js)))
      throw new Error(`package.json exports ${js}: not built`);
  }
  for (const command of Object.values(published['bin'] as Record<string, string>)) {
    const file = join(out, command);
    if (!existsSync(file)) throw new Error(`package.json names the command ${command}: not built`);
    const text = readFileSync(file, 'utf8');
    if (!text.startsWith(SHEBANG)) throw new Error(`${command} does not begin with ${SHEBANG}`);
    chmodSync(file, 0o755);
  }
}

if (import.meta.main) {
  const out = resolve(process.argv[2] ?? join(root, 'dist'));
  try {
    await build(out);
    console.log(`built ${out}`);
  } catch (error) {
    console.error(`build: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
