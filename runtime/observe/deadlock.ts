/**
 * Deadlocks: threads that wait for each other in a circle, and cpus that do.
 *
 * ## Threads
 *
 *   Each has one edge at most (waits.ts), so circles are found by walking.
 *
 * ## Cpus that wait for the completion of IPIs
 *
 *   lwktWaitIpiq() holds up its cpu, threads and all. Yet a cpu that waits drains all its rings, whatever critical section
 *   it is in, tells at once what room that made, and runs what it drained (ipiq.ts, I1). So two cpus that wait for each
 *   other are the rule under load, and no deadlock: each answers the other. And no thread is ever waited for, since
 *   an IPI function cannot block and takes no tokens. What remains is one case: completion is told by the outermost drain
 *   of a source alone, since it never passes a function that has not returned (ipiq-drain.ts, I2). A cpu that waits
 *   inside an IPI function completes nothing more of that function's sender until its wait is over. When it waits, round
 *   one or more corners, for a record behind that function, nobody goes on:
 *
 *     cpu 0 waits for f on cpu 1; f waits for g on cpu 0; g waits for h on cpu 1, which has run, and is behind f.
 *
 *   So an edge leads from a cpu that waits to the one whose completion it waits for, when that one waits itself, both
 *   inside an IPI function. The completion may yet be on its way when it is seen: the record is there, not yet
 *   drained. Who drained in vain at least once since it was seen, as its count of looks tells, will not complete it before
 *   its own wait is over; so a circle that is seen twice, each wait by its number the same, lasts for ever.
 *
 *   No edges: to a cpu that computes, be it in a critical section or without safepoints (it goes on by itself; the watchdog
 *   names it as a stall); for room in a ring (a cpu that waits makes room at any depth); from a thread in lwktAwaitIpiq()
 *   (it hangs on a circle of cpus and cannot be part of one).
 */
import type { ThreadInfo } from './ps.ts';
import type { IpiWaitView, MachineView } from './view.ts';
import { nameOf, placeOf, waitEdges, type Waiting } from './waits.ts';

/** A circle. Seen twice with the same key, and all its looks gone on between, it lasts for ever. */
export interface Deadlock {
  readonly key: string;
  readonly looks: readonly number[];
  readonly sentence: string;
}

/** Circles along edges of which each node has one at most, each once. */
function circles<E>(edges: ReadonlyMap<number, E>, next: (edge: E) => number): E[][] {
  const found: E[][] = [];
  const done = new Set<number>();
  for (const start of edges.keys()) {
    const path: number[] = [];
    let at = start;
    while (edges.has(at) && !done.has(at) && !path.includes(at)) {
      path.push(at);
      at = next(edges.get(at) as E);
    }
    const from = path.indexOf(at);
    if (from >= 0) found.push(path.slice(from).map((node) => edges.get(node) as E));
    for (const node of path) done.add(node);
  }
  return found;
}

function sentence(steps: readonly string[]): string {
  return `deadlock: ${steps.join(', which waits: ')}${steps.length > 1 ? '; and so round again' : ''}`;
}

/** One that waits on its run queue is switched to again and again: the number tells that it is one wait. */
function waitKey({ handle, wmesg, switches, waits }: ThreadInfo): string {
  return wmesg === 'spinlock' ? `${handle}:spin ${waits}` : `${handle}:${switches}`;
}

function ofThreads(circle: readonly Waiting[]): Deadlock {
  return {
    key: circle.map(({ thread }) => waitKey(thread)).join(),
    looks: [],
    sentence: sentence(
      circle.map(
        ({ thread, forWhat, itself, holder }) =>
          `${placeOf(thread)} waits for ${forWhat}${itself ? '' : `, held by ${placeOf(holder)}`}`,
      ),
    ),
  };
}

function ofCpus(view: MachineView, circle: readonly IpiWaitView[]): Deadlock {
  const on = (cpu: number): string => {
    const current = view.runQueues[cpu]?.current ?? 0;
    const thread = view.threads.find(({ handle }) => handle === current);
    return `cpu ${cpu}, in an IPI function${thread === undefined ? '' : ` that interrupted ${nameOf(thread)}`},`;
  };
  return {
    key: circle.map(({ cpu, target, number }) => `cpu ${cpu}>${target}:${number}`).join(),
    looks: circle.map(({ looks }) => looks),
    sentence: sentence(
      circle.map(
        ({ cpu, target, seq }) => `${on(cpu)} waits for the completion of IPI ${seq} by cpu ${target}`,
      ),
    ),
  };
}

/** The deadlocks that can be seen now; on a living machine, look twice. */
export function findDeadlocks(view: MachineView): Deadlock[] {
  const inside = view.ipiWaits.filter(({ depth, looks }) => depth > 0 && looks > 0);
  const waits = new Map(inside.map((wait) => [wait.cpu, wait]));
  return [
    ...circles(waitEdges(view), ({ holder }) => holder.handle).map(ofThreads),
    ...circles(waits, ({ target }) => target).map((circle) => ofCpus(view, circle)),
  ];
}
