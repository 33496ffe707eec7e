import test from 'ava';
import { htmlReport } from '../../runtime/bench/html/page.ts';
import { DARK, HEAT_STEPS, LIGHT } from '../../runtime/bench/html/palette.ts';
import { reportText } from '../../runtime/cli/bench-tables.ts';
import { BenchReport } from '../../runtime/bench/schema.ts';
import { benchReport } from '../helpers/bench-report.ts';

const report = benchReport();
const page = htmlReport(report);

/** The same, with less of each. */
const small: BenchReport = {
  ...report,
  runs: report.runs.slice(0, 2),
  rows: report.rows.slice(0, 2),
  maps: benchReport(1, 100, 3).maps,
};

/** The text of a page, as one reads it. */
function textOf(html: string): string {
  return html
    .replaceAll(/<(script|style|title)\b.*?<\/\1>/gs, ' ')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ');
}

/** Every string of a report replaced by what another says of it. */
function mapStrings<T>(value: T, map: (text: string, key: string) => string, key = ''): T {
  if (typeof value === 'string') return map(value, key) as T;
  if (Array.isArray(value)) return value.map((item: unknown) => mapStrings(item, map, key)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([k, v]) => [k, mapStrings(v as unknown, map, k)]),
  ) as T;
}

test('helper: the report is one', (t) => {
  t.notThrows(() => BenchReport.parse(report));
});

test('page: says in its first sentences what the figures are', (t) => {
  const run = report.runs.find(({ id }) => id === 'pair/awake/none');
  const p50 = run?.distributions[0]?.p50 ?? 0;
  const text = textOf(page);
  t.true(text.includes(`An IPI takes ${p50} ns at the median`), text.slice(0, 600));
  t.regex(text, /gc : median 1\d\d ns, p99 1\.\d+ ms/);
  t.regex(
    text,
    /9 of 12 targets are met; missed: IPI call, both CPUs awake \(151 ns, aim 146 ns\), Switch between 60,000 threads \(/,
  );
  t.regex(
    text,
    /C not counted, lwkt is ahead in 1\d , behind in 2 , and \d are equal: less than a fifth apart/,
  );
  t.regex(
    text,
    /lwkt is behind, and how many times Create, run, exit, join on the own CPU : async function 4\.\d+ ×/,
  );
  t.regex(
    text,
    /lwkt is ahead, and how many times IPI call, both CPUs awake : Go channel 517 ×, Comlink 404 ×/,
  );
  t.regex(
    text,
    /it takes 151 ns; a message posted by MessagePort, whose [^.]* takes 292 times as long \(278 … 303/,
  );
  t.regex(text, /plain thread from 2,370 steps on; by Piscina, the best of the others, from 111,000\./);
});

test('page: what it says follows the figures', (t) => {
  const other = structuredClone(small);
  const plain = other.runs.find(({ id }) => id === 'pair/awake/none');
  const whole = plain?.distributions[0];
  if (whole === undefined) throw new Error('the helper has none');
  whole.p50 = 4321;
  for (const row of other.rows) row.met = true;
  const text = textOf(htmlReport(other));
  t.true(text.includes('An IPI takes 4.32 µs at the median'));
  t.regex(text, /2 of 2 targets are met\./);
});

test('page: says of an aim what single rounds say of it', (t) => {
  const other = structuredClone(small);
  for (const row of other.rows) row.certain = false;
  t.regex(textOf(htmlReport(other)), /✗ missed; met in some rounds/);
  for (const row of other.rows) row.certain = true;
  t.notRegex(textOf(htmlReport(other)), /in some rounds/);
});

test('page: says where cpus outnumber the cores', (t) => {
  const other = structuredClone(report);
  const crowd = other.runs.find(({ load }) => load === 'storm:1e6/s');
  if (crowd === undefined) throw new Error('the helper has none');
  crowd.cpus = 3;
  other.growth = other.growth.map((growth) =>
    growth.axis === 'threads' ? { ...growth, axis: 'cpus' } : growth,
  );
  const text = textOf(htmlReport(other));
  t.regex(text, /storm:1e6\/s : median [^(]*\(3 CPUs on 2 cores\)/);
  t.regex(text, /Pair, awake: closed loop, 3 CPUs 3 CPUs on 2 cores: waiting for a slice/);
  t.regex(text, /right of the dashed line CPUs outnumber the cores/);
  t.true(text.includes('as many as there are cores: 2'));
  other.environment.cores = 64;
  for (const growth of other.growth)
    for (const curve of growth.curves) curve.points = curve.points.filter(({ at }) => at <= 64);
  t.notRegex(textOf(htmlReport(other)), /outnumber|on 64 cores:|as there are cores/);
});

test('page: says from where on each is worth its while', (t) => {
  t.regex(
    textOf(page),
    /Cheaper than a loop of one plain thread from so many steps on: lwkt : 2,370 Piscina : 111,000 The figures/,
  );
});

test('page: needs nothing but itself, and stays below a megabyte', (t) => {
  t.true(Buffer.byteLength(page) < 1_000_000, `${Buffer.byteLength(page)} bytes`);
  const links = [...page.matchAll(/\b(?:src|href|action|data)="([^"]*)"/g)].map(([, url = '']) => url);
  t.true(links.length > 5);
  t.deepEqual(
    links.filter((url) => !url.startsWith('#') && url !== 'data:,'),
    [],
  );
  t.notRegex(page, /@import|url\(|https?:\/\/(?!www\.w3\.org\/)/);
  t.regex(page, /http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;/);
  const many = htmlReport(benchReport(2, 2000, 32));
  t.true(Buffer.byteLength(many) < 1_000_000, `${Buffer.byteLength(many)} bytes with 32 cpus`);
});

test('page: every string of the report is data', (t) => {
  const hostile = `"'><script>alert(1)</script></script><img src=x onerror=alert(1)>&lt;\u0000\ud800`;
  const fixed = new Set(['verb', 'kind', 'loop', 'hdr', 'started']);
  const changed = mapStrings(small, (text, key) => (fixed.has(key) ? text : text + hostile));
  for (const run of changed.runs) run.counters = { [hostile]: 1 };
  const html = htmlReport(changed);
  t.false(html.includes('<script>alert'));
  t.false(html.includes('<img'));
  t.false(html.includes('\u0000'));
  // As many scripts as without the attack, and each tag is one of ours.
  const scripts = (of: string): number => of.match(/<script/g)?.length ?? 0;
  t.is(scripts(html), scripts(htmlReport(small)));
  const tags = new Set([...html.matchAll(/<\/?([a-z][a-z0-9]*)/gi)].map(([, tag]) => tag));
  const known = new Set([...page.matchAll(/<\/?([a-z][a-z0-9]*)/gi)].map(([, tag]) => tag));
  t.deepEqual(
    [...tags].filter((tag) => !known.has(tag)),
    [],
  );
  // An attribute cannot be left: behind a quote there is a space, a slash or the end of the tag.
  t.notRegex(html, /="[^"<>]*"(?![\s/>])/);
});

test('page: two rows of one title and two contestants of one name stay two', (t) => {
  const doubled = structuredClone(small);
  const [first] = doubled.rows;
  if (first === undefined) throw new Error('the helper has none');
  doubled.rows = [first, { ...structuredClone(first), id: 'ipi.again' }];
  for (const row of doubled.rows) row.contestants.push(...structuredClone(row.contestants.slice(1, 2)));
  const bars = [...htmlReport(doubled).matchAll(/<svg role="img" aria-label="IPI call[^>]*>.*?<\/svg>/gs)];
  t.is(bars.length, 2);
  for (const [svg] of bars) t.is(svg.match(/<rect /g)?.length, 7, 'one bar each; Erlang has none');
});

for (const [what, change, expected] of [
  ['no latency', { runs: [] }, /This run measured no latency/],
  ['no rows', { rows: [] }, /Percentile curves of the round trip/],
  ['no map and no growth', { maps: [], growth: [] }, /Beside everyone else/],
  ['no noise', { noise: null }, /The noise of the machine was not measured/],
  ['an interrupted run', { interrupted: true }, /stopped before its end: parts are missing/],
  ['nothing at all', { runs: [], rows: [], maps: [], growth: [], noise: null }, /Where it was measured/],
] as const) {
  test(`page: shows ${what}`, (t) => {
    t.regex(textOf(htmlReport({ ...small, ...structuredClone(change) } as BenchReport)), expected);
  });
}

test('page: shows what could not be measured, and why', (t) => {
  const text = textOf(page);
  t.regex(text, /Not here: Erlang \(erl is not installed\)/);
  t.regex(text, /Not measured: C swapcontext at 1,000,000: out of memory/);
  const nobody = structuredClone(small);
  for (const row of nobody.rows) {
    for (const contestant of row.contestants)
      Object.assign(contestant, { cost: null, ratio: null, why: 'no cpu' });
  }
  t.regex(textOf(htmlReport(nobody)), /Nobody could be measured/);
});

test('page: a histogram that cannot be read leaves its percentiles', (t) => {
  for (const hdr of [
    '',
    'no base64 at all',
    'HISTFAAAAA==',
    report.runs[0]?.distributions[0]?.hdr.slice(0, 80) ?? '',
  ]) {
    const broken = structuredClone(small);
    for (const run of broken.runs) for (const d of run.distributions) d.hdr = hdr;
    const text = textOf(htmlReport(broken));
    t.regex(text, /Percentile curves of the round trip/);
    t.notRegex(text, /Where the samples lie|NaN|undefined/);
  }
});

test('page and tables: a percentile that the samples do not support is a dash, also of an old report', (t) => {
  for (const written of [null, 4321] as const) {
    const few: BenchReport = { ...structuredClone(small), rows: [], growth: [], maps: [] };
    for (const { distributions } of few.runs) {
      for (const d of distributions) [d.count, d.p999, d.p9999] = [150, written, written];
    }
    const text = textOf(htmlReport(few));
    t.notRegex(text, /4\.32 µs|NaN|null/);
    t.regex(text, /– – [\d.]+ [nµm]s [\d.]+ [nµm]s 150/);
    const [line = ''] = /^round trip .*$/m.exec(reportText(few)) ?? [];
    t.regex(line, /^round trip( +[\d.,]+ [nµm]s){3} +– +– +[\d.,]+ [nµm]?s +150$/);
  }
});

test('page: zeros, equal figures, one cpu, one sample are no trouble', (t) => {
  const flat = structuredClone(small);
  for (const row of flat.rows) {
    for (const c of row.contestants) c.cost = { median: 0, least: 0, most: 0 };
  }
  for (const { curves } of flat.growth) {
    for (const { points } of curves) points.splice(1);
    for (const { points } of curves) for (const point of points) point.at = 0;
  }
  for (const run of flat.runs) {
    for (const d of run.distributions) {
      Object.assign(d, {
        count: 1,
        min: 0,
        mean: 0,
        p50: 0,
        p90: null,
        p99: null,
        p999: null,
        p9999: null,
        max: 0,
        hdr: '',
      });
    }
  }
  flat.maps = [{ id: 'm', title: 'one', cpus: 1, median: [[null]], p99: [[null]] }];
  const html = htmlReport(flat);
  t.notRegex(html, /NaN|undefined|Infinity/);
});

test('page: it is the same for the same report', (t) => {
  t.is(htmlReport(structuredClone(small)), htmlReport(small));
});

test('page: no figure is NaN, undefined or infinite', (t) => {
  t.notRegex(page, /NaN|undefined|Infinity/);
});

/** Contrast of two colours after WCAG 2, 1 .. 21. */
function contrast(a: string, b: string): number {
  const luminance = (colour: string): number => {
    const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
      const v = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
      return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [most = 0, least = 0] = [luminance(a), luminance(b)].toSorted((x, y) => y - x);
  return (most + 0.05) / (least + 0.05);
}

for (const [name, colours] of [
  ['light', LIGHT],
  ['dark', DARK],
] as const) {
  test(`page: the ${name} colours can be told from their ground`, (t) => {
    const of = (key: string): string => colours[key] ?? '';
    const text = ['ink', 'quiet', 'accent', 'good', 'bad', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8'];
    for (const key of text) t.true(contrast(of(key), of('ground')) >= 4.5, `${key} as text`);
    for (const key of ['ink', 'quiet']) t.true(contrast(of(key), of('raised')) >= 4.5, `${key} on raised`);
    for (const key of ['peer', 'native']) t.true(contrast(of(key), of('ground')) >= 3, `${key} as a bar`);
    for (let i = 0; i < HEAT_STEPS; i++)
      t.true(contrast(of(`t${i}`), of(`h${i}`)) >= 4.5, `text on step ${i}`);
  });
}
