/** The threads of a machine, read from the arena. */
import {
  TDF_ADOPTED,
  TDF_EXITED,
  TDF_PREEMPT_LOCK,
  TDF_TIMED,
  TDPRI_CRIT,
  TDPRI_MASK,
  MAXCOMLEN,
} from '../base/params.ts';
import { WMESGS } from '../base/wmesg.ts';
import type { Arena } from '../shared-memory/arena.ts';
import { descriptorHandle } from '../shared-memory/descriptor.ts';
import { Globaldata } from '../shared-memory/layout/globaldata.ts';
import { globaldataOf } from '../shared-memory/layout/memory-map.ts';
import { Machine } from '../shared-memory/layout/machine.ts';
import { Thread } from '../shared-memory/layout/thread.ts';
import { ldText } from '../shared-memory/text.ts';
import { ld, ldHint } from '../shared-memory/word.ts';

/** One thread, as it was a moment ago. */
export interface ThreadInfo {
  readonly handle: number;
  readonly name: string;
  readonly cpu: number;
  /**
   * 'run' on its cpu now, 'frozen' under an interrupt thread, 'ready' on the run queue, 'wait' for something, 'zombie'
   * ended and not joined.
   */
  readonly state: 'run' | 'frozen' | 'ready' | 'wait' | 'zombie';
  /** Why it waits, a name of wmesg.ts; empty if it does not. */
  readonly wmesg: string;
  /** What it waits for: a thread handle, or the word offset of a token or wait queue; 0 for nothing. */
  readonly wait: number;
  readonly priority: number;
  /** Critical sections it is in. */
  readonly crit: number;
  /** Times it was switched to. */
  readonly switches: number;
  /** Its wait ends by the clock at the latest. Of waits for objects and of tsleep(); the others say so by `wmesg`. */
  readonly timed: boolean;
  /** Number of its last wait on a wait queue or for a spinlock. */
  readonly waits: number;
  /** How many rwlocks it reads under. */
  readonly readLocks: number;
}

/**
 * Lists the threads that have come to their cpu. A snapshot: each line is one thread at one moment.
 *
 * @param functions - names of the thread functions by number
 */
export function machineThreads(arena: Arena, functions: readonly string[]): ThreadInfo[] {
  const { m, map } = arena;
  const current = Array.from({ length: map.ncpus }, (_, cpu) =>
    ld(m, globaldataOf(map, cpu), Globaldata.curthread),
  );
  const used = Math.min(map.slots, ld(m, 0, Machine.slabFresh));
  const list: ThreadInfo[] = [];
  for (let slot = 1 + map.ncpus; slot < used; slot++) {
    const td = map.slab + slot * Thread.WORDS;
    const flags = ld(m, td, Thread.flags);
    if ((flags & TDF_ADOPTED) === 0) continue;
    const cpu = ldHint(m, td, Thread.cpu);
    const exited = (flags & TDF_EXITED) !== 0;
    const running = current[cpu] === td;
    const wmesg = WMESGS[ld(m, td, Thread.wmesg)] ?? 'running';
    const frozen = (flags & TDF_PREEMPT_LOCK) !== 0;
    const waits = wmesg !== 'running' && wmesg !== 'zombie';
    const pri = ld(m, td, Thread.pri);
    list.push({
      handle: descriptorHandle(arena, td),
      name: ldText(m, td + Thread.comm, MAXCOMLEN) || (functions[ld(m, td, Thread.func)] ?? '?'),
      cpu,
      state: exited ? 'zombie' : running ? 'run' : frozen ? 'frozen' : waits ? 'wait' : 'ready',
      wmesg: waits ? wmesg : '',
      wait: waits ? ld(m, td, Thread.wait) : 0,
      priority: pri & TDPRI_MASK,
      // The dispatcher's own section does not count.
      crit: Math.max(0, Math.floor(pri / TDPRI_CRIT) - (running || frozen ? 0 : 1)),
      switches: ld(m, td, Thread.switches) >>> 0,
      timed: (flags & TDF_TIMED) !== 0,
      waits: ld(m, td, Thread.waitSeq) >>> 0,
      readLocks: ld(m, td, Thread.readLocks),
    });
  }
  return list;
}
