/**
 * Who waits for whom: what deadlocks and sleeping machines are made of.
 *
 * An edge leads from a thread that waits to the one thread that alone can end its wait: the thread it joins or wants to
 * move here, the holder of a mutex, spinlock, rwlock, token or of the MP lock, the thread that is at a once. A thread
 * has one edge at most, and none while a clock will end its wait, or that of a writer that it waits behind.
 *
 * What anybody may end has no edge: a wait queue, a condition (its mutex is waited for once it was signalled, and has
 * one), a semaphore, a barrier, tsleep, a reference. They are asleep.ts' business. An rwlock that is read under names
 * no reader; only when one thread of the machine reads at all is it known to be that one.
 */
import type { ThreadInfo } from './ps.ts';
import type { MachineView, SyncView } from './view.ts';

/** A thread, what it waits for, and who has that. */
export interface Waiting {
  readonly thread: ThreadInfo;
  /** In words: "mutex 'db'", "thread 12 'reader' to end". */
  readonly forWhat: string;
  /** True when the holder itself is waited for, not something that it holds. */
  readonly itself: boolean;
  readonly holder: ThreadInfo;
}

/** What threads wait for that is a synchronisation object with a holder. */
const HELD = new Set(['mutex', 'spinlock', 'rwlock', 'once']);

/** A thread in words. */
export function nameOf(thread: ThreadInfo): string {
  return `thread ${thread.handle} '${thread.name}'`;
}

/** A thread and its cpu in words. */
export function placeOf(thread: ThreadInfo): string {
  return `${nameOf(thread)} on cpu ${thread.cpu}`;
}

/** The object that a thread waits for; a writer of an rwlock waits on the word behind. */
export function objectOf(view: MachineView, { wmesg, wait }: ThreadInfo): SyncView | undefined {
  return view.sync.find(
    ({ ref, kind }) => kind === wmesg && (-wait === ref || (kind === 'rwlock' && -wait === ref + 1)),
  );
}

/** An object in words. */
export function objectName({ kind, name, ref }: SyncView): string {
  return `${kind} ${name === '' ? `at ${ref}` : `'${name}'`}`;
}

/** Who holds an object: also the reader of an rwlock, when there is but one in the machine. */
function holderOf(view: MachineView, object: SyncView): number {
  if (object.holder !== 0 || object.kind !== 'rwlock' || object.state <= 0) return object.holder;
  const readers = view.threads.filter(({ readLocks }) => readLocks !== 0);
  return readers.length === 1 ? (readers[0] as ThreadInfo).handle : 0;
}

/** A reader that readers keep waiting is behind a writer that waits; if that one gives up by the clock, it gets in. */
function endsByTheClock(view: MachineView, { ref, kind, holder }: SyncView, { wait }: ThreadInfo): boolean {
  if (kind !== 'rwlock' || holder !== 0 || -wait !== ref) return false;
  return view.threads.some(({ wmesg, wait: other, timed }) => timed && wmesg === kind && -other === ref + 1);
}

function edge(
  view: MachineView,
  byHandle: ReadonlyMap<number, ThreadInfo>,
  thread: ThreadInfo,
): Waiting | undefined {
  const to = (handle: number, forWhat: string, itself = false): Waiting | undefined => {
    const holder = byHandle.get(handle);
    return holder === undefined || holder.state === 'zombie'
      ? undefined
      : { thread, forWhat, itself, holder };
  };
  const { wmesg, wait } = thread;
  const other = byHandle.get(wait);
  if (wmesg === 'join' && other !== undefined) return to(wait, `${nameOf(other)} to end`, true);
  if (wmesg === 'move' && other !== undefined)
    return to(wait, `${nameOf(other)} to come to a move point`, true);
  if (wmesg === 'token') {
    const token = view.tokens.find(({ ref }) => ref === wait);
    return token === undefined ? undefined : to(token.holder, `token '${token.name}'`);
  }
  if (HELD.has(wmesg)) {
    const object = objectOf(view, thread);
    if (object === undefined || endsByTheClock(view, object, thread)) return undefined;
    return to(holderOf(view, object), objectName(object));
  }
  if (wmesg === 'mplock' && view.mplock.cpu !== null && !view.mplock.kept) {
    const current = view.runQueues.find(({ cpu }) => cpu === view.mplock.cpu)?.current ?? 0;
    return to(current, 'the MP lock');
  }
  return undefined;
}

/** The edges of all threads that wait, by handle. */
export function waitEdges(view: MachineView): Map<number, Waiting> {
  const byHandle = new Map(view.threads.map((thread) => [thread.handle, thread]));
  const edges = new Map<number, Waiting>();
  for (const thread of view.threads) {
    // One that spins, or wants the MP lock, is on the run queue, and may be running this moment to look again.
    const waits = thread.state === 'wait' || thread.wmesg === 'mplock' || thread.wmesg === 'spinlock';
    if (!waits || thread.timed) continue;
    const found = edge(view, byHandle, thread);
    if (found !== undefined) edges.set(thread.handle, found);
  }
  return edges;
}
