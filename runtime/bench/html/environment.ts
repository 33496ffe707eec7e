/** Where it was measured, what the machine adds to every figure, and how to repeat it. */
import type { BenchReport } from '../schema.ts';
import { count, figure, time } from '../figures.ts';
import { html, type Markup, type Part } from './markup.ts';
import { details, runTable, table } from './tables.ts';

function facts(entries: readonly (readonly [string, Part])[]): Markup {
  return html`<dl class="facts">
    ${entries.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

function noiseFloor({ noise }: BenchReport): Markup {
  if (noise === null) return html`<p class="quiet">The noise of the machine was not measured.</p>`;
  const { clockNs, clockStepNs, hiccups, steal } = noise;
  const floor = Math.max(clockNs, clockStepNs);
  const longest = Math.max(0, ...hiccups.map(({ max }) => max));
  return html`<p>
      Noise floor: a look at the clock costs ${time(clockNs)} and the clock steps by ${time(clockStepNs)}, so
      differences of single latencies below ${time(floor)} cannot be
      told.${
        hiccups.length > 0 &&
        html` A core that did nothing else was held up for as long as ${time(longest)}: a latency up to there
        can be the machine’s own.`
      }${steal !== null && html` The host took ${figure(steal * 100)} % of the time away.`}
    </p>
    ${
      hiccups.length > 0 &&
      table(
        'Hiccups of each core',
        ['core', 'p99', 'p99.9', 'longest gap', 'watched'],
        hiccups.map(({ core, p99, p999, max, seconds }) => [
          core,
          time(p99),
          time(p999),
          time(max),
          `${figure(seconds)} s`,
        ]),
      )
    }`;
}

/** The section about the machine. */
export function environmentSection(report: BenchReport): Markup {
  const { environment: e, started, seconds } = report;
  return html`<section id="environment">
    <h2>Where it was measured</h2>
    ${facts([
      ['Processor', `${e.cpu}, ${count(e.cores)} cores`],
      ['Memory', `${figure(e.memoryBytes / 1024 ** 3)} GiB`],
      ['System', `${e.platform} ${e.kernel}, ${e.arch}`],
      ['Node.js', `${e.node} (V8 ${e.v8})${e.flags.length > 0 ? ` ${e.flags.join(' ')}` : ''}`],
      ['lwkt', `${e.lwkt}${e.commit === null ? '' : `, commit ${e.commit}`}`],
      ['C compiler', e.compiler ?? 'none: no native baselines'],
      ['Load at the start', figure(e.load)],
      [
        'When',
        html`<time datetime="${started}">${started.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')}</time>, for
          ${figure(seconds)} s`,
      ],
    ])}
    ${noiseFloor(report)}
  </section>`;
}

/** The section about the method. */
export function methodSection(report: BenchReport): Markup {
  return html`<section id="method">
    <h2>How it was measured, and how to repeat it</h2>
    <pre class="scroll" tabindex="0"><code>${report.command}</code></pre>
    <ul>
      ${
        report.rows.length > 0 &&
        html`<li>
          Comparisons: everyone in turn, forward and backward, in the same minutes. Ratios are formed inside
          each round; shown are their median and how far they went. The machine drifts, so believe ratios more
          than figures. An aim that is so many times another one’s figure is judged, and drawn, by the median
          of the rounds’ ratios, which is not the ratio of the medians.
        </li>`
      }
      ${
        report.runs.length > 0 &&
        html`<li>
          Latency: every sample is in a histogram, to 3 %. The time that the measuring itself takes is taken
          off each. In a closed loop the next IPI waits for the last; in an open loop latency counts from the
          intended time of sending.
        </li>`
      }
      <li>
        Two reports are compared by <code>lwkt bench compare old.json new.json</code>;
        <code>--json</code> writes what this page shows.
      </li>
    </ul>
    ${report.runs.length > 0 && details('Every latency run, and what was counted', runTable(report))}
  </section>`;
}
