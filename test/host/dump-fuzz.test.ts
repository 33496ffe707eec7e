/** A dump is data from anywhere: whatever is done to it, it is shown or refused, soon and without much memory. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import test from 'ava';
import { fc } from '@fast-check/ava';
import { boot } from '../../runtime/index.ts';
import { viewText } from '../../runtime/cli/view-text.ts';
import { readDump } from '../../runtime/machine/dump.ts';
import { machineView } from '../../runtime/observe/view.ts';
import { folder } from '../helpers/cli.ts';
import { seedOf } from '../helpers/seed.ts';

const PROGRAM = new URL('programs/faults.ts', import.meta.url);
const SMALL = { threads: 100, memory: 65_536, messages: 65_536, ring: 16, names: 64 } as const;
/** Beyond what a machine of this size, its text and the tools of the test take. */
const MOST_BYTES = 400 * 1024 * 1024;

/** Whole numbers that programs stumble over. */
const evil = fc.oneof(
  fc.integer(),
  fc.constantFrom(0, -1, 1, 2 ** 31 - 1, -(2 ** 31), 2 ** 30, 0x7fff_fff0, 65_536, 1e9),
);

test.serial('dump fuzz: cut off, bytes turned over, words that lie, heads that lie', async (t) => {
  t.timeout(110_000);
  const dir = await folder(t);
  const path = join(dir, 'dump');
  {
    await using machine = await boot({ program: PROGRAM, cpus: 2, ...SMALL });
    await machine.spawn('works', [], { cpu: 0 });
    await machine.dump(path);
  }
  const good = readFileSync(path);
  const second = good.indexOf(10, good.indexOf(10) + 1);
  const head = JSON.parse(good.toString('utf8', good.indexOf(10) + 1, second)) as Record<string, unknown> & {
    shape: Record<string, number>;
  };
  const words = gunzipSync(good.subarray(second + 1));
  const file = join(dir, 'bad');
  const made = (change: object, body: Uint8Array): Uint8Array =>
    Buffer.concat([
      Buffer.from(`LWKTDUMP 1\n${JSON.stringify({ ...head, ...change })}\n`),
      gzipSync(body, { level: 1 }),
    ]);
  const before = process.memoryUsage().rss;

  /** Shown, or refused in words. */
  const holds = async (content: Uint8Array): Promise<boolean> => {
    writeFileSync(file, content);
    let shown = '';
    try {
      const { arena, names } = await readDump(file);
      shown = viewText(machineView(arena, names));
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ERR_LWKT_DUMP') throw error;
      return true;
    }
    // eslint-disable-next-line no-control-regex
    return shown.length < 4_000_000 && !/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/.test(shown);
  };

  const bytes = fc
    .record({
      cut: fc.option(fc.nat(good.length), { nil: undefined }),
      turned: fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 30 }),
    })
    .map(({ cut, turned }) => {
      const bad = Buffer.from(good);
      for (const [at, byte] of turned) bad[at] = byte;
      return bad.subarray(0, cut);
    });
  const lies = fc.array(fc.tuple(fc.nat(words.length / 4 - 1), evil), { maxLength: 300 }).map((list) => {
    const bad = Buffer.from(words);
    for (const [at, word] of list) bad.writeInt32LE(word | 0, at * 4);
    return made({}, bad);
  });
  const heads = fc
    .record({
      key: fc.constantFrom(...Object.keys(head.shape)),
      value: fc.oneof(evil, fc.double(), fc.string()),
      name: fc.string(),
    })
    .map(({ key, value, name }) =>
      made(
        { shape: { ...head.shape, [key]: value }, names: { threads: [name], ipis: [] }, program: name },
        words,
      ),
    );
  await fc.assert(
    fc.asyncProperty(fc.oneof(bytes, lies, heads), async (content) => {
      if (!(await holds(content)))
        throw new Error('shown with what it should not contain, or too much of it');
    }),
    { seed: seedOf(t), numRuns: 150 },
  );
  const more = process.memoryUsage().rss - before;
  t.true(more < MOST_BYTES, `${(more / 2 ** 20).toFixed(0)} MiB more`);
});
