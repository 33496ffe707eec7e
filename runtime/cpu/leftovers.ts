/** What a cpu still has when it halts: threads that run or wait, and errors that nobody asked for. */
import type { CpuEnd, Leftover } from '../base/protocol.ts';
import { TDF_EXITED } from '../base/params.ts';
import { WMESGS } from '../base/wmesg.ts';
import { errorOut } from '../shared-memory/thrown.ts';
import { VALUE_LOCAL_ERROR } from '../shared-memory/value.ts';
import { Globaldata } from '../shared-memory/layout/globaldata.ts';
import { Thread } from '../shared-memory/layout/thread.ts';
import { tailqFirst } from '../shared-memory/tailq.ts';
import { ld } from '../shared-memory/word.ts';
import { cpu } from '../scheduler/globaldata.ts';
import { commOf, handleOf, locals, slotOf } from '../scheduler/thread.ts';

const { allq: TD_ALLQ, flags: TD_FLAGS, valueKind: TD_VALUE_KIND, wmesg: TD_WMESG } = Thread;

/** Threads listed one by one; the rest is a number. */
const MOST = 20;

/** Lists them. A thread that ended well and was never joined is not among them: nothing was lost but a number. */
export function leftovers(): CpuEnd {
  const { m, gd, id, arena } = cpu;
  const list: Leftover[] = [];
  let more = 0;
  for (let td = tailqFirst(m, gd + Globaldata.tdallq); td !== 0; td = m[td + TD_ALLQ] as number) {
    const exited = (ld(m, td, TD_FLAGS) & TDF_EXITED) !== 0;
    const failed = ld(m, td, TD_VALUE_KIND) === VALUE_LOCAL_ERROR;
    if (exited && !failed) continue;
    if (list.length === MOST) {
      more++;
      continue;
    }
    list.push({
      handle: handleOf(td),
      name: commOf(td),
      cpu: id,
      wmesg: WMESGS[ld(m, td, TD_WMESG)] ?? 'running',
      ...(failed ? { error: errorOut(arena, locals[slotOf(td)]) } : {}),
    });
  }
  return { leftovers: list, more };
}
