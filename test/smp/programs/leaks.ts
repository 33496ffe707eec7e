/** For every test program: what the machine still has that it should not. */
import { kthread } from 'lwkt/thread';
import { cpu } from '../../../runtime/scheduler/globaldata.ts';
import { Machine } from '../../../runtime/shared-memory/layout/machine.ts';
import { ringOf } from '../../../runtime/shared-memory/layout/memory-map.ts';
import { Token, Wait } from '../../../runtime/shared-memory/layout/token.ts';
import { ringCompleted, ringWritten } from '../../../runtime/shared-memory/ring.ts';
import { listSymbols } from '../../../runtime/shared-memory/symbols.ts';

export const leakReport = kthread(function* leakReport() {
  const { m, arena, ncpus } = cpu;
  let pending = 0;
  for (let source = 0; source <= ncpus; source++) {
    for (let target = 0; target < ncpus; target++) {
      const ring = ringOf(arena.map, source, target);
      if (!ringCompleted(m, ring, ringWritten(m, ring))) pending++;
    }
  }
  const report = {
    messages: m[Machine.messageUsed] as number,
    pending,
    tokensHeld: 0,
    tokenRequests: 0,
    waiting: 0,
  };
  for (const { kind, ref } of listSymbols(arena)) {
    if (kind !== 'token' && kind !== 'wait queue') continue;
    if (((m[ref + Token.holder] as number) & 1) !== 0) report.tokensHeld++;
    if (m[ref + Token.reqLow] !== 0 || m[ref + Token.reqHigh] !== 0) report.tokenRequests++;
    if (kind === 'wait queue') report.waiting += m[ref + Wait.count] as number;
  }
  return report;
});
