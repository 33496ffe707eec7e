import { mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import test from 'ava';
import { boot, type Machine, type Stall } from '../../runtime/index.ts';
import { readDump } from '../../runtime/machine/dump.ts';
import { machineView } from '../../runtime/observe/view.ts';
import { viewText } from '../../runtime/cli/view-text.ts';
import { folder, lwkt } from '../helpers/cli.ts';
import { within } from '../helpers/eventually.ts';
import { random, seedOf } from '../helpers/seed.ts';

const PROGRAM = new URL('programs/stuck.ts', import.meta.url);
const SMALL = { threads: 100, memory: 65_536, messages: 65_536, ring: 16, names: 64 } as const;

function next<T>(machine: Machine, event: 'stall' | 'deadlock'): Promise<T> {
  return within(
    event,
    new Promise<T>((resolve) => machine.once(event, (what: unknown) => resolve(what as T))),
  );
}

test.serial('watchdog: a circle over mutexes of two cpus is a sentence', async (t) => {
  await using machine = await boot({ program: PROGRAM, cpus: 2, ...SMALL });
  const told = next<string>(machine, 'deadlock');
  machine.spawn('embrace', [], { cpu: 0 }).catch(() => undefined);
  const sentence = await told;
  t.regex(
    sentence,
    /^deadlock: thread \d+ '(reader|writer)' on cpu \d waits for mutex '[ab]', held by thread \d+ '(reader|writer)' on cpu \d, which waits: thread \d+ '(reader|writer)' on cpu \d waits for mutex '[ab]', held by .*; and so round again$/,
  );
  const view = machine.view();
  t.deepEqual(
    view.sync
      .filter(({ holder }) => holder !== 0)
      .map(({ name }) => name)
      .toSorted(),
    ['a', 'b'],
  );
});

test.serial('watchdog: two threads that wait for each other’s end', async (t) => {
  await using machine = await boot({ program: PROGRAM, cpus: 2, ...SMALL });
  const told = next<string>(machine, 'deadlock');
  machine.spawn('mutual', [], { cpu: 0 }).catch(() => undefined);
  t.regex(await told, /'joiner' on cpu 0 waits for thread \d+ 'joiner' to end/);
});

test.serial(
  'watchdog: a cpu whose safepoints become rare looks at the clock, and its timers go off',
  async (t) => {
    for (const limit of [1000, 0]) {
      await using machine = await boot({
        program: PROGRAM,
        cpus: 1,
        ...SMALL,
        sysctl: { 'lwkt.watchdog_ms': limit },
      });
      machine.on('stall', (stall) => t.fail(`${stall.thread} has a safepoint every 3 ms`));
      // Without a look at the clock the count of polls would last for tens of thousands of them.
      t.true(await machine.spawn('slowdown', [2000], { cpu: 0 }));
    }
  },
);

test.serial(
  'watchdog: a cpu without safepoints is named with its thread and its JavaScript stack',
  async (t) => {
    await using machine = await boot({
      program: PROGRAM,
      cpus: 2,
      ...SMALL,
      sysctl: { 'lwkt.watchdog_ms': 100 },
    });
    const told = next<Stall>(machine, 'stall');
    const done = machine.spawn('spin', [1500], { cpu: 1, name: 'spinner' });
    const { cpu, ms, thread, stack } = await told;
    t.is(cpu, 1);
    t.true(ms >= 100);
    t.regex(thread, /thread \d+ 'spinner'/);
    t.regex(stack.join('\n'), /burn .*stuck\.ts:\d+/);
    t.true(await done);
  },
);

test.serial(
  'watchdog: nothing is said of a machine that sleeps, and of one that it is told not to watch',
  async (t) => {
    await using machine = await boot({
      program: PROGRAM,
      cpus: 2,
      ...SMALL,
      sysctl: { 'lwkt.watchdog_ms': 0 },
    });
    const said: unknown[] = [];
    machine.on('stall', (stall) => said.push(stall)).on('deadlock', (sentence) => said.push(sentence));
    t.true(await machine.spawn('spin', [1200], { cpu: 1 }));
    t.deepEqual(said, []);
  },
);

test.serial(
  'dump: of a panic, shows reason, threads, tokens, mutexes and wait queues; on a living machine too',
  async (t) => {
    const path = join(await folder(t), 'dump');
    const machine = await boot({ program: PROGRAM, cpus: 2, ...SMALL, dump: path });
    await t.throwsAsync(machine.run(), { message: /^panic on cpu 0: crit_panic/ });
    const report = await machine.stop();
    t.deepEqual(report.dump, { path });
    t.is(statSync(path).mode & 0o777, 0o600);
    const { head, arena, names } = await readDump(path);
    t.is(head.shape.ncpus, 2);
    const view = machineView(arena, names);
    t.is(view.state, 'panicked');
    t.is(view.panic?.cpu, 0);
    t.regex(view.panic?.reason ?? '', /^crit_panic/);
    t.regex(view.panic?.stack.join('\n') ?? '', /at .*stuck\.ts:\d+/);
    const waiter = view.threads.find(({ name }) => name === 'on the queue');
    t.like(waiter, { wmesg: 'waitq', cpu: 0 });
    t.deepEqual(
      view.waitQueues.map(({ name, waiting }) => [name, waiting]),
      [['watched queue', [waiter?.handle]]],
    );
    t.like(
      view.tokens.find(({ name }) => name === 'watched'),
      { generation: 1, holder: 0 },
    );
    t.like(
      view.sync.find(({ name }) => name === 'a'),
      { kind: 'mutex', holder: view.threads.find(({ name }) => name === 'crash')?.handle },
    );
    t.deepEqual(machineView(arena, names).threads, machine.ps(), 'as the machine itself tells');
    const text = viewText(view);
    for (const word of [
      'machine: panicked, panic on cpu 0 in thread ',
      '== threads',
      '== tokens',
      '== wait queues',
    ]) {
      t.true(text.includes(word), word);
    }
    const shown = await lwkt(['dump', path]);
    t.is(shown.code, 0);
    t.true(shown.stdout.includes('on the queue'));
    const json = JSON.parse((await lwkt(['dump', path, '--json'])).stdout) as {
      version: number;
      view: { state: string };
    };
    t.is(json.version, 1);
    t.is(json.view.state, 'panicked');
  },
);

test.serial('dump: one that cannot be written is told, and the panic is told first', async (t) => {
  const goes = join(await folder(t), 'goes');
  mkdirSync(goes);
  const machine = await boot({ program: PROGRAM, cpus: 1, ...SMALL, dump: join(goes, 'dump') });
  // At boot the folder was there.
  rmdirSync(goes);
  await t.throwsAsync(machine.run(), { message: /^panic/ });
  const { dump } = await machine.stop();
  t.regex(dump?.error?.message ?? '', /cannot write the dump/);
});

test.serial(
  'dump: files that are none, cut off, damaged or huge are refused in words, and never hang',
  async (t) => {
    const dir = await folder(t);
    const path = join(dir, 'dump');
    {
      await using machine = await boot({ program: PROGRAM, cpus: 2, ...SMALL });
      await machine.spawn('quick');
      await machine.dump(path);
    }
    const good = readFileSync(path);
    const second = good.indexOf(10, good.indexOf(10) + 1);
    const head = JSON.parse(good.toString('utf8', good.indexOf(10) + 1, second)) as Record<
      string,
      unknown
    > & { shape: object };
    const words = gunzipSync(good.subarray(second + 1));
    const made = (change: object, body: Uint8Array = gzipSync(words)): Buffer =>
      Buffer.concat([Buffer.from(`LWKTDUMP 1\n${JSON.stringify({ ...head, ...change })}\n`), body]);
    const file = join(dir, 'bad');
    const refused = async (content: Uint8Array, reason: RegExp): Promise<void> => {
      writeFileSync(file, content);
      await t.throwsAsync(readDump(file), { code: 'ERR_LWKT_DUMP', message: reason });
    };
    await refused(Buffer.from(''), /no dump of lwkt/);
    await refused(Buffer.from('hello\nworld\n'), /no dump of lwkt/);
    await refused(Buffer.from('LWKTDUMP 2\n{}\n'), /another version/);
    await refused(Buffer.from('LWKTDUMP 1\nno json\n'), /second line is no JSON/);
    await refused(Buffer.from(`LWKTDUMP 1\n${'x'.repeat(5_000_000)}`), /cut off/);
    await refused(made({ shape: { ...head.shape, ncpus: 1e9 } }), /shape\.ncpus/);
    await refused(
      made({ shape: { ...head.shape, threads: 4_000_000, memory: 2 ** 31, messages: 2 ** 30 } }),
      /cut off|too large/,
    );
    await refused(made({ shape: { ...head.shape, ringSize: 17 } }), /no sizes of a machine/);
    await refused(made({ layoutHash: 1 }), /another version of lwkt/);
    await refused(made({}, gzipSync(Buffer.concat([words, Buffer.alloc(4)]))), /more words than it says/);
    await refused(good.subarray(0, good.length >> 1), /damaged|cut off/);
    await t.throwsAsync(readDump(join(dir, 'none')), { code: 'ERR_LWKT_DUMP', message: /cannot read it/ });

    // Words that lie: whatever they say, the picture ends.
    const random32 = random(seedOf(t));
    for (let round = 0; round < 60; round++) {
      const lies = Buffer.from(words);
      for (let i = 0; i < 400; i++)
        lies.writeInt32LE(random32(2) === 0 ? -1 : random32(lies.length), random32(lies.length / 4) * 4);
      // The shape in the words is not believed either; the file's head counts.
      writeFileSync(file, made({}, gzipSync(lies)));
      const { arena, names } = await readDump(file);
      t.is(typeof viewText(machineView(arena, names)), 'string');
    }
    const shown = await lwkt(['dump', join(dir, 'none')]);
    t.is(shown.code, 1);
    t.regex(shown.stderr, /cannot read it/);
  },
);
