/** Packs a built package and says what must hold of the tarball. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { join } from 'node:path';

/** Largest tarball, in bytes. */
export const MAX_PACKED = 700_000;

/** A file in a tarball. */
export interface PackedFile {
  path: string;
  size: number;
  mode: number;
}

/** A packed package. */
export interface Packed {
  /** Path of the tarball. */
  tarball: string;
  /** Bytes of the tarball. */
  size: number;
  files: PackedFile[];
  /** The package.json in it. */
  manifest: Record<string, unknown>;
}

/** Packs `dir` into a tarball in `destination`. */
export function pack(dir: string, destination: string): Packed {
  const output = execFileSync('npm', ['pack', dir, '--pack-destination', destination, '--json', '--silent'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const report = JSON.parse(output) as { filename: string }[] | Record<string, { filename: string }>;
  const filename = Object.values(report)[0]?.filename;
  if (filename === undefined) throw new Error(`npm pack ${dir} names no file: ${output}`);
  return { tarball: join(destination, filename), ...readTarball(join(destination, filename)) };
}

/** Lists a gzipped tar archive. */
function readTarball(path: string): Omit<Packed, 'tarball'> {
  const packed = readFileSync(path);
  const tar = gunzipSync(packed);
  const text = (at: number, length: number): string =>
    tar
      .toString('utf8', at, at + length)
      .replace(/\0.*$/s, '')
      .trim();
  const files: PackedFile[] = [];
  let manifest: Record<string, unknown> = {};
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0;) {
    const size = Number.parseInt(text(at + 124, 12), 8);
    const body = at + 512;
    // Regular files only: npm writes neither links nor folders, and describes long paths by prefix.
    if ('0\0'.includes(tar.toString('latin1', at + 156, at + 157))) {
      const name = [text(at + 345, 155), text(at, 100)].filter((part) => part !== '').join('/');
      const file = {
        path: name.replace(/^package\//, ''),
        size,
        mode: Number.parseInt(text(at + 100, 8), 8),
      };
      files.push(file);
      if (file.path === 'package.json') {
        manifest = JSON.parse(tar.toString('utf8', body, body + size)) as Record<string, unknown>;
      }
    }
    at = body + Math.ceil(size / 512) * 512;
  }
  return { size: packed.length, files, manifest };
}

/** What a published package.json must not have: the workspace would drag a Node.js into every install. */
const FORBIDDEN_KEYS = [
  'workspaces',
  'devDependencies',
  'optionalDependencies',
  'overrides',
  'scripts',
  'private',
  'allowScripts',
];

/** What is wrong with a packed package, one line each; empty when it may be published. */
export function packageFaults({ size, files, manifest }: Omit<Packed, 'tarball'>): string[] {
  const faults: string[] = [];
  if (size >= MAX_PACKED) faults.push(`${size} bytes packed: the limit is ${MAX_PACKED}`);
  for (const { path, size: bytes } of files) {
    if (/\.tsx?$/.test(path) && !path.endsWith('.d.ts')) faults.push(`${path}: a source`);
    else if (!/\.(?:js|js\.map|d\.ts|json|md)$|^bench\/.*\.(?:c|h|go|erl)$/.test(path) && path !== 'LICENSE')
      faults.push(`${path}: unexpected`);
    else if (bytes > MAX_PACKED) faults.push(`${path}: ${bytes} bytes`);
    else if (/(?:^|\/)(?:node_modules|test|toolchain)\//.test(path))
      faults.push(`${path}: not part of the package`);
  }
  const paths = new Set(files.map(({ path }) => path));
  for (const path of ['package.json', 'LICENSE', 'README.md']) {
    if (!paths.has(path)) faults.push(`${path}: missing`);
  }
  const bin = (manifest['bin'] ?? {}) as Record<string, string>;
  for (const [name, path] of Object.entries(bin)) {
    const file = files.find((packed) => packed.path === path.replace(/^\.\//, ''));
    if (file === undefined) faults.push(`command ${name}: ${path} is missing`);
    else if ((file.mode & 0o111) === 0) faults.push(`command ${name}: ${path} is not executable`);
  }
  for (const key of FORBIDDEN_KEYS) if (key in manifest) faults.push(`package.json: has ${key}`);
  for (const name of Object.keys(manifest['dependencies'] ?? {})) {
    if (!/^(?:node|node-bin|lwkt)(?:-|$)/.test(name)) continue;
    faults.push(`package.json: depends on ${name}`);
  }
  return faults;
}
