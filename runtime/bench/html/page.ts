/**
 * A report as one page of HTML that needs nothing else: no network, no font, and no script to tell what it has.
 *
 * The order is that of somebody who has never seen it: what came out, how it changes with load, beside whom, where and
 * how it was measured, what the words mean. A part that the report lacks is left out, with a word where one would look
 * for it.
 */
import { createHash } from 'node:crypto';
import type { BenchReport, Environment, Growth, LatencyRun, Row } from '../schema.ts';
import { breakEvens } from '../break-even.ts';
import { bars } from './bars.ts';
import { environmentSection, methodSection } from './environment.ts';
import { capital, figure, time, timesIn } from '../figures.ts';
import { glossary } from './glossary.ts';
import { crowdedFrom, growthChart } from './growth.ts';
import { headline } from './headline.ts';
import { bounceLevel, curves, type Level } from './curves.ts';
import { histograms, stageBars } from './stages.ts';
import { heatMap, mapSummary } from './map.ts';
import { html, Markup, presentable, type Part } from './markup.ts';
import { overviewDrawing } from './overview.ts';
import { twice } from './svg.ts';
import { crowded, postedMessage, runGroups, type RunGroup } from './runs.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';
import { details, groupTable, growthTable, mapTable, rowTable, verdict } from './tables.ts';

function figureOf(caption: Part, drawing: Markup | null): Markup | null {
  if (drawing === null) return null;
  return html`<figure>
    <figcaption>${caption}</figcaption>
    ${drawing}
  </figure>`;
}

/** The first IPI slower than `--break`. */
function broken({ id, broke }: LatencyRun): Markup | null {
  if (broke === null) return null;
  return html`<h3>${id}: stopped at an IPI of ${time(broke.ns)}, sample ${broke.sample}</h3>
    <pre class="scroll" tabindex="0">${broke.trace.join('\n')}</pre>`;
}

/** What is to be known where CPUs outnumber the cores. */
function crowdNote(cpus: number, environment: Environment): Markup | null {
  const crowd = crowded(cpus, environment);
  if (crowd === null) return null;
  return html`<p class="quiet">${crowd}: waiting for a slice of a core is in these figures.</p>`;
}

/** @param first - whether the reader sees such charts for the first time */
function groupPart(
  group: RunGroup,
  levels: readonly Level[],
  first: boolean,
  environment: Environment,
): Markup {
  const bounce = bounceLevel(group);
  const whole = group.shown;
  return html`<h3>${group.title}</h3>
    ${crowdNote(group.cpus, environment)}
    ${figureOf(
      html`Percentile curves of the ${whole}, one for each load of the receiving
      CPU.${
        first &&
        ` At 99 % the curve says what one IPI in a hundred exceeds. Lower is better; both scales are logarithmic.`
      }`,
      curves(group, bounce === null ? levels : [bounce, ...levels]),
    )}
    ${details('The figures: every distribution and its percentiles', groupTable(group))}
    ${figureOf(
      html`Where the samples
      lie.${first && ` Each histogram is as tall as its most frequent latency; dashed: p50 and p99.`}`,
      histograms(group),
    )}
    ${figureOf(
      html`Where the time goes: the mean of each
      stage.${
        first &&
        ` Means, because only they add up. Stages are timed by themselves, after the rest, and a look at the clock more in each IPI costs time: so they need not add up to the mean of the whole way.`
      }`,
      stageBars(group),
    )}
    ${group.runs.map(broken)}`;
}

function latencySection(report: BenchReport): Markup {
  const groups = runGroups(report);
  const posted = postedMessage(report);
  const level = posted === null ? [] : [{ name: posted.name, ns: posted.ns }];
  return html`<section id="latency">
    <h2>Latency of IPIs, and how it changes with load</h2>
    ${
      groups.length === 0
        ? html`<p class="quiet">This run measured no latency: <code>lwkt bench ipi</code> does.</p>`
        : groups.map((group, i) => groupPart(group, level, i === 0, report.environment))
    }
  </section>`;
}

function mapSection({ maps, environment }: BenchReport): Markup | null {
  if (maps.length === 0) return null;
  return html`<section id="map">
    <h2>Each pair of CPUs</h2>
    ${maps.map(
      (map) =>
        html`<h3>${capital(map.title)}</h3>
          ${crowdNote(map.cpus, environment)}
          ${figureOf(html`Median in nanoseconds: ${mapSummary(map)}. The stronger the colour, the slower.`, heatMap(map, 'median'))}
          ${details('The figures: median and p99 of each pair', mapTable(map))}`,
    )}
  </section>`;
}

/** Which scales a chart of growth has: one that begins at nothing goes by steps. */
function scales({ curves: of }: Growth): string {
  const zero = of.some(({ points }) => points.some(({ at }) => at <= 0));
  return zero ? 'Costs are on a logarithmic scale' : 'Both scales are logarithmic';
}

/** From where on each is worth its while, in a sentence. */
function breakEvenNote(growth: Growth): Markup | null {
  const found = breakEvens(growth);
  if (found.length === 0) return null;
  const { baseline = '', axis } = growth;
  const from = found.map(({ name, at, throughout }) => {
    const where = at === null ? 'nowhere' : throughout ? `all along, from ${figure(at)}` : figure(at);
    return html`<li><b>${name}</b>: ${where}</li>`;
  });
  return html`<p>Cheaper than ${baseline} from so many ${axis} on:</p>
    <ul class="columns">
      ${from}
    </ul>`;
}

function growthSection({ growth, environment: { cores } }: BenchReport): Markup | null {
  if (growth.length === 0) return null;
  return html`<section id="growth">
    <h2>How costs grow with the work</h2>
    ${growth.map((of) => {
      const drawing = growthChart(of, cores);
      const crowd =
        crowdedFrom(of, cores) === null ? '' : '; right of the dashed line CPUs outnumber the cores';
      const missing = of.curves.flatMap(({ name, points }) =>
        points.flatMap(({ at, why }) =>
          why === null ? [] : [`${name} at ${at.toLocaleString('en-US')}: ${why}`],
        ),
      );
      return html`<h3>${capital(of.title)}</h3>
        ${
          drawing === null
            ? html`<p class="quiet">No point could be measured.</p>`
            : figureOf(html`${scales(of)}; thick strokes show how far repetitions went${crowd}.`, drawing)
        }
        ${breakEvenNote(of)}
        ${missing.length > 0 && html`<p class="quiet">Not measured: ${missing.join('; ')}.</p>`}
        ${details('The figures', growthTable(of))}`;
    })}
  </section>`;
}

function card(row: Row): Markup {
  const absent = row.contestants.filter(({ cost }) => cost === null);
  return html`<div class="card">
    <h3>${capital(row.title)}</h3>
    <p>${row.includes}${row.unit.includes(' ') && ` In ${row.unit}.`}${row.more && ' More is better.'}</p>
    ${row.target !== null && html`<p class="aim">Target: ${timesIn(row.target)} ${verdict(row)}</p>`}
    ${bars(row) ?? html`<p>Nobody could be measured.</p>`}
    ${
      absent.length > 0 &&
      html`<p>
        Not here: ${absent.map(({ name, why }) => `${name} (${why ?? 'no reason given'})`).join('; ')}.
      </p>`
    }
  </div>`;
}

function peersSection({ rows }: BenchReport): Markup | null {
  if (rows.length === 0) return null;
  const drawing = overviewDrawing(rows);
  return html`<section id="peers">
    <h2>Beside everyone else</h2>
    ${figureOf(
      html`Right of the line lwkt is better, left of it the other; ratios of rounds in the same minutes, on a
      logarithmic scale.`,
      drawing === null ? null : twice(drawing),
    )}
    <ul class="key">
      <li><i class="dot" style="background:var(--accent)"></i>lwkt</li>
      <li><i class="dot" style="background:var(--native)"></i>native: the same in C</li>
      <li><i class="dot" style="background:var(--peer)"></i>peer: what one would use instead</li>
    </ul>
    <div class="cards">${rows.map(card)}</div>
  </section>`;
}

function tableSection({ rows }: BenchReport): Markup | null {
  if (rows.length === 0) return null;
  return html`<section id="rows">
    <h2>All comparisons</h2>
    ${rowTable(rows)}
  </section>`;
}

function contents(report: BenchReport): Markup {
  const links: readonly (readonly [string, string, boolean])[] = [
    ['latency', 'Latency', true],
    ['map', 'CPU pairs', report.maps.length > 0],
    ['growth', 'Growth', report.growth.length > 0],
    ['peers', 'Peers', report.rows.length > 0],
    ['rows', 'All figures', report.rows.length > 0],
    ['environment', 'Machine', true],
    ['method', 'Method', true],
    ['glossary', 'Glossary', true],
  ];
  return html`<nav aria-label="Contents">
    <ul>
      ${links.map(([id, title, there]) => there && html`<li><a href="#${id}">${title}</a></li>`)}
    </ul>
  </nav>`;
}

/** What the page may do: its own style, and this very script. */
function policy(): string {
  const hash = createHash('sha256').update(SCRIPT).digest('base64');
  return `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
}

/**
 * Shows a report.
 *
 * @returns a whole HTML document; every string of the report is escaped in it
 */
export function htmlReport(given: BenchReport): string {
  const report = presentable(given);
  const { environment, started } = report;
  const day = started.slice(0, 10);
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy()}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>lwkt bench, ${day}, ${environment.cpu}</title>
        <link rel="icon" href="data:," />
        ${new Markup(`<style>${STYLE}</style>`)}
      </head>
      <body>
        <header>
          <h1>lwkt bench</h1>
          <p class="sub">
            ${day} · ${environment.cpu}, ${environment.cores} cores · Node ${environment.node} · lwkt
            ${environment.lwkt}${environment.commit !== null && ` (${environment.commit})`}
          </p>
          ${contents(report)}
        </header>
        <main>
          ${headline(report)} ${latencySection(report)} ${mapSection(report)} ${growthSection(report)}
          ${peersSection(report)} ${tableSection(report)} ${environmentSection(report)}
          ${methodSection(report)}
          <section id="glossary">
            <h2>Glossary</h2>
            ${glossary(report)}
          </section>
        </main>
        <footer>Made by lwkt ${environment.lwkt}, a real-parallel kernel-thread runtime for Node.js.</footer>
        ${new Markup(`<script>${SCRIPT}</script>`)}
      </body>
    </html>`.text;
}
