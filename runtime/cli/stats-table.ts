/** What happened on each cpu, as a table for people. */
import type { MachineStats } from '../observe/stats.ts';
import { textTable } from './text-table.ts';
import type { CounterName } from '../shared-memory/layout/globaldata.ts';

const COLUMNS: readonly (readonly [string, CounterName])[] = [
  ['threads run', 'lwkt.threads_run'],
  ['switches', 'lwkt.switch_count'],
  ['IPIs sent', 'lwkt.ipiq_count'],
  ['IPIs run', 'lwkt.ipiq_run'],
  ['ring full', 'lwkt.ipiq_fifofull'],
  ['tokens moved', 'lwkt.token_handovers'],
  ['parked', 'lwkt.idle_parks'],
  ['loop turns', 'lwkt.loop_turns'],
];

/** Lines of the table: one for each cpu, and the sums when there are several. */
export function statsTable(stats: MachineStats): string {
  const row = (label: string, counters: Readonly<Record<CounterName, number>>): string[] => [
    label,
    ...COLUMNS.map(([, name]) => counters[name].toLocaleString('en-US')),
  ];
  const rows = [
    ['cpu', ...COLUMNS.map(([title]) => title)],
    ...stats.cpus.map(({ cpu, state, counters }) =>
      row(state === 'offline' ? `${cpu}, offline` : String(cpu), counters),
    ),
    ...(stats.cpus.length > 1 ? [row('all', stats.total)] : []),
  ];
  return textTable(rows, rows[0]?.map(() => 'right') ?? []);
}
