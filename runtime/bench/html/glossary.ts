/** The words of the page, for who meets them here first. */
import { LOADS, MODES, WAKES } from '../plan/ipi-plan.ts';
import type { BenchReport } from '../schema.ts';
import { html, type Markup } from './markup.ts';

/** A word, and in which reports it is needed; in all if there is no test. */
type Entry = readonly [word: string, meaning: string, needed?: (text: string) => boolean];

function names(word: string): (text: string) => boolean {
  return (text) => text.includes(word);
}

const ENTRIES: readonly Entry[] = [
  ['CPU', 'A worker thread of Node.js that runs kernel threads from queues of its own.'],
  [
    'IPI',
    'Inter-processor interrupt: a function that one CPU has another run, by a record in a ring of shared memory. It runs at the receiver’s next safepoint.',
  ],
  [
    'safepoint',
    'A place where a thread lets interrupts in: a kernel call, a switch, or a call of safepoint() in a long loop.',
  ],
  [
    'round trip',
    'From before the send until the sender sees that the function has run.',
    names('round trip'),
  ],
  [
    'one way',
    'From before the send until the function begins, by a clock that both CPUs read.',
    names('one way'),
  ],
  [
    'queued, noticed, run, acknowledged',
    'The stages of an IPI: it lies in the ring; the receiver sees that something lies there; the function has run; the sender has seen that.',
    names('noticed'),
  ],
  ['median, p50', 'Half took at most so long.'],
  ['p99, p99.9', '99 %, or 99.9 %, took at most so long; 1 in 100, or 1 in 1000, took longer.'],
  ['closed loop', 'The next IPI is sent when the last has come back.', names('"closed"')],
  [
    'open loop',
    'IPIs are due at times set before; latency counts from then, so that a receiver that stands still is not flattered.',
    names('"open"'),
  ],
  [
    'native',
    'The same thing in C, in the same minute: what the hardware and the operating system cost.',
    names('"native"'),
  ],
  ['peer', 'What one would use instead, in its best configuration.', names('"peer"')],
  [
    'MP lock',
    'The one lock of a machine, after the giant lock of old kernels: a CPU has it as long as a thread of it that wants it runs.',
    names('MP lock'),
  ],
  [
    'doorbell',
    'A word of each CPU that others set so that it looks up, and that it sleeps on.',
    names('oorbell'),
  ],
  ['token', 'A lock that serialises threads and is given up when its holder blocks.', names('oken')],
  [
    'hiccup',
    'A gap in a loop that does nothing but look at the clock: the machine did something else.',
    names('"hiccups"'),
  ],
  ['steal', 'Time in which the host of a virtual machine ran somebody else.', names('"steal"')],
];

/** The loads, modes and ways to wake that the report has, in the words of the command line. */
function ofRuns({ runs }: BenchReport): Entry[] {
  const used = (word: string, field: 'mode' | 'wake' | 'load'): boolean =>
    runs.some((run) => run[field].split('+').some((part) => part.split(':')[0] === word));
  return [
    ...MODES.flatMap(([word, what]): Entry[] => (used(word, 'mode') ? [[word, `Who sends: ${what}.`]] : [])),
    ...WAKES.flatMap(([word, what]): Entry[] =>
      used(word, 'wake') ? [[word, `The receiver, when it has nothing to do: ${what}.`]] : [],
    ),
    ...LOADS.flatMap(([word, , what]): Entry[] =>
      used(word, 'load') && word !== 'none' ? [[word, `Load; the receiving CPU meanwhile: ${what}.`]] : [],
    ),
  ];
}

/** The words that this report uses. */
export function glossary(report: BenchReport): Markup {
  const { rows, runs, maps, growth, noise } = report;
  const text = JSON.stringify({
    rows,
    runs: runs.map(({ distributions, ...run }) => [run, distributions.map(({ name }) => name)]),
    maps: maps.map(({ title }) => title),
    growth,
    noise,
  });
  const entries = [...ENTRIES, ...ofRuns(report)].filter(
    ([, , needed]) => needed === undefined || needed(text),
  );
  return html`<dl>
    ${entries.map(
      ([word, meaning]) =>
        html`<div>
          <dt>${word}</dt>
          <dd>${meaning}</dd>
        </div>`,
    )}
  </dl>`;
}
