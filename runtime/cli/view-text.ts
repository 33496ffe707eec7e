/** A whole machine as text: what `lwkt dump` prints, and SIGQUIT. */
import { clean } from '../base/clean.ts';
import { findAsleep } from '../observe/asleep.ts';
import { findDeadlocks } from '../observe/deadlock.ts';
import type { MachineView } from '../observe/view.ts';
import { threadTable } from './look.ts';
import { statsTable } from './stats-table.ts';
import { textTable, type Align } from './text-table.ts';

/** Most threads printed; `--json` has all. */
const MOST_THREADS = 200;

function section(title: string, text: string): string {
  return text === '' ? '' : `== ${title}\n${text}`;
}

function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  align: readonly Align[],
): string {
  return rows.length === 0 ? '' : textTable([head, ...rows], align);
}

const list = (values: readonly number[]): string => values.join(' ');
const orNone = (value: number | null): string => (value === null || value === 0 ? '' : String(value));

function threads({ threads: all }: MachineView): string {
  if (all.length === 0) return '';
  const more = all.length > MOST_THREADS ? `\n… and ${all.length - MOST_THREADS} more` : '';
  return `${threadTable(all.slice(0, MOST_THREADS))}${more}`;
}

function locks({ tokens, mplock, sync, waitQueues }: MachineView): string[] {
  return [
    section(
      'tokens',
      table(
        ['name', 'owner', 'held by', 'generation', 'asked for by cpus', 'handovers'],
        tokens.map(({ name, owner, moving, holder, generation, requests, handovers }) => [
          name,
          owner === null ? '' : `cpu ${owner}${moving ? ', on its way' : ''}`,
          orNone(holder),
          String(generation),
          list(requests),
          String(handovers),
        ]),
        ['left', 'left', 'right', 'right', 'left', 'right'],
      ),
    ),
    section(
      'MP lock',
      mplock.cpu === null && mplock.requests.length === 0
        ? ''
        : `${mplock.cpu === null ? 'free' : `${mplock.kept ? 'kept for' : 'held by'} cpu ${mplock.cpu}`}; asked for by cpus: ${list(mplock.requests) || 'none'}`,
    ),
    section(
      'synchronisation',
      table(
        ['kind', 'name', 'state', 'held by', 'waiting', ''],
        sync.map(({ kind, name, ref, state, holder, waiters, poisoned }) => [
          kind,
          name === '' ? `at ${ref}` : name,
          String(state),
          orNone(holder),
          String(waiters),
          poisoned ? 'poisoned' : '',
        ]),
        ['left', 'left', 'right', 'right', 'right', 'left'],
      ),
    ),
    section(
      'wait queues',
      table(
        ['name', 'generation', 'waiting threads'],
        waitQueues.map(({ name, generation, waiting }) => [name, String(generation), list(waiting)]),
        ['left', 'right', 'left'],
      ),
    ),
  ];
}

/** Most events printed of each cpu; `--json` has all. */
const MOST_EVENTS = 16;

function events({ events: all, stats }: MachineView): string {
  const rows = stats.cpus.flatMap(({ cpu }) =>
    all
      .filter((event) => event.cpu === cpu)
      .slice(-MOST_EVENTS)
      .map(({ agoMs, what, about }) => [String(cpu), agoMs.toFixed(3), what, about.join(' ')]),
  );
  return table(['cpu', 'ms before the last', '', ''], rows, ['right', 'right', 'left', 'left']);
}

/** Who waits in vain, in sentences. */
export function sentences(view: MachineView): string[] {
  const asleep = findAsleep(view);
  return [
    ...findDeadlocks(view).map(({ sentence }) => sentence),
    ...(asleep === undefined ? [] : [asleep.sentence]),
  ];
}

function panicTitle({ panic, threads: all }: MachineView): string {
  if (panic === null) return '';
  const thread = all.find(({ handle }) => handle === panic.thread);
  const where = thread === undefined ? '' : ` in thread ${thread.handle} '${thread.name}'`;
  return `, panic on cpu ${panic.cpu}${where}: ${panic.reason}`;
}

/** Everything there is to see, in sections; empty ones are left out. */
export function viewText(view: MachineView): string {
  const { state, panic, stats, runQueues, rings, ipiWaits } = view;
  return [
    [`machine: ${state}${panicTitle(view)}`, ...(panic?.stack ?? [])].join('\n'),
    ...sentences(view),
    section('cpus', statsTable(stats)),
    section('threads', threads(view)),
    section(
      'run queues',
      table(
        ['cpu', 'runs', 'priority', 'threads'],
        runQueues.flatMap(({ cpu, current, levels }) =>
          levels.map(({ priority, threads: handles }, i) => [
            i === 0 ? String(cpu) : '',
            i === 0 ? orNone(current) : '',
            String(priority),
            list(handles),
          ]),
        ),
        ['right', 'right', 'right', 'left'],
      ),
    ),
    section(
      'rings with records that wait',
      table(
        ['from', 'to', 'records', ''],
        rings.map(({ source, target, pending, records }) => [
          source === stats.cpus.length ? 'host' : `cpu ${source}`,
          target === stats.cpus.length ? 'host' : `cpu ${target}`,
          String(pending),
          records
            .slice(0, 8)
            .map(({ func, args }) => `${func}(${args.join(', ')})`)
            .join(' '),
        ]),
        ['left', 'left', 'right', 'left'],
      ),
    ),
    section(
      'cpus that wait for the completion of an IPI',
      table(
        ['cpu', 'for cpu', 'record', 'inside IPI functions', 'looks in vain'],
        ipiWaits.map(({ cpu, target, seq, depth, looks }) => [cpu, target, seq, depth, looks].map(String)),
        ['right', 'right', 'right', 'right', 'right'],
      ),
    ),
    ...locks(view),
    section('last events', events(view)),
  ]
    .filter((text) => text !== '')
    .map(clean)
    .join('\n\n');
}
