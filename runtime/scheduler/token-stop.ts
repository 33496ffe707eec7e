/**
 * A thread that waits for a token is descheduled when it had been woken for it: others who wait get their chance, or
 * the token would lie there free until that thread is scheduled again. It goes to the end of those who wait. A token
 * that was handed to it before (`kind: 'mutex'`) is handed on.
 *
 * It need not hear of what it misses meanwhile: scheduled again, or woken in its turn, it looks.
 *
 * It may be looking this very moment, and drain while it asks for another one of several tokens: then it waits for
 * the one that its words still name no more, and must not stand in front of those who do.
 *
 * Seed: threads that wait for a token poll, each for itself, so one that is descheduled stands in nobody's way.
 */
import type { ThreadRef } from '../base/ids.ts';
import { wmesgCode } from '../base/wmesg.ts';
import { Thread } from '../shared-memory/layout/thread.ts';
import { ld } from '../shared-memory/word.ts';
import { cpu } from './globaldata.ts';
import { giveUpMutexToken, isMutexToken, requestMutexToken } from './token-mutex.ts';
import { dropWaiter, isWaiter, passOn, requestToken } from './token-owner.ts';

const { wait: TD_WAIT, wmesg: TD_WMESG } = Thread;
const WMESG_TOKEN = wmesgCode('token');

/** A runnable thread of this cpu is taken off its run queue. Context: thread | ipi | idle; never blocks. */
export function offerOthers(td: ThreadRef): void {
  const { m } = cpu;
  if (ld(m, td, TD_WMESG) !== WMESG_TOKEN) return;
  const tok = ld(m, td, TD_WAIT);
  if (isMutexToken(tok)) {
    if (giveUpMutexToken(tok, td)) requestMutexToken(tok, td);
    return;
  }
  if (!isWaiter(tok, td)) return;
  dropWaiter(tok, td);
  passOn(tok);
  requestToken(tok, td);
}
