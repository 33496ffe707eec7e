/**
 * Cpus that died: what the arena says of them.
 *
 * The host learns that a worker has ended. If the machine is to go on without it, the host mends and breaks the short
 * locks that the cpu died with, takes what it had sent to the host, and marks it here. From then on nobody runs on that
 * cpu, and its words are the survivors' to take; how they share them is in scheduler/survive.ts.
 *
 * ## Words
 *
 *   deaths, dead…   written by the host   atomic   how many, and which; each cpu's death has its number, `diedAt`
 *   deathsSeen      written by each cpu   atomic   deaths that it has seen, with the rings from the dead drained
 *   deathsSettled   written by cpus       atomic   deaths that all living cpus have seen
 *
 * ## Ordering
 *
 *   A1  die: the words of the dead cpu are whole, since its worker has ended; `diedAt`, then its bit and `deaths`
 *       (atomic), then all doorbells.
 *   B1  see: `deaths` is loaded (atomic). Who sees n sees every word of the first n cpus that died.
 *   A2  settle: a cpu sends nothing to the dead any more and has drained their rings, then `deathsSeen` is stored.
 *   B2  settled: all living cpus' `deathsSeen` are loaded. From then on nothing that names the dead comes into being,
 *       nor is on its way in a ring from them.
 */
import { DEATH_TEXT_BYTES } from '../base/params.ts';
import type { Arena } from './arena.ts';
import { BELL_STATE, ringBell } from './doorbell.ts';
import { CPU_OFFLINE, Globaldata } from './layout/globaldata.ts';
import { Machine } from './layout/machine.ts';
import { globaldataOf } from './layout/memory-map.ts';
import { ldText, stText } from './text.ts';
import { casA, ld, ldA, orA, st, stA } from './word.ts';

const { deaths: DEATHS, deadLow: LOW, deadHigh: HIGH, deathsSettled: SETTLED } = Machine;

/** Load of a cpu that nothing is to be placed on. */
const NEVER = 0x7fff_ffff;

/** Whether a cpu has died. */
export function isDeadCpu(arena: Arena, cpu: number): boolean {
  return ((ldA(arena.m, 0, cpu < 32 ? LOW : HIGH) >>> (cpu & 31)) & 1) !== 0;
}

/** Why it died. */
export function deathReason(arena: Arena, cpu: number): string {
  return ldText(arena.m, globaldataOf(arena.map, cpu) + Globaldata.deathText, DEATH_TEXT_BYTES);
}

/** Number of cpus that live. */
export function livingCpus(arena: Arena): number {
  return arena.map.ncpus - ldA(arena.m, 0, DEATHS);
}

/** Marks a cpu whose worker has ended, and tells the others. By the host, once its locks are mended. */
export function markDead(arena: Arena, cpu: number, reason: string): void {
  const { m, map } = arena;
  const gd = globaldataOf(map, cpu);
  const number = ldA(m, 0, DEATHS) + 1;
  stText(m, gd + Globaldata.deathText, DEATH_TEXT_BYTES, reason);
  st(m, gd, Globaldata.diedAt, number);
  st(m, gd, Globaldata.state, CPU_OFFLINE);
  st(m, gd, Globaldata.curthread, 0);
  // Placement and balance look for cpus with little to run.
  st(m, gd, Globaldata.nrun, NEVER);
  st(m, gd, Globaldata.nthreads, 0);
  st(m, gd, Globaldata.promises, 0);
  orA(m, 0, cpu < 32 ? LOW : HIGH, 1 << (cpu & 31));
  stA(m, 0, DEATHS, number); // A1
  ringAll(arena);
}

/** How many cpus have died. */
export function deathsOf(arena: Arena): number {
  return ldA(arena.m, 0, DEATHS); // B1
}

/** How many deaths all living cpus have seen. */
export function deathsSettled(arena: Arena): number {
  return ldA(arena.m, 0, SETTLED);
}

/** The number of a cpu's death; 0 while it lives. */
export function diedAt(arena: Arena, cpu: number): number {
  return ld(arena.m, globaldataOf(arena.map, cpu), Globaldata.diedAt);
}

/** A cpu has seen `deaths` deaths; if it is the last one to, all are told that they are settled. */
export function seenDeaths(arena: Arena, self: number, deaths: number): void {
  const { m, map } = arena;
  stA(m, globaldataOf(map, self), Globaldata.deathsSeen, deaths); // A2
  for (let cpu = 0; cpu < map.ncpus; cpu++) {
    if (isDeadCpu(arena, cpu)) continue;
    if (ldA(m, globaldataOf(map, cpu), Globaldata.deathsSeen) < deaths) return; // B2
  }
  for (let now = ldA(m, 0, SETTLED); now < deaths; now = ldA(m, 0, SETTLED)) {
    if (casA(m, 0, SETTLED, now, deaths) !== now) continue;
    ringAll(arena);
    return;
  }
}

/**
 * What one survivor does for all when a death is settled is done by the eldest, the living cpu with the lowest number. If
 * that dies, the next one may find it undone, or half done.
 *
 * @returns the dead whose affairs cpu `self` is to settle now: none, `dead`, or all, if that may have been the eldest
 */
export function heritage(arena: Arena, self: number, dead: number): readonly number[] {
  const cpus = Array.from({ length: arena.map.ncpus }, (_, cpu) => cpu);
  const eldest = cpus.find((cpu) => !isDeadCpu(arena, cpu));
  if (self !== eldest) return [];
  return dead > self ? [dead] : cpus.filter((cpu) => isDeadCpu(arena, cpu));
}

/** Tells every corner to look at the machine's state. */
export function ringAll({ m, map }: Arena): void {
  for (let corner = 0; corner <= map.ncpus; corner++) ringBell(m, globaldataOf(map, corner), BELL_STATE);
}
