/**
 * Two bare Workers that each do every other piece, with nothing between them: what JavaScript can reach on this
 * computer at all.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Picture } from '../plan/work.ts';
import { moduleUrl } from './pool.ts';

/** What is halved. */
export interface Work {
  readonly picture?: Picture;
  readonly paths?: readonly string[];
}

/** What a worker gets at the start, and then a picture's memory for each time. */
export interface Half {
  readonly work: Work;
  readonly side: 0 | 1;
}

let kept: { key: string; workers: Worker[] } | undefined;

/** The sum of pixels or counts, and the milliseconds it took. The workers stay for the next time. */
export async function halves(work: Work): Promise<readonly [number, number]> {
  const key = JSON.stringify(work);
  if (kept?.key !== key) {
    await Promise.all((kept?.workers ?? []).map((worker) => worker.terminate()));
    const workers = ([0, 1] as const).map(
      (side) => new Worker(moduleUrl('halves-worker'), { workerData: { work, side } satisfies Half }),
    );
    for (const worker of workers) worker.unref();
    kept = { key, workers };
    // Compiled and warm before it counts.
    await ask(workers, 'go');
  }
  const start = performance.now();
  await ask(kept.workers, 'go');
  const took = performance.now() - start;
  const results = await ask(kept.workers, 'result');
  return [results.reduce((all, one) => all + one, 0), took];
}

async function ask(workers: readonly Worker[], what: 'go' | 'result'): Promise<number[]> {
  return Promise.all(
    workers.map(async (worker) => {
      worker.postMessage(what);
      return (await once(worker, 'message'))[0] as number;
    }),
  );
}
