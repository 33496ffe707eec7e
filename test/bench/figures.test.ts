import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { newest, withFigures } from '../../benchmarks/figures.ts';
import { ROOT } from '../helpers/cli.ts';

test('figures: the table of the README is that of the newest recorded report', (t) => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  t.is(readme, withFigures(readme, newest()), 'node benchmarks/figures.ts --write');
});

test('figures: a README without the marks is refused', (t) => {
  t.throws(() => withFigures('# lwkt\n', newest()), { message: /README.md has no <!-- figures/ });
});
