import test from 'ava';
import { call, withMachine } from '../helpers/machine.ts';
import { seedOf } from '../helpers/seed.ts';

const PROGRAM = new URL('programs/wait.ts', import.meta.url);

for (const [cpus, ring, pairs, count, meddle] of [
  [2, 256, 1, 5000, false],
  [2, 2, 3, 600, true],
  [4, 4, 4, 500, true],
  [8, 2, 8, 100, true],
] as const) {
  test.serial(
    `wait stress: ${pairs} producers and consumers on ${cpus} cpus pass ${pairs * count} items${meddle ? ' while others schedule them' : ''}`,
    async (t) => {
      await withMachine(t, PROGRAM, { cpus, ring }, async (machine) => {
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

test.serial('wait lost wake-up: 3,000 turns of two cpus end', async (t) => {
  await withMachine(t, PROGRAM, { cpus: 2 }, async (machine) => {
    t.is(await call(machine, 'pingPong', [3000]), 6000);
  });
});

test.serial('wait: times that run out while signals come leave the queue whole', async (t) => {
  await withMachine(t, PROGRAM, { cpus: 4, ring: 4 }, async (machine) => {
    t.is(await call(machine, 'timeouts', [12, 150, seedOf(t)]), 12 * 150);
  });
});

test.serial('wait signalled before it blocks: is not lost between cpus', async (t) => {
  await withMachine(t, PROGRAM, { cpus: 2 }, async (machine) => {
    t.deepEqual(await call(machine, 'before', [400]), []);
  });
});
