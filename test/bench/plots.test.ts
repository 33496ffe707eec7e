import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { plots, withPictures } from '../../benchmarks/plots.ts';
import { benchReport } from '../helpers/bench-report.ts';
import { ROOT } from '../helpers/cli.ts';

const IMAGES = join(ROOT, 'docs/img');

test('plots: a picture stands alone, in light and dark', (t) => {
  const files = plots([benchReport(1, 2000, 2)]);
  t.deepEqual([...files.keys()].toSorted(), [
    'grain-dark.svg',
    'grain-light.svg',
    'latency-dark.svg',
    'latency-light.svg',
    'peers-dark.svg',
    'peers-light.svg',
  ]);
  for (const [name, svg] of files) {
    t.regex(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" role="img" aria-label="[^"]{50,}/, name);
    t.notRegex(svg, /var\(|currentColor|class="plot"|NaN|<script|<style/, name);
    t.true(svg.length < 60_000, `${name}: ${svg.length} bytes`);
  }
  t.not(files.get('latency-light.svg'), files.get('latency-dark.svg'));
});

test('plots: the README shows each picture in both schemes, with words, and only between its marks', (t) => {
  const readme = 'before\n<!-- plots: npm run plots -->\nold\n<!-- /plots -->\nafter\n';
  const files = plots([benchReport(1, 2000, 2)]);
  const shown = withPictures(readme, files);
  for (const name of files.keys()) t.true(shown.includes(`docs/img/${name}"`), name);
  t.is(shown.match(/<img alt="[^"]{30,}"/g)?.length, 3);
  t.regex(shown, /^before\n<!-- plots[^]*<!-- \/plots -->\nafter\n$/);
  t.false(shown.includes('old'));
  t.is(withPictures(shown, files), shown);
  t.is(withPictures(shown, new Map()), readme.replace('old\n', ''));
});

test('plots: without anything to show there is no picture', (t) => {
  t.is(plots([]).size, 0);
});

test('plots: the pictures of the README are those of the newest recorded report', (t) => {
  const files = plots();
  const shown = existsSync(IMAGES) ? readdirSync(IMAGES) : [];
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  t.deepEqual(shown.toSorted(), [...files.keys()].toSorted(), 'npm run plots');
  t.is(withPictures(readme, files), readme, 'npm run plots');
  for (const [name, text] of files) {
    t.is(readFileSync(join(IMAGES, name), 'utf8'), text, `${name}: npm run plots`);
  }
});
