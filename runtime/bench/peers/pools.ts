/** The pools by name. */
import { startComlink } from './comlink.ts';
import { startMessagePort } from './messageport.ts';
import { startMultithreading } from './multithreading.ts';
import type { Absent, Contender } from '../rounds.ts';
import type { PeerName } from './names.ts';
import { startPiscina } from './piscina.ts';
import type { Pool, StartPool } from './pool.ts';
import { startTinypool } from './tinypool.ts';
import { startWorkerpool } from './workerpool.ts';

const STARTS: Readonly<Partial<Record<PeerName, readonly [title: string, start: StartPool]>>> = {
  messageport: ['Workers and postMessage', startMessagePort],
  piscina: ['Piscina', startPiscina],
  comlink: ['Comlink', startComlink],
  tinypool: ['tinypool', startTinypool],
  workerpool: ['workerpool', startWorkerpool],
  multithreading: ['multithreading', startMultithreading],
};

/** A pool that is compared with, or why not. */
export type PoolPeer =
  { readonly name: string; readonly pool: Pool } | { readonly name: string; readonly why: string };

/** Starts the pools among `vs`, and waits until each has answered from every worker. */
export async function startPools(vs: ReadonlySet<PeerName>, workers: number): Promise<PoolPeer[]> {
  const peers: PoolPeer[] = [];
  for (const [peer, [name, start]] of Object.entries(STARTS)) {
    if (!vs.has(peer as PeerName)) continue;
    try {
      const pool = await start(workers);
      await Promise.all(Array.from({ length: 4 * workers }, (_, i) => pool.run('add', i)));
      peers.push({ name, pool });
    } catch (error) {
      peers.push({ name, why: error instanceof Error ? error.message : String(error) });
    }
  }
  return peers;
}

/** Stops them. */
export async function stopPools(peers: readonly PoolPeer[]): Promise<void> {
  await Promise.all(peers.map((peer) => ('pool' in peer ? peer.pool.stop() : Promise.resolve())));
}

/** How to start each pool among `vs`, for those who measure that. */
export function poolStarts(vs: ReadonlySet<PeerName>): { name: string; start: StartPool }[] {
  return Object.entries(STARTS)
    .filter(([peer]) => vs.has(peer as PeerName))
    .map(([, [name, start]]) => ({ name, start }));
}

/** The pools as contenders in a row. */
export function poolContenders(
  peers: readonly PoolPeer[],
  step: number,
  measure: (pool: Pool, n: number) => Promise<number>,
  fixed = false,
): (Contender | Absent)[] {
  return peers.map((peer) =>
    'pool' in peer
      ? { name: peer.name, kind: 'peer', step, fixed, measure: (n) => measure(peer.pool, n) }
      : { name: peer.name, kind: 'peer', why: peer.why },
  );
}
