/** A thread whose first instruction is the end of a boot. */
import { kthread } from '../../lwkt.ts';

export default kthread(function* benchFirst() {
  return performance.timeOrigin + performance.now();
});
