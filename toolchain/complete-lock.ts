/**
 * `npm run lock`: makes package-lock.json one that `npm ci` takes on any machine without a word. To be run after each
 * `npm install`.
 *
 * It adds the platform packages of other machines that npm left out.
 *
 * npm writes no entry for an optional platform package whose manifest it could not get when the lock was made, and
 * `npm ci` then refuses the lock. Such a package has exactly the version that its parent names, and says in its
 * name what it is for, so the entry can be written without it. `npm install` keeps it. It has no integrity: a
 * machine of that platform checks nothing but the version.
 *
 * And it takes out what packages demand of Node.js where the one of toolchain/, on which all of them run, satisfies it
 * and the machine's own, on which only npm runs, may not: npm would warn of each. `test/toolchain.test.ts` checks the
 * demands against the Node.js of toolchain/.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { OLDEST_NODE, refusing } from './engines.ts';

interface LockEntry {
  version?: string;
  cpu?: string[];
  engines?: { node?: string };
  dev?: boolean;
  libc?: string[];
  license?: string;
  optional?: boolean;
  optionalDependencies?: Record<string, string>;
  os?: string[];
}

interface Lock {
  packages: Record<string, LockEntry>;
}

const PLATFORM =
  /[-/](android|darwin|freebsd|linux|openharmony|win32)-(arm64|arm|x64|ia32|ppc64|riscv64|s390x)(?:-|$)/;

/** The entry of a platform package by its name. */
function entryOf(name: string, version: string, parent: LockEntry): LockEntry {
  const [, os, cpu] = PLATFORM.exec(name) ?? [];
  if (os === undefined || cpu === undefined) throw new Error(`which platform is ${name} for?`);
  const libc = /musl/.test(name) ? 'musl' : 'glibc';
  return {
    version,
    cpu: [cpu],
    ...(parent.dev === true && { dev: true }),
    ...(os === 'linux' && { libc: [libc] }),
    ...(parent.license !== undefined && { license: parent.license }),
    optional: true,
    os: [os],
  };
}

const file = fileURLToPath(new URL('../package-lock.json', import.meta.url));
const lock = JSON.parse(readFileSync(file, 'utf8')) as Lock;
const { packages } = lock;
let added = 0;
for (const [path, parent] of Object.entries(packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const at = `node_modules/${name}`;
    if (path === '' || at in packages || `${path}/${at}` in packages) continue;
    packages[at] = entryOf(name, version, parent);
    added++;
  }
}
let quiet = 0;
const real = refusing(process.versions.node, { lockOnly: true });
for (const path of refusing(OLDEST_NODE, { lockOnly: true })) {
  if (real.includes(path)) continue;
  delete packages[path]?.engines;
  quiet++;
}
const sorted = Object.entries(packages).toSorted(([a], [b]) => a.localeCompare(b, 'en'));
writeFileSync(
  `${file}.new`,
  `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`,
);
renameSync(`${file}.new`, file);
console.log(`package-lock.json: ${added} entries added, ${quiet} demands of Node.js taken out`);
