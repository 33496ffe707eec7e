import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { boot, type Machine, type MachineOptions } from '../../runtime/index.ts';
import { folder, lwkt } from '../helpers/cli.ts';
import { errorOf, within } from '../helpers/eventually.ts';
import { call } from '../helpers/machine.ts';

/** Milliseconds in which the watchdog looks twice, and once more. */
const LONG = 2600;
const program = new URL('programs/deadlock.ts', import.meta.url);

function machineOf(cpus: number, options: Partial<MachineOptions> = {}): Promise<Machine> {
  return boot({
    program,
    cpus,
    threads: 100,
    memory: 65_536,
    messages: 65_536,
    ring: 16,
    names: 64,
    ...options,
  });
}

function next(machine: Machine, event: 'deadlock' | 'asleep'): Promise<string> {
  return within(event, new Promise<string>((resolve) => machine.once(event, resolve)));
}

/** Handles differ from run to run. */
const plain = (sentence: string): string => sentence.replaceAll(/thread \d+/gu, 'thread N');

/** Starts what will not end. */
function start(machine: Machine, name: string): void {
  machine.spawn(name, [], { cpu: 0 }).catch(() => undefined);
}

/** The sentence, from whichever thread of the circle it begins. */
async function deadlockOf(machine: Machine, name: string): Promise<string> {
  const told = next(machine, 'deadlock');
  start(machine, name);
  return plain(await told);
}

function circle(t: ExecutionContext, sentence: string, ...steps: string[]): void {
  const told = (from: number): string =>
    `deadlock: ${[...steps.slice(from), ...steps.slice(0, from)].join(', which waits: ')}; and so round again`;
  t.true(
    steps.some((_, from) => told(from) === sentence),
    sentence,
  );
}

test('deadlock: a once that waits for itself', async (t) => {
  await using machine = await machineOf(1);
  t.is(
    await deadlockOf(machine, 'againOnce'),
    "deadlock: thread N 'againOnce' on cpu 0 waits for once 'startup', held by thread N 'againOnce' on cpu 0",
  );
});

for (const cpus of [1, 2]) {
  const far = cpus - 1;

  test(`deadlock: a once whose body waits for who waits for it, on ${cpus} cpu(s)`, async (t) => {
    await using machine = await machineOf(cpus);
    circle(
      t,
      await deadlockOf(machine, 'onceJoins'),
      "thread N 'onceJoins' on cpu 0 waits for thread N 'asker' to end",
      `thread N 'asker' on cpu ${far} waits for once 'startup', held by thread N 'onceJoins' on cpu 0`,
    );
  });

  test(`deadlock: two spinlocks in opposite order, on ${cpus} cpu(s)`, async (t) => {
    await using machine = await machineOf(cpus);
    circle(
      t,
      await deadlockOf(machine, 'spins'),
      `thread N 'up' on cpu 0 waits for spinlock 's2', held by thread N 'down' on cpu ${far}`,
      `thread N 'down' on cpu ${far} waits for spinlock 's1', held by thread N 'up' on cpu 0`,
    );
  });

  test(`deadlock: an rwlock's only reader, and who wants to write, on ${cpus} cpu(s)`, async (t) => {
    await using machine = await machineOf(cpus);
    circle(
      t,
      await deadlockOf(machine, 'reads'),
      `thread N 'reader' on cpu 0 waits for mutex 'log', held by thread N 'writer' on cpu ${far}`,
      `thread N 'writer' on cpu ${far} waits for rwlock 'table', held by thread N 'reader' on cpu 0`,
    );
  });
}

test('deadlock: a thread that is to move, and waits for who wants it', async (t) => {
  await using machine = await machineOf(2);
  circle(
    t,
    await deadlockOf(machine, 'moves'),
    "thread N 'wanter' on cpu 0 waits for thread N 'mover' to come to a move point",
    "thread N 'mover' on cpu 1 waits for thread N 'wanter' to end",
  );
});

test.serial(
  'deadlock: two cpus wait for IPIs inside IPI functions; told, and in the dump of the panic that ends it',
  async (t) => {
    const dump = join(await folder(t), 'dump');
    const machine = await machineOf(2, { dump, sysctl: { 'lwkt.ipiq_wait_panic_ms': 3_600_000 } });
    const main = errorOf(machine.spawn('cpusTwo', [], { cpu: 0 }));
    const sentence = plain(await next(machine, 'deadlock'));
    t.regex(
      sentence,
      /^deadlock: cpu 0, in an IPI function that interrupted thread N 'cpusTwo', waits for the completion of IPI \d+ by cpu 1, which waits: cpu 1, in an IPI function, waits for the completion of IPI \d+ by cpu 0; and so round again$/,
    );
    t.deepEqual(
      machine.view().ipiWaits.map(({ cpu, target, depth }) => ({ cpu, target, depth })),
      [
        { cpu: 0, target: 1, depth: 1 },
        { cpu: 1, target: 0, depth: 1 },
      ],
    );
    machine.sysctl.set('lwkt.ipiq_wait_panic_ms', 1);
    t.regex((await within('panic', main)).message, /LWKT_WAIT_IPIQ: cpu \d waited/);
    await within('stop', machine.stop());
    const { stdout } = await lwkt(['dump', dump, '--json']);
    const { deadlocks } = JSON.parse(stdout) as { deadlocks: string[] };
    t.deepEqual(deadlocks.map(plain), [sentence]);
    t.true(plain((await lwkt(['dump', dump])).stdout).includes(sentence));
  },
);

test.serial('deadlock: three cpus wait for IPIs in a circle', async (t) => {
  await using machine = await machineOf(3, { sysctl: { 'lwkt.ipiq_wait_panic_ms': 3_600_000 } });
  t.regex(
    await deadlockOf(machine, 'cpusThree'),
    /^deadlock: cpu 0, in .* by cpu 1, which waits: cpu 1, in .* by cpu 2, which waits: cpu 2, in .* by cpu 0; and so round again$/,
  );
});

/** Runs what is slow and no deadlock; and then one, which the same machine sees. */
async function getsOn(t: ExecutionContext, cpus: number, name: string): Promise<unknown> {
  // Nothing else is said of cpus that compute for long.
  await using machine = await machineOf(cpus, { sysctl: { 'lwkt.watchdog_ms': 3_600_000 } });
  const said: string[] = [];
  machine.on('deadlock', (sentence) => said.push(sentence)).on('asleep', (sentence) => said.push(sentence));
  const result = await call(machine, name, [LONG]);
  t.deepEqual(said, [], name);
  t.regex(await deadlockOf(machine, 'embrace'), /mutex '[ab]'/);
  return result;
}

test.serial(
  'deadlock: none is seen in chains, timed circles, busy threads, promises and timers',
  async (t) => {
    const all = [1, 2].flatMap((cpus) =>
      ['timed', 'queued', 'chain', 'busy'].map((name) => getsOn(t, cpus, name)),
    );
    const [timedOne, queuedOne, , , timedTwo, queuedTwo] = await Promise.all(all);
    t.deepEqual(
      [timedOne, timedTwo],
      [
        [false, true],
        [false, true],
      ],
    );
    t.deepEqual([queuedOne, queuedTwo], [false, false]);
  },
);

test.serial('deadlock: none is seen where cpus wait for each other and get on', async (t) => {
  await Promise.all(['crossing', 'slowIpi'].map((name) => getsOn(t, 2, name)));
});

for (const cpus of [1, 2]) {
  test(`asleep: a thread that waits for one that nobody is left to wake, on ${cpus} cpu(s)`, async (t) => {
    await using machine = await machineOf(cpus);
    machine.on('deadlock', (sentence) => t.fail(sentence));
    const told = next(machine, 'asleep');
    start(machine, 'forgets');
    t.is(
      plain(await told),
      `all asleep: thread N 'worker' on cpu ${cpus - 1} waits for a signal of wait queue 'work', and behind it 1 more; no thread, timer, promise or IPI is left that could wake thread N 'worker'`,
    );
  });
}

test('asleep: waits of every kind are named; the host may wake them all the same', async (t) => {
  await using machine = await machineOf(2);
  const told = next(machine, 'asleep');
  const main = machine.spawn('forgetsAll', [], { cpu: 0 });
  const sentence = plain(await told);
  for (const one of [
    "thread N 'forgetsAll' on cpu 0 waits for semaphore 'items'",
    "thread N 'worker' on cpu 1 waits for a signal of wait queue 'work'",
    "thread N 'parties' on cpu 0 waits for barrier 'meeting'",
    "thread N 'sleeps' on cpu 1 waits for wakeup(4711)",
    "thread N 'forever' on cpu 0 waits for the end of an endless sleep",
    "thread N 'never started' on cpu 0 waits for lwktSchedule()",
    '; no thread, timer, promise or IPI is left that could wake them',
  ]) {
    t.true(sentence.includes(one), `${one}: ${sentence}`);
  }
  await call(machine, 'post');
  await within('woken', main);
});

test('asleep: of a crowd some are named', async (t) => {
  await using machine = await machineOf(2);
  const told = next(machine, 'asleep');
  start(machine, 'crowd');
  t.regex(
    plain(await told),
    /^all asleep: (thread N '\w+' on cpu \d waits for [^;]+; ){8}and so do 5 others; no /,
  );
});

test('asleep: a service that waits for its host is not told of', async (t) => {
  await using machine = await machineOf(2);
  const said: string[] = [];
  machine.on('deadlock', (sentence) => said.push(sentence)).on('asleep', (sentence) => said.push(sentence));
  await call(machine, 'serves');
  // Long enough for some looks, as the sentence shows that comes when somebody waits.
  await call(machine, 'chain', [LONG]);
  t.deepEqual(said, []);
  const told = next(machine, 'asleep');
  start(machine, 'forgets');
  t.regex(plain(await told), /^all asleep: thread N 'worker' on cpu \d waits/);
});

test('asleep: lwkt run says so', async (t) => {
  const { stderr, code } = await lwkt(['run', '--cpus', '2', program.pathname], {
    until: /could wake thread \d+ 'worker'/,
  });
  t.regex(stderr, /^lwkt: all asleep: thread \d+ 'worker' on cpu 1 waits/m);
  t.is(code, 130);
});
