/**
 * Load balancing: a cpu with threads to spare gives some to cpus that have none.
 *
 * Only threads that may run anywhere (spawned with cpu 'any') and have not started move. The cpu that has them gives;
 * nobody steals, so no queue needs a lock. It looks at every tick, and how many polls make a tick is learnt: learnt
 * while threads are made, and then used while each of them computes for 100 µs, it is far too many. So a cpu that is
 * about to sleep rings those that have threads waiting (BELL_CLOCK), and they look at their next poll. A cpu that
 * computes for long without any poll keeps what it has.
 *
 * ## Rejected
 *
 *   Stealing by compare-and-swap: every switch would pay an atomic operation for its own queue.
 *   Balancing by priority or by time used: nothing here knows how long a thread will run.
 *
 * Seed: the wish in front of lwkt_schedule ("the best place to put load balancing code").
 */
import type { ThreadRef } from '../base/ids.ts';
import { TDF_ANYCPU, TDF_RUNQ } from '../base/params.ts';
import { BELL_CLOCK, ringBell } from '../shared-memory/doorbell.ts';
import { Globaldata } from '../shared-memory/layout/globaldata.ts';
import { Thread } from '../shared-memory/layout/thread.ts';
import { tailqFirst } from '../shared-memory/tailq.ts';
import { ld, ldA } from '../shared-memory/word.ts';
import { cpu, globaldataFind, sysctlValue } from './globaldata.ts';
import { giveAway, hasNotStarted } from './move.ts';
import { highestRunq, runqHead } from './runqueue.ts';

const { nrun: GD_NRUN } = Globaldata;
const { cpu: TD_CPU, flags: TD_FLAGS, threadq: TD_THREADQ } = Thread;

/** Most threads looked at in one go, and most given to one cpu. */
const MOST_LOOKS = 256;
const MOST_GIVEN = 64;

/** The next cpu after this one that has nothing to run; -1 if there is none. */
function idleCpu(): number {
  const { m, id, ncpus } = cpu;
  for (let i = 1; i < ncpus; i++) {
    const other = (id + i) % ncpus;
    if (ld(m, globaldataFind(other), GD_NRUN) === 0) return other;
  }
  return -1;
}

/** True for a thread of this cpu's run queue that any cpu may start. */
function isSpare(td: ThreadRef): boolean {
  const { m } = cpu;
  const flags = ld(m, td, TD_FLAGS);
  return (flags & (TDF_ANYCPU | TDF_RUNQ)) === (TDF_ANYCPU | TDF_RUNQ) && hasNotStarted(td);
}

/** Threads that may be given away, the most urgent first; at most `most`. */
function spare(most: number): ThreadRef[] {
  const { m } = cpu;
  const found: ThreadRef[] = [];
  let looks = 0;
  for (let level = highestRunq(); level >= 0; level--) {
    for (let td = tailqFirst(m, runqHead(level)); td !== 0; td = m[td + TD_THREADQ] as number) {
      if (found.length === most || ++looks > MOST_LOOKS) return found;
      if (isSpare(td)) found.push(td);
    }
  }
  return found;
}

/**
 * Gives half of what this cpu can run, but not more than it can spare at once, to a cpu that has nothing.
 *
 * Context: thread | idle; never blocks.
 */
export function balance(): void {
  const { m, gd, ncpus } = cpu;
  const nrun = ld(m, gd, GD_NRUN);
  if (nrun < 2 || ncpus === 1 || sysctlValue('lwkt.balance') === 0) return;
  const target = idleCpu();
  if (target < 0) return;
  for (const td of spare(Math.min(MOST_GIVEN, nrun >> 1))) {
    // Giving one away may drain IPIs, and one of them may have asked for the next.
    if (ldA(m, td, TD_CPU) === cpu.id && isSpare(td) && !giveAway(td, target)) return;
  }
}

/**
 * Makes cpus with more than one runnable thread look at the clock, and so at their threads: this one has none.
 *
 * Context: idle; never blocks.
 */
export function askForWork(): void {
  const { m, id, ncpus } = cpu;
  if (ncpus === 1 || sysctlValue('lwkt.balance') === 0) return;
  for (let i = 1; i < ncpus; i++) {
    const other = globaldataFind((id + i) % ncpus);
    if (ld(m, other, GD_NRUN) > 1) ringBell(m, other, BELL_CLOCK);
  }
}
