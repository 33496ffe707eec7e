import test from 'ava';
import { fc, testProp } from '@fast-check/ava';
import { TDF_RUNQ, TDPRI_CRIT } from '../../runtime/base/params.ts';
import { cpu } from '../../runtime/scheduler/globaldata.ts';
import { dequeue, enqueue, highestRunq, lwktGdInit, runqHead } from '../../runtime/scheduler/runqueue.ts';
import { lwktAllocThread } from '../../runtime/scheduler/thread.ts';
import { Globaldata } from '../../runtime/shared-memory/layout/globaldata.ts';
import { Thread } from '../../runtime/shared-memory/layout/thread.ts';
import { tailqFirst } from '../../runtime/shared-memory/tailq.ts';
import { bootOneCpu } from '../helpers/one-cpu.ts';
import '../helpers/seed.ts';

const { m } = bootOneCpu();
const { gd } = cpu;
const THREADS = 10;
const threads = Array.from({ length: THREADS }, () => lwktAllocThread(0, 0, 0, 5));

function setPriority(td: number, priority: number): void {
  m[td + Thread.pri] = TDPRI_CRIT + priority;
}

function queueOf(nq: number): number[] {
  const queue: number[] = [];
  for (let td = tailqFirst(m, runqHead(nq)); td !== 0; td = m[td + Thread.threadq] as number) queue.push(td);
  return queue;
}

test.afterEach(() => {
  for (const td of threads) dequeue(td);
  highestRunq();
});

test.serial('runqueue empty: nothing is the highest', (t) => {
  t.is(highestRunq(), -1);
  t.is(m[gd + Globaldata.runqmask], 0);
});

test.serial('runqueue smoke: the highest priority wins', (t) => {
  [4, 31, 12].forEach((priority, i) => {
    setPriority(threads[i] as number, priority);
    enqueue(threads[i] as number);
  });
  t.is(highestRunq(), 31);
  dequeue(threads[1] as number);
  t.is(highestRunq(), 12);
  dequeue(threads[2] as number);
  t.is(highestRunq(), 4);
});

test.serial('runqueue: a thread is queued once, however often it is enqueued', (t) => {
  const td = threads[0] as number;
  setPriority(td, 7);
  enqueue(td);
  enqueue(td);
  t.deepEqual(queueOf(7), [td]);
  t.is(m[gd + Globaldata.nrun], 1);
  dequeue(td);
  dequeue(td);
  t.deepEqual(queueOf(7), []);
  t.is(m[gd + Globaldata.nrun], 0);
});

test.serial('runqueue: the mask bit of an emptied queue goes with the next look', (t) => {
  const td = threads[0] as number;
  setPriority(td, 31);
  enqueue(td);
  dequeue(td);
  t.is(highestRunq(), -1);
  t.is(m[gd + Globaldata.runqmask], 0);
});

testProp.serial(
  'runqueue order: by priority, first in first out within one, as a sorted model',
  [
    fc.array(fc.integer({ min: 0, max: 31 }), { minLength: THREADS, maxLength: THREADS }),
    fc.array(fc.nat(THREADS - 1), { minLength: 1, maxLength: 100 }),
  ],
  (t, priorities, commands) => {
    for (const td of threads) dequeue(td);
    threads.forEach((td, i) => setPriority(td, priorities[i] as number));
    const model: number[][] = Array.from({ length: 32 }, () => []);
    for (const i of commands) {
      const td = threads[i] as number;
      const queue = model[priorities[i] as number] as number[];
      if (queue.includes(td)) {
        dequeue(td);
        queue.splice(queue.indexOf(td), 1);
      } else {
        enqueue(td);
        queue.push(td);
      }
      t.is(
        highestRunq(),
        model.findLastIndex((queued) => queued.length !== 0),
      );
      model.forEach((queued, nq) => {
        if (queued.length !== 0) t.truthy((m[gd + Globaldata.runqmask] as number) & (1 << nq));
        t.deepEqual(queueOf(nq), queued);
        for (const one of queued) t.truthy((m[one + Thread.flags] as number) & TDF_RUNQ);
      });
      t.is(
        m[gd + Globaldata.nrun],
        model.reduce((sum, queued) => sum + queued.length, 0),
      );
    }
  },
  { numRuns: 30 },
);

test.serial('runqueue: lwktGdInit makes queues, mask and cache empty, whatever was there', (t) => {
  for (let i = 0; i < 64; i++) m[gd + Globaldata.tdrunq + i] = 7;
  m[gd + Globaldata.runqmask] = -1;
  m[gd + Globaldata.tdfreeq] = 7;
  m[gd + Globaldata.tdfreecount] = 7;
  lwktGdInit();
  t.is(highestRunq(), -1);
  const words = m.subarray(gd + Globaldata.tdrunq, gd + Globaldata.tdrunq + 64);
  t.true(words.every((word) => word === 0));
  t.deepEqual([m[gd + Globaldata.tdfreeq], m[gd + Globaldata.tdfreecount]], [0, 0]);
});
