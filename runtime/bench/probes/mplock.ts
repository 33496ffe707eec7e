/** What does the MP lock cost, alone and fought over? */
import type { Bench } from '../bench.ts';
import { bootCosts, first, lwkt, program } from '../contenders.ts';
import { compare } from '../rows.ts';
import type { Row } from '../schema.ts';
import { foughtCurves, foughtRows } from './fights.ts';

export const bench: Bench = async (options, tell) => {
  const { vs } = options;
  const rows: Row[] = [];
  tell.progress('alone', 0);
  {
    await using costs = await bootCosts({ cpus: 2 });
    rows.push(
      ...(await compare(
        'mplock',
        [
          {
            id: 'mplock.alone',
            title: 'MP lock, uncontended',
            includes: 'get, one store, release, while no other cpu wants it',
            unit: 'ns',
          },
        ],
        [
          lwkt(costs, (n) => costs.ask('benchLockAlone', ['mplock', n])),
          ...(await program(vs, 'native', 'C pthread mutex', 'mutex', first())),
        ],
        options,
      )),
    );
  }
  tell.progress('fought over', 1 / 3);
  rows.push(...(await foughtRows('mplock', 'mplock', 'the MP lock', {}, options)));
  tell.progress('more and more cpus', 2 / 3);
  const growth = await foughtCurves('mplock', 'mplock', 'the MP lock', options);
  return { rows, runs: [], maps: [], growth };
};
