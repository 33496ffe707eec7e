import test from 'ava';
import { call, withMachine } from '../helpers/machine.ts';
import { seedOf } from '../helpers/seed.ts';

const PROGRAM = new URL('programs/token.ts', import.meta.url);

interface Exclusion {
  exact: boolean;
  overlaps: number;
  progress: number[];
}

for (const [cpus, ring, threads, rounds, toks, untimely = 0, kind = 'owned'] of [
  [2, 256, 4, 2000, 1],
  [2, 2, 6, 1000, 3],
  [4, 4, 8, 600, 3],
  [4, 2, 12, 300, 6],
  [8, 256, 16, 250, 2],
  [8, 2, 16, 150, 4],
  [4, 16, 12, 300, 4, 3],
  [2, 256, 4, 2000, 1, 0, 'mutex'],
  [2, 2, 6, 1000, 3, 0, 'mixed'],
  [4, 2, 12, 300, 6, 0, 'mixed'],
  [8, 256, 16, 250, 2, 0, 'mutex'],
  [8, 2, 16, 150, 4, 0, 'mixed'],
  [4, 16, 12, 300, 4, 3, 'mixed'],
] as const) {
  test.serial(
    `token exclusive, stress: ${threads} threads on ${cpus} cpus, rings of ${ring}, take ${toks} tokens (${kind}) in random orders${untimely === 0 ? '' : ', with untimely switches'}`,
    async (t) => {
      const sysctl = { 'lwkt.untimely_switch': untimely };
      await withMachine(t, PROGRAM, { cpus, ring, sysctl }, async (machine) => {
        const result = (await call(machine, 'exclusion', [
          threads,
          rounds,
          toks,
          seedOf(t),
          kind,
        ])) as Exclusion;
        t.is(result.overlaps, 0);
        t.true(result.exact);
        t.deepEqual(
          result.progress,
          Array.from({ length: cpus }, () => (threads / cpus) * rounds),
        );
      });
    },
  );
}

for (const [cpus, share, kind] of [
  [2, 20_000, 'owned'],
  [4, 2000, 'owned'],
  [8, 300, 'owned'],
  [2, 2000, 'mutex'],
  [4, 300, 'mutex'],
  [8, 100, 'mutex'],
] as const) {
  test.serial(
    `token fairness: each of ${cpus} greedy cpus gets the token (${kind}) ${share} times`,
    async (t) => {
      await withMachine(t, PROGRAM, { cpus }, async (machine) => {
        t.true(await call(machine, 'fairness', [share, kind]));
      });
    },
  );
}

test.serial('token handover: a token of a cpu that sleeps is taken without waking it', async (t) => {
  await withMachine(t, PROGRAM, { cpus: 2 }, async (machine) => {
    const { woke, least } = (await call(machine, 'sleeping', [200])) as { woke: number; least: number };
    t.is(woke, 0);
    t.log(`the quickest of 200 took ${least.toFixed(0)} ns`);
  });
});

for (const ring of [2, 256]) {
  test.serial(`token handover: cpus that take it in turns and sleep, rings of ${ring}`, async (t) => {
    await withMachine(t, PROGRAM, { cpus: 4, ring }, async (machine) => {
      t.is(await call(machine, 'parked', [400]), 400);
    });
  });
}

test.serial(
  'token handover: a cpu that sleeps while it waits for the token is woken by the grant',
  async (t) => {
    await withMachine(t, PROGRAM, { cpus: 3 }, async (machine) => {
      t.is(await call(machine, 'granted', [50], 2), 50);
    });
  },
);

test.serial('token lost wake-up: a waiter stopped while the token came and went still gets it', async (t) => {
  await withMachine(t, PROGRAM, { cpus: 2 }, async (machine) => {
    t.is(await call(machine, 'descheduled', [], 0, 15_000), 1);
  });
});

test.serial('token gen: tells of threads of other cpus, and only of them', async (t) => {
  await withMachine(t, PROGRAM, { cpus: 2 }, async (machine) => {
    t.deepEqual(await call(machine, 'generations'), { untouched: 0, touched: true, again: 0, next: true });
  });
});
