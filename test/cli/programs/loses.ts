/** Loses a cpu on the way, and counts without it. */
import { join, kthread, ncpus, sleep, spawn } from 'lwkt/thread';

const dies = kthread(function* dies() {
  yield* sleep(0);
  process.exit(9);
});
const one = kthread(function* one() {
  yield* sleep(0);
  return 1;
});

export default kthread(function* loses() {
  try {
    yield* join(spawn(dies, [], { cpu: ncpus() - 1 }));
  } catch (error) {
    console.log((error as Error).message);
  }
  let sum = 0;
  for (const td of Array.from({ length: 10 }, () => spawn(one, [], { cpu: 'spread' })))
    sum += yield* join(td);
  console.log(sum);
});
