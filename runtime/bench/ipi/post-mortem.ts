/** What every cpu did around an IPI that was too slow, for people. */
import type { Machine } from '../../machine/machine.ts';
import type { Region } from '../plan/region.ts';
import type { EventName, TraceEvent } from '../plan/trace.ts';
import { shownTime } from './loads.ts';

/** Events shown of each cpu: the last before, and the first after. */
const BEFORE = 12;
const AFTER = 4;

/** A collection of garbage as a cpu reports it: times of the common clock. */
export interface Collection {
  readonly kind: string;
  readonly at: number;
  readonly ns: number;
}

interface Line {
  readonly at: number;
  readonly text: string;
}

function rounded(ns: number): string {
  return shownTime(Number(ns.toPrecision(3)));
}

/** Lines around a moment. */
function around(lines: readonly Line[], at: number): Line[] {
  const sorted = lines.toSorted((a, b) => a.at - b.at);
  const after = sorted.findIndex((line) => line.at > at);
  const middle = after < 0 ? sorted.length : after;
  return sorted.slice(Math.max(0, middle - BEFORE), middle + AFTER);
}

/** From so much on, a gap before the slow one is told. */
const GAP_NS = 100_000;
/** Events whose value is how long they keep the cpu busy. */
const BUSY: ReadonlySet<EventName> = new Set(['computes', 'critical section']);

/**
 * How long a cpu did nothing that anybody knows of before a moment: neither what it said it would do, nor a collection
 * of garbage. Then it slept, or the operating system ran something else.
 *
 * @returns nanoseconds; 0 where there was no such gap
 */
export function unexplained(
  events: readonly TraceEvent[],
  collections: readonly Collection[],
  at: number,
): number {
  const last = events.findLast((event) => event.at < at);
  if (last === undefined) return 0;
  const until = last.at + (BUSY.has(last.name) ? last.value : 0);
  const collected = collections.some((c) => c.at < at && c.at + c.ns > last.at);
  return collected ? 0 : Math.max(0, at - until);
}

/**
 * Tells what is known: the state of each cpu, its last events, its collections of garbage.
 *
 * @param at - when the slow IPI ran, in nanoseconds of the common clock
 */
export async function traceLines(machine: Machine, region: Region, at: number): Promise<string[]> {
  const lines: string[] = [];
  const { cpus } = machine.stats();
  for (const { cpu, state, threads, runnable, counters } of cpus) {
    lines.push(
      `cpu ${cpu}: ${state}, ${threads} threads, ${runnable} runnable, ${counters['lwkt.switch_count']} switches, ${counters['lwkt.idle_parks']} sleeps`,
    );
    const collections = (await machine.spawn('benchCollections', [], { cpu })) as readonly Collection[];
    const events = region.trace(cpu).read();
    const shown = [
      ...events.map(({ at: when, name, value }) => ({
        at: when,
        text: value === 0 ? name : `${name} ${value}`,
      })),
      ...collections.map((c) => ({ at: c.at, text: `garbage collection (${c.kind}) of ${rounded(c.ns)}` })),
    ];
    for (const event of around(shown, at)) {
      const offset = event.at - at;
      lines.push(`  ${offset < 0 ? '-' : '+'}${rounded(Math.abs(offset))}  ${event.text}`);
    }
    const gap = unexplained(events, collections, at);
    if (gap > GAP_NS)
      lines.push(
        `  ${rounded(gap)} without any of this: it slept, or the operating system ran something else`,
      );
  }
  return lines;
}
