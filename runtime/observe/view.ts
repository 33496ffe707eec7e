/**
 * A machine as a whole, read from its arena: what a dump shows, and a living machine on request.
 *
 * Reads words only, and believes none of them: lists are followed within the arena and for as many steps as there
 * are threads, so a torn or damaged arena gives a strange picture and never a hang.
 */
import type { Arena } from '../shared-memory/arena.ts';
import { descriptorHandle } from '../shared-memory/descriptor.ts';
import { BELL_ASLEEP } from '../shared-memory/doorbell.ts';
import { CPU_OFFLINE, CPU_PARK, Globaldata } from '../shared-memory/layout/globaldata.ts';
import { Machine } from '../shared-memory/layout/machine.ts';
import { globaldataOf, ringOf } from '../shared-memory/layout/memory-map.ts';
import { RWLOCK_WRITER, Sync, SYNC_KINDS } from '../shared-memory/layout/sync.ts';
import { Thread } from '../shared-memory/layout/thread.ts';
import { NO_CPU, Token, Wait } from '../shared-memory/layout/token.ts';
import { headFunc, ringCompleted, ringSlot, ringUnanswered, ringWritten } from '../shared-memory/ring.ts';
import { isTokenKind, listSymbols } from '../shared-memory/symbols.ts';
import { ld, ldA } from '../shared-memory/word.ts';
import { lastEvents, type EventView } from './events.ts';
import { panicView, type PanicView } from './panic.ts';
import { machineThreads, type ThreadInfo } from './ps.ts';
import { machineStats, type MachineStats } from './stats.ts';
import { listSysctl, type SysctlInfo } from './sysctl.ts';

/** Names of a program's functions by number. */
export interface FunctionNames {
  readonly threads: readonly string[];
  readonly ipis: readonly string[];
}

/** Most records and threads shown of one ring or queue. */
const MOST_SHOWN = 64;

/** The run queues of one cpu: levels that have threads, the most urgent first. */
export interface RunQueueView {
  readonly cpu: number;
  readonly current: number;
  readonly levels: readonly { readonly priority: number; readonly threads: readonly number[] }[];
}

/** One ring with records that have not been taken. Corner `ncpus` is the host. */
export interface RingView {
  readonly source: number;
  readonly target: number;
  /** Records that may not have run yet. */
  readonly pending: number;
  readonly records: readonly { readonly func: string; readonly args: readonly number[] }[];
}

/** A named token. */
export interface TokenView {
  readonly name: string;
  readonly ref: number;
  /** The cpu that owns it, or null. */
  readonly owner: number | null;
  /** On its way to that cpu. */
  readonly moving: boolean;
  /** Handle of the thread that holds it; 0 for none. */
  readonly holder: number;
  readonly generation: number;
  /** Cpus with threads that wait for it. */
  readonly requests: readonly number[];
  readonly handovers: number;
}

/** A named wait queue. */
export interface WaitQueueView {
  readonly name: string;
  readonly ref: number;
  readonly generation: number;
  readonly waiting: readonly number[];
}

/** A synchronisation object: a named one, or one that a thread holds or waits for. */
export interface SyncView {
  readonly name: string;
  readonly ref: number;
  readonly kind: string;
  readonly state: number;
  /** Handle of the thread that holds it exclusively, or is at it (once); 0 for none. */
  readonly holder: number;
  readonly waiters: number;
  readonly poisoned: boolean;
}

/** A cpu that waits for the completion of an IPI, in lwktWaitIpiq(): the innermost such wait. */
export interface IpiWaitView {
  readonly cpu: number;
  /** Who is to complete it, and which record of the ring to there. */
  readonly target: number;
  readonly seq: number;
  /** IPI functions that the cpu is in. */
  readonly depth: number;
  /** Looks in vain since it gave up spinning; 0 before. */
  readonly looks: number;
  /** Number of the wait. */
  readonly number: number;
}

/** The MP lock. */
export interface MplockView {
  /** The cpu that has it, or that it is kept for; null when it is free. */
  readonly cpu: number | null;
  readonly kept: boolean;
  readonly requests: readonly number[];
}

/** Everything. */
export interface MachineView {
  readonly state: string;
  /** What the machine panicked with, and where; null if it did not. */
  readonly panic: PanicView | null;
  readonly threads: readonly ThreadInfo[];
  readonly stats: MachineStats;
  readonly runQueues: readonly RunQueueView[];
  readonly rings: readonly RingView[];
  readonly tokens: readonly TokenView[];
  readonly waitQueues: readonly WaitQueueView[];
  readonly sync: readonly SyncView[];
  readonly mplock: MplockView;
  readonly ipiWaits: readonly IpiWaitView[];
  /** For each cpu whether it sleeps for as long as nobody rings it: no thread, promise or timer keeps it. */
  readonly asleep: readonly boolean[];
  /** What each cpu did last. */
  readonly events: readonly EventView[];
  readonly sysctl: readonly SysctlInfo[];
}

function isThread(arena: Arena, td: number): boolean {
  const { slab, slots } = arena.map;
  return td >= slab && td < slab + slots * Thread.WORDS && (td - slab) % Thread.WORDS === 0;
}

function handle(arena: Arena, td: number): number {
  return isThread(arena, td) ? descriptorHandle(arena, td) : 0;
}

/** Follows a list of threads. */
function follow(arena: Arena, first: number, link: number): number[] {
  const handles: number[] = [];
  for (
    let td = first;
    isThread(arena, td) && handles.length < MOST_SHOWN;
    td = arena.m[td + link] as number
  ) {
    handles.push(descriptorHandle(arena, td));
  }
  return handles;
}

function bits(low: number, high: number): number[] {
  const cpus: number[] = [];
  for (let i = 0; i < 64; i++) if ((((i < 32 ? low : high) >>> (i & 31)) & 1) !== 0) cpus.push(i);
  return cpus;
}

function runQueues(arena: Arena): RunQueueView[] {
  const { m, map } = arena;
  return Array.from({ length: map.ncpus }, (_, cpu) => {
    const gd = globaldataOf(map, cpu);
    const levels = [];
    for (let priority = 31; priority >= 0; priority--) {
      const threads = follow(arena, m[gd + Globaldata.tdrunq + 2 * priority] as number, Thread.threadq);
      if (threads.length !== 0) levels.push({ priority, threads });
    }
    return { cpu, current: handle(arena, ld(m, gd, Globaldata.curthread)), levels };
  });
}

function rings(arena: Arena, names: FunctionNames): RingView[] {
  const { m, map } = arena;
  const views: RingView[] = [];
  for (let source = 0; source <= map.ncpus; source++) {
    for (let target = 0; target <= map.ncpus; target++) {
      if (source === target) continue;
      const ring = ringOf(map, source, target);
      const first = ringUnanswered(m, ring);
      const pending = (ringWritten(m, ring) - first) | 0;
      if (pending <= 0 || pending > map.ringSize) continue;
      const records = Array.from({ length: Math.min(pending, MOST_SHOWN) }, (_, i) => {
        const slot = ringSlot(ring, (first + i) | 0);
        const func = headFunc(m[slot] as number);
        return {
          func: target === map.ncpus ? `host function ${func}` : (names.ipis[func] ?? `function ${func}`),
          args: [1, 2, 3].map((k) => m[slot + k] as number),
        };
      });
      views.push({ source, target, pending, records });
    }
  }
  return views;
}

function tokenView(arena: Arena, name: string, ref: number): TokenView {
  const { m } = arena;
  const owner = ldA(m, ref, Token.owner);
  const holder = ld(m, ref, Token.holder);
  return {
    name,
    ref,
    owner: owner === 0 || owner === NO_CPU ? null : Math.abs(owner) - 1,
    moving: owner < 0 && owner !== NO_CPU,
    holder: (holder & 1) === 0 ? 0 : handle(arena, holder & ~1),
    generation: ld(m, ref, Token.gen),
    requests: bits(ldA(m, ref, Token.reqLow), ldA(m, ref, Token.reqHigh)),
    handovers: ld(m, ref, Token.handovers),
  };
}

/** What a synchronisation object says. */
export function syncView(arena: Arena, name: string, ref: number): SyncView {
  const { m } = arena;
  const kind = SYNC_KINDS[ldA(m, ref, Sync.kind)] ?? 'none';
  const state = ldA(m, ref, Sync.state);
  return {
    name,
    ref,
    kind,
    state,
    holder: syncHolder(arena, ref, kind, state),
    waiters: ldA(m, ref, Sync.waiters),
    poisoned: ld(m, ref, Sync.poisoned) !== 0,
  };
}

function syncHolder(arena: Arena, ref: number, kind: string, state: number): number {
  if (kind === 'mutex' || kind === 'spinlock') return state;
  if (kind === 'once') return Math.max(0, -state);
  return kind === 'rwlock' && (state & RWLOCK_WRITER) !== 0 ? holderByList(arena, ref) : 0;
}

/** The thread on whose list of held objects this one is. */
function holderByList(arena: Arena, ref: number): number {
  const { m, map } = arena;
  for (let slot = 1; slot < Math.min(map.slots, ld(m, 0, Machine.slabFresh)); slot++) {
    const td = map.slab + slot * Thread.WORDS;
    let held = ld(m, td, Thread.heldSync);
    for (let i = 0; held > 0 && held < m.length && i < MOST_SHOWN; i++) {
      if (held === ref) return descriptorHandle(arena, td);
      held = ld(m, held, Sync.heldNext);
    }
  }
  return 0;
}

function syncViews(
  arena: Arena,
  symbols: ReturnType<typeof listSymbols>,
  threads: readonly ThreadInfo[],
): SyncView[] {
  const kinds = new Set<string>(SYNC_KINDS);
  const named = symbols.filter(({ kind }) => kinds.has(kind));
  const seen = new Set(named.map(({ ref }) => ref));
  const waited = new Set(threads.filter(({ wmesg }) => kinds.has(wmesg)).map(({ wait }) => -wait));
  return [
    ...named.map(({ name, ref }) => syncView(arena, name, ref)),
    ...[...waited]
      .filter((ref) => ref > 0 && ref < arena.m.length - Sync.WORDS && !seen.has(ref) && !seen.has(ref - 1))
      .map((ref) => syncView(arena, '', ref))
      .filter(({ kind }) => kind !== 'none'),
  ];
}

function ipiWaits(arena: Arena): IpiWaitView[] {
  const { m, map } = arena;
  return Array.from({ length: map.ncpus }, (_, cpu): IpiWaitView => {
    const gd = globaldataOf(map, cpu);
    const number = ldA(m, gd, Globaldata.waitNumber);
    return {
      cpu,
      target: ld(m, gd, Globaldata.waitTarget) - 1,
      seq: ld(m, gd, Globaldata.waitSeq),
      depth: ld(m, gd, Globaldata.waitDepth),
      looks: ld(m, gd, Globaldata.waitLooks),
      number,
    };
  }).filter(
    ({ cpu, target, seq, number }) =>
      target >= 0 &&
      target < map.ncpus &&
      target !== cpu &&
      ldA(m, globaldataOf(map, cpu), Globaldata.waitNumber) === number &&
      !ringCompleted(m, ringOf(map, cpu, target), seq),
  );
}

function isAsleep(arena: Arena, cpu: number): boolean {
  const { m, map } = arena;
  const gd = globaldataOf(map, cpu);
  const state = ld(m, gd, Globaldata.state);
  if (state === CPU_OFFLINE) return true;
  // Rung, it may take its time to wake where cores are few; what for is in no ring.
  if ((ldA(m, gd, Globaldata.bell) & ~BELL_ASLEEP) !== 0) return false;
  return state === CPU_PARK && ld(m, gd, Globaldata.parkTimed) === 0 && ld(m, gd, Globaldata.promises) === 0;
}

/**
 * Reads a machine.
 *
 * @param names - of the program's functions
 */
export function machineView(arena: Arena, names: FunctionNames): MachineView {
  const { m } = arena;
  const symbols = listSymbols(arena);
  const threads = machineThreads(arena, names.threads);
  const lock = ldA(m, 0, Machine.mplock);
  const stats = machineStats(arena);
  return {
    state: stats.state,
    panic: panicView(arena),
    threads,
    stats,
    runQueues: runQueues(arena),
    rings: rings(arena, names),
    tokens: symbols
      .filter(({ kind }) => isTokenKind(kind))
      .map(({ name, ref }) => tokenView(arena, name, ref)),
    waitQueues: symbols
      .filter(({ kind }) => kind === 'wait queue')
      .map(({ name, ref }) => ({
        name,
        ref,
        generation: ld(m, ref, Wait.gen),
        waiting: follow(arena, m[ref + Wait.waitq] as number, Thread.waitq),
      })),
    sync: syncViews(arena, symbols, threads),
    mplock: {
      cpu: lock === 0 ? null : Math.abs(lock) - 1,
      kept: lock < 0,
      requests: bits(ldA(m, 0, Machine.mplockReqLow), ldA(m, 0, Machine.mplockReqHigh)),
    },
    ipiWaits: ipiWaits(arena),
    asleep: Array.from({ length: arena.map.ncpus }, (_, cpu) => isAsleep(arena, cpu)),
    events: lastEvents(arena, {
      ipis: names.ipis,
      tokens: new Map(
        symbols
          .filter(({ kind }) => kind === 'token' || kind === 'wait queue')
          .map(({ name, ref }) => [ref, name]),
      ),
    }),
    sysctl: listSysctl(arena),
  };
}
