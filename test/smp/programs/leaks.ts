/** For every test program: what the machine still has that it should not. */
import { kthread, sleep } from 'lwkt/thread';
import { cpu } from '../../../runtime/scheduler/globaldata.ts';
import { Machine } from '../../../runtime/shared-memory/layout/machine.ts';
import { ringOf } from '../../../runtime/shared-memory/layout/memory-map.ts';
import { Token, Wait } from '../../../runtime/shared-memory/layout/token.ts';
import { ringCompleted, ringWritten } from '../../../runtime/shared-memory/ring.ts';
import { isTokenKind, listSymbols } from '../../../runtime/shared-memory/symbols.ts';

interface Left {
  readonly messages: number;
  readonly pending: number;
  readonly tokensHeld: number;
  readonly tokenRequests: number;
  readonly waiting: number;
}

function left(): Left {
  const { m, arena, ncpus } = cpu;
  let pending = 0;
  for (let source = 0; source <= ncpus; source++) {
    for (let target = 0; target < ncpus; target++) {
      const ring = ringOf(arena.map, source, target);
      if (!ringCompleted(m, ring, ringWritten(m, ring))) pending++;
    }
  }
  let tokensHeld = 0;
  let tokenRequests = 0;
  let waiting = 0;
  for (const { kind, ref } of listSymbols(arena)) {
    if (!isTokenKind(kind) && kind !== 'wait queue') continue;
    if (
      ((m[ref + Token.holder] as number) & 1) !== 0 ||
      m[ref + Token.state] !== 0 ||
      m[ref + Token.next] !== 0
    )
      tokensHeld++;
    if (m[ref + Token.reqLow] !== 0 || m[ref + Token.reqHigh] !== 0) tokenRequests++;
    if (kind === 'wait queue') waiting += m[ref + Wait.count] as number;
  }
  return { messages: m[Machine.messageUsed] as number, pending, tokensHeld, tokenRequests, waiting };
}

/** Looks until nothing is left: the last IPIs may be on their way. */
export const leakReport = kthread(function* leakReport() {
  const end = performance.now() + 10_000;
  for (;;) {
    const now = left();
    if (Object.values(now).every((n) => n === 0) || performance.now() > end) return now;
    yield* sleep(1);
  }
});
