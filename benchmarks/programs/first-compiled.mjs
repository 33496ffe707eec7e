/** The same as first.ts, as a compiled program would be. */
import { kthread } from 'lwkt/thread';

export default kthread(function* first() {
  return performance.timeOrigin + performance.now();
});
