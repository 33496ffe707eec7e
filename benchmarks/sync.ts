/**
 * What do the synchronisation objects cost, alone and fought over?
 *
 * Alone: lock, one store, unlock, by one thread. Fought: two cpus lock one mutex for sections of some 50 ns;
 * nanoseconds a section of both together; a line on stderr tells how evenly they shared.
 */
import { boot } from 'lwkt';
import { native } from './lib/native.ts';
import { main, type Probe } from './lib/report.ts';

const ALONE = 2_000_000;
const FIGHT_MS = 300;
const KINDS = [
  ['token', 'Token'],
  ['mutex', 'Mutex'],
  ['mutex, guard', 'Guard'],
  ['spinlock', 'Spinlock'],
  ['semaphore', 'Semaphore'],
  ['rwlock, reading', 'Read'],
  ['rwlock, writing', 'Write'],
] as const;

export async function suite(): Promise<{ probes: readonly Probe[]; done: () => Promise<void> }> {
  const machine = await boot({ program: new URL('./programs/sync.ts', import.meta.url), cpus: 2 });
  const fairness: number[] = [];
  const fought = async (): Promise<number> => {
    const result = (await machine.spawn('mutexFought', [FIGHT_MS], { cpu: 0 })) as {
      ns: number;
      fairness: number;
    };
    fairness.push(result.fairness);
    return result.ns;
  };
  const probes: Probe[] = [
    {
      title: 'lock and unlock, uncontended',
      unit: 'ns',
      target: 'as a token',
      contestants: [
        { name: 'C pthread mutex', measure: () => native('mutex', 20_000_000) },
        ...KINDS.map(([name, what]) => ({
          name: `lwkt ${name}`,
          measure: () => machine.spawn(`alone${what}`, [ALONE], { cpu: 0 }) as Promise<number>,
        })),
      ],
    },
    {
      title: 'one mutex, two cpus, 50 ns sections',
      unit: 'ns a section',
      target: 'as C',
      contestants: [
        { name: 'C pthread mutex', measure: () => native('contend', FIGHT_MS) },
        { name: 'lwkt', measure: fought },
      ],
    },
  ];
  return {
    probes,
    done: async () => {
      await machine.stop();
      const list = fairness.map((share) => share.toFixed(2)).join(' ');
      process.stderr.write(`fairness of lwkt, least / most sections of a cpu: ${list}\n`);
    },
  };
}

if (import.meta.main) await main(suite);
