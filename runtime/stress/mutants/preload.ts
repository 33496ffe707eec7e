/**
 * Makes the mistake of one mutant in every cpu of a process, or only what a setup does to the kernel as it is. Loaded
 * before anything else, by `node --import .../preload.ts?mutant=NAME` or `?setup=NAME`; worker threads load it too,
 * since they inherit the option.
 *
 * The main thread, which is the host, keeps the kernel as it is. An edit whose place is not found ends the process
 * before a machine boots.
 */
import { existsSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { setActiveMutant } from './active.ts';
import { delayedTexts, mutatedTexts } from './apply.ts';
import { requireMutant } from './list.ts';
import type { SetupName } from './setups.ts';

function texts(): Map<string, string> {
  const { searchParams } = new URL(import.meta.url);
  const setup = searchParams.get('setup');
  if (setup !== null) return delayedTexts(setup as SetupName);
  const mutant = requireMutant(searchParams.get('mutant') ?? '');
  setActiveMutant(mutant.name);
  return mutatedTexts(mutant);
}

const changed = texts();

/** In the package the kernel is bundled: its single modules are what a mutant edits (toolchain/bundle.ts). */
function moduleText(url: string): string | undefined {
  if (!url.startsWith('file:') || !url.endsWith('.js')) return undefined;
  const path = fileURLToPath(url).replace(/\.js$/, '.modules.js');
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

if (!isMainThread) {
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const source = changed.get(url) ?? moduleText(url);
      return source === undefined ? loaded : { ...loaded, source };
    },
  });
}
