import { kthread, sleep } from 'lwkt/thread';

export default kthread(function* main() {
  sleep(1); // no yield*
});
