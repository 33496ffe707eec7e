/** What a report says, in sentences. Each sentence is there only if its figures are. */
import type { BenchReport, LatencyRun, Row } from '../schema.ts';
import { breakEvens } from '../break-even.ts';
import { amount, count, figure, time } from '../figures.ts';
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
      html` Beside everyone else, in other minutes and a program of its own, it takes ${time(posted.oursNs)};
        a message posted by ${posted.name}, whose receiver sleeps in its event loop meanwhile, takes
        <b>${figure(posted.times.median)} times</b> as long (${figure(posted.times.least)} …
        ${figure(posted.times.most)} by the round).`
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
  const closed = others.every(({ loop }) => loop === 'closed');
  return html`<p>When the receiving CPU is busy, its p99 of ${time(p99)} becomes:</p>
    <ul class="columns">
      ${items}
    </ul>
    ${
      closed &&
      html`<p class="quiet">
        In a closed loop the next IPI starts right behind a safepoint, and so waits for all that the load does
        until the next one; with <code>--rate</code> it comes at any time.
      </p>`
    }`;
}

/** What was missed, and by how much. */
function missedBy({ title, unit, limit, contestants: [ours] }: Row): string {
  if (limit === null || limit === undefined || !ours?.cost) return title;
  return `${title} (${amount(ours.cost.median, unit)}, aim ${amount(limit, unit)})`;
}

/** From which size of a task on handing it to another cpu pays, beside the best of the others. */
function worth({ growth }: BenchReport): Markup | null {
  const sentences = growth.flatMap((of) => {
    const found = breakEvens(of);
    const ours = found.find(({ name }) => name === 'lwkt')?.at ?? null;
    const others = found.flatMap(({ name, at }) => (name === 'lwkt' || at === null ? [] : [{ name, at }]));
    const [best] = others.toSorted((a, b) => a.at - b.at);
    if (ours === null) return [];
    return [
      html`<p>
        Handing a task to another CPU is cheaper than ${of.baseline ?? ''} from <b>${figure(ours)}</b>
        ${of.axis}
        on${best !== undefined && html`; by ${best.name}, the best of the others, from ${figure(best.at)}`}.
      </p>`,
    ];
  });
  return sentences.length === 0 ? null : html`${sentences}`;
}

function targets(rows: readonly Row[]): Markup | null {
  const aimed = rows.filter(({ target, met }) => target !== null && met !== null);
  if (aimed.length === 0) return null;
  const missed = aimed.filter(({ met }) => met === false);
  const unsure = aimed.filter(({ met, certain }) => met === true && certain === false).length;
  return html`<p>
    <b>${aimed.length - missed.length} of ${aimed.length}</b> targets are
    met${unsure > 0 && `, ${unsure} of them not in every round`}${
      missed.length > 0 && html`; missed: ${list(missed.map(missedBy))}`
    }.
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
      `The machine held a core for up to ${time(hiccup)} with nothing else to do: longest latencies up to there can be its own.`,
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
    ${plain !== undefined && loads(report, plain)} ${standing(report.rows)} ${worth(report)}
    ${targets(report.rows)}
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
