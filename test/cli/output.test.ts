import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { ROOT } from '../helpers/cli.ts';

const MAIN = join(ROOT, 'runtime/cli/main.ts');
const program = (name: string): string => fileURLToPath(new URL(`./programs/${name}.ts`, import.meta.url));
const PAD = 'x'.repeat(90);

/** Runs the program and checks every line as it comes; how many came of each thread, and how it ended. */
async function printed(
  cpus: number,
  lines: number,
  then: string,
): Promise<{ counts: number[]; torn: number; code: number }> {
  const child = spawn(
    process.execPath,
    [MAIN, 'run', program('prints'), '--cpus', String(cpus), String(lines), then],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  const closed = once(child, 'close');
  const counts: Record<number, number> = {};
  let torn = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [me = '', number = '', pad = ''] = line.split(' ');
    const cpu = Number(me);
    // Whole, and in the order that its thread printed it.
    if (pad === PAD && Number(number) === (counts[cpu] ?? 0)) counts[cpu] = Number(number) + 1;
    else torn++;
  }
  const [code] = (await closed) as [number];
  return { counts: Array.from({ length: cpus }, (_, cpu) => counts[cpu] ?? 0), torn, code };
}

test.serial('output: 100 MB of four threads are complete, in order, with whole lines', async (t) => {
  t.timeout(110_000);
  const lines = 262_144;
  t.deepEqual(await printed(4, lines, ''), { counts: [lines, lines, lines, lines], torn: 0, code: 0 });
});

for (const [then, code] of [
  ['panic', 70],
  ['exit', 70],
  ['throw', 1],
] as const) {
  test.serial(`output: nothing that was printed before a ${then} is lost`, async (t) => {
    t.deepEqual(await printed(2, 5000, then), { counts: [5000, 5000], torn: 0, code });
  });
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test.serial(
    `output: what was printed before ${signal} is whole, and the statistics come after it`,
    async (t) => {
      const child = spawn(
        process.execPath,
        [MAIN, 'run', program('prints'), '--cpus', '2', '--stats', '100000000', ''],
        { stdio: ['ignore', 'pipe', 'pipe'] },
      );
      t.teardown(() => child.kill('SIGKILL'));
      const closed = once(child, 'close');
      let stderr = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      const counts: Record<number, number> = {};
      let torn = 0;
      let rest = '';
      let lines = 0;
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        const parts = (rest + text).split('\n');
        rest = parts.pop() ?? '';
        for (const line of parts) {
          const [me = '', number = '', pad = ''] = line.split(' ');
          const cpu = Number(me);
          if (pad === PAD && Number(number) === (counts[cpu] ?? 0)) counts[cpu] = Number(number) + 1;
          else torn++;
          if (++lines === 5000) child.kill(signal);
        }
      });
      t.deepEqual(await closed, [130, null]);
      t.is(torn, 0);
      t.is(rest, '', 'the last line is whole');
      t.true(Object.values(counts).reduce((a, b) => a + b) >= 5000);
      t.regex(stderr, /^lwkt: interrupted, stopping the machine\n/);
      t.regex(stderr, /switches[^]*boot \d+ ms, run \d+ ms\n$/);
    },
  );
}

test.serial('signals: a second SIGINT ends at once', async (t) => {
  // A loop without safepoints: the first one waits two seconds for the cpu.
  const child = spawn(process.execPath, [MAIN, 'run', program('endless'), '--cpus', '2'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const closed = once(child, 'close');
  await once(child.stdout, 'data');
  child.kill('SIGINT');
  await once(child.stderr, 'data');
  child.kill('SIGINT');
  const [code, signal] = (await closed) as [number | null, string | null];
  t.is(code, null);
  t.is(signal, 'SIGINT');
});
