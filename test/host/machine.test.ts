import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import { boot, type LwktError, type Machine, type MachineOptions } from '../../runtime/index.ts';
import { errorOf, eventually, within } from '../helpers/eventually.ts';
import { call, withMachine } from '../helpers/machine.ts';

const PROGRAM = new URL('programs/basic.ts', import.meta.url);

function machineOf(options: Partial<MachineOptions> = {}): Promise<Machine> {
  return boot({ program: PROGRAM, cpus: 2, ...options });
}

test.serial('run: gives what the default export returns', async (t) => {
  await withMachine(t, PROGRAM, { cpus: 2 }, async (machine) => {
    t.deepEqual(await machine.run(1, 2, 3), [10, 21, 30]);
    t.deepEqual(await machine.run(), []);
  });
});

test.serial('spawn: runs a function by name, on the cpu asked for', async (t) => {
  await withMachine(t, PROGRAM, { cpus: 3 }, async (machine) => {
    for (const cpu of [2, 0, 1]) t.is(await machine.spawn('where', [], { cpu }), cpu);
    const cpus = await Promise.all(Array.from({ length: 30 }, () => machine.spawn('where')));
    t.deepEqual(new Set(cpus), new Set([0, 1, 2]));
  });
});

test.serial('spawn: arguments and results of all kinds cross', async (t) => {
  await withMachine(t, PROGRAM, { cpus: 1 }, async (machine) => {
    const args = [
      1,
      'two',
      3n,
      null,
      undefined,
      { a: [new Date(0)] },
      new Map([[1, 2]]),
      Uint8Array.of(1, 2),
      Buffer.from('x'),
    ];
    t.deepEqual(await machine.spawn('give', args), args);
    for (const numbers of [[5], [-0], [1, 2], [-0, 1], [2 ** 31, 1], [1.5, 2, -0, NaN]])
      t.deepEqual(await machine.spawn('give', numbers), numbers);
    t.deepEqual(await machine.spawn('give'), []);
  });
});

test.serial('spawn: an unknown function is refused with those there are', async (t) => {
  await using machine = await machineOf();
  const error = await errorOf(machine.spawn('nothing'));
  t.is(error.code, 'ERR_LWKT_PROGRAM');
  t.regex(error.message, /no thread function 'nothing'; it has .*main.*where/s);
  t.is((await errorOf(machine.spawn('idle'))).code, 'ERR_LWKT_PROGRAM');
});

for (const [options, message] of [
  [{ cpu: 2 }, /cpu: 2 must be 'any' or a whole number of 0 \.\. 1/],
  [{ cpu: 0.5 }, /cpu: 0\.5 must/],
  [{ priority: 0 }, /priority: 0 must be a whole number of 1 \.\. 31/],
  [{ priority: 32 }, /priority: 32 must/],
] as const) {
  test.serial(`spawn: ${JSON.stringify(options)} is refused with the limits`, async (t) => {
    await using machine = await machineOf();
    const error = await errorOf(machine.spawn('where', [], options));
    t.is(error.code, 'ERR_LWKT_OPTION');
    t.regex(error.message, message);
  });
}

test.serial('spawn: rejects with the error of the thread, with name, code and cause', async (t) => {
  await withMachine(t, PROGRAM, { cpus: 2 }, async (machine) => {
    const error = await errorOf(machine.spawn('fails', ['went wrong'], { cpu: 1 }));
    t.is(error.message, 'went wrong');
    t.is(error.name, 'TypeError');
    t.is(error.code, 'ERR_TEST');
    t.is((error.cause as Error).message, 'underneath');
    t.regex(error.stack ?? '', /basic\.ts/);
    t.is(await machine.spawn('throwsText').catch((thrown: unknown) => thrown), 'text');
    t.is((await errorOf(machine.spawn('returnsFunction'))).code, 'ERR_LWKT_CLONE');
  });
});

test.serial('spawn: a thread whose error cannot be read ends alone, not the machine', async (t) => {
  await withMachine(t, PROGRAM, { cpus: 2 }, async (machine) => {
    t.regex((await errorOf(call(machine, 'hideous', [], 1))).message, /hideous/);
    t.is(await machine.spawn('where', [], { cpu: 1 }), 1);
  });
});

test.serial('spawn: an argument that cannot be cloned is named, and costs no thread', async (t) => {
  await withMachine(t, PROGRAM, { cpus: 1, threads: 10 }, async (machine) => {
    for (let i = 0; i < 300; i++) {
      const error = await errorOf(machine.spawn('give', [1, { f: () => 1 }]));
      t.is(error.code, 'ERR_LWKT_CLONE');
      t.regex(error.message, /^argument 2 of 'give' cannot be cloned/);
    }
    t.deepEqual(await machine.spawn('give', [1]), [1]);
  });
});

test.serial(
  'spawn full: too many threads at once is an error with limit and way out; later there is room',
  async (t) => {
    await withMachine(t, PROGRAM, { cpus: 1, threads: 10 }, async (machine) => {
      const all = await Promise.allSettled(Array.from({ length: 500 }, () => machine.spawn('burns', [0])));
      const refused = all.filter((one) => one.status === 'rejected');
      t.true(refused.length > 0);
      for (const { reason } of refused) {
        t.is((reason as LwktError).code, 'ERR_LWKT_THREADS');
        t.regex((reason as LwktError).message, /all 10 are in use.*raise threads/s);
      }
      t.is(await machine.spawn('where'), 0);
    });
  },
);

test.serial(
  'spawn stress: 10,000 calls at once through rings of two all come back, and the event loop turns',
  async (t) => {
    await withMachine(t, PROGRAM, { cpus: 2, ring: 2 }, async (machine) => {
      const all = Array.from({ length: 10_000 }, (_, i) => machine.spawn('give', [i]));
      const results = await within('the calls', Promise.all(all));
      t.true(results.every((result, i) => (result as number[])[0] === i));
    });
  },
);

test.serial('ps: shows threads with state, reason, cpu, priority and name', async (t) => {
  await using machine = await machineOf({ cpus: 4 });
  t.deepEqual(machine.ps(), []);
  const names = ['spins', 'sleeps', 'waits', 'awaits'];
  const left = names.map((name, cpu) =>
    machine.spawn(name, [], { cpu, priority: 10 + cpu, name: `t-${name}` }),
  );
  for (const one of left) one.catch(() => undefined);
  await machine.spawn('started', [4], { cpu: 1 });
  const list = await eventually('the waits', () => {
    const now = machine.ps().toSorted((a, b) => a.cpu - b.cpu);
    return now.length === 4 && now.slice(1).every(({ state }) => state === 'wait') ? now : false;
  });
  t.deepEqual(
    list.map(({ name, cpu, state, wmesg, priority }) => ({ name, cpu, state, wmesg, priority })),
    [
      { name: 't-spins', cpu: 0, state: 'run', wmesg: '', priority: 10 },
      { name: 't-sleeps', cpu: 1, state: 'wait', wmesg: 'sleep', priority: 11 },
      { name: 't-waits', cpu: 2, state: 'wait', wmesg: 'waitq', priority: 12 },
      { name: 't-awaits', cpu: 3, state: 'wait', wmesg: 'until', priority: 13 },
    ] as never,
  );
  t.is(new Set(list.map(({ handle }) => handle)).size, 4);
  const { leftovers } = await machine.stop();
  t.deepEqual(new Set(leftovers.map(({ handle }) => handle)), new Set(list.map(({ handle }) => handle)));
  for (const one of left) t.is((await errorOf(one)).code, 'ERR_LWKT_STOPPED');
});

test.serial('stats: counters add up, and are there after the stop', async (t) => {
  await using machine = await machineOf();
  const before = machine.stats();
  t.is(before.state, 'running');
  t.is(before.cpus.length, 2);
  await machine.run(1, 2, 3, 4);
  await eventually('the counters', () => machine.stats().total['lwkt.threads_run'] === 5);
  await machine.stop();
  const { total, cpus, state } = machine.stats();
  t.is(state, 'halting');
  t.true(cpus.every((cpu) => cpu.state === 'halted'));
  t.is(total['lwkt.threads_created'], 4);
  t.is(total['lwkt.threads_failed'], 0);
  t.is(
    total['lwkt.switch_count'],
    cpus.reduce((sum, { counters }) => sum + counters['lwkt.switch_count'], 0),
  );
});

test.serial('sysctl: tunables are read and set within limits, counters are read', async (t) => {
  await using machine = await machineOf({ sysctl: { 'lwkt.spin_us': 7 } });
  t.is(machine.sysctl.get('lwkt.spin_us'), 7);
  machine.sysctl.set('lwkt.spin_us', 9);
  t.is(machine.sysctl.get('lwkt.spin_us'), 9);
  t.throws(() => machine.sysctl.set('lwkt.spin_us', -1), {
    code: 'ERR_LWKT_OPTION',
    message: /0 \.\. 1000000/,
  });
  t.throws(() => machine.sysctl.set('lwkt.spin_us', 1.5), { code: 'ERR_LWKT_OPTION' });
  t.throws(() => machine.sysctl.set('lwkt.ipiq_count', 1), { code: 'ERR_LWKT_OPTION' });
  t.throws(() => machine.sysctl.get('lwkt.nothing'), { code: 'ERR_LWKT_OPTION' });
  t.true(machine.sysctl.get('lwkt.switch_count') >= 0);
  const list = machine.sysctl.list();
  t.is(list.find(({ name }) => name === 'lwkt.spin_us')?.value, 9);
  t.true(list.every(({ description }) => description.length > 5));
});

test.serial('stop: reports threads that had not ended, and why they waited; callers are told', async (t) => {
  await using machine = await machineOf();
  const calls = ['spins', 'sleeps', 'waits', 'awaits', 'joins'].map((name) =>
    machine.spawn(name, [], { cpu: 1 }),
  );
  const errors = Promise.all(calls.map(errorOf));
  await machine.spawn('started', [5], { cpu: 0 });
  await eventually('the waits', () => machine.ps().filter(({ state }) => state === 'wait').length === 5);
  const report = await within('stop', machine.stop());
  t.deepEqual(report.leftovers.map(({ name, wmesg, cpu }) => `${name} ${wmesg} ${cpu}`).toSorted(), [
    'awaits until 1',
    'joined sleep 1',
    'joins join 1',
    'sleeps sleep 1',
    'spins running 1',
    'waits waitq 1',
  ]);
  t.deepEqual([report.more, report.forced], [0, []]);
  for (const error of await errors) t.is(error.code, 'ERR_LWKT_STOPPED');
});

test.serial('stop: reports an error that nobody asked for', async (t) => {
  await using machine = await machineOf();
  await machine.spawn('failsUnasked');
  const { leftovers } = await machine.stop();
  t.deepEqual(
    leftovers.map(({ name, wmesg }) => [name, wmesg]),
    [['unasked', 'zombie']],
  );
  const error = leftovers[0]?.error as NodeJS.ErrnoException;
  t.is(error.message, 'nobody asked');
  t.is(error.code, 'ERR_TEST');
});

test.serial('stop: lists 20 threads of a cpu, and counts the others', async (t) => {
  await using machine = await machineOf();
  for (let i = 0; i < 50; i++) machine.spawn('sleeps', [], { cpu: 1 }).catch(() => undefined);
  await machine.spawn('started', [50], { cpu: 0 });
  const { leftovers, more } = await machine.stop();
  t.is(leftovers.length, 20);
  t.is(more, 30);
});

test.serial('stop: a cpu that never reaches a safepoint is ended by force and named', async (t) => {
  await using machine = await machineOf();
  const call1 = errorOf(machine.spawn('hogs', [], { cpu: 1 }));
  await machine.spawn('started', [1], { cpu: 0 });
  const { forced } = await within('stop', machine.stop());
  t.deepEqual(forced, [1]);
  t.is((await call1).code, 'ERR_LWKT_STOPPED');
});

test.serial(
  'stop: twice, and at once, gives the same report; spawn, run and heaps are refused after',
  async (t) => {
    await using machine = await machineOf();
    const [a, b] = await Promise.all([machine.stop(), machine.stop()]);
    t.is(a, b);
    t.is(await machine.stop(), a);
    for (const after of [machine.spawn('where'), machine.run(1), machine.heaps()]) {
      t.is((await errorOf(after)).code, 'ERR_LWKT_STOPPED');
    }
    t.notThrows(() => machine.ps());
  },
);

test.serial(
  'stop: what was asked of the control plane before is answered or refused, not forgotten',
  async (t) => {
    await using machine = await machineOf();
    machine.spawn('hogs', [], { cpu: 1 }).catch(() => undefined);
    await machine.spawn('started', [1], { cpu: 0 });
    const asked = machine.heaps();
    asked.catch(() => undefined);
    await machine.stop();
    const error = await errorOf(within('the answer', asked, 5000));
    t.is(error.code, 'ERR_LWKT_STOPPED');
  },
);

test.serial('events: a detached thread that fails is an event with its error', async (t) => {
  await withMachine(t, PROGRAM, { cpus: 2 }, async (machine) => {
    const seen: unknown[] = [];
    machine.on('threadFailed', (error) => seen.push(error));
    await machine.spawn('failsDetached', ['no one waits']);
    const [error] = await eventually('the event', () => seen.length > 0 && seen);
    t.is((error as Error).message, 'no one waits');
    t.is((error as NodeJS.ErrnoException).code, 'ERR_TEST');
    t.is(seen.length, 1);
  });
});

test.serial('control: heaps are told by cpus that sleep, compute, yield and await', async (t) => {
  await using machine = await machineOf({ cpus: 4 });
  for (const [name, cpu] of [
    ['spins', 1],
    ['sleeps', 2],
    ['awaits', 3],
  ] as const) {
    machine.spawn(name, [], { cpu }).catch(() => undefined);
  }
  await machine.spawn('started', [3], { cpu: 0 });
  for (let i = 0; i < 20; i++) {
    const heaps = await within('heaps', machine.heaps());
    t.is(heaps.length, 4);
    for (const { used, total } of heaps) t.true(used > 0 && total >= used);
  }
  await machine.stop();
});

test.serial('host: its event loop turns while all cpus compute', async (t) => {
  await withMachine(t, PROGRAM, { cpus: 2 }, async (machine) => {
    const work = Promise.all([0, 1].map((cpu) => machine.spawn('burns', [300], { cpu })));
    const seen = { over: false };
    void work.then(() => (seen.over = true));
    let turns = 0;
    while (!seen.over) {
      await turn();
      turns++;
    }
    t.true(turns > 100, `${turns} turns`);
    t.deepEqual(await work, [0, 1]);
  });
});

test.serial('host: being busy for long makes cpus wait for room, not panic', async (t) => {
  const sysctl = { 'lwkt.ipiq_wait_warn_ms': 3_600_000, 'lwkt.ipiq_wait_panic_ms': 100 };
  await withMachine(t, PROGRAM, { cpus: 2, ring: 2, sysctl }, async (machine) => {
    const calls = Array.from({ length: 12 }, (_, i) => machine.spawn('untilReleased', [], { cpu: i % 2 }));
    const all = Promise.allSettled(calls);
    await machine.spawn('started', [12]);
    const released = Promise.allSettled([machine.spawn('release')]);
    // The host's event loop stands still, longer than a cpu may keep another one waiting.
    const clock = new Int32Array(new SharedArrayBuffer(4));
    const full = (): boolean => machine.sysctl.get('lwkt.ipiq_fifofull') >= 2;
    for (let i = 0; i < 300 && !full(); i++) Atomics.wait(clock, 0, 0, 100);
    Atomics.wait(clock, 0, 0, 1000);
    t.true(full());
    await released;
    for (const result of await all) t.is(result.status, 'fulfilled');
  });
});

test.serial('host: two machines at once do not meet', async (t) => {
  const [a, b] = await Promise.all([machineOf(), machineOf({ cpus: 3 })]);
  const runs = await Promise.all([a.run(1, 2, 3), b.run(1, 2, 3), b.run(4), a.run(5)]);
  t.deepEqual(runs, [[10, 21, 30], [10, 21, 32], [40], [50]]);
  const { leftovers } = await a.stop();
  t.deepEqual(leftovers, []);
  t.deepEqual(await b.run(7), [70]);
  await b.stop();
});

test.serial('host: await using stops the machine', async (t) => {
  let kept: Machine | undefined;
  {
    await using machine = await machineOf();
    kept = machine;
    await machine.run(1);
  }
  t.is((await errorOf(kept.run(1))).code, 'ERR_LWKT_STOPPED');
});
