/** The figures behind the charts, as tables. */
import type { BenchReport, Contestant, Growth, PairMap, Row } from '../schema.ts';
import { advantage, amount, capital, count, figure, judgement, range, time, timesIn } from '../figures.ts';
import { PERCENTILES, percentileIn } from '../percentiles.ts';
import { html, type Markup, type Part } from './markup.ts';
import { wholeOf, type RunGroup } from './runs.ts';

/** A table in a box that scrolls by itself when the screen is narrow. */
export function table(label: string, head: readonly Part[], rows: readonly (readonly Part[])[]): Markup {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${label}">
    <table>
      <thead>
        <tr>
          ${head.map((cell) => html`<th scope="col">${cell}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ([first = '', ...rest]) =>
            html`<tr>
              <th scope="row">${first}</th>
              ${rest.map((cell) => html`<td>${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** Figures that a reader opens when wanted. */
export function details(title: string, content: Markup): Markup {
  return html`<details>
    <summary>${title}</summary>
    ${content}
  </details>`;
}

/** Every distribution of a group's runs. */
export function groupTable({ title, runs }: RunGroup): Markup {
  const head = ['load', 'what', ...PERCENTILES.map(([, name]) => name), 'max', 'mean', 'samples'];
  const rows = runs.flatMap((run) =>
    run.distributions.map((d) => [
      run.load === 'none' ? 'no load' : run.load,
      d === wholeOf(run) ? html`<b>${d.name}</b>` : d.name,
      ...PERCENTILES.map(([key]) => time(percentileIn(d, key) ?? NaN)),
      time(d.max),
      time(d.mean),
      count(d.count),
    ]),
  );
  return table(`Percentiles, ${title}`, head, rows);
}

/** How each run was made, and what was counted. */
export function runTable({ runs }: BenchReport): Markup {
  const head = ['run', 'pace', 'CPUs', 'ring', 'time', 'taken off each', 'C bounce', 'counted'];
  const rows = runs.map((run) => [
    run.id,
    run.rate === null ? `${run.loop} loop` : `${run.loop} loop, ${count(run.rate)}/s`,
    run.cpus,
    run.ring,
    `${figure(run.seconds)} s`,
    time(run.overheadNs),
    run.baselineNs === null ? '–' : time(run.baselineNs),
    Object.entries(run.counters)
      .filter(([, n]) => n !== 0)
      .map(([name, n]) => `${name} ${count(n)}`)
      .join(', '),
  ]);
  return table('How each latency run was made', head, rows);
}

/** Both tables of a map. */
export function mapTable({ title, cpus, median, p99 }: PairMap): Markup {
  const numbers = Array.from({ length: cpus }, (_, i) => i);
  const cell = (from: number, to: number): string => {
    const middle = median[from]?.[to] ?? null;
    const high = p99[from]?.[to] ?? null;
    return middle === null ? '–' : `${time(middle)}, ${high === null ? '–' : time(high)}`;
  };
  return table(
    `${title}: median, p99`,
    ['from', ...numbers.map((to) => `to ${to}`)],
    numbers.map((from) => [String(from)].concat(numbers.map((to) => cell(from, to)))),
  );
}

/** Every point of the curves, and why one is missing. */
export function growthTable({ title, axis, unit, curves }: Growth): Markup {
  const at = [...new Set(curves.flatMap(({ points }) => points.map((point) => point.at)))].toSorted(
    (a, b) => a - b,
  );
  const cell = (x: number, { points }: Growth['curves'][number]): Part => {
    const point = points.find((p) => p.at === x);
    if (point === undefined || point.cost === null) return point?.why ?? '–';
    return html`${amount(point.cost.median, unit)}<small>${range(point.cost, unit)}</small>`;
  };
  return table(
    title,
    [axis, ...curves.map(({ name }) => name)],
    at.map((x) => ([count(x)] as Part[]).concat(curves.map((curve) => cell(x, curve)))),
  );
}

/** Met, missed, or nothing to say. */
export function verdict(row: Row): Markup | null {
  const { target, met } = row;
  if (target === null) return null;
  if (met === null) return html`<span class="quiet">not judged: its baseline could not run</span>`;
  const said = judgement(row);
  return met ? html`<span class="good">✓ ${said}</span>` : html`<span class="bad">✗ ${said}</span>`;
}

/** What a contestant is, and how often it was measured. */
function standing({ kind, rounds, disturbed, why }: Contestant): string {
  if (why !== null) return kind;
  return `${kind}, ${count(rounds)} round${rounds === 1 ? '' : 's'}${disturbed === 0 ? '' : `, ${count(disturbed)} disturbed`}`;
}

/** How many times better lwkt is, with how far that went. */
function better(row: Row, contestant: Contestant): Part {
  const times = contestant.kind === 'lwkt' ? null : advantage(contestant, row);
  if (times === null) return '';
  return html`${figure(times.median)} ×<small>${figure(times.least)} … ${figure(times.most)}</small>`;
}

/** Everybody in every row. */
export function rowTable(rows: readonly Row[]): Markup {
  const body = rows.map(
    (row) =>
      html`<tbody>
        <tr class="group">
          <th colspan="3" scope="rowgroup">
            <b>${capital(row.title)}</b> <span class="quiet">${row.id}</span>${
              row.target !== null &&
              html` <span class="quiet">target:</span> ${timesIn(row.target)} ${verdict(row)}`
            }
          </th>
        </tr>
        ${row.contestants.map(
          (c) =>
            html`<tr>
              <th scope="row">
                ${c.kind === 'lwkt' ? html`<b>${c.name}</b>` : c.name}<small>${standing(c)}</small>
              </th>
              <td>
                ${
                  c.cost === null
                    ? html`<span class="quiet">${c.why ?? '–'}</span>`
                    : html`${amount(c.cost.median, row.unit)}<small>${range(c.cost, row.unit)}</small>`
                }
              </td>
              <td>${better(row, c)}</td>
            </tr>`,
        )}
      </tbody>`,
  );
  return html`<div class="scroll" tabindex="0" role="region" aria-label="All comparisons">
    <table class="rows">
      <thead>
        <tr>
          ${['who', 'figure, range', 'lwkt is better'].map((cell) => html`<th scope="col">${cell}</th>`)}
        </tr>
      </thead>
      ${body}
    </table>
  </div>`;
}
