/**
 * The host's look at whether its machine gets on: cpus that reach no safepoint, threads or cpus that wait in a circle,
 * a machine in which all sleep.
 *
 * It needs no help from any cpu: a heartbeat in the arena says that a cpu looked at the clock, and the JavaScript stack
 * of one that does not comes from the diagnostic report of Node, which also reads workers that compute or sleep.
 */
import { findAsleep } from '../observe/asleep.ts';
import { findDeadlocks } from '../observe/deadlock.ts';
import type { MachineView } from '../observe/view.ts';
import type { Arena } from '../shared-memory/arena.ts';
import { BELL_CLOCK, ringBell } from '../shared-memory/doorbell.ts';
import { CPU_RUN, Globaldata } from '../shared-memory/layout/globaldata.ts';
import { globaldataOf } from '../shared-memory/layout/memory-map.ts';
import { tunable } from '../shared-memory/layout/sysctl.ts';
import { ld, ldA } from '../shared-memory/word.ts';

/** Milliseconds between two looks. */
const LOOK_MS = 200;
/** Looks between two searches for circles. */
const LOOKS_PER_SEARCH = 5;

/** Looks of a waiting cpu between which it has drained everything that was there before the first. */
const LOOKS_IN_VAIN = 2;

/** A cpu that reaches no safepoint. */
export interface Stall {
  readonly cpu: number;
  /** For how long, in milliseconds, at least. */
  readonly ms: number;
  /** The thread that runs there: handle and name. */
  readonly thread: string;
  /** Lines of its JavaScript stack; empty when Node could not tell. */
  readonly stack: readonly string[];
}

/** What the watchdog reports to. */
export interface Watched {
  view(): MachineView;
  stalled(stall: Stall): void;
  /** Whether all cpus answer, so that one can be asked for its stack. */
  answering(): Promise<boolean>;
  /** A circle of waiting threads or cpus, as a sentence; each once. */
  deadlocked(sentence: string): void;
  /** All threads wait, and only the host could change that; as a sentence. Returns whether anybody cared: then it is told once. */
  asleep(sentence: string): boolean;
}

interface Beat {
  beat: number;
  since: number;
  told: boolean;
}

/** The part of a diagnostic report that is read here. */
interface Report {
  readonly workers?: readonly {
    readonly header?: { readonly threadId?: number };
    readonly javascriptStack?: { readonly stack?: readonly string[] };
  }[];
}

/** The JavaScript stack of a worker. */
function stackOf(threadId: number): readonly string[] {
  const { workers = [] } = process.report.getReport() as Report;
  const worker = workers.find(({ header }) => header?.threadId === threadId);
  return (worker?.javascriptStack?.stack ?? []).map((line) => line.trim());
}

/**
 * Watches a machine until it is told to stop.
 *
 * @returns ends it
 */
export function watch(arena: Arena, watched: Watched): () => void {
  const { m, map } = arena;
  const now = performance.now();
  const beats: Beat[] = Array.from({ length: map.ncpus }, () => ({ beat: 0, since: now, told: false }));
  const told = new Set<string>();
  let suspects = new Map<string, readonly number[]>();
  let looks = 0;
  let over = false;

  const lookAt = (cpu: number, limit: number): void => {
    const gd = globaldataOf(map, cpu);
    const last = beats[cpu] as Beat;
    const beat = ldA(m, gd, Globaldata.heartbeat);
    const time = performance.now();
    if (beat !== last.beat || ld(m, gd, Globaldata.state) !== CPU_RUN) {
      beats[cpu] = { beat, since: time, told: false };
      return;
    }
    // It may only count its polls and not know how late it is.
    ringBell(m, gd, BELL_CLOCK);
    if (limit === 0 || last.told || time - last.since < limit) return;
    last.told = true;
    const view = watched.view();
    const current = view.runQueues[cpu]?.current ?? 0;
    const thread = view.threads.find(({ handle }) => handle === current);
    const stall = {
      cpu,
      ms: Math.round(time - last.since),
      thread: thread === undefined ? 'no thread' : `thread ${thread.handle} '${thread.name}'`,
    };
    void tellStall(stall, ld(m, gd, Globaldata.worker));
  };

  const tellStall = async (stall: Omit<Stall, 'stack'>, threadId: number): Promise<void> => {
    // The report waits for every worker, and would never come back from one that does not answer.
    const stack = (await watched.answering()) ? stackOf(threadId) : [];
    if (!over) watched.stalled({ ...stall, stack });
  };

  // What waits in a circle at two looks, with nobody of it switched to between and all of them awake who look for
  // themselves, waits for ever. So does a machine that sleeps at two looks, if nothing happened between.
  const search = (): void => {
    const view = watched.view();
    const seen = new Map<string, readonly number[]>();
    const look = (key: string, marks: readonly number[], tell: () => boolean): void => {
      seen.set(key, marks);
      const before = suspects.get(key);
      if (told.has(key) || before?.every((mark, i) => (marks[i] as number) - mark >= LOOKS_IN_VAIN) !== true)
        return;
      if (tell()) told.add(key);
    };
    for (const { key, looks: marks, sentence } of findDeadlocks(view)) {
      look(key, marks, () => {
        watched.deadlocked(sentence);
        return true;
      });
    }
    const asleep = findAsleep(view);
    if (asleep !== undefined) look(`asleep ${asleep.key}`, [], () => watched.asleep(asleep.sentence));
    suspects = seen;
  };

  const timer = setInterval(() => {
    const limit = ldA(m, map.sysctl, tunable('lwkt.watchdog_ms'));
    for (let cpu = 0; cpu < map.ncpus; cpu++) lookAt(cpu, limit);
    if (limit !== 0 && ++looks % LOOKS_PER_SEARCH === 0) search();
  }, LOOK_MS);
  timer.unref();
  return () => {
    over = true;
    clearInterval(timer);
  };
}
