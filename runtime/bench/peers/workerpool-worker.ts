/** A worker of workerpool. */
import { load } from './pool.ts';
import { TASKS } from './tasks.ts';

const { default: workerpool } = await load<{ default: typeof import('workerpool') }>('workerpool');
workerpool.worker(TASKS);
