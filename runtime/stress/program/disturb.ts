/** Trouble on purpose: threads that delay IPIs, make garbage, stop a cpu, and move other threads, all from the seed. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  critEnter,
  critExit,
  kthread,
  lwktAcquire,
  LwktError,
  ncpus,
  sleep,
  spawn,
  type Td,
} from '../../lwkt.ts';
import { CHAOS } from '../chaos.ts';
import type { StressPlan } from '../plan.ts';
import { below, chance } from '../random.ts';
import { SUITES, type SuiteName } from '../suites.ts';
import { busy, handleOfThread, stopped } from './harness.ts';

const KIB_OBJECTS = 8;

/** Collects all garbage of this cpu. Per cpu; made when it is first wanted. */
let collect: (() => void) | undefined;

function collectAll(): void {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
}

/** Whose garbage it is. */
let garbage: unknown[] = [];

function litter(kib: number): void {
  garbage = [];
  for (let i = 0; i < kib * KIB_OBJECTS; i++) garbage.push({ i, text: `${i}`, next: garbage.at(-1) });
}

const trouble = kthread(function* stressTrouble(plan: StressPlan, cpu: number) {
  const level = CHAOS[plan.chaos];
  if (level === undefined) return;
  const c = chance(plan.seed, 77, cpu);
  while (!stopped()) {
    yield* sleep(below(c, 2 * level.everyMs * 10 + 1) / 10);
    const kind = below(c, 8);
    if (kind < 5) {
      // Nothing comes through until the section ends.
      critEnter();
      busy(below(c, level.delayUs + 1) * 1000);
      critExit();
    } else if (kind < 7) {
      litter(below(c, level.garbageKib + 1));
      if (level.collect !== 0 && below(c, level.collect) === 0) collectAll();
    } else busy(below(c, level.stallUs + 1) * 1000);
  }
  garbage = [];
});

/** Takes threads of movable suites from wherever they are to its own cpu. */
const shuffler = kthread(function* stressShuffler(
  plan: StressPlan,
  suites: readonly SuiteName[],
  cpu: number,
) {
  const c = chance(plan.seed, 78, cpu);
  const movable = suites.filter((suite) => SUITES[suite].movable);
  while (!stopped()) {
    yield* sleep(below(c, 2 * plan.shuffleMs * 10 + 1) / 10);
    const suite = movable[below(c, movable.length)] as SuiteName;
    const handle = handleOfThread(suite, below(c, plan.threads * ncpus()));
    if (handle === 0) continue;
    try {
      yield* lwktAcquire(handle);
    } catch (error) {
      // It has ended, or another cpu was quicker.
      if (!(error instanceof LwktError)) throw error;
      if (error.code !== 'ERR_LWKT_MOVE' && error.code !== 'ERR_LWKT_NO_THREAD') throw error;
    }
  }
});

/** Makes the troublemakers of a phase; they end with it. */
export function disturbers(plan: StressPlan, suites: readonly SuiteName[]): Td[] {
  const cpus = Array.from({ length: plan.cpus }, (_, cpu) => cpu);
  const movable = suites.some((suite) => SUITES[suite].movable);
  return [
    ...((CHAOS[plan.chaos]?.everyMs ?? 0) === 0
      ? []
      : cpus.map((cpu) => spawn(trouble, [plan, cpu], { cpu, name: 'trouble' }))),
    ...(plan.shuffleMs === 0 || !movable
      ? []
      : cpus.map((cpu) => spawn(shuffler, [plan, suites, cpu], { cpu, name: 'shuffler' }))),
  ];
}
