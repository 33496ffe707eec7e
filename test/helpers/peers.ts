/** Real workers for tests of shared memory: each runs one role of a role file to its end. */
import { Worker } from 'node:worker_threads';
import { within } from './eventually.ts';

/** What a role gets: its name and plain data, shared memory included. */
export interface PeerData {
  readonly role: string;
  readonly [key: string]: unknown;
}

/**
 * Runs one worker for each entry until all have posted their result.
 *
 * @param file - the role file
 * @returns their results in order
 */
export async function runPeers(file: URL, peers: readonly PeerData[]): Promise<unknown[]> {
  const workers = peers.map((data) => new Worker(file, { workerData: data }));
  try {
    const results = workers.map(
      (worker) =>
        new Promise((resolve, reject) => {
          worker.once('message', resolve);
          worker.once('error', reject);
          worker.once('exit', (code) => reject(new Error(`a peer ended with ${code} before its result`)));
        }),
    );
    return await within(`peers ${peers.map(({ role }) => role).join(', ')}`, Promise.all(results));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
