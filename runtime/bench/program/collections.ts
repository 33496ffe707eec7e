/** Collections of garbage of this cpu, kept while a run is traced. */
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { kthread, until } from '../../lwkt.ts';
import { origin } from '../plan/clock.ts';

/** Collections kept. */
const KEPT = 256;

const NAMES: Readonly<Record<number, string>> = {
  [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor',
  [constants.NODE_PERFORMANCE_GC_MAJOR]: 'major',
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental',
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weak callbacks',
};

interface Collection {
  readonly kind: string;
  readonly at: number;
  readonly ns: number;
}

let collections: Collection[] = [];
let observer: PerformanceObserver | undefined;

/** Begins to watch. What Node reports comes with a turn of the event loop. */
export function watchCollections(): void {
  observer ??= new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { startTime, duration } = entry;
      // What Node adds to entries of this type.
      const { kind } = (entry as PerformanceEntry & { readonly detail: { readonly kind: number } }).detail;
      collections.push({
        kind: NAMES[kind] ?? String(kind),
        at: startTime * 1e6 - origin(),
        ns: duration * 1e6,
      });
    }
    collections = collections.slice(-KEPT);
  });
  observer.observe({ entryTypes: ['gc'] });
}

/** What was seen so far. */
export const benchCollections = kthread(function* benchCollections() {
  // The entries come by setImmediate, their observer by another one.
  for (let i = 0; i < 3; i++) yield* until(new Promise<void>((resolve) => setImmediate(resolve)));
  return collections;
});
