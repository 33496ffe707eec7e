/** Whom lwkt is compared with: what `--vs` takes. */
import { LwktError } from '../../base/errors.ts';

export const PEERS = {
  native: 'C: the physical limit, where there is a compiler',
  js: 'what JavaScript has by itself: await, generators, Atomics, Workers',
  messageport: 'postMessage between Workers',
  piscina: 'Piscina',
  comlink: 'Comlink',
  tinypool: 'tinypool',
  workerpool: 'workerpool',
  multithreading: 'multithreading',
  go: 'Go, where it is installed',
  erlang: 'Erlang/OTP, where it is installed',
} as const;

export type PeerName = keyof typeof PEERS;

export const PEER_NAMES = Object.keys(PEERS) as readonly PeerName[];

/**
 * Reads `--vs`.
 *
 * @param text - names separated by commas, `all` or `none`
 * @throws LwktError ERR_LWKT_OPTION naming what is unknown, and what there is
 */
export function peersOf(text: string): ReadonlySet<PeerName> {
  const names = text.split(',').map((name) => name.trim());
  if (names.length === 1 && names[0] === 'none') return new Set();
  const chosen = new Set<PeerName>();
  for (const name of names) {
    if (name === 'all') PEER_NAMES.forEach((peer) => chosen.add(peer));
    else if (name in PEERS) chosen.add(name as PeerName);
    else {
      throw new LwktError(
        'ERR_LWKT_OPTION',
        `--vs: there is no '${name}'; there are ${PEER_NAMES.join(', ')}, all, and none alone`,
      );
    }
  }
  return chosen;
}
