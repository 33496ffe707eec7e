import { fileURLToPath } from 'node:url';
import test from 'ava';
import { boot, LwktError } from '../../runtime/index.ts';
import { errorOf, within } from '../helpers/eventually.ts';

const program = new URL('programs/basic.ts', import.meta.url);

const REFUSED: readonly [string, Record<string, unknown>, RegExp][] = [
  ['no cpus', { cpus: 0 }, /cpus: 0 must be a whole number of 1 \.\. 64/],
  ['too many cpus', { cpus: 65 }, /cpus: 65 must be a whole number of 1 \.\. 64/],
  ['half a cpu', { cpus: 1.5 }, /cpus: 1\.5 must be a whole number/],
  ['cpus in words', { cpus: '4' }, /cpus: '4' must be a whole number/],
  ['cpus that are no number', { cpus: NaN }, /cpus: NaN must be a whole number/],
  ['no threads', { threads: 0 }, /threads: 0 must be a whole number of 1 \.\. \d+/],
  ['a ring of 3', { ring: 3 }, /ring: 3 must be a power of two/],
  ['a ring of 1', { ring: 1 }, /ring: 1 must be a whole number of 2 \.\. 65536/],
  ['little memory', { memory: 100 }, /memory: 100 must be a whole number of 4096 \.\. \d+/],
  ['little message space', { messages: 0 }, /messages: 0 must be/],
  ['no names', { names: 0 }, /names: 0 must be/],
  ['an unknown output', { output: 'file' }, /output: 'file' must be 'stdout' or 'stderr'/],
  ['an unknown option', { cpu: 2 }, /unknown option 'cpu'/],
  [
    'an unknown tunable',
    { sysctl: { 'lwkt.nothing': 1 } },
    /'lwkt\.nothing' does not exist; there are lwkt\./,
  ],
  [
    'a tunable out of range',
    { sysctl: { 'lwkt.tick_us': 1 } },
    /lwkt\.tick_us: 1 must be a whole number of 10 \.\. /,
  ],
  [
    'more than fits 4 GiB',
    { memory: 2 ** 31, messages: 2 ** 30, threads: 4_000_000, ring: 65_536, cpus: 64 },
    /limit is 4096 MiB.*lower threads/,
  ],
  [
    'a dump in a folder that is not there',
    { dump: '/nowhere/dump' },
    /^dump: '\/nowhere\/dump': there is no folder '\/nowhere': make it first/,
  ],
  ['a program by number', { program: 5 }, /program: 5 must be a path or a file URL/],
  ['an empty program', { program: '' }, /program: '' must be a path or a file URL/],
  [
    'a program on the web',
    { program: new URL('http://localhost/a.ts') },
    /'http:\/\/localhost\/a\.ts' must be a path or a file URL/,
  ],
];

for (const [what, options, message] of REFUSED) {
  test.serial(`boot refuses ${what}: names option, value and limit`, async (t) => {
    const error = await errorOf(within('boot', boot({ program, ...options })));
    t.true(error instanceof LwktError);
    t.is(error.code, 'ERR_LWKT_OPTION');
    t.regex(error.message, message);
  });
}

test.serial('boot refuses options that are none', async (t) => {
  const loose = boot as unknown as (options?: unknown) => Promise<unknown>;
  t.is((await errorOf(loose())).code, 'ERR_LWKT_OPTION');
  t.is((await errorOf(loose(7))).code, 'ERR_LWKT_OPTION');
});

const PROGRAMS: readonly [string, string, string, RegExp][] = [
  [
    'that does not exist',
    'nowhere.ts',
    'ERR_LWKT_PROGRAM',
    /nowhere\.ts does not exist; give the path of a module/,
  ],
  ['that is a folder', '.', 'ERR_LWKT_PROGRAM', /is not a file/],
  [
    'that throws while it loads',
    'throws.ts',
    'ERR_LWKT_PROGRAM',
    /throws\.ts.*RangeError: thrown while loading/s,
  ],
  ['that registers a name twice', 'twice.ts', 'ERR_LWKT_PROGRAM', /'same' is registered twice/],
  [
    'that registers other names on other cpus',
    'names.ts',
    'ERR_LWKT_NAMES',
    /kthread 1 is 'evenOnes' on cpu 0 and 'oddOnes' on cpu 1; register the same functions in the same order/,
  ],
  ['that exits while it loads', 'exits-loading.ts', 'ERR_LWKT_CPU_DIED', /cpu [01] died.*\b3\b/s],
];

for (const [what, file, code, message] of PROGRAMS) {
  test.serial(`boot refuses a program ${what}`, async (t) => {
    const error = await errorOf(
      within('boot', boot({ program: new URL(`programs/${file}`, import.meta.url), cpus: 2 })),
    );
    t.is(error.code, code);
    t.regex(error.message, message);
  });
}

test.serial('boot: a program by path, with memory and messages of odd sizes', async (t) => {
  await using machine = await boot({
    program: fileURLToPath(program),
    cpus: 1,
    memory: 5000,
    messages: 5000,
    names: 20,
  });
  t.is(machine.ncpus, 1);
  t.deepEqual(await machine.run(1), [10]);
});

test.serial('run: a program without default export runs by name only', async (t) => {
  await using machine = await boot({ program: new URL('programs/no-default.ts', import.meta.url), cpus: 1 });
  const error = await errorOf(machine.run());
  t.is(error.code, 'ERR_LWKT_PROGRAM');
  t.regex(error.message, /has no default export.*export default kthread/s);
  t.is(await machine.spawn('lonely', [5]), 5);
});

test.serial('run: a default export that is no kthread is refused', async (t) => {
  await using machine = await boot({
    program: new URL('programs/plain-default.ts', import.meta.url),
    cpus: 1,
  });
  const error = await errorOf(machine.run());
  t.is(error.code, 'ERR_LWKT_PROGRAM');
  t.regex(error.message, /something else than a kthread as default/);
});
