import test from 'ava';
import { counted } from '../../runtime/base/counted.ts';
import { boot } from '../../runtime/index.ts';
import { errorOf, within } from '../helpers/eventually.ts';
import { call } from '../helpers/machine.ts';

const program = new URL('programs/limits.ts', import.meta.url);
const SHAPE = { threads: 300, names: 32, memory: 65_536, messages: 1_048_576, ring: 16 } as const;

/** What is used up, how it is told with the option that raises it, and where: on one cpu values pass from heap to heap. */
const LIMITS: readonly (readonly [what: string, name: string, told: RegExp, on: readonly number[]])[] = [
  [
    'threads',
    'threads',
    /^ERR_LWKT_THREADS: all 300 threads are in use, .*raise threads \(--threads\)/,
    [1, 2],
  ],
  [
    'message space, by arguments',
    'messages',
    /^ERR_LWKT_MESSAGES: no room for a value of \d+ bytes: \d+ of 1 MiB .*raise messages \(--messages\)/,
    [2],
  ],
  ['message space, by a result', 'results', /^ERR_LWKT_MESSAGES: .*raise messages \(--messages\)/, [2]],
  [
    'message space, by objects without a name',
    'objects',
    /^ERR_LWKT_MESSAGES: .*raise messages \(--messages\)/,
    [1, 2],
  ],
  [
    'names',
    'names',
    /^ERR_LWKT_SYMBOL: no room for the name 'name \d+': all 32 named objects are in use; .*raise names \(--names\)/,
    [1, 2],
  ],
  [
    'named memory',
    'memory',
    /^ERR_LWKT_MEMORY: no room for 'too large' .* of 65536 bytes of named shared memory are free; raise memory \(--memory\)/,
    [1, 2],
  ],
];

for (const [what, name, told, on] of LIMITS) {
  for (const cpus of on) {
    test.serial(
      `limits: ${what}, on ${counted(cpus, 'cpu')}: the error names the option; the machine works after it`,
      async (t) => {
        await using machine = await within('boot', boot({ program, cpus, ...SHAPE }));
        t.true(await call(machine, 'works'));
        // Twice: what was used up is given back.
        for (let i = 0; i < 2; i++) {
          t.regex((await call(machine, name)) as string, told);
          t.true(await call(machine, 'works'));
        }
      },
    );
  }
}

test.serial('limits: threads of the host, and their arguments', async (t) => {
  await using machine = await boot({ program, cpus: 2, ...SHAPE });
  // A cpu that takes arguments gives their room back.
  const stands = machine.spawn('stands', [], { cpu: 1 });
  await call(machine, 'stand');
  const text = 'x'.repeat(20_000);
  const all = Array.from({ length: 120 }, () => machine.spawn('waits', [text], { cpu: 1 }));
  const errors = await Promise.all(all.slice(100).map(errorOf));
  for (const { code, message } of errors) {
    t.is(code, 'ERR_LWKT_MESSAGES');
    t.regex(message, /raise messages \(--messages\)/);
  }
  for (const one of all) one.catch(() => undefined);
  await call(machine, 'letGo');
  await within('stands', stands);
});

test.serial('limits: an arena too large is refused before it is made, with what to lower', async (t) => {
  for (const [options, told] of [
    [
      { threads: 4_000_000, memory: 2 ** 31, messages: 2 ** 30, ring: 65_536, cpus: 24 },
      /the arena would need \d+ MiB, the limit is 4096 MiB: lower threads/,
    ],
    [{ cpus: 65 }, /cpus: 65 must be a whole number of 1 \.\. 64/],
    [{ ring: 100 }, /ring: 100 must be a power of two/],
    [{ onCpuDeath: 'ignore' as never }, /onCpuDeath: 'ignore' must be 'panic' or 'offline'/],
  ] as const) {
    const error = await errorOf(boot({ program, ...options }));
    t.is(error.code, 'ERR_LWKT_OPTION');
    t.regex(error.message, told);
  }
});
