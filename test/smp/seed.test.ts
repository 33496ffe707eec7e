import test from 'ava';
import { call, withMachine } from '../helpers/machine.ts';
import { seedOf } from '../helpers/seed.ts';

const PROGRAM = new URL('programs/seed.ts', import.meta.url);
/** Two cpus on two cores, and eight, with small rings. */
const MACHINES = [
  { cpus: 2, ring: 256 },
  { cpus: 8, ring: 4 },
] as const;

for (const { cpus, ring } of MACHINES) {
  const on = `on ${cpus} cpus`;
  for (const untimely of [0, 3]) {
    const chaos = untimely === 0 ? '' : ', with untimely switches';
    const options = { cpus, ring, sysctl: { 'lwkt.untimely_switch': untimely } };

    test.serial(`mplock stress: one holder at a time, others go on, ${on}${chaos}`, async (t) => {
      await withMachine(t, PROGRAM, options, async (machine) => {
        const threads = 2 * cpus;
        const rounds = 4000 / threads;
        t.deepEqual(await call(machine, 'mplock', [threads, rounds, seedOf(t)]), {
          count: threads * rounds,
          twin: threads * rounds,
          wrong: 0,
          idle: 0,
        });
        const [longest] = machine.stats().cpus.map(({ counters }) => counters['lwkt.mplock_longest_us']);
        t.true((longest ?? 0) < 30_000_000);
      });
    });

    test.serial(
      `preempt stress: no wake-up of an interrupt thread is lost, nobody is disturbed, ${on}${chaos}`,
      async (t) => {
        await withMachine(t, PROGRAM, options, async (machine) => {
          const rounds = 8000 / cpus;
          const n = rounds * 20;
          t.deepEqual(await call(machine, 'preempt', [rounds, seedOf(t)]), {
            total: rounds * cpus,
            sums: [(n * (n - 1)) / 2],
          });
          const hits = machine
            .stats()
            .cpus.reduce((sum, { counters }) => sum + counters['lwkt.preempt_hit'], 0);
          t.true(hits > 0, 'some of them preempted');
        });
      },
    );

    test.serial(`kill stress: running, waiting, on their way, ${on}${chaos}`, async (t) => {
      await withMachine(t, PROGRAM, options, async (machine) => {
        t.deepEqual(await call(machine, 'kills', [100, seedOf(t)]), {
          made: 800,
          errors: 800,
          cleaned: true,
        });
      });
    });

    test.serial(`refs stress: held threads of other cpus are freed once, ${on}${chaos}`, async (t) => {
      await withMachine(t, PROGRAM, options, async (machine) => {
        t.is(await call(machine, 'references', [300, seedOf(t)]), (300 * 299) / 2);
      });
    });

    test.serial(
      `move stress: threads that all cpus pull at take every step once, ${on}${chaos}`,
      async (t) => {
        await withMachine(t, PROGRAM, options, async (machine) => {
          t.is(await call(machine, 'moves', [4, 40, seedOf(t)]), 0);
          const { cpus: all } = machine.stats();
          const moved = all.reduce((sum, { counters }) => sum + counters['lwkt.threads_moved'], 0);
          // A cpu that pulls a walker made elsewhere moves it once at least.
          t.true(moved >= 4, `${moved} moves`);
        });
      },
    );

    test.serial(`tsleep lost wake-up: turns and credits go round, ${on}${chaos}`, async (t) => {
      await withMachine(t, PROGRAM, options, async (machine) => {
        const rounds = 1200 / cpus;
        t.deepEqual(await call(machine, 'sleeps', [rounds, seedOf(t)]), {
          turns: rounds * cpus,
          taken: rounds * cpus,
        });
      });
    });

    test.serial(`ipiq kinds stress: passive, nowait, mask and await, each once, ${on}${chaos}`, async (t) => {
      await withMachine(t, PROGRAM, options, async (machine) => {
        t.deepEqual(await call(machine, 'kinds', [cpus, 1600 / cpus, seedOf(t)]), { early: 0, wrong: 0 });
      });
    });
  }

  test.serial(`balance: 10,000 uneven threads made on cpu 0 keep every cpu at work, ${on}`, async (t) => {
    await withMachine(t, PROGRAM, { cpus, ring: 256 }, async (machine) => {
      const ran = (await call(machine, 'balanced', [10_000])) as number[];
      t.is(
        ran.reduce((a, b) => a + b),
        10_000,
      );
      t.true(
        ran.every((n) => n > 0),
        `threads by cpu: ${ran.join()}`,
      );
    });
  });
}
