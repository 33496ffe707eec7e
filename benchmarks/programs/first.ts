/** A thread whose first instruction is the end of a boot. */
import { kthread } from 'lwkt/thread';

export default kthread(function* first() {
  return performance.timeOrigin + performance.now();
});
