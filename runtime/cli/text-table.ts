/** Columns of text for the terminal. */
import { cleanLine } from '../base/clean.ts';

/** How a column stands. */
export type Align = 'left' | 'right';

/** Rows as lines, each column as wide as its widest cell, two spaces between; what cells say cannot steer a terminal. */
export function textTable(cells: readonly (readonly string[])[], align: readonly Align[]): string {
  const rows = cells.map((row) => row.map(cleanLine));
  const widths = align.map((_, column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => {
          const width = widths[column] ?? 0;
          return align[column] === 'right' ? cell.padStart(width) : cell.padEnd(width);
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
