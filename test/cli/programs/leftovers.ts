import { kthread, lwktYield, semaphore, semaphorePost, semaphoreWait, spawn, sleep } from 'lwkt/thread';
const asleep = semaphore(0, 'about to sleep');
const w = kthread(function* w() {
  semaphorePost(asleep);
  yield* sleep(1e9);
});
const bad = kthread(function* bad() {
  throw new TypeError('nobody listens');
});
export default kthread(function* main() {
  spawn(w, [], { cpu: 'spread' });
  spawn(bad);
  spawn(bad, [], { detached: true });
  yield* semaphoreWait(asleep);
  // Both have failed when the two have had their turn.
  yield* lwktYield();
  return 3;
});
