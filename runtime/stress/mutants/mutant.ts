/** What a mutant is: a name, a mistake, and how the rack finds it. */
import type { Edit } from './edit.ts';
import type { SetupName } from './setups.ts';

/** A kernel with one mistake in it. */
export interface Mutant {
  readonly name: string;
  /** The defect of the seed that it brings back, as DEPARTURES.md numbers them; or what kind of mistake it is. */
  readonly origin:
    `D${number}` | 'ring' | 'sleep' | 'token' | 'lock' | 'wait' | 'thread' | 'priority' | 'time';
  /** What the careless engineer did. */
  readonly title: string;
  readonly setup: SetupName;
  readonly edits: readonly Edit[];
  /** Found within two seconds also where no two cpus ever run at the same moment: part of `npm test`. */
  readonly quick?: true;
  /** Why the rack is not expected to find it. */
  readonly unseen?: string;
}
