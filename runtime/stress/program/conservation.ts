/** What is left when all threads of a phase have ended; nothing should be. */
import { cpu } from '../../scheduler/globaldata.ts';
import { Globaldata } from '../../shared-memory/layout/globaldata.ts';
import { Machine } from '../../shared-memory/layout/machine.ts';
import { globaldataOf, ringOf } from '../../shared-memory/layout/memory-map.ts';
import { RWLOCK_READERS, Sync } from '../../shared-memory/layout/sync.ts';
import { Thread } from '../../shared-memory/layout/thread.ts';
import { NO_CPU, Token, Wait } from '../../shared-memory/layout/token.ts';
import { ringCompleted, ringWritten } from '../../shared-memory/ring.ts';
import { isTokenKind, listSymbols } from '../../shared-memory/symbols.ts';
import { ld, ldA } from '../../shared-memory/word.ts';
import type { LEFTOVERS } from '../checks.ts';
import type { ArenaUse, StressPlan } from '../plan.ts';
import { eventually } from './eventually.ts';

function ringsPending(): number {
  const { m, arena, ncpus } = cpu;
  let pending = 0;
  for (let source = 0; source < ncpus; source++) {
    for (let target = 0; target < ncpus; target++) {
      const ring = ringOf(arena.map, source, target);
      if (!ringCompleted(m, ring, ringWritten(m, ring))) pending++;
    }
  }
  return pending;
}

/** Descriptors that are neither free, in the slab or in a cpu's cache, nor those of threads. */
function lostDescriptors(): number {
  const { m, arena, ncpus } = cpu;
  // Slot 0 is nil, and each cpu has an idle thread that is on no list.
  let known = 1 + ncpus + ld(m, 0, Machine.slabFreeCount);
  for (let id = 0; id < ncpus; id++) {
    const gd = globaldataOf(arena.map, id);
    known += ld(m, gd, Globaldata.tdfreecount) + ld(m, gd, Globaldata.nthreads);
  }
  return ld(m, 0, Machine.slabFresh) - known;
}

/** Cpus whose list of all threads does not hold as many as it says, one linked with the next. */
function brokenLists(): number {
  const { m, arena, ncpus } = cpu;
  let broken = 0;
  for (let id = 0; id < ncpus; id++) {
    const gd = globaldataOf(arena.map, id);
    const threads = ld(m, gd, Globaldata.nthreads);
    let before = 0;
    let n = 0;
    for (let td = ld(m, gd, Globaldata.tdallq); td !== 0 && n <= threads; td = ld(m, td, Thread.allq)) {
      if (m[td + Thread.allq + 1] !== before) break;
      before = td;
      n++;
    }
    if (n !== threads || m[gd + Globaldata.tdallq + 1] !== before) broken++;
  }
  return broken;
}

/** A token at rest: owned by a cpu or by nobody, not on its way, not held, not asked for. */
function restless(ref: number): 'held' | 'requests' | 'owners' | undefined {
  const { m, ncpus } = cpu;
  if ((ld(m, ref, Token.holder) & 1) !== 0) return 'held';
  if (ldA(m, ref, Token.reqLow) !== 0 || ldA(m, ref, Token.reqHigh) !== 0) return 'requests';
  const owner = ldA(m, ref, Token.owner);
  if (owner === NO_CPU)
    return ldA(m, ref, Token.state) !== 0 || ldA(m, ref, Token.next) !== 0 ? 'held' : undefined;
  return owner < 0 || owner > ncpus ? 'owners' : undefined;
}

/** A lock that somebody has, or that somebody waits for. */
function isLocked(ref: number, kind: string): boolean {
  const { m } = cpu;
  const held = kind === 'mutex' || kind === 'spinlock' || kind === 'rwlock';
  const next = ldA(m, ref, Sync.next);
  const wanted = kind === 'rwlock' ? (next & RWLOCK_READERS) + ldA(m, ref, Sync.extra) : next;
  return ldA(m, ref, Sync.waiters) !== 0 || wanted !== 0 || (held && ldA(m, ref, Sync.state) !== 0);
}

/** By name how much is left; zero is left out. */
function left(): Record<string, number> {
  const { m, arena } = cpu;
  const found: Record<(typeof LEFTOVERS)[number], number> = {
    messages: ld(m, 0, Machine.messageUsed),
    rings: ringsPending(),
    held: 0,
    requests: 0,
    owners: 0,
    waiting: 0,
    locked: 0,
    descriptors: lostDescriptors(),
    lists: brokenLists(),
    mplock: ldA(m, 0, Machine.mplock) === 0 ? 0 : 1,
  };
  for (const { kind, ref } of listSymbols(arena)) {
    if (isTokenKind(kind) || kind === 'wait queue') {
      const how = restless(ref);
      if (how !== undefined) found[how]++;
      if (kind === 'wait queue') found.waiting += ld(m, ref, Wait.count);
    } else if (!kind.startsWith('shared.') && isLocked(ref, kind)) found.locked++;
  }
  return Object.fromEntries(Object.entries(found).filter(([, n]) => n !== 0));
}

/** Looks until nothing is left, since the last IPIs may be on their way; says what stays. */
export function* whatIsLeft(plan: StressPlan): Generator<unknown, Record<string, number>, unknown> {
  yield* eventually(plan, () => Object.keys(left()).length === 0);
  return left();
}

/** What is in use of the arena. */
export function arenaUse(): ArenaUse {
  const { m, arena } = cpu;
  return {
    names: ld(m, 0, Machine.symbolCount),
    namedBytes: (ld(m, 0, Machine.memoryNext) - arena.map.memoryBase) * 4,
    descriptors: ld(m, 0, Machine.slabFresh),
  };
}
