/** What do the synchronisation objects cost, alone and fought over? */
import type { Bench } from '../bench.ts';
import { bootCosts, first, javascript, lwkt, program } from '../contenders.ts';
import { mutexAlone } from '../peers/javascript.ts';
import type { LockName } from '../plan/fight.ts';
import { compare } from '../rows.ts';
import type { Row } from '../schema.ts';
import { foughtRows } from './fights.ts';

const OBJECTS: readonly (readonly [LockName, string])[] = [
  ['mutex', 'mutex'],
  ['guard', 'mutex with a `using` guard'],
  ['spinlock', 'spinlock'],
  ['semaphore', 'semaphore of one unit'],
  ['rwlock-read', 'rwlock, reading'],
  ['rwlock-write', 'rwlock, writing'],
];

export const bench: Bench = async (options, tell) => {
  const { vs } = options;
  const rows: Row[] = [];
  {
    await using costs = await bootCosts({ cpus: 2 });
    for (const [i, [lock, title]] of OBJECTS.entries()) {
      tell.progress(title, i / (OBJECTS.length + 1));
      rows.push(
        ...(await compare(
          'sync',
          [
            {
              id: `${lock}.alone`,
              title: `${title}, uncontended`,
              includes: 'take, one store, release, by one thread, while nobody waits',
              unit: 'ns',
            },
          ],
          [
            lwkt(costs, (n) => costs.ask('benchLockAlone', [lock, n])),
            ...(await program(vs, 'native', 'C pthread mutex', 'mutex', first())),
            ...javascript(vs, 'Atomics futex mutex', mutexAlone),
            ...(await program(vs, 'go', 'Go sync.Mutex', 'mutex', first())),
          ],
          options,
        )),
      );
    }
  }
  tell.progress('mutex, fought over', 1 - 1 / (OBJECTS.length + 1));
  rows.push(...(await foughtRows('sync', 'mutex', 'one mutex', {}, options)));
  return { rows, runs: [], maps: [], growth: [] };
};
