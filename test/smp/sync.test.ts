import test from 'ava';
import { call, withMachine } from '../helpers/machine.ts';
import { seedOf } from '../helpers/seed.ts';

const PROGRAM = new URL('programs/sync.ts', import.meta.url);

for (const [cpus, ring, untimely] of [
  [2, 256, 0],
  [2, 4, 3],
  [8, 256, 0],
  [8, 4, 3],
] as const) {
  const on = `on ${cpus} cpus${untimely === 0 ? '' : ', with untimely switches'}`;
  const options = { cpus, ring, sysctl: { 'lwkt.untimely_switch': untimely } };
  const threads = 2 * cpus;

  test.serial(`mutex stress: one holder at a time, over blocks, times and deaths, ${on}`, async (t) => {
    await withMachine(t, PROGRAM, options, async (machine) => {
      t.deepEqual(await call(machine, 'mutexes', [threads, 4000 / threads, 30, seedOf(t)]), {
        exact: true,
        wrong: 0,
        killed: 30,
      });
    });
  });

  test.serial(`spinlock stress: one holder at a time, ${on}`, async (t) => {
    await withMachine(t, PROGRAM, options, async (machine) => {
      const rounds = 4000 / threads;
      t.deepEqual(await call(machine, 'spinlocks', [threads, rounds]), { count: threads * rounds, wrong: 0 });
    });
  });

  test.serial(`semaphore stress: never more inside than units, all come back, ${on}`, async (t) => {
    await withMachine(t, PROGRAM, options, async (machine) => {
      t.deepEqual(await call(machine, 'semaphores', [threads, 4000 / threads, seedOf(t)]), {
        within: true,
        some: true,
      });
    });
  });

  test.serial(`condition stress: all items pass the queue once, ${on}`, async (t) => {
    await withMachine(t, PROGRAM, options, async (machine) => {
      const items = 2000;
      t.deepEqual(await call(machine, 'conditions', [cpus, items / cpus, seedOf(t)]), {
        sum: (items * (items + 1)) / 2,
        items,
      });
    });
  });

  test.serial(`barrier stress: rounds in step, one last in each, ${on}`, async (t) => {
    await withMachine(t, PROGRAM, options, async (machine) => {
      t.deepEqual(await call(machine, 'barriers', [threads, 100, seedOf(t)]), { wrong: 0, last: 100 });
    });
  });

  test.serial(`once stress: each is done once, whoever fails before, ${on}`, async (t) => {
    await withMachine(t, PROGRAM, options, async (machine) => {
      t.is(await call(machine, 'onces', [40, threads, seedOf(t)]), 40);
    });
  });

  test.serial(`rwlock stress: readers together, writers alone, nobody starves, ${on}`, async (t) => {
    await withMachine(t, PROGRAM, options, async (machine) => {
      const rounds = 1200 / cpus;
      t.deepEqual(await call(machine, 'rwlocks', [cpus, rounds, seedOf(t)]), {
        writes: cpus * rounds,
        twin: cpus * rounds,
        wrong: 0,
        starved: 0,
        here: 0,
      });
    });
  });
}
