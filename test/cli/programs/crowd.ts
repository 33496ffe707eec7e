import { kthread, sleep, spawn } from 'lwkt/thread';

const sleeper = kthread(function* sleeper() {
  yield* sleep(Infinity);
});

export default kthread(function* main(n: string) {
  for (let i = 0; i < Number(n); i++) spawn(sleeper);
});
