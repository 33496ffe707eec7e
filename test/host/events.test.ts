import test from 'ava';
import { boot, MachinePanic } from '../../runtime/index.ts';
import { viewText } from '../../runtime/cli/view-text.ts';
import { EVENT_SLOTS } from '../../runtime/shared-memory/layout/event.ts';
import { errorOf, within } from '../helpers/eventually.ts';

const PROGRAM = new URL('programs/faults.ts', import.meta.url);
const SMALL = { threads: 400, memory: 65_536, messages: 262_144, names: 64 } as const;

test.serial(
  'events: the last ones of a panicked machine end with the panic, on the cpu that had it',
  async (t) => {
    const machine = await boot({ program: PROGRAM, cpus: 2, ...SMALL });
    t.true(await machine.spawn('works', [], { cpu: 0 }));
    const error = await within('panics', errorOf(machine.spawn('panics', [], { cpu: 1 })));
    t.true(error instanceof MachinePanic);
    await machine.stop();
    const { events, stats } = machine.view();
    const of = (cpu: number): string[] => events.filter((e) => e.cpu === cpu).map(({ what }) => what);
    t.is(of(1).at(-1), 'panic');
    t.false(of(0).includes('panic'));
    for (const what of ['start', 'exit', 'token taken', 'MP lock got', 'MP lock released']) {
      t.true(of(0).includes(what) || of(1).includes(what), what);
    }
    t.true(
      events.filter(({ what }) => what.startsWith('token')).every(({ about }) => about[0] === `'faulty'`),
    );
    t.true(events.every(({ agoMs }) => agoMs >= 0));
    t.true(events.length <= stats.cpus.length * EVENT_SLOTS);
    t.regex(viewText(machine.view()), /== last events\n[^]*\n +1 +0\.000 {2}panic +thread \d+/);
  },
);

test.serial(
  'events: switches and IPIs are among them when that is asked for, and nothing when it is not',
  async (t) => {
    await using machine = await boot({ program: PROGRAM, cpus: 2, ...SMALL, sysctl: { 'lwkt.events': 2 } });
    t.true(await machine.spawn('works', [], { cpu: 0 }));
    const kinds = new Set(machine.view().events.map(({ what }) => what));
    t.true(kinds.has('switch'));
    t.true(kinds.has('IPI run'));
    t.true(machine.view().events.some(({ what, about }) => what === 'IPI run' && about[0] === 'lwkt.adopt'));
    machine.sysctl.set('lwkt.events', 0);
    // Until both cpus have looked at their clocks.
    for (let before = ''; ; before = JSON.stringify(machine.view().events)) {
      await machine.spawn('works', [], { cpu: 0 });
      if (JSON.stringify(machine.view().events) === before) break;
    }
    t.pass();
  },
);
