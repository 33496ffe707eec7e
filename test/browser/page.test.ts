/** The page of a report in a real browser. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { htmlReport } from '../../runtime/bench/html/page.ts';
import { benchReport } from '../helpers/bench-report.ts';
import { CHROMIUM, launch, NO_CHROMIUM } from '../helpers/chromium.ts';
import { LOW_CONTRAST, OUTLINE, OVERFLOW } from './in-page.ts';

interface Shared {
  /** Missing when it did not start. */
  readonly browser?: Browser;
  readonly url: string;
}

interface Outline {
  readonly sections: string[];
  readonly figures: number[];
  readonly levels: number[];
  readonly wordless: number;
  readonly unreachable: number;
  readonly text: number;
}

const test = anyTest as TestFn<Shared>;
const report = benchReport();
const SECTIONS = [
  'summary',
  'latency',
  'map',
  'growth',
  'peers',
  'rows',
  'environment',
  'method',
  'glossary',
];
// As tall as the page: what lies behind a text is asked of the window.
const HEIGHT = 24_000;

if (CHROMIUM === undefined) console.error(`test/browser: ${NO_CHROMIUM}`);
const inBrowser = CHROMIUM === undefined ? test.skip : test.serial;

let dir = '';

test.before(async (t) => {
  if (CHROMIUM === undefined) return;
  dir = mkdtempSync(join(tmpdir(), 'lwkt-page-'));
  const file = join(dir, 'report.html');
  writeFileSync(file, htmlReport(report));
  t.context = { browser: await launch(), url: pathToFileURL(file).href };
});

test.after.always(async (t) => {
  if (CHROMIUM === undefined) return;
  await t.context.browser?.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Opens the page; `complaints` fills with what the browser has to say, and with each request for anything else. */
async function open(
  t: ExecutionContext<Shared>,
  options: BrowserContextOptions,
  url = t.context.url,
): Promise<{ page: Page; complaints: string[] }> {
  const { browser } = t.context;
  if (browser === undefined) throw new Error('Chromium did not start');
  const context = await browser.newContext(options);
  t.teardown(() => context.close());
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    if (request.url() !== url && request.url() !== 'data:,') complaints.push(`request: ${request.url()}`);
  });
  await page.goto(url);
  return { page, complaints };
}

for (const width of [360, 390, 1280]) {
  for (const colorScheme of ['light', 'dark'] as const) {
    inBrowser(
      `page in Chromium, ${width} px, ${colorScheme}: whole, readable, nothing asked of the network`,
      async (t) => {
        const { page, complaints } = await open(t, { viewport: { width, height: HEIGHT }, colorScheme });
        t.deepEqual(complaints, []);
        const outline: Outline = await page.evaluate(OUTLINE);
        t.deepEqual(outline.sections, SECTIONS);
        t.true(outline.figures.length > 10);
        t.true(
          outline.figures.every((charts) => charts === 1),
          'each figure shows its chart, once',
        );
        t.deepEqual(await page.evaluate(OVERFLOW), []);
        t.deepEqual(await page.evaluate(LOW_CONTRAST), []);
        t.true(
          outline.levels.every((level, i) => level <= (outline.levels[i - 1] ?? 0) + 1),
          'no heading skips a level',
        );
        t.is(outline.wordless, 0, 'each chart says in words what it shows');
        t.is(outline.unreachable, 0, 'what scrolls can be scrolled by keyboard');
        // With everything opened, too.
        await page.evaluate(`document.querySelectorAll('details').forEach((d) => { d.open = true; })`);
        t.deepEqual(await page.evaluate(OVERFLOW), []);
        t.deepEqual(await page.evaluate(LOW_CONTRAST), []);
      },
    );
  }
}

inBrowser('page in Chromium, dark: the ground is dark and the charts follow', async (t) => {
  const grounds: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    const { page } = await open(t, { viewport: { width: 1280, height: 900 }, colorScheme });
    grounds.push(await page.evaluate('getComputedStyle(document.body).backgroundColor'));
    grounds.push(await page.evaluate(`getComputedStyle(document.querySelector('svg.plot text')).fill`));
  }
  t.deepEqual(grounds, ['rgb(255, 255, 255)', 'rgb(22, 25, 29)', 'rgb(20, 23, 27)', 'rgb(232, 234, 237)']);
});

inBrowser('page in Chromium, without JavaScript: says the same', async (t) => {
  const viewport = { width: 1280, height: HEIGHT };
  const plain = await open(t, { viewport, javaScriptEnabled: false });
  t.deepEqual(plain.complaints, []);
  const outline: Outline = await plain.page.evaluate(OUTLINE);
  const { page } = await open(t, { viewport });
  t.deepEqual(outline, await page.evaluate(OUTLINE));
  for (const [section, figures] of [
    ['#summary', 'ul'],
    ['#latency', 'table'],
  ] as const) {
    const shut = plain.page.locator(`${section} details`).first();
    t.false(await shut.locator(figures).isVisible());
    await shut.locator('summary').click();
    t.true(await shut.locator(figures).isVisible(), 'figures open without a script');
  }
});

inBrowser('page in Chromium: a pointer on a chart reads all its lines', async (t) => {
  const { page, complaints } = await open(t, { viewport: { width: 1280, height: 900 } });
  const chart = page.locator('.wide .readout').first();
  await chart.scrollIntoViewIfNeeded();
  t.false(await chart.locator('.tip').isVisible());
  const box = await chart.boundingBox();
  if (box === null) throw new Error('the chart has no place');
  await page.mouse.move(box.x + box.width * 0.4, box.y + box.height / 2);
  const told = await chart.locator('.tip').innerText();
  t.regex(told, /% took at most/);
  for (const load of ['no load', 'compute:10us', 'gc']) t.true(told.includes(load), told);
  t.regex(told, /no load\s+1\d\d ns/);
  await page.mouse.move(5, 5);
  t.false(await chart.locator('.tip').isVisible());
  t.deepEqual(complaints, []);
});

inBrowser('page in Chromium, printed: light, whole, without what only a screen needs', async (t) => {
  const { page } = await open(t, { viewport: { width: 794, height: HEIGHT }, colorScheme: 'dark' });
  await page.emulateMedia({ media: 'print' });
  t.is(await page.evaluate('getComputedStyle(document.body).backgroundColor'), 'rgb(255, 255, 255)');
  t.false(await page.locator('nav').isVisible());
  const outline: Outline = await page.evaluate(OUTLINE);
  t.deepEqual(outline.sections, SECTIONS);
  t.true(outline.figures.every((charts) => charts === 1));
  t.deepEqual(await page.evaluate(OVERFLOW), []);
  t.deepEqual(await page.evaluate(LOW_CONTRAST), []);
  const pdf = (await page.pdf({ format: 'A4' })).toString('latin1');
  const pages = pdf.match(/\/Type\s*\/Page\b/g)?.length ?? 0;
  t.true(pages >= 5 && pages <= 20, `${pages} pages`);
});

inBrowser('page in Chromium: what a report says is never run', async (t) => {
  const hostile = structuredClone(report);
  const attack = `"><img src=x onerror=alert(1)><script>alert(2)</script><style>*{display:none}</style>`;
  hostile.command = hostile.environment.cpu = attack;
  for (const row of hostile.rows) {
    row.title += attack;
    for (const contestant of row.contestants) contestant.name += attack;
  }
  for (const run of hostile.runs) run.load += attack;
  for (const map of hostile.maps) map.title = attack;
  const file = join(dir, 'hostile.html');
  writeFileSync(file, htmlReport(hostile));
  const { page, complaints } = await open(
    t,
    { viewport: { width: 390, height: 900 } },
    pathToFileURL(file).href,
  );
  t.deepEqual(complaints, []);
  t.is(await page.locator('img').count(), 0);
  t.true((await page.locator('h1').first().isVisible()) && (await page.locator('svg.plot').count()) > 10);
  const wide = (await page.evaluate<string[]>(OVERFLOW)).filter((line) => !line.startsWith('outside of its'));
  t.deepEqual(wide, [], 'a long name leaves its chart at most, never the page');
});
