import test from 'ava';
import { call, withMachine } from '../helpers/machine.ts';
import { seedOf } from '../helpers/seed.ts';

const PROGRAM = new URL('programs/ipi.ts', import.meta.url);

interface Storm {
  disorder: number;
  hops: number;
  hopSums: boolean;
}

for (const [cpus, ring, count, hops] of [
  [2, 2, 5000, 0],
  [2, 2, 2500, 4],
  [4, 2, 1000, 4],
  [4, 4, 2000, 3],
  [8, 2, 150, 3],
  [8, 4, 300, 3],
  [8, 256, 1000, 3],
] as const) {
  test.serial(
    `ipi order, stress: all pairs of ${cpus} cpus, rings of ${ring}, ${count} each, functions that send ${hops} deep`,
    async (t) => {
      await withMachine(t, PROGRAM, { cpus, ring }, async (machine) => {
        const result = (await call(machine, 'storm', [count, hops, seedOf(t)])) as Storm;
        t.is(result.disorder, 0);
        t.true(result.hopSums);
        t.is(result.hops > 0, hops > 0);
      });
    },
  );
}

test.serial(
  'ipi stress: 20 cpus with rings of two, functions that send: nesting stays bounded',
  async (t) => {
    await withMachine(
      t,
      PROGRAM,
      { cpus: 20, ring: 2, threads: 100, memory: 1 << 20, messages: 1 << 16 },
      async (machine) => {
        const result = (await call(machine, 'storm', [20, 6, seedOf(t)])) as Storm;
        t.is(result.disorder, 0);
        t.true(result.hopSums);
      },
    );
  },
);

test.serial('ipi: waiting for completion both ways at once ends, and every function ran', async (t) => {
  await withMachine(t, PROGRAM, { cpus: 2, ring: 4 }, async (machine) => {
    t.deepEqual(await call(machine, 'bothWays', [5000]), [5000, 5000]);
  });
});

test.serial(
  'regress: two cpus with full rings to each other, each in a function of a third one, go on',
  async (t) => {
    for (const ring of [2, 4]) {
      await withMachine(t, PROGRAM, { cpus: 3, ring }, async (machine) => {
        t.deepEqual(await call(machine, 'cross', [ring], 2), [ring + 1, ring + 1]);
      });
    }
  },
);

test.serial('ipi: none runs on a cpu whose thread is in a critical section', async (t) => {
  await withMachine(t, PROGRAM, { cpus: 2 }, async (machine) => {
    t.deepEqual(await call(machine, 'deferred'), [7, true, 8]);
  });
});
