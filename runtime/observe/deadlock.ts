/**
 * Who waits for whom, and threads that wait for each other in a circle.
 *
 * An edge leads from a thread that waits to the one thread that could end its wait: the thread it joins, the holder
 * of a mutex, of an rwlock it wants, of a token, or of the MP lock. Waits that anybody could end (wait queues,
 * conditions, semaphores, sleep by the clock) have none. Each thread has one edge at most, so circles are found by
 * walking.
 */
import type { ThreadInfo } from './ps.ts';
import type { MachineView } from './view.ts';

/** One step of a circle: a thread, what it waits for, and who has that. */
export interface Waiting {
  readonly thread: ThreadInfo;
  /** In words: "mutex 'db'", "thread 12 'reader' to end". */
  readonly forWhat: string;
  readonly holder: ThreadInfo;
}

function edge(
  view: MachineView,
  byHandle: ReadonlyMap<number, ThreadInfo>,
  thread: ThreadInfo,
): Waiting | undefined {
  const to = (holder: number, forWhat: string): Waiting | undefined => {
    const found = byHandle.get(holder);
    return found === undefined || found.state === 'zombie' ? undefined : { thread, forWhat, holder: found };
  };
  const { wmesg, wait } = thread;
  if (wmesg === 'join') return to(wait, `${nameOf(byHandle.get(wait))} to end`);
  if (wmesg === 'token') {
    const token = view.tokens.find(({ ref }) => ref === wait);
    return token === undefined ? undefined : to(token.holder, `token '${token.name}'`);
  }
  if (wmesg === 'mutex' || wmesg === 'rwlock') {
    const object = view.sync.find(({ ref, kind }) => kind === wmesg && (-wait === ref || -wait === ref + 1));
    if (object === undefined) return undefined;
    return to(
      object.holder,
      `${object.kind} ${object.name === '' ? `at ${object.ref}` : `'${object.name}'`}`,
    );
  }
  if (wmesg === 'mplock' && view.mplock.cpu !== null && !view.mplock.kept) {
    const current = view.runQueues.find(({ cpu }) => cpu === view.mplock.cpu)?.current ?? 0;
    return to(current, 'the MP lock');
  }
  return undefined;
}

function nameOf(thread: ThreadInfo | undefined): string {
  return thread === undefined ? 'a thread' : `thread ${thread.handle} '${thread.name}'`;
}

/** Circles of threads that wait for each other, each once. */
export function findDeadlocks(view: MachineView): Waiting[][] {
  const byHandle = new Map(view.threads.map((thread) => [thread.handle, thread]));
  const edges = new Map<number, Waiting>();
  for (const thread of view.threads) {
    if (thread.state !== 'wait' && thread.wmesg !== 'mplock') continue;
    const found = edge(view, byHandle, thread);
    if (found !== undefined) edges.set(thread.handle, found);
  }
  const circles: Waiting[][] = [];
  const done = new Set<number>();
  for (const start of edges.keys()) {
    const path: number[] = [];
    let at = start;
    while (edges.has(at) && !done.has(at) && !path.includes(at)) {
      path.push(at);
      at = (edges.get(at) as Waiting).holder.handle;
    }
    const from = path.indexOf(at);
    if (from >= 0) circles.push(path.slice(from).map((handle) => edges.get(handle) as Waiting));
    for (const handle of path) done.add(handle);
  }
  return circles;
}

/** A circle as a sentence. */
export function deadlockSentence(circle: readonly Waiting[]): string {
  const steps = circle.map(
    ({ thread, forWhat, holder }) =>
      `${nameOf(thread)} on cpu ${thread.cpu} waits for ${forWhat}${forWhat.endsWith(' to end') ? '' : `, held by ${nameOf(holder)} on cpu ${holder.cpu}`}`,
  );
  return `deadlock: ${steps.join(', which waits: ')}${circle.length > 1 ? `; and so round again` : ''}`;
}
