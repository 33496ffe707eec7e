/**
 * Mandelbrot by single rows, some 150 µs each: two cpus against one plain thread, and against Piscina, a task a row.
 */
import { boot } from 'lwkt';
import { startPool } from './lib/piscina.ts';
import { main, type Probe } from './lib/report.ts';
import { HEIGHT, mandelbrotRow, WIDTH } from './lib/work.ts';

function plain(): number {
  const picture = new Uint8Array(WIDTH * HEIGHT);
  const start = performance.now();
  for (let y = 0; y < HEIGHT; y++) mandelbrotRow(y, picture.subarray(y * WIDTH, (y + 1) * WIDTH));
  return performance.now() - start;
}

function checksum(): number {
  const row = new Uint8Array(WIDTH);
  let sum = 0;
  for (let y = 0; y < HEIGHT; y++) {
    mandelbrotRow(y, row);
    for (const pixel of row) sum += pixel;
  }
  return sum;
}

export async function suite(): Promise<{ probes: readonly Probe[]; done: () => Promise<void> }> {
  const machine = await boot({ program: new URL('./programs/rows.ts', import.meta.url), cpus: 2 });
  const pool = startPool();
  const ours = async (): Promise<number> => {
    const start = performance.now();
    await machine.run();
    return performance.now() - start;
  };
  const tasks = async (): Promise<number> => {
    const picture = new SharedArrayBuffer(WIDTH * HEIGHT);
    const start = performance.now();
    await Promise.all(Array.from({ length: HEIGHT }, (_, y) => pool.run({ y, picture }, { name: 'row' })));
    return performance.now() - start;
  };
  plain();
  await ours();
  await tasks();
  const pixels = await machine.spawn('checksum');
  if (pixels !== checksum()) throw new Error(`the pixels add up to ${String(pixels)}, not ${checksum()}`);
  return {
    probes: [
      {
        title: 'mandelbrot by rows, two cpus',
        unit: 'ms',
        target: 'ratio 0.51: 1.95 times as fast as one thread',
        contestants: [
          { name: 'one plain thread', measure: () => Promise.resolve(plain()) },
          { name: 'lwkt', measure: ours },
          { name: 'Piscina', measure: tasks },
        ],
      },
    ],
    done: async () => {
      await machine.stop();
      await pool.destroy();
    },
  };
}

if (import.meta.main) await main(suite);
