import { kthread, spawn, sleep } from 'lwkt/thread';
const w = kthread(function* w() {
  yield* sleep(1e9);
});
const bad = kthread(function* bad() {
  throw new TypeError('nobody listens');
});
export default kthread(function* main() {
  spawn(w, [], { cpu: 'spread' });
  spawn(bad);
  spawn(bad, [], { detached: true });
  yield* sleep(20);
  return 3;
});
