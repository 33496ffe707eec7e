import test from 'ava';
import { exportedFunctions, sourcesBelow, type Source } from './scan.ts';

/**
 * The context line of a doc comment, on a line of its own or at the end of a comment of one line:
 * `Context: thread | ipi; critical section: required; never blocks.`
 */
const CONTEXT =
  /(?:^|\. )Context: (?:thread|ipi|idle|boot|host|any)(?: \| (?:thread|ipi|idle|boot|host))*; (?:critical section: (?:required|entered|free|left)[^;]*; )?(?:never blocks|blocks)\b/m;

/** Exported functions that do not say where they may be called from and whether they block. */
function contextFaults({ path, text }: Source): string[] {
  return exportedFunctions(text).flatMap(({ name, line, doc }) => {
    if (CONTEXT.test(doc)) return [];
    return [
      `${path}:${line} ${name}: ${doc.includes('Context:') ? 'its Context line is not of the form' : 'no Context line'}`,
    ];
  });
}

test('context: every exported function of the scheduler says where it may be called from and whether it blocks', (t) => {
  const sources = sourcesBelow('runtime/scheduler');
  t.true(sources.flatMap(({ text }) => exportedFunctions(text)).length > 50, 'the scanner finds functions');
  t.deepEqual(sources.flatMap(contextFaults), []);
});

test('check: a function without a context line is found', (t) => {
  const found = (doc: string): number =>
    contextFaults({ path: 'a.ts', text: `${doc}\nexport function a(): void {}\n` }).length;
  t.is(
    found('/**\n * Does.\n *\n * Context: thread | ipi; critical section: entered; never blocks.\n */'),
    0,
  );
  t.is(found('/** Does. Context: any; never blocks. */'), 0);
  t.is(found('/** Does. */'), 1);
  t.is(found('// Context: any; never blocks.'), 1);
  t.is(found('/** Context: any; never blocks. */\nconst b = 1;'), 1);
  t.is(found('/** Does. Context: anywhere; never blocks. */'), 1);
  t.is(found('/** Does. Context: thread. */'), 1);
});
