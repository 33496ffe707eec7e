/** Where lwkt is ahead of what one would use instead, and where behind. */
import type { Row, Spread } from '../schema.ts';
import { advantage, capital, EQUAL, figure } from '../figures.ts';
import { html, type Markup } from './markup.ts';
import { details } from './tables.ts';

/** A row, and who is slower in it, or faster; with how many times. */
interface Side {
  readonly title: string;
  readonly names: readonly string[];
}

/** The farthest first; only where every round says the same. */
function side(rows: readonly Row[], of: (advantage: Spread) => Pick<Spread, 'median' | 'least'>): Side[] {
  return rows.flatMap((row) => {
    const found = row.contestants.flatMap((contestant) => {
      const times = contestant.kind === 'peer' ? advantage(contestant, row) : null;
      if (times === null) return [];
      const { median, least } = of(times);
      return median >= EQUAL && least >= 1 ? [{ name: contestant.name, times: median }] : [];
    });
    if (found.length === 0) return [];
    found.sort((a, b) => b.times - a.times);
    return [
      { title: capital(row.title), names: found.map(({ name, times }) => `${name} ${figure(times)} ×`) },
    ];
  });
}

function total(sides: readonly Side[]): number {
  return sides.reduce((sum, { names }) => sum + names.length, 0);
}

function listed(title: string, sides: readonly Side[]): Markup | null {
  if (sides.length === 0) return null;
  return details(
    title,
    html`<ul>
      ${sides.map((of) => html`<li><b>${of.title}</b>: ${of.names.join(', ')}</li>`)}
    </ul>`,
  );
}

/** Who is faster at what, by more than can be noise; null where there is nobody to compare with. */
export function standing(rows: readonly Row[]): Markup | null {
  const ahead = side(rows, (times) => times);
  const behind = side(rows, ({ median, most }) => ({ median: 1 / median, least: 1 / most }));
  const all = rows.reduce(
    (sum, row) =>
      sum + row.contestants.filter((one) => one.kind === 'peer' && advantage(one, row) !== null).length,
    0,
  );
  if (all === 0) return null;
  const [won, lost] = [total(ahead), total(behind)];
  const equal = all - won - lost;
  return html`<p>
      Of ${all} comparisons with what one would use instead, C not counted, lwkt is ahead in
      <b>${won}</b>${lost > 0 && html`, behind in <b>${lost}</b>`}${
        equal > 0 &&
        html`, and ${equal} are equal: less than a fifth apart, or not the same way in every round`
      }.
    </p>
    ${listed(`Where lwkt is ahead, and how many times`, ahead)}
    ${listed(`Where lwkt is behind, and how many times`, behind)}`;
}
