/** `lwkt sysctl`: what there is, what a running machine has, and setting it. */
import { z } from 'zod';
import { LwktError } from '../base/errors.ts';
import { COUNTERS, MAXIMA, type CounterName } from '../shared-memory/layout/globaldata.ts';
import { TUNABLES } from '../shared-memory/layout/sysctl.ts';
import { askMachine } from './control-client.ts';
import { textTable } from './text-table.ts';

/** What the command line gives. */
export interface SysctlOptions {
  readonly control?: string;
  readonly json?: boolean;
}

/** One name without a machine. */
export interface SysctlEntry {
  readonly name: string;
  readonly kind: 'tunable' | 'counter' | 'maximum';
  readonly default: number | null;
  readonly least: number | null;
  readonly most: number | null;
  readonly description: string;
}

const Values = z.array(z.object({ name: z.string(), value: z.number(), writable: z.boolean() }));

/** Every name. */
export function sysctlEntries(): SysctlEntry[] {
  return [
    ...TUNABLES.map(([name, initial, least, most, description]) => ({
      name,
      kind: 'tunable' as const,
      default: initial,
      least,
      most,
      description,
    })),
    ...COUNTERS.map(([name, description]: readonly [CounterName, string]) => ({
      name,
      kind: MAXIMA.has(name) ? ('maximum' as const) : ('counter' as const),
      default: null,
      least: null,
      most: null,
      description,
    })),
  ];
}

function known(names: readonly string[]): SysctlEntry[] {
  const all = sysctlEntries();
  if (names.length === 0) return all;
  return names.map((name) => {
    const found = all.find((entry) => entry.name === name || entry.name === `lwkt.${name}`);
    if (found !== undefined) return found;
    const near = all
      .filter((entry) => entry.name.includes(name.replace(/^lwkt\./, '')))
      .map((entry) => entry.name);
    throw new LwktError(
      'ERR_LWKT_OPTION',
      `sysctl: there is no '${name}'; ${near.length === 0 ? '`lwkt sysctl` lists all' : `did you mean ${near.join(', ')}?`}`,
    );
  });
}

function describeAll(entries: readonly SysctlEntry[]): string {
  return textTable(
    [
      ['name', 'kind', 'default', 'range', 'what it is'],
      ...entries.map(({ name, kind, default: initial, least, most, description }) => [
        name,
        kind,
        initial === null ? '' : String(initial),
        least === null ? '' : `${least} .. ${most ?? ''}`,
        description,
      ]),
    ],
    ['left', 'left', 'right', 'left', 'left'],
  );
}

/** Prints what there is, or asks a running machine. */
export async function sysctl(words: readonly string[], options: SysctlOptions): Promise<void> {
  const { control, json = false } = options;
  const settings = words.map((word) => {
    const [name = '', value] = word.split('=', 2);
    return { name, value };
  });
  const entries = known(settings.map(({ name }) => name));
  if (control === undefined) {
    const set = settings.find(({ value }) => value !== undefined);
    if (set !== undefined) {
      throw new LwktError(
        'ERR_LWKT_OPTION',
        `sysctl ${set.name}=${set.value ?? ''}: of which machine? Give its socket with --control, or set it at the start: lwkt run --sysctl ${set.name}=${set.value ?? ''}`,
      );
    }
    print(json ? JSON.stringify({ version: 1, verb: 'sysctl', entries }) : describeAll(entries));
    return;
  }
  for (const [i, { value }] of settings.entries()) {
    if (value === undefined) continue;
    const number = Number(value);
    const { name } = entries[i] as SysctlEntry;
    if (value.trim() === '' || !Number.isFinite(number)) {
      throw new LwktError('ERR_LWKT_OPTION', `sysctl ${name}: '${value}' is not a number`);
    }
    await askMachine(control, { ask: 'sysctl', name, value: number });
  }
  const values = Values.parse(await askMachine(control, { ask: 'sysctl' }));
  const wanted = values.filter(({ name }) => entries.some((entry) => entry.name === name));
  print(
    json
      ? JSON.stringify({ version: 1, verb: 'sysctl', values: wanted })
      : textTable(
          wanted.map(({ name, value }) => [name, String(value)]),
          ['left', 'right'],
        ),
  );
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
