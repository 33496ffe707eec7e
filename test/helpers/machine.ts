/** Real machines in tests: booted, watched for hangs, checked for leaks, stopped. */
import type { ExecutionContext } from 'ava';
import { boot, type Machine, type MachineOptions } from '../../runtime/index.ts';
import { DEADLINE_MS, eventually, within } from './eventually.ts';

/** What a hanging machine looks like. */
export function snapshot(machine: Machine): string {
  const { state, cpus } = machine.stats();
  const shown = cpus.map(({ cpu, state: doing, threads, runnable, promises, counters }) => {
    const moved = Object.entries(counters).filter(([, value]) => value !== 0);
    return `  cpu ${cpu}: ${doing}, ${threads} threads, ${runnable} runnable, ${promises} promises, ${JSON.stringify(Object.fromEntries(moved))}`;
  });
  const threads = machine
    .ps()
    .slice(0, 40)
    .map((td) => `  ${JSON.stringify(td)}`);
  return [`machine: ${state}`, ...shown, ...threads].join('\n');
}

/** Runs a thread of the program; says what the machine does when it hangs. */
export function call(
  machine: Machine,
  name: string,
  args: readonly unknown[] = [],
  cpu: number | 'any' = 0,
  ms = DEADLINE_MS,
): Promise<unknown> {
  return within(`${name}(${args.map(String).join(', ')})`, machine.spawn(name, args, { cpu }), ms, () =>
    snapshot(machine),
  );
}

/** What nobody should leave behind; all zero. Programs that export it from programs/leaks.ts are asked. */
const NOTHING_LEFT = { messages: 0, pending: 0, tokensHeld: 0, tokenRequests: 0, waiting: 0 };

/**
 * Boots a machine, runs `body`, and demands that nothing is left: no thread, promise, message, IPI, held token or
 * waiting thread.
 *
 * @param program - relative to the caller
 */
export async function withMachine(
  t: ExecutionContext,
  program: URL,
  options: Partial<MachineOptions>,
  body: (machine: Machine) => Promise<void>,
): Promise<void> {
  const machine = await within('boot', boot({ program, ...options }));
  try {
    await body(machine);
    await eventually('no threads', () =>
      machine.stats().cpus.every(({ threads, runnable, promises }) => threads + runnable + promises === 0),
    ).catch((error: unknown) => {
      throw new Error(`threads are left\n${snapshot(machine)}`, { cause: error });
    });
    t.deepEqual(await call(machine, 'leakReport'), NOTHING_LEFT);
    t.deepEqual(await within('stop', machine.stop()), { leftovers: [], more: 0, forced: [], stuck: false });
  } finally {
    await machine.stop();
  }
}
