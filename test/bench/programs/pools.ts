/** Starts every pool, lets it do each of its tasks, and prints the faults found as JSON; a list of names first. */
import { mandelbrotRow } from '../../../runtime/bench/plan/work.ts';
import { PEER_NAMES } from '../../../runtime/bench/peers/names.ts';
import { startPools, stopPools } from '../../../runtime/bench/peers/pools.ts';

const picture = { width: 32, height: 32, iterations: 50 };
const expected = new Uint8Array(picture.width);
mandelbrotRow(picture, 16, expected);

const pools = await startPools(new Set(PEER_NAMES), 2);
const faults: string[] = [];
for (const peer of pools) {
  if (!('pool' in peer)) {
    faults.push(`${peer.name}: ${peer.why}`);
    continue;
  }
  const { name, pool } = peer;
  const sums = await Promise.all(Array.from({ length: 100 }, (_, i) => pool.run('add', i)));
  if (!sums.every((sum, i) => sum === i + 1)) faults.push(`${name}: sums ${sums.join()}`);
  const pixels = new SharedArrayBuffer(picture.width * picture.height);
  await pool.run('row', { picture, y: 16, pixels });
  const row = new Uint8Array(pixels, 16 * picture.width, picture.width);
  if (!row.every((pixel, x) => pixel === expected[x])) faults.push(`${name}: row ${row.join()}`);
  const words = await pool.run('file', import.meta.filename);
  if (!Number.isInteger(words) || words < 100) faults.push(`${name}: ${words} words`);
  const late = performance.timeOrigin + performance.now() - (await pool.run('first', undefined));
  if (Math.abs(late) > 10_000) faults.push(`${name}: another clock, ${late} ms away`);
}
await stopPools(pools);
console.log(JSON.stringify({ names: pools.map(({ name }) => name), faults }));
