/** A worker of workerpool. */
import type * as Workerpool from 'workerpool';
import { load } from './pool.ts';
import { TASKS } from './tasks.ts';

const { default: workerpool } = await load<{ default: typeof Workerpool }>('workerpool');
workerpool.worker(TASKS);
