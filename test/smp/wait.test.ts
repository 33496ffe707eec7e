import test from 'ava';
import { call, withMachine } from '../helpers/machine.ts';
import { seedOf } from '../helpers/seed.ts';

const PROGRAM = new URL('programs/wait.ts', import.meta.url);

/** Both strategies of wait queues, changed from one to the other, and chaos. */
const WAYS = [
  ['', {}],
  [', by message', { 'lwkt.waitq_message': 1 }],
  [', by message with untimely switches', { 'lwkt.waitq_message': 1, 'lwkt.untimely_switch': 4 }],
  [', by token with untimely switches', { 'lwkt.untimely_switch': 4 }],
] as const;

for (const [way, sysctl] of WAYS) {
  for (const [cpus, ring, pairs, count, meddle] of [
    [2, 256, 1, 5000, false],
    [2, 2, 3, 600, true],
    [4, 4, 4, 500, true],
    [8, 2, 8, 100, true],
  ] as const) {
    test.serial(
      `wait stress: ${pairs} producers and consumers on ${cpus} cpus pass ${pairs * count} items${meddle ? ' while others schedule them' : ''}${way}`,
      async (t) => {
        await withMachine(t, PROGRAM, { cpus, ring, sysctl }, async (machine) => {
          const items = pairs * count;
          t.deepEqual(await call(machine, 'queue', [pairs, count, meddle]), {
            sum: (items * (items + 1)) / 2,
            items,
            meddled: meddle,
          });
        });
      },
    );
  }

  test.serial(`wait lost wake-up: 3,000 turns of two cpus end${way}`, async (t) => {
    await withMachine(t, PROGRAM, { cpus: 2, sysctl }, async (machine) => {
      t.is(await call(machine, 'pingPong', [3000]), 6000);
    });
  });

  test.serial(`wait: times that run out while signals come leave the queue whole${way}`, async (t) => {
    await withMachine(t, PROGRAM, { cpus: 4, ring: 4, sysctl }, async (machine) => {
      t.is(await call(machine, 'timeouts', [12, 150, seedOf(t)]), 12 * 150);
    });
  });

  test.serial(`wait signalled before it blocks: is not lost between cpus${way}`, async (t) => {
    await withMachine(t, PROGRAM, { cpus: 2, sysctl }, async (machine) => {
      t.deepEqual(await call(machine, 'before', [400]), []);
    });
  });
}

test.serial('wait: the strategy may change while threads wait', async (t) => {
  await withMachine(t, PROGRAM, { cpus: 4, ring: 4 }, async (machine) => {
    const state = { over: false };
    const done = call(machine, 'timeouts', [12, 150, seedOf(t)]).finally(() => {
      state.over = true;
    });
    for (let message = 1; !state.over; message ^= 1) {
      machine.sysctl.set('lwkt.waitq_message', message);
      await new Promise((resolve) => setImmediate(resolve));
    }
    t.is(await done, 12 * 150);
  });
});
