/** A worker that answers every message, or counts them until told to report. */
import { parentPort } from 'node:worker_threads';

let count = 0;
parentPort?.on('message', (message: { kind: 'echo' | 'count' | 'report' | 'time' }) => {
  if (message.kind === 'echo') parentPort?.postMessage(0);
  else if (message.kind === 'count') count++;
  else if (message.kind === 'report') parentPort?.postMessage(count);
});
parentPort?.postMessage(performance.timeOrigin + performance.now());
