/**
 * What does a token cost, alone and fought over?
 *
 * Alone: get, one store, release. Fought: two cpus, sections of some 50 ns, nanoseconds a section of both together;
 * a line on stderr tells how evenly they shared.
 */
import { boot } from 'lwkt';
import { native } from './lib/native.ts';
import { main, type Probe } from './lib/report.ts';

const ALONE = 2_000_000;
const FIGHT_MS = 300;

export async function suite(): Promise<{ probes: readonly Probe[]; done: () => Promise<void> }> {
  const machine = await boot({ program: new URL('./programs/kernel.ts', import.meta.url), cpus: 2 });
  const alone = (): Promise<number> => machine.spawn('tokenAlone', [ALONE], { cpu: 0 }) as Promise<number>;
  const fairness: number[] = [];
  const fought = async (): Promise<number> => {
    const result = (await machine.spawn('tokenFought', [FIGHT_MS], { cpu: 0 })) as {
      ns: number;
      fairness: number;
    };
    fairness.push(result.fairness);
    return result.ns;
  };
  await alone();
  const probes: Probe[] = [
    {
      title: 'token, uncontended',
      unit: 'ns',
      target: '6 ns',
      contestants: [
        { name: 'C pthread mutex', measure: () => native('mutex', 20_000_000) },
        { name: 'lwkt', measure: alone },
      ],
    },
    {
      title: 'one token, two cpus, 50 ns sections',
      unit: 'ns a section',
      target: '53 ns, fairness 0.9',
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
