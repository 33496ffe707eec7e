/**
 * Makes the mistake of one mutant in every cpu of a process. Loaded before anything else, by
 * `node --import .../preload.ts?mutant=NAME`; worker threads load it too, since they inherit the option.
 *
 * The main thread, which is the host, keeps the kernel as it is. A mutant whose place is not found ends the process
 * before a machine boots.
 */
import { existsSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { setActiveMutant } from './active.ts';
import { mutatedTexts } from './apply.ts';
import { requireMutant } from './list.ts';

const mutant = requireMutant(new URL(import.meta.url).searchParams.get('mutant') ?? '');
const texts = mutatedTexts(mutant);
setActiveMutant(mutant.name);

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
      const source = texts.get(url) ?? moduleText(url);
      return source === undefined ? loaded : { ...loaded, source };
    },
  });
}
