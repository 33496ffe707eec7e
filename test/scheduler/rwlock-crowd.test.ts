/** More readers wait for an rwlock than 16 bits count. */
import test from 'ava';
import { join, rwlock, rwlockRead, rwlockUnlock, rwlockWrite, spawn } from '../../runtime/lwkt.ts';
import { cpu } from '../../runtime/scheduler/globaldata.ts';
import { RWLOCK_READERS, Sync } from '../../runtime/shared-memory/layout/sync.ts';
import { bootOneCpu, checkLeaks, define, giveWay, run } from '../helpers/one-cpu.ts';

const CROWD = 70_000;

bootOneCpu({ threads: CROWD + 1000 });
checkLeaks(test);

test('regress rwlock: 70,000 readers wait for one writer, read, and let the next one write', (t) => {
  run(function* () {
    const rw = rwlock('crowd');
    let reading = 0;
    const reader = define(function* reader() {
      yield* rwlockRead(rw);
      reading++;
      rwlockUnlock(rw);
    });
    yield* rwlockWrite(rw);
    const readers = Array.from({ length: CROWD }, () => spawn(reader));
    yield* giveWay();
    t.is((cpu.m[rw + Sync.next] as number) & RWLOCK_READERS, CROWD);
    rwlockUnlock(rw);
    for (const td of readers) yield* join(td);
    t.is(reading, CROWD);
    t.true(yield* rwlockWrite(rw));
    rwlockUnlock(rw);
  });
});
