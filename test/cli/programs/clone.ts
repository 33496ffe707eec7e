import { join, kthread, spawn } from 'lwkt/thread';

const takes = kthread(function* takes(value: unknown) {
  return typeof value;
});

export default kthread(function* main() {
  yield* join(spawn(takes, [() => 1], { cpu: 1 }));
});
