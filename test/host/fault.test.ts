import test from 'ava';
import { boot, MachinePanic, type Machine } from '../../runtime/index.ts';
import { errorOf, eventually, within } from '../helpers/eventually.ts';

const program = new URL('programs/basic.ts', import.meta.url);

/** A machine of 4 cpus: 1 computes, 2 sleeps, 3 waits in its event loop. */
async function busyMachine(): Promise<{ machine: Machine; others: Promise<Error & { code?: unknown }>[] }> {
  // How long a cpu takes to halt is not what is tested here.
  const machine = await boot({ program, cpus: 4, sysctl: { 'lwkt.panic_grace_ms': 60_000 } });
  const others = ['spins', 'sleeps', 'awaits'].map((name, i) =>
    errorOf(machine.spawn(name, [], { cpu: i + 1 })),
  );
  await machine.spawn('started', [3], { cpu: 0 });
  return { machine, others };
}

const PANICS: readonly [string, string, unknown[], RegExp][] = [
  [
    'a critical section left too often',
    'exitsTooOften',
    [false],
    /^panic on cpu 0: crit_panic: td_pri is\/would-go negative/,
  ],
  ['a panic that the thread catches', 'exitsTooOften', [true], /^panic on cpu 0: crit_panic/],
  [
    'an IPI function that throws on a cpu that computes',
    'sendsBroken',
    [1],
    /^panic on cpu 1: IPI function 'broken' \(5, 0, 0\) threw on cpu 1: RangeError: broken 5/,
  ],
  [
    'an IPI function that throws on a cpu that sleeps',
    'sendsBroken',
    [2],
    /^panic on cpu 2: IPI function 'broken'/,
  ],
  [
    'an IPI function that throws on a cpu that awaits',
    'sendsBroken',
    [3],
    /^panic on cpu 3: IPI function 'broken'/,
  ],
];

for (const [what, name, args, message] of PANICS) {
  test.serial(`panic: ${what} rejects every call, stops every cpu and is an event`, async (t) => {
    const { machine, others } = await busyMachine();
    await using _ = machine;
    const events: Error[] = [];
    machine.on('fault', (fault) => events.push(fault));
    const error = await within('the panic', errorOf(machine.spawn(name, args, { cpu: 0 })));
    t.true(error instanceof MachinePanic, error.stack);
    t.regex(error.message, message);
    for (const other of others) t.is(await within('the others', other), error);
    t.deepEqual(events, [error]);
    t.is(await errorOf(machine.spawn('where')), error);
    const { forced } = await within('stop', machine.stop());
    t.deepEqual(forced, []);
    const { state, cpus } = machine.stats();
    t.is(state, 'panicked');
    t.deepEqual(
      cpus.map((cpu) => cpu.state),
      ['halted', 'halted', 'halted', 'halted'],
    );
  });
}

test.serial(
  'panic: a thread that hides it, and ends before the host looks, has not ended well',
  async (t) => {
    await using machine = await boot({ program, cpus: 2, sysctl: { 'lwkt.panic_grace_ms': 60_000 } });
    const result = errorOf(machine.spawn('exitsTooOften', [true], { cpu: 0 }));
    // The host is busy until all is over.
    const end = performance.now() + 30_000;
    const over = (): boolean => machine.stats().cpus.every(({ state }) => state === 'halted');
    while (!over() && performance.now() < end);
    t.true(over());
    t.true((await within('the panic', result)) instanceof MachinePanic);
  },
);

const DEATHS: readonly [string, string, unknown[], RegExp][] = [
  ['calls process.exit(7)', 'exits', [7], /cpu 2 died: .*\b7\b/s],
  ['calls process.exit(0)', 'exits', [0], /cpu 2 died/],
  ['has an exception that nobody catches', 'throwsInLoop', [], /cpu 2 died: .*out of the loop/s],
  ['has a rejection that nobody hears', 'rejectsUnheard', [], /cpu 2 died: .*unheard/s],
];

for (const [what, name, args, message] of DEATHS) {
  test.serial(`fault: a cpu that ${what} is named; every call rejects, the other cpus stop`, async (t) => {
    const { machine, others } = await busyMachine();
    await using _ = machine;
    const error = await within('the end', errorOf(machine.spawn(name, args, { cpu: 2 })));
    t.is(error.code, 'ERR_LWKT_CPU_DIED', error.stack);
    t.regex(error.message, message);
    for (const other of others) t.is(await within('the others', other), error);
    t.is(await errorOf(machine.run(1)), error);
    await within('stop', machine.stop());
    const states = machine.stats().cpus.map((cpu) => cpu.state);
    t.deepEqual([states[0], states[1], states[3]], ['halted', 'halted', 'halted']);
  });
}

test.serial(
  'fault: what was asked of the control plane before a cpu died is refused, not forgotten',
  async (t) => {
    const { machine, others } = await busyMachine();
    await using _ = machine;
    // The hog halts by force only.
    machine.sysctl.set('lwkt.panic_grace_ms', 100);
    const hog = errorOf(machine.spawn('hogs', [], { cpu: 2 }));
    await eventually('the hog', () =>
      machine.ps().some(({ name, state }) => name === 'hogs' && state === 'run'),
    );
    const asked = machine.heaps();
    asked.catch(() => undefined);
    const error = await errorOf(machine.spawn('exits', [1], { cpu: 0 }));
    t.is(error.code, 'ERR_LWKT_CPU_DIED');
    const refused = await errorOf(within('the answer', asked, 5000));
    t.false(refused.message.includes('not within'), refused.message);
    await within('stop', machine.stop());
    await Promise.all([...others, hog]);
  },
);

test.serial('fault: a stopped machine reports none, and another boots in the same process', async (t) => {
  const first = await boot({ program, cpus: 2 });
  await errorOf(first.spawn('exits', [1], { cpu: 1 }));
  await first.stop();
  await using second = await boot({ program, cpus: 2 });
  second.on('fault', () => t.fail());
  t.deepEqual(await second.run(1, 2), [10, 21]);
});

test.serial(
  'panic: a cpu that computes without a safepoint is ended as well, within the grace',
  async (t) => {
    const machine = await boot({ program, cpus: 4 });
    const others = ['hogs', 'sleeps', 'awaits'].map((name, i) =>
      errorOf(machine.spawn(name, [], { cpu: i + 1 })),
    );
    await eventually('the hog', () =>
      machine.ps().some(({ name, state }) => name === 'hogs' && state === 'run'),
    );
    const start = performance.now();
    const error = await within('the panic', errorOf(machine.spawn('exitsTooOften', [false], { cpu: 0 })));
    t.true(error instanceof MachinePanic);
    for (const other of others) t.is(await within('the others', other), error);
    const { forced } = await within('stop', machine.stop());
    t.log(`${(performance.now() - start).toFixed(0)} ms from the panic to every worker gone`);
    t.true(forced.includes(1));
  },
);

test.serial('panic: on all cpus at once, and again while they stop, is one report', async (t) => {
  const machine = await boot({ program, cpus: 4, sysctl: { 'lwkt.panic_grace_ms': 60_000 } });
  const faults: Error[] = [];
  machine.on('fault', (fault) => faults.push(fault));
  const all = [0, 1, 2, 3].map((cpu) => errorOf(machine.spawn('panicsTogether', [4], { cpu })));
  const errors = await within('the panics', Promise.all(all));
  t.is(new Set(errors).size, 1);
  t.deepEqual(faults, [errors[0]]);
  t.regex(errors[0]?.message ?? '', /^panic on cpu \d: crit_panic/);
  const { forced } = await within('stop', machine.stop());
  t.deepEqual(forced, []);
});
