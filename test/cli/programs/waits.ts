import { kthread, sleep } from 'lwkt/thread';

export default kthread(function* main() {
  console.log('ready');
  yield* sleep(Infinity);
});
