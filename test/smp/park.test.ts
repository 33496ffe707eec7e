import test from 'ava';
import { call, withMachine } from '../helpers/machine.ts';

test('regress: a cpu that waits for room while it lets its tokens go does not sleep on a runnable thread', async (t) => {
  // Another cpu's request would otherwise be served at a tick, before the cpu goes to sleep.
  const sysctl = { 'lwkt.token_quantum_us': 1_000_000, 'lwkt.tick_us': 1_000_000 };
  await withMachine(
    t,
    new URL('programs/park.ts', import.meta.url),
    { cpus: 3, ring: 2, sysctl },
    async (machine) => {
      t.is(await call(machine, 'park', [2], 2, 15_000), 'ran');
    },
  );
});
