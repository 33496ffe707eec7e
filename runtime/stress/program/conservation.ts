/** What is left when all threads of a phase have ended; nothing should be. */
import { cpu } from '../../scheduler/globaldata.ts';
import { Machine } from '../../shared-memory/layout/machine.ts';
import { ringOf } from '../../shared-memory/layout/memory-map.ts';
import { Token, Wait } from '../../shared-memory/layout/token.ts';
import { ringCompleted, ringWritten } from '../../shared-memory/ring.ts';
import { listSymbols } from '../../shared-memory/symbols.ts';
import { ld, ldA } from '../../shared-memory/word.ts';
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

/** By name how much is left; zero is left out. */
function left(): Record<string, number> {
  const { m, arena } = cpu;
  const found = {
    messages: ld(m, 0, Machine.messageUsed),
    rings: ringsPending(),
    held: 0,
    requests: 0,
    waiting: 0,
  };
  for (const { kind, ref } of listSymbols(arena)) {
    if (kind !== 'token' && kind !== 'wait queue') continue;
    if ((ld(m, ref, Token.holder) & 1) !== 0) found.held++;
    if (ldA(m, ref, Token.reqLow) !== 0 || ldA(m, ref, Token.reqHigh) !== 0) found.requests++;
    if (kind === 'wait queue') found.waiting += ld(m, ref, Wait.count);
  }
  const mplock = ldA(m, 0, Machine.mplock) === 0 ? 0 : 1;
  return Object.fromEntries(Object.entries({ ...found, mplock }).filter(([, n]) => n !== 0));
}

/** Looks until nothing is left, since the last IPIs may be on their way; says what stays. */
export function* whatIsLeft(): Generator<unknown, Record<string, number>, unknown> {
  yield* eventually(() => Object.keys(left()).length === 0);
  return left();
}
