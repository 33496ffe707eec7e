/**
 * What a cpu did last: a ring of records beside its globaldata, written by that cpu, read by watchers and from dumps.
 *
 * A record costs four plain stores and no clock: its time is that of the cpu's last look at the clock.
 */
import { plain, struct } from '../struct.ts';

export const Event = struct('Event', {
  /** A code of EVENTS. */
  kind: plain(),
  arg0: plain(),
  arg1: plain(),
  /** Microseconds of the cpu's own clock, 32 bits. */
  time: plain(),
});

/** Records that are kept of each cpu; a power of two. */
export const EVENT_SLOTS = 64;

/** Kinds: name, and what the two arguments are; index = code. Those from `switch` on are recorded at lwkt.events = 2. */
export const EVENTS = [
  ['none', '', ''],
  ['start', 'thread', ''],
  ['exit', 'thread', ''],
  ['token taken', 'token', ''],
  ['token handed over', 'token', 'cpu'],
  ['token came', 'token', ''],
  ['MP lock got', '', ''],
  ['MP lock released', '', ''],
  ['sleeps', '', ''],
  ['wakes', '', ''],
  ['cpu died', 'cpu', ''],
  ['panic', 'thread', ''],
  ['switch', 'thread', ''],
  ['IPI sent', 'function', 'cpu'],
  ['IPI run', 'function', 'number'],
] as const;

export type EventName = (typeof EVENTS)[number][0];

/** The code of a kind. */
export function eventCode(name: EventName): number {
  return EVENTS.findIndex(([known]) => known === name);
}
