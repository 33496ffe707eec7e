/** The last events of each cpu, read from the arena; what they name may be gone by now. */
import type { Arena } from '../shared-memory/arena.ts';
import { Event, EVENT_SLOTS, EVENTS } from '../shared-memory/layout/event.ts';
import { Globaldata } from '../shared-memory/layout/globaldata.ts';
import { globaldataOf } from '../shared-memory/layout/memory-map.ts';
import { ld } from '../shared-memory/word.ts';

/** What one cpu did. */
export interface EventView {
  readonly cpu: number;
  /** Milliseconds before the cpu's last event, as far as it looked at its clock. */
  readonly agoMs: number;
  readonly what: string;
  /** Whom or what it was about: "thread 12", "token 'vm'"; empty for none. */
  readonly about: readonly string[];
}

/** Names that events refer to. */
export interface EventNames {
  readonly ipis: readonly string[];
  readonly tokens: ReadonlyMap<number, string>;
}

function shown(what: string, value: number, { ipis, tokens }: EventNames): string {
  if (what === '') return '';
  if (what === 'thread') return `thread ${value}`;
  if (what === 'token') return `'${tokens.get(value) ?? `at ${value}`}'`;
  if (what === 'function') return ipis[value] ?? `function ${value}`;
  return what === 'cpu' ? `cpu ${value}` : String(value);
}

/** The last events, cpu by cpu, the latest last. */
export function lastEvents(arena: Arena, names: EventNames): EventView[] {
  const { m, map } = arena;
  const views: EventView[] = [];
  for (let cpu = 0; cpu < map.ncpus; cpu++) {
    const gd = globaldataOf(map, cpu);
    const count = ld(m, gd, Globaldata.eventCount) >>> 0;
    const slot = (n: number): number => gd + Globaldata.events + (n & (EVENT_SLOTS - 1)) * Event.WORDS;
    const last = ld(m, slot(count - 1), Event.time);
    for (let n = Math.max(0, count - EVENT_SLOTS); n < count; n++) {
      const at = slot(n);
      const kind = EVENTS[ld(m, at, Event.kind)];
      if (kind === undefined || kind[0] === 'none') continue;
      const about = [
        shown(kind[1], ld(m, at, Event.arg0), names),
        shown(kind[2], ld(m, at, Event.arg1), names),
      ];
      views.push({
        cpu,
        agoMs: ((last - ld(m, at, Event.time)) | 0) / 1000,
        what: kind[0],
        about: about.filter((text) => text !== ''),
      });
    }
  }
  return views;
}
