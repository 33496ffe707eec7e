import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';

/** 1,000 are for test/slow/boots.ts: they take minutes. */
const COUNT = process.env['LWKT_TEST_BOOTS'] ?? '60';

test(`host leak: ${COUNT} boots and stops in a row leave no memory, thread or handle`, async (t) => {
  t.timeout(300_000);
  const script = fileURLToPath(new URL('../slow/boots.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', script, COUNT]);
  const { faults, count } = JSON.parse(stdout) as { faults: string[]; count: number };
  t.is(count, Number(COUNT));
  t.deepEqual(faults, []);
});
