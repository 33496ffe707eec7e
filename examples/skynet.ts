/**
 * A tree of threads: every one has ten children, the leaves return their number, the sum comes back to the root.
 *
 *   lwkt run examples/skynet.ts
 *   lwkt run examples/skynet.ts --cpus 4 --stats -- 100000
 *
 * Takes the number of leaves, a power of ten of 1 .. 10000000; default 1000000. Prints the sum, 499999500000 for a
 * million, and the time; throws if the sum is wrong.
 *
 * A million leaves are 1,111,111 threads, but only a few thousand are alive at a time: children are more urgent
 * than their parents, so a cpu finishes a branch before it begins the next. The top of the tree is spread over the
 * cpus; below, a child runs where its parent does, and making it costs no message.
 */
import { join, kthread, ncpus, spawn, TDPRI_KERN_DAEMON, type KThread, type Td } from 'lwkt/thread';

const CHILDREN = 10;
/** Levels of the tree whose threads are spread over the cpus: 10, 100, 1000 threads. */
const SPREAD = 3;
const MOST = 10_000_000;

const branch: KThread<[first: number, leaves: number, level: number], number> = kthread(function* node(
  first: number,
  leaves: number,
  level: number,
) {
  if (leaves === 1) return first;
  const share = leaves / CHILDREN;
  const where = level < SPREAD ? ({ cpu: 'spread' } as const) : {};
  const children: Td<number>[] = [];
  for (let i = 0; i < CHILDREN; i++) {
    const options = { ...where, priority: TDPRI_KERN_DAEMON + level + 1 };
    children.push(spawn(branch, [first + i * share, share, level + 1], options));
  }
  let sum = 0;
  for (const child of children) sum += yield* join(child);
  return sum;
});

export default kthread(function* skynet(text: string = '1000000') {
  const leaves = Number(text);
  if (!/^10*$/.test(text) || leaves > MOST) {
    throw new Error(`'${text}' leaves: give a power of ten of 1 .. ${MOST}`);
  }
  const start = performance.now();
  const sum = yield* join(spawn(branch, [0, leaves, 0]));
  const ms = performance.now() - start;
  const expected = (leaves * (leaves - 1)) / 2;
  if (sum !== expected) throw new Error(`the sum is ${sum}, but should be ${expected}`);
  const threads = (leaves * CHILDREN - 1) / (CHILDREN - 1);
  console.log(`sum ${sum}`);
  console.log(
    `${threads.toLocaleString('en')} threads in ${ms.toFixed(0)} ms on ${ncpus()} cpu${ncpus() === 1 ? '' : 's'}`,
  );
});
