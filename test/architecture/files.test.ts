import test from 'ava';
import { headerOf, lineOf, sourcesBelow } from './scan.ts';

/** Longest file of runtime/, in lines. 60 to 250 is the aim. */
const MAX_LINES = 400;

/** What is wrong with a file as a file. */
function fileFaults(path: string, text: string): string[] {
  const faults: string[] = [];
  const lines = lineOf(text, text.trimEnd().length);
  if (lines > MAX_LINES)
    faults.push(`${path} has ${lines} lines: ${MAX_LINES} is a wall, cut it in two nouns`);
  if (headerOf(text) === '') faults.push(`${path} does not begin with a comment that says what it is`);
  return faults;
}

test('files: every file of runtime/ says what it is and keeps within its length', (t) => {
  const sources = sourcesBelow('runtime');
  t.true(sources.length > 40, 'the sources are there');
  t.deepEqual(
    sources.flatMap(({ path, text }) => fileFaults(path, text)),
    [],
  );
});

test('check: a long file and a file without header are found', (t) => {
  t.deepEqual(fileFaults('a.ts', `// a\n${'b;\n'.repeat(399)}`), []);
  t.deepEqual(fileFaults('a.ts', `// a\n${'b;\n'.repeat(400)}`), [
    'a.ts has 401 lines: 400 is a wall, cut it in two nouns',
  ]);
  t.deepEqual(fileFaults('a.ts', "import 'b';\n// a"), [
    'a.ts does not begin with a comment that says what it is',
  ]);
});
