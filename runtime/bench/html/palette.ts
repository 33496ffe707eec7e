/**
 * Colours, of light and dark. Eight that those who see red and green alike can tell apart (each also has a dash of its
 * own), each and all text at least 4.5 : 1 against the ground, bars 3 : 1. A test measures it.
 */

/** Names of variables and their colours. */
type Colours = Readonly<Record<string, string>>;

export const LIGHT: Colours = {
  ground: '#ffffff',
  raised: '#f5f6f8',
  line: '#d5d9df',
  grid: '#e4e7eb',
  ink: '#16191d',
  quiet: '#545b65',
  accent: '#0a5fb4',
  good: '#0b6e3c',
  bad: '#b3261e',
  c1: '#0a5fb4',
  c2: '#c2500a',
  c3: '#0a7f5e',
  c4: '#9c3c8a',
  c5: '#8a6d00',
  c6: '#4b4fd0',
  c7: '#5d646e',
  c8: '#b0243c',
  peer: '#8b939e',
  native: '#16191d',
  h0: '#e8f1fa',
  h1: '#c6dcf1',
  h2: '#9cc3e6',
  h3: '#6aa5d8',
  h4: '#3576b3',
  h5: '#1f5f9f',
  h6: '#0d3f75',
  t0: '#16191d',
  t1: '#16191d',
  t2: '#16191d',
  t3: '#16191d',
  t4: '#ffffff',
  t5: '#ffffff',
  t6: '#ffffff',
};

export const DARK: Colours = {
  ground: '#14171b',
  raised: '#1d2126',
  line: '#363c45',
  grid: '#2a2f37',
  ink: '#e8eaed',
  quiet: '#a7aeb8',
  accent: '#6fb5ff',
  good: '#5ccb8f',
  bad: '#ff8a80',
  c1: '#6fb5ff',
  c2: '#ff9d5c',
  c3: '#43cfa3',
  c4: '#e592d4',
  c5: '#e3bd4f',
  c6: '#a5a8ff',
  c7: '#b6bdc7',
  c8: '#ff8a9c',
  peer: '#7d8692',
  native: '#e8eaed',
  h0: '#16283c',
  h1: '#1b3a5a',
  h2: '#22507d',
  h3: '#2c6aa5',
  h4: '#5a97cf',
  h5: '#8dbde6',
  h6: '#c3def5',
  t0: '#e8eaed',
  t1: '#e8eaed',
  t2: '#e8eaed',
  t3: '#ffffff',
  t4: '#0d1116',
  t5: '#0d1116',
  t6: '#0d1116',
};

/** Steps of the heat map, from little to much. */
export const HEAT_STEPS = 7;

/** A line among several: its colour and its dash, by its number. */
export function lineStyle(i: number): { colour: string; dash: string | undefined } {
  const dashes = [undefined, '7 3', '2 3', '9 3 2 3', '5 2', '12 4', '1 3', '6 2 1 2 1 2'] as const;
  return { colour: `var(--c${(i % 8) + 1})`, dash: dashes[i % 8] };
}

/** Colours as declarations of variables. */
export function declarations(colours: Colours): string {
  return Object.entries(colours)
    .map(([name, colour]) => `--${name}:${colour}`)
    .join(';');
}
