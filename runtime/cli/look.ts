/** `lwkt ps` and `lwkt stats`: looking at a running machine through its control socket. */
import { z } from 'zod';
import { askMachine } from './control-client.ts';
import { statsTable } from './stats-table.ts';
import { textTable } from './text-table.ts';
import type { MachineStats } from '../observe/stats.ts';

/** What the command line gives. */
export interface LookOptions {
  readonly control: string;
  readonly json?: boolean;
}

const Threads = z.array(
  z.object({
    handle: z.int(),
    name: z.string(),
    cpu: z.int(),
    state: z.string(),
    wmesg: z.string(),
    wait: z.int(),
    priority: z.int(),
    crit: z.int(),
    switches: z.int(),
  }),
);
type Thread = z.infer<typeof Threads>[number];

/** Threads as lines: cpu by cpu, the most urgent first. */
export function threadTable(threads: readonly Thread[]): string {
  const lines = threads.toSorted((a, b) => a.cpu - b.cpu || b.priority - a.priority || a.handle - b.handle);
  return textTable(
    [
      ['cpu', 'thread', 'name', 'state', 'waits for', 'pri', 'switches'],
      ...lines.map(({ cpu, handle, name, state, wmesg, wait, priority, switches }) => [
        String(cpu),
        String(handle),
        name,
        state,
        wmesg === '' ? '' : wait === 0 ? wmesg : `${wmesg} ${wait}`,
        String(priority),
        String(switches),
      ]),
    ],
    ['right', 'right', 'left', 'left', 'left', 'right', 'right'],
  );
}

/** Prints the threads of a running machine. */
export async function ps({ control, json = false }: LookOptions): Promise<void> {
  const threads = Threads.parse(await askMachine(control, { ask: 'ps' }));
  const text = json ? JSON.stringify({ version: 1, verb: 'ps', threads }) : threadTable(threads);
  process.stdout.write(`${text}\n`);
}

/** Prints the counters of a running machine. */
export async function stats({ control, json = false }: LookOptions): Promise<void> {
  const figures = (await askMachine(control, { ask: 'stats' })) as MachineStats;
  const text = json ? JSON.stringify({ version: 1, verb: 'stats', stats: figures }) : statsTable(figures);
  process.stdout.write(`${text}\n`);
}
