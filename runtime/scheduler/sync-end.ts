/**
 * What becomes of the synchronisation objects that a thread holds when it ends: they are released, and marked, so that
 * nobody waits for ever and nobody trusts what they guard.
 */
import type { ThreadRef } from '../base/ids.ts';
import { Thread } from '../shared-memory/layout/thread.ts';
import { ld } from '../shared-memory/word.ts';
import { cpu } from './globaldata.ts';
import { abandonMutex } from './mutex.ts';
import { abandonReaders, abandonWriter } from './rwlock.ts';
import { abandonSpinlock } from './spinlock.ts';
import { isSync, syncCode } from './sync-object.ts';

const { heldSync: TD_HELD_SYNC, readLocks: TD_READ_LOCKS } = Thread;
const MUTEX = syncCode('mutex');
const RWLOCK = syncCode('rwlock');

/** True when a thread holds anything of the kind. Context: thread | idle; never blocks. */
export function holdsSync(td: ThreadRef): boolean {
  return ld(cpu.m, td, TD_HELD_SYNC) !== 0 || ld(cpu.m, td, TD_READ_LOCKS) !== 0;
}

/** Releases all that an ended thread of this cpu held. Context: thread | idle; never blocks. */
export function abandonSync(td: ThreadRef): void {
  for (let ref = ld(cpu.m, td, TD_HELD_SYNC); ref !== 0; ref = ld(cpu.m, td, TD_HELD_SYNC)) {
    if (isSync(ref, MUTEX)) abandonMutex(ref, td);
    else if (isSync(ref, RWLOCK)) abandonWriter(ref, td);
    else abandonSpinlock(ref, td);
  }
  if (ld(cpu.m, td, TD_READ_LOCKS) !== 0) abandonReaders(td);
}
