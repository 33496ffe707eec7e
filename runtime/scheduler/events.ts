/**
 * Recording what this cpu does, for whoever looks at it afterwards: layout/event.ts.
 *
 * How much is recorded says sysctl lwkt.events: 0 nothing; 1 what happens seldom; 2 also each switch and IPI. A cpu looks
 * at it with the clock, so a recording costs a look at one word of its own where there is nothing to record.
 */
import * as eventModule from '../shared-memory/layout/event.ts';
import * as globaldataLayoutModule from '../shared-memory/layout/globaldata.ts';
import * as globaldataModule from './globaldata.ts';

// An import is read through its module's cell at every use; a constant of this file is folded into the code.
const { Event, EVENT_SLOTS } = eventModule;
const { Globaldata } = globaldataLayoutModule;
const { cpu } = globaldataModule;

const { arg0: ARG0, arg1: ARG1, time: TIME, WORDS } = Event;
const { events: GD_EVENTS, eventCount: GD_EVENT_COUNT } = Globaldata;

/** Records what happens seldom. Context: any; never blocks. */
export function note(kind: number, arg0 = 0, arg1 = 0): void {
  if (cpu.events !== 0) record(kind, arg0, arg1);
}

/** Records; for what happens often, which asks itself whether `cpu.events` is 2. Context: any; never blocks. */
export function record(kind: number, arg0: number, arg1: number): void {
  const { m, gd } = cpu;
  const n = m[gd + GD_EVENT_COUNT] as number;
  const at = gd + GD_EVENTS + (n & (EVENT_SLOTS - 1)) * WORDS;
  m[at] = kind;
  m[at + ARG0] = arg0;
  m[at + ARG1] = arg1;
  m[at + TIME] = cpu.tickUs;
  m[gd + GD_EVENT_COUNT] = (n + 1) | 0;
}
