import test from 'ava';
import { call, withMachine } from '../helpers/machine.ts';
import { seedOf } from '../helpers/seed.ts';

const PROGRAM = new URL('programs/spawn.ts', import.meta.url);

for (const [cpus, ring, count] of [
  [2, 2, 1500],
  [4, 4, 800],
  [8, 2, 200],
  [8, 256, 400],
] as const) {
  test.serial(
    `spawn stress: ${cpus} cpus, rings of ${ring}: each makes and joins ${count} threads on any cpu`,
    async (t) => {
      await withMachine(t, PROGRAM, { cpus, ring }, async (machine) => {
        t.deepEqual(await call(machine, 'storm', [count, seedOf(t)]), {
          good: Array.from({ length: cpus }, () => count),
          ran: cpus * count,
        });
      });
    },
  );
}

test.serial('spawn: a tree of 2,047 threads over 4 cpus joins to its root', async (t) => {
  await withMachine(t, PROGRAM, { cpus: 4, ring: 4 }, async (machine) => {
    t.is(await call(machine, 'forest', [10]), 1024);
  });
});

for (const cpus of [2, 4]) {
  test.serial(
    `join: of ${cpus} cpus that join one thread, one gets the result, the others are told`,
    async (t) => {
      await withMachine(t, PROGRAM, { cpus }, async (machine) => {
        t.deepEqual(await call(machine, 'race', [150, seedOf(t)]), []);
      });
    },
  );
}

test.serial('spawn: detached threads on all cpus run and leave nothing', async (t) => {
  await withMachine(t, PROGRAM, { cpus: 4, threads: 100 }, async (machine) => {
    t.deepEqual(await call(machine, 'detached', [2000]), [500, 500, 500, 500]);
  });
});

test.serial(
  'spawn full: too many threads is the documented error; joined, there is room again',
  async (t) => {
    await withMachine(t, PROGRAM, { cpus: 2, threads: 50 }, async (machine) => {
      const rounds = (await call(machine, 'fill', [4])) as {
        code: string;
        message: string;
        made: number;
        sum: number;
      }[];
      t.is(rounds.length, 4);
      for (const { code, message, made, sum } of rounds) {
        t.is(code, 'ERR_LWKT_THREADS');
        t.regex(message, /all 50 threads are in use.*raise threads/s);
        t.true(made >= 48);
        t.is(sum, made);
      }
    });
  },
);

test.serial(
  'messages full: arguments without room are the documented error, and none on its way is lost',
  async (t) => {
    await withMachine(t, PROGRAM, { cpus: 2, messages: 64 * 1024 }, async (machine) => {
      const result = (await call(machine, 'exhaust', [3000])) as Record<string, unknown>;
      t.is(result['code'], 'ERR_LWKT_MESSAGES');
      t.regex(String(result['message']), /no room for a value of 30\d\d bytes: .*raise messages/s);
      t.true((result['sent'] as number) >= 16);
      t.is(result['good'], result['sent']);
      t.is(result['again'], 3000);
    });
  },
);

test.serial('messages full: every result arrives or is told to be lost', async (t) => {
  await withMachine(t, PROGRAM, { cpus: 2, messages: 64 * 1024 }, async (machine) => {
    t.deepEqual(await call(machine, 'exhaustResults', [60, 3000]), { good: 60, told: 0 });
    const { good, told } = (await call(machine, 'exhaustAtOnce', [60, 3000])) as {
      good: number;
      told: number;
    };
    t.is(good + told, 60);
    t.true(good >= 1);
  });
});
