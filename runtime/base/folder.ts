/** Whether a file can be made at a path, asked before an hour of work depends on it. */
import { accessSync, constants, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * What is wrong with a path, or its folder.
 *
 * @returns the reason and the way out; undefined when a file can be made there
 */
export function folderFault(path: string): string | undefined {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true)
    return 'it is a folder: choose the path of a file';
  const folder = dirname(resolve(path));
  const stat = statSync(folder, { throwIfNoEntry: false });
  if (stat === undefined) return `there is no folder '${folder}': make it first, or choose another path`;
  if (!stat.isDirectory()) return `'${folder}' is no folder: choose another path`;
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    return `nothing can be written into '${folder}' (${code}): choose another path`;
  }
}
