/** All mutants, and the defects of the seed that none of them brings back. */
import { LwktError } from '../../base/errors.ts';
import type { Mutant } from './mutant.ts';
import { RING_MUTANTS } from './ring.ts';
import { SCHEDULING_MUTANTS } from './scheduling.ts';
import { SYNC_MUTANTS } from './sync.ts';
import { THREAD_MUTANTS } from './threads.ts';
import { TOKEN_MUTANTS } from './tokens.ts';

export const MUTANTS: readonly Mutant[] = [
  ...RING_MUTANTS,
  ...TOKEN_MUTANTS,
  ...SCHEDULING_MUTANTS,
  ...SYNC_MUTANTS,
  ...THREAD_MUTANTS,
];

/** Defects of the seed that are no mutant, with the reason; a test of their own shows each (DEPARTURES.md). */
export const NO_MUTANT: Readonly<Record<string, string>> = {
  D14: 'a counter of refusals: no thread behaves otherwise',
  D15: 'prints too much: no thread behaves otherwise',
  D16: 'the text of a panic',
  D20: 'costs time only: a bit that is set already is set again',
  D22: 'an order among sources and a bound, which no check can hold against a machine that is merely busy',
  D25: 'nothing can come between the push and the look at its number: a worker is not interrupted there',
  D27: 'the idle thread is on no run queue of ours, so a thread of its priority runs like any other',
};

/** Changes that make one name of another, as far as it matters to who mistyped it. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      next.push(Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, (row[j - 1] as number) + same));
    }
    row = next;
  }
  return row[b.length] as number;
}

/** Names that somebody may have meant by `name`, the likeliest first. */
function near(name: string): string[] {
  const words = name.split('-').filter((word) => word.length > 3);
  return MUTANTS.map((mutant) => mutant.name)
    .map((known) => ({
      known,
      far: distance(name, known) - 4 * words.filter((w) => known.includes(w)).length,
    }))
    .toSorted((a, b) => a.far - b.far)
    .filter(({ far }) => far <= name.length / 2)
    .slice(0, 3)
    .map(({ known }) => known);
}

/**
 * The mutant of a name.
 *
 * @throws LwktError ERR_LWKT_OPTION with the names that are near
 */
export function requireMutant(name: string): Mutant {
  const found = MUTANTS.find((mutant) => mutant.name === name);
  if (found !== undefined) return found;
  const names = near(name);
  throw new LwktError(
    'ERR_LWKT_OPTION',
    `there is no mutant '${name}'; ` +
      (names.length === 0 ? '' : `did you mean ${names.join(', ')}? `) +
      'lwkt stress --list-mutants lists them all',
  );
}
