/** What a report says, in sentences. Each sentence is there only if its figures are. */
import type { BenchReport, LatencyRun, Row } from '../schema.ts';
import { count, figure, time } from '../figures.ts';
import { percentileIn } from '../percentiles.ts';
import { html, type Markup } from './markup.ts';
import { crowded, loadName, plainRun, postedMessage, wholeOf } from './runs.ts';
import { standing } from './standing.ts';

function list(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** What an IPI takes, beside what it is measured against. */
function ipi(report: BenchReport, run: LatencyRun): Markup {
  const whole = wholeOf(run);
  if (whole === undefined || whole.count === 0) return html`No IPI was measured.`;
  const posted = postedMessage(report);
  const bounce =
    run.baselineNs !== null && run.baselineNs > 0
      ? html`, ${figure(whole.p50 / run.baselineNs)} times what two C threads need to bounce a cache line`
      : null;
  const p99 = percentileIn(whole, 'p99');
  const state = run.load === 'none' ? '' : ` under ${run.load}`;
  const way = whole.name === 'one way' ? ' to arrive' : ': sent, run on the other CPU, seen done';
  return html`An IPI takes <b>${time(whole.p50)}</b> at the median${state}${way}${bounce}. Of
    ${count(whole.count)} IPIs${p99 !== null && `, 1 in 100 took longer than ${time(p99)}, and`} the slowest
    took
    ${time(whole.max)}.${
      posted !== null &&
      html` Beside everyone else, where it takes ${time(posted.oursNs)}, a message posted by ${posted.name}
        takes <b>${figure(posted.times)} times</b> as long.`
    }`;
}

/** How it changes with what the receiving cpu does. */
function loads(report: BenchReport, plain: LatencyRun): Markup | null {
  const before = wholeOf(plain);
  const others = report.runs.filter(
    (run) => run !== plain && run.mode === plain.mode && run.wake === plain.wake && run.loop === plain.loop,
  );
  const after = others
    .flatMap((run) => {
      const whole = wholeOf(run, before?.name);
      const p99 = whole === undefined ? null : percentileIn(whole, 'p99');
      if (whole === undefined || p99 === null) return [];
      return [{ name: loadName(run), p50: whole.p50, p99, crowd: crowded(run.cpus, report.environment) }];
    })
    .toSorted((a, b) => b.p99 - a.p99);
  const p99 = before === undefined ? null : percentileIn(before, 'p99');
  if (p99 === null || after.length === 0) return null;
  const items = after.map(
    (one) =>
      html`<li>
        <b>${one.name}</b>: median ${time(one.p50)}, p99
        <b>${time(one.p99)}</b>${one.crowd !== null && ` (${one.crowd})`}
      </li>`,
  );
  return html`<p>When the receiving CPU is busy, its p99 of ${time(p99)} becomes:</p>
    <ul class="columns">
      ${items}
    </ul>`;
}

function targets(rows: readonly Row[]): Markup | null {
  const aimed = rows.filter(({ target, met }) => target !== null && met !== null);
  if (aimed.length === 0) return null;
  const missed = aimed.filter(({ met }) => met === false);
  return html`<p>
    <b>${aimed.length - missed.length} of ${aimed.length}</b> targets are
    met${missed.length > 0 && html`; missed: ${list(missed.map(({ title }) => title))}`}.
  </p>`;
}

/** What keeps a reader from believing the figures too far. */
function warnings({ interrupted, environment, noise, rows }: BenchReport): string[] {
  const disturbed = rows.reduce(
    (sum, { contestants }) => sum + contestants.reduce((n, c) => n + c.disturbed, 0),
    0,
  );
  const hiccup = Math.max(0, ...(noise?.hiccups ?? []).map(({ max }) => max));
  return [
    interrupted && 'The run was stopped before its end: parts are missing.',
    environment.load > environment.cores / 2 &&
      `The machine was busy when the run began: load ${figure(environment.load)} on ${environment.cores} cores.`,
    hiccup > 1e6 &&
      `The machine held a core for up to ${time(hiccup)} with nothing else to do: longest latencies up to there are its own.`,
    (noise?.steal ?? 0) > 0.01 && `The host took ${figure((noise?.steal ?? 0) * 100)} % of the time away.`,
    disturbed > 0 && `${disturbed} disturbed rounds could not be repeated; they are marked in the table.`,
  ].filter((warning) => warning !== false);
}

/** The first thing on the page. */
export function headline(report: BenchReport): Markup {
  const plain = plainRun(report);
  const told = warnings(report);
  return html`<section id="summary" aria-label="In short">
    ${plain !== undefined && html`<p class="lead">${ipi(report, plain)}</p>`}
    ${plain !== undefined && loads(report, plain)} ${standing(report.rows)} ${targets(report.rows)}
    ${
      told.length > 0 &&
      html`<aside>
        <h2 class="small">Before you believe it</h2>
        <ul>
          ${told.map((warning) => html`<li>${warning}</li>`)}
        </ul>
      </aside>`
    }
  </section>`;
}
