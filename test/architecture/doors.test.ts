import test from 'ava';
import { edgesOf, lineOf, mask, sourcesBelow, type Source } from './scan.ts';

/** The files that know `Atomics`: the doors, and what sleeps and wakes. All others use the doors of word.ts. */
const ATOMICS = /^shared-memory\/(?:word|doorbell|lock)\.ts$/;

/** Programs that the benchmarks compare with: what others write, with whatever they use. */
const PEERS = /^bench\/peers\//;

/** Packages that only some files may know. */
const PACKAGES: readonly { readonly name: string; readonly in: RegExp; readonly instead: string }[] = [
  { name: 'piscina', in: /^machine\/cpus\.ts$/, instead: 'startCpus of machine/cpus.ts' },
  {
    name: 'comlink',
    in: /^(?:machine\/control\.ts|cpu-worker\.ts|cpu\/.*)$/,
    instead: 'machine/control.ts on the host, cpu/control.ts on a cpu',
  },
];

/** Doors that are passed by. */
function doorFaults({ path, text }: Source): string[] {
  const { code } = mask(text);
  const faults: string[] = [];
  if (PEERS.test(path)) return faults;
  if (!ATOMICS.test(path)) {
    for (const { index } of code.matchAll(/\bAtomics\b/g)) {
      faults.push(`${path}:${lineOf(code, index)} names Atomics: use the doors of shared-memory/word.ts`);
    }
  }
  for (const { target, line } of edgesOf(text)) {
    for (const { name, in: allowed, instead } of PACKAGES) {
      if ((target === name || target.startsWith(`${name}/`)) && !allowed.test(path)) {
        faults.push(`${path}:${line} imports ${target}: use ${instead}`);
      }
    }
  }
  return faults;
}

test('doors: Atomics, Piscina and Comlink are known where they should be', (t) => {
  const sources = sourcesBelow('runtime');
  t.deepEqual(sources.flatMap(doorFaults), []);
  const knowing = sources.filter(({ text }) => /\bAtomics\./.test(mask(text).code)).map(({ path }) => path);
  t.true(knowing.includes('shared-memory/word.ts'), 'the scanner finds Atomics where it is');
});

test('check: Atomics is found outside the doors, in code only', (t) => {
  const text = "// Atomics.load\nconst a = 'Atomics.load';\nAtomics.load(m, 0);";
  t.deepEqual(doorFaults({ path: 'scheduler/a.ts', text }), [
    'scheduler/a.ts:3 names Atomics: use the doors of shared-memory/word.ts',
  ]);
  t.deepEqual(doorFaults({ path: 'shared-memory/word.ts', text }), []);
});

test('check: what the benchmarks compare with may use what it likes', (t) => {
  const text = "import { Piscina } from 'piscina';\nAtomics.load(m, 0);";
  t.deepEqual(doorFaults({ path: 'bench/peers/piscina.ts', text }), []);
  t.is(doorFaults({ path: 'bench/probes/piscina.ts', text }).length, 2);
});

test('check: a package is found where it should not be known', (t) => {
  const text =
    "import { expose } from 'comlink';\nimport { Piscina } from 'piscina';\nimport 'comlink/dist/x.mjs';";
  t.is(doorFaults({ path: 'machine/machine.ts', text }).length, 3);
  t.deepEqual(doorFaults({ path: 'cpu/control.ts', text }), [
    'cpu/control.ts:2 imports piscina: use startCpus of machine/cpus.ts',
  ]);
  t.is(doorFaults({ path: 'machine/cpus.ts', text }).length, 2);
});
