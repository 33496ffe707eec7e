import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import { within } from '../helpers/eventually.ts';
import { call, withMachine } from '../helpers/machine.ts';
import { seedOf } from '../helpers/seed.ts';

const PROGRAM = new URL('programs/time.ts', import.meta.url);
const HOST = fileURLToPath(new URL('programs/print-host.ts', import.meta.url));

test.serial('sleep: never too short, on 4 cpus, also while promises are outstanding', async (t) => {
  await withMachine(t, PROGRAM, { cpus: 4 }, async (machine) => {
    t.deepEqual(
      await call(machine, 'sleeping', [8, 40, seedOf(t)]),
      Array.from({ length: 16 }, () => 0),
    );
  });
});

test.serial('until: promises settle while threads of their cpu never stop running', async (t) => {
  await withMachine(t, PROGRAM, { cpus: 4 }, async (machine) => {
    t.deepEqual(await call(machine, 'starving', [25]), { sum: 100, gaveUp: 0 });
  });
});

test.serial('switch: a thread spawned on a cpu whose only thread computes gets its turn', async (t) => {
  await withMachine(t, PROGRAM, { cpus: 2 }, async (machine) => {
    t.is(await call(machine, 'latecomer'), 0);
  });
});

test.serial('output: what threads of 4 cpus print is complete, in order, its lines whole', async (t) => {
  const lines = 1000;
  const { stdout, stderr } = await within(
    'the host',
    promisify(execFile)(process.execPath, [HOST, '4', String(lines)], { maxBuffer: 1 << 28 }),
  );
  t.is(stderr, '');
  const seen = [0, 0, 0, 0];
  const rows = stdout.split('\n');
  t.deepEqual(rows.slice(-2), ['end', '']);
  for (const row of rows.slice(0, -2)) {
    const [cpu = '', n = '', text = ''] = row.split(':');
    const i = seen[Number(cpu)] as number;
    if (Number(n) !== i || text !== 'x'.repeat((i * 37) % 500)) t.fail(`expected ${i} of cpu ${cpu}: ${row}`);
    seen[Number(cpu)] = i + 1;
  }
  t.deepEqual(seen, [lines, lines, lines, lines]);
});
