/**
 * A machine that sleeps for good: all its threads wait, and nothing is left in it that could wake one.
 *
 * Who waits on a wait queue, a condition, a semaphore, a barrier or a number waits for anybody, so no circle shows that
 * they wait in vain. It is certain when nobody is left: every cpu sleeps without a timer, no thread can run, no promise is
 * outstanding (without one, a cpu's event loop does not turn, and nothing of a program runs in it), and no IPI is
 * on its way. Then only the host can change anything, by a new thread. Whether it will is not to be seen: a service
 * whose threads wait for work looks the same. So this is told to who asks for it, and not called a deadlock.
 */
import type { ThreadInfo } from './ps.ts';
import type { MachineView } from './view.ts';
import { nameOf, objectName, objectOf, placeOf, waitEdges } from './waits.ts';

/** Most threads named in the sentence. */
const MOST_NAMED = 8;

/** Seen twice with the same key, with time between, nothing happened meanwhile. */
export interface Asleep {
  readonly key: string;
  readonly sentence: string;
}

function forWhat(view: MachineView, thread: ThreadInfo): string {
  const { wmesg, wait } = thread;
  const object = objectOf(view, thread);
  if (object !== undefined) return objectName(object);
  switch (wmesg) {
    case 'waitq': {
      const queue = view.waitQueues.find(({ ref }) => ref === wait);
      return `a signal of wait queue ${queue === undefined ? `at ${wait}` : `'${queue.name}'`}`;
    }
    case 'tsleep':
      return `wakeup(${wait})`;
    case 'stopped':
      return 'lwktSchedule()';
    case 'refs':
      return `the last reference to thread ${wait}`;
    case 'join':
      return `thread ${wait} to end`;
    case 'sleep':
      return 'the end of an endless sleep';
    default:
      return wait === 0 ? wmesg : `${wmesg} ${wait}`;
  }
}

function sentenceFor(view: MachineView, threads: readonly ThreadInfo[]): string {
  const edges = waitEdges(view);
  // Behind whom a thread waits, whose wait is nobody's: or nobody, when the chain ends in a circle.
  const behind = new Map<number, number>();
  for (const { handle } of threads) {
    let at = handle;
    for (let steps = 0; edges.has(at) && steps <= threads.length; steps++) {
      at = edges.get(at)?.holder.handle ?? 0;
    }
    if (at !== handle && !edges.has(at)) behind.set(at, (behind.get(at) ?? 0) + 1);
  }
  const roots = threads.filter(({ handle }) => !edges.has(handle));
  const named = roots.slice(0, MOST_NAMED).map((thread) => {
    const tail = behind.get(thread.handle) ?? 0;
    return `${placeOf(thread)} waits for ${forWhat(view, thread)}${tail === 0 ? '' : `, and behind it ${tail} more`}`;
  });
  if (roots.length > MOST_NAMED) named.push(`and so do ${roots.length - MOST_NAMED} others`);
  return `all asleep: ${named.join('; ')}; no thread, timer, promise or IPI is left that could wake ${roots.length === 1 ? nameOf(roots[0] as ThreadInfo) : 'them'}`;
}

/** What sleeps for good unless the host does something; undefined when something can still happen by itself. */
export function findAsleep(view: MachineView): Asleep | undefined {
  const { state, threads, rings, asleep, stats } = view;
  if (state !== 'running' || rings.length !== 0 || asleep.includes(false)) return undefined;
  const living = threads.filter((thread) => thread.state !== 'zombie');
  if (living.length === 0 || living.some((thread) => thread.state !== 'wait')) return undefined;
  const edges = waitEdges(view);
  // Circles are told as such.
  if (living.every(({ handle }) => edges.has(handle))) return undefined;
  return {
    key: [
      stats.total['lwkt.idle_parks'],
      ...living.map(({ handle, switches }) => `${handle}:${switches}`),
    ].join(),
    sentence: sentenceFor(view, living),
  };
}
