/**
 * The pictures of the README, from the newest recorded report.
 *
 *   node benchmarks/plots.ts [REPORT]
 *
 * Writes docs/img/NAME-light.svg and -dark.svg, and shows them in the README between two marks; a test holds both to the
 * report.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { bounceLevel, curveDrawing } from '../runtime/bench/html/curves.ts';
import { growthDrawing } from '../runtime/bench/html/growth.ts';
import { overviewDrawing } from '../runtime/bench/html/overview.ts';
import { DARK, LIGHT } from '../runtime/bench/html/palette.ts';
import { postedMessage, runGroups } from '../runtime/bench/html/runs.ts';
import type { Drawing } from '../runtime/bench/html/svg.ts';
import { parseReport } from '../runtime/bench/read-report.ts';
import type { BenchReport } from '../runtime/bench/schema.ts';

const ROOT = join(import.meta.dirname, '..');
const RESULTS = join(ROOT, 'benchmarks/results');
const IMAGES = join(ROOT, 'docs/img');
const README = join(ROOT, 'README.md');

/** Width of the pictures; a README is shown somewhat narrower. */
const WIDTH = 900;

/** The recorded reports, the oldest first; files of before there were reports are passed over. */
export function recorded(): { path: string; report: BenchReport }[] {
  return readdirSync(RESULTS)
    .filter((name) => name.endsWith('.json'))
    .map((name) => join(RESULTS, name))
    .flatMap((path) => {
      const text = readFileSync(path, 'utf8');
      const { verb } = JSON.parse(text) as { verb?: string };
      return verb === 'bench' ? [{ path, report: parseReport(path, text) }] : [];
    })
    .toSorted((a, b) => Date.parse(a.report.started) - Date.parse(b.report.started));
}

/** A drawing as a file that stands alone, in the colours of one scheme. */
function standalone(draw: Drawing, colours: Readonly<Record<string, string>>): string {
  const svg = draw(WIDTH, false)
    .text.replaceAll(/var\(--([a-z]+\d?)\)/g, (_, name: string) => colours[name] ?? 'none')
    .replaceAll('currentColor', colours['ink'] ?? '')
    .replace(' class="plot"', '')
    .replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" ');
  return `${svg.replace('>', `><rect width="100%" height="100%" fill="${colours['ground'] ?? ''}"/>`)}\n`;
}

/** The pictures of the newest recorded reports that have what they show, by the name of their file. */
export function plots(reports = recorded().map(({ report }) => report)): Map<string, string> {
  const drawings: [string, Drawing | null | undefined][] = [];
  const latency = reports.findLast(({ runs }) => runs.length > 1);
  const [group] = latency === undefined ? [] : runGroups(latency);
  if (latency !== undefined && group !== undefined) {
    const posted = postedMessage(latency);
    const levels = [bounceLevel(group), posted].filter((level) => level !== null);
    drawings.push(['latency', curveDrawing(group, levels).draw]);
  }
  const rows = reports.findLast((report) => report.rows.length > 1)?.rows ?? [];
  drawings.push(['peers', overviewDrawing(rows)]);
  const grains = reports.flatMap(({ growth, environment: { cores } }) =>
    growth.flatMap((of) => (of.id === 'jobs.grain' ? [growthDrawing(of, cores)] : [])),
  );
  drawings.push(['grain', grains.at(-1)]);
  const files = new Map<string, string>();
  for (const [name, draw] of drawings) {
    if (draw === null || draw === undefined) continue;
    files.set(`${name}-light.svg`, standalone(draw, LIGHT));
    files.set(`${name}-dark.svg`, standalone(draw, DARK));
  }
  return files;
}

/** What a picture shows, for who does not see it. */
const WORDS: Readonly<Record<string, string>> = {
  latency: 'Percentile curves of the latency of an IPI, one for each load of the receiving CPU',
  grain:
    'What a task costs, by its size, handed to two CPUs by lwkt and by pools, and in a loop of one thread',
  peers: 'How many times better lwkt is than each of the others, operation by operation',
};

/** The README with the pictures between its marks. */
export function withPictures(readme: string, files: ReadonlyMap<string, string>): string {
  const names = [...files.keys()].filter((name) => name.endsWith('-light.svg'));
  const shown = names.map((light) => {
    const name = light.replace('-light.svg', '');
    return [
      '<picture>',
      `  <source media="(prefers-color-scheme: dark)" srcset="docs/img/${name}-dark.svg">`,
      `  <img alt="${WORDS[name] ?? name}" src="docs/img/${light}">`,
      '</picture>',
      '',
    ].join('\n');
  });
  return readme.replace(
    /(<!-- plots: [^\n]*-->\n)[^]*?(<!-- \/plots -->)/,
    (_, begin: string, end: string) => `${begin}${shown.join('\n')}${end}`,
  );
}

if (import.meta.main) {
  const [, , path] = process.argv;
  const files = plots(path === undefined ? undefined : [parseReport(path, readFileSync(path, 'utf8'))]);
  if (files.size === 0) throw new Error(`there is no report with runs or rows in ${RESULTS}`);
  mkdirSync(IMAGES, { recursive: true });
  for (const [name, text] of files) {
    writeFileSync(join(IMAGES, name), text);
    console.log(`${relative(ROOT, join(IMAGES, name))}: ${text.length} bytes`);
  }
  writeFileSync(README, withPictures(readFileSync(README, 'utf8'), files));
}
