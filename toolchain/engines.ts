/** Which packages refuse a Node.js: what npm warns of. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The oldest Node.js that the npm of a machine may run on. */
export const OLDEST_NODE = '20.0.0';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Places of packages, as `node_modules/x`, whose `engines` refuse a version of Node.js. Packages that npm leaves out on
 * machines that they are not for do not count.
 *
 * @param lockOnly - as package-lock.json has them; otherwise as they are installed
 */
export function refusing(version: string, { lockOnly = false } = {}): string[] {
  const selector = `:attr(engines, [node]):not(:semver(${version}, :attr(engines, [node])))`;
  const args = ['query', selector, ...(lockOnly ? ['--package-lock-only'] : [])];
  const found = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8' })) as {
    location: string;
    optional?: boolean;
  }[];
  return found
    .filter(({ location, optional }) => location !== '' && optional !== true)
    .map(({ location }) => location);
}
