/** Exit codes of the command, as one table; `lwkt help` prints it. */
import { LwktError, type LwktErrorCode } from '../base/errors.ts';
import { MachinePanic } from '../base/panic.ts';

export const EXIT = { done: 0, failed: 1, usage: 2, panic: 70, interrupted: 130 } as const;

export const EXIT_CODES: readonly (readonly [number, string])[] = [
  [EXIT.done, 'done; or whatever number the program returned, 0 .. 255'],
  [
    EXIT.failed,
    'the program failed: it could not be loaded, or its main thread threw; a verdict is FAILURE; or a figure got worse',
  ],
  [EXIT.usage, 'usage: a bad option, or no such program'],
  [EXIT.panic, 'the machine panicked, or a cpu died that it does not go on without'],
  [EXIT.interrupted, 'interrupted by Ctrl-C or SIGTERM; what there is has been printed'],
];

/** Exit code for an error on the way to or in a run. */
export function exitCodeOf(error: unknown, usage: readonly LwktErrorCode[]): number {
  if (error instanceof MachinePanic) return EXIT.panic;
  if (!(error instanceof LwktError)) return EXIT.failed;
  if (error.code === 'ERR_LWKT_CPU_DIED') return EXIT.panic;
  return usage.includes(error.code) ? EXIT.usage : EXIT.failed;
}
