/** The version of this package. */
import { readFileSync } from 'node:fs';

/** As package.json has it; 'unknown' when there is none. */
export function version(): string {
  // Beside runtime/ in the checkout, beside the compiled files in the package.
  for (const path of ['../../package.json', '../package.json']) {
    try {
      const pkg = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as {
        name?: string;
        version?: string;
      };
      if (pkg.name === 'lwkt') return pkg.version ?? 'unknown';
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return 'unknown';
}
