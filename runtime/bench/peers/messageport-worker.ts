/** A worker that does tasks for postMessage, or counts messages until it is asked how many there were. */
import { parentPort } from 'node:worker_threads';
import type { Answered, Posted } from './messageport.ts';
import { TASKS } from './tasks.ts';
import type { TaskName } from './pool.ts';

let count = 0;
parentPort?.on('message', ([id, task, argument]: Posted) => {
  if (task === 'count') count++;
  else {
    const result = task === 'counted' ? count : TASKS[task as TaskName](argument as never);
    parentPort?.postMessage([id, result] satisfies Answered);
  }
});
