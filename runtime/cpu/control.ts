/**
 * A cpu's end of the control plane: the slow things that the host asks for, over Comlink.
 *
 * The host rings the doorbell with every message; the cpu then turns its event loop until it has seen as many
 * messages as the host has sent.
 */
import { createRequire, Module, registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { MessagePort } from 'node:worker_threads';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expose } from 'comlink';
import { portListeners } from '../base/port-endpoint.ts';
import { LwktError } from '../base/errors.ts';
import type { CpuControl, CpuHeap, Loaded } from '../base/protocol.ts';
import { tunable, TUNABLES, type TunableName } from '../shared-memory/layout/sysctl.ts';
import { ldA } from '../shared-memory/word.ts';
import { cpu } from '../scheduler/globaldata.ts';
import { closeRegistration, registeredNames } from '../scheduler/ipifunc.ts';
import { isKThread } from '../scheduler/kthread.ts';
import { addPromises } from '../scheduler/until.ts';

let received = 0;

/** Control messages seen so far. */
export function controlReceived(): number {
  return received;
}

/** Serves the control port. */
export function serveControl(port: MessagePort): void {
  const control: CpuControl = { load, sysctl, heap };
  port.on('message', () => received++);
  expose(control, { ...portListeners(port), postMessage: (message: unknown) => port.postMessage(message) });
}

async function load(url: string): Promise<Loaded> {
  addPromises(1);
  try {
    await resolveToThisRuntime();
    const main = defaultExport(await importProgram(url));
    closeRegistration();
    return { ...registeredNames(), main: main === undefined ? -1 : isKThread(main) ? main.id : -2 };
  } finally {
    addPromises(-1);
  }
}

/** A module's default export; a CommonJS module, as a compiler may make of a program, wraps it once more. */
function defaultExport(module: unknown): unknown {
  const { default: main } = module as { default?: unknown };
  if (isKThread(main) || typeof main !== 'object' || main === null || !('default' in main)) return main;
  return main.default;
}

/**
 * Makes a program's `lwkt` the one that runs it, wherever the program lies and whatever is installed there.
 *
 * The resolved file is not enough where a loader compiles what is required, as tsx does with TypeScript of a package
 * that is no ES module: the same file would be evaluated again, as a kernel that belongs to no machine. What is in the
 * cache of `require` is not loaded at all.
 */
async function resolveToThisRuntime(): Promise<void> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const thread = new URL(`../lwkt.${extension}`, import.meta.url).href;
  const own: Readonly<Record<string, string>> = {
    'lwkt/thread': thread,
    lwkt: new URL(`../index.${extension}`, import.meta.url).href,
  };
  const path = fileURLToPath(thread);
  const required = new Module(path);
  required.exports = (await import(thread)) as unknown;
  required.loaded = true;
  createRequire(import.meta.url).cache[path] = required;
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const url = own[specifier];
      return url === undefined ? nextResolve(specifier, context) : { url, shortCircuit: true };
    },
  });
}

/** Errors of Node's own type stripping that a real compiler gets past. */
const NEEDS_COMPILER = new Set([
  'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
  'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING',
]);

/** Imports a program: natively, or through tsx when its TypeScript is more than types. */
async function importProgram(url: string): Promise<unknown> {
  try {
    return await import(url);
  } catch (error) {
    const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
    if (code === undefined || !NEEDS_COMPILER.has(code)) throw error;
    const { register } = await import('tsx/esm/api');
    register();
    return import(url);
  }
}

function sysctl(name: string): number {
  if (!TUNABLES.some(([known]) => known === name)) {
    throw new LwktError(
      'ERR_LWKT_OPTION',
      `no tunable '${name}': the tunables are ${TUNABLES.map(([known]) => known).join(', ')}`,
    );
  }
  return ldA(cpu.m, cpu.arena.map.sysctl, tunable(name as TunableName));
}

function heap(collect: boolean): CpuHeap {
  if (collect) collectGarbage();
  const { used_heap_size: used, total_heap_size: total } = getHeapStatistics();
  return { used, total };
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
