/** Exit codes of the command, verb by verb, as their help prints them. */
import { LwktError, type LwktErrorCode } from '../base/errors.ts';
import { MachinePanic } from '../base/panic.ts';

export const EXIT = { done: 0, failed: 1, usage: 2, panic: 70, interrupted: 130 } as const;

type Row = readonly [code: number, meaning: string];

const USAGE: Row = [EXIT.usage, 'usage: a bad option, or something named that does not exist'];
const INTERRUPTED: Row = [
  EXIT.interrupted,
  'interrupted by Ctrl-C or SIGTERM; what there is has been printed',
];

/** What each verb can end with. */
const EXIT_CODES = {
  run: [
    [EXIT.done, 'done; or whatever number the program returned, 0 .. 255'],
    [EXIT.failed, 'the program failed: it could not be loaded, or its main thread threw'],
    [EXIT.usage, 'usage: a bad option, or no such program'],
    [EXIT.panic, 'the machine panicked, or a cpu died that it does not go on without'],
    INTERRUPTED,
  ],
  stress: [
    [EXIT.done, 'the verdict is SUCCESS'],
    [EXIT.failed, 'the verdict is FAILURE: a check failed, or the machine did'],
    USAGE,
    INTERRUPTED,
  ],
  bench: [
    [EXIT.done, 'measured, and written'],
    [EXIT.failed, 'measured, but a report could not be written'],
    USAGE,
    [EXIT.panic, 'a machine panicked, or a cpu died, while it was measured'],
    INTERRUPTED,
  ],
  compare: [
    [EXIT.done, 'nothing got worse'],
    [EXIT.failed, 'a figure got worse, or is gone'],
    [EXIT.usage, 'usage: a bad option, or a file that is no report'],
  ],
  show: [
    [EXIT.done, 'shown, or written'],
    [EXIT.failed, 'the page could not be written'],
    [EXIT.usage, 'usage: a bad option, or a file that is no report'],
  ],
  look: [
    [EXIT.done, 'shown'],
    [EXIT.failed, 'no machine answers there'],
    [EXIT.usage, 'usage: a bad option, or something that the machine refuses'],
  ],
  dump: [
    [EXIT.done, 'shown'],
    [EXIT.failed, 'there is no such dump, or it is damaged or of another version'],
    [EXIT.usage, 'usage: a bad option'],
  ],
  all: [
    [EXIT.done, 'done; of `lwkt run`, or whatever number the program returned, 0 .. 255'],
    [EXIT.failed, 'the program failed, a verdict is FAILURE, something got worse, or was not to be had'],
    USAGE,
    [EXIT.panic, 'the machine panicked, or a cpu died that it does not go on without'],
    INTERRUPTED,
  ],
} as const satisfies Readonly<Record<string, readonly Row[]>>;

/** What the help of a verb says of its exit codes. */
export function exitCodeHelp(verb: keyof typeof EXIT_CODES): string {
  const lines = EXIT_CODES[verb].map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`);
  return `\nExit codes:\n${lines.join('\n')}\n`;
}

/** Exit code for an error on the way to or in a run. */
export function exitCodeOf(error: unknown, usage: readonly LwktErrorCode[]): number {
  if (error instanceof MachinePanic) return EXIT.panic;
  if (!(error instanceof LwktError)) return EXIT.failed;
  if (error.code === 'ERR_LWKT_CPU_DIED') return EXIT.panic;
  return usage.includes(error.code) ? EXIT.usage : EXIT.failed;
}
