/** `npm run check:package`: packs dist/ and checks the tarball: its content and size, publint, attw. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pack, packageFaults } from './pack.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'lwkt-pack-'));

/** Runs a tool of node_modules on this Node; true when it found nothing. */
function passes(script: string, ...args: string[]): boolean {
  return (
    spawnSync(process.execPath, [join(root, 'node_modules', script), ...args], { stdio: 'inherit' })
      .status === 0
  );
}

const dist = join(root, 'dist');

try {
  if (!existsSync(join(dist, 'package.json'))) throw new Error('there is no dist/: npm run build');
  const packed = pack(dist, scratch);
  const faults = packageFaults(packed);
  for (const fault of faults) console.error(`check:package: ${fault}`);
  console.log(`packed: ${packed.size} bytes, ${packed.files.length} files`);
  const good = [
    faults.length === 0,
    passes('publint/src/cli.js', packed.tarball, '--strict'),
    passes('@arethetypeswrong/cli/dist/index.js', packed.tarball, '--profile', 'esm-only'),
  ];
  if (good.includes(false)) process.exitCode = 1;
} catch (error) {
  console.error(`check:package: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
